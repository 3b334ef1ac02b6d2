/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement as lines for people: verdict first, then every check, then what the token holds.
 *
 * All that is foreign goes through SHOWN: it is cut, and no byte of it acts on a terminal.
 */
#include "report_int.h"

#include "base/now.h"
#include "report_time.h"

#include <inttypes.h>

enum { NAME_COLUMN_MAX = 20 };

enum colour { PLAIN, GREEN, RED, YELLOW, FAINT };

/* Writes `text`, in colour where the input wants it. */
static void put(const struct report_input *input, struct buf *out, enum colour colour, const char *text)
{
    static const char *const codes[] = {"", "32", "1;31", "33", "2"};
    bool is_coloured = input->has_colour && colour != PLAIN;
    if (is_coloured)
        buf_printf(out, "\033[%sm", codes[colour]);
    buf_add_str(out, text);
    if (is_coloured)
        buf_add_str(out, "\033[0m");
}

static enum colour colour_of(enum check_verdict verdict)
{
    return verdict == VERDICT_PASS ? GREEN : verdict == VERDICT_FAIL ? RED : FAINT;
}

/* "2026-11-21T00:10:00Z, valid for another 10 min"; the words only for claims that have some. */
static void put_time(const struct report_input *input, struct buf *out, struct span name, int64_t at_s)
{
    char moment[NOW_TEXT_BYTES];
    char words[REPORT_TIME_BYTES];
    now_second_text(at_s, moment);
    report_time_words(name, at_s, input->at_s, words);
    buf_printf(out, "%s%s%s", moment, words[0] == '\0' ? "" : ", ", words);
}

/* ---- the verdict ---- */

static const struct claim_time *time_of(const struct report_input *input, struct span name)
{
    const struct claims *claims = input->judgement->unverified;
    if (claims == NULL)
        return NULL;
    const struct claim_time *time = span_eq(name, SPAN("exp"))   ? &claims->exp
                                    : span_eq(name, SPAN("nbf")) ? &claims->nbf
                                    : span_eq(name, SPAN("iat")) ? &claims->iat
                                                                 : NULL;
    return time != NULL && time->state == CLAIM_PRESENT ? time : NULL;
}

/* The claim that a check is about, where that is a time; else empty. */
static struct span time_name(const struct check *check)
{
    return check->name == CHECK_EXP ? SPAN("exp") : check->name == CHECK_NBF ? SPAN("nbf") : check->claim;
}

static void put_why(const struct report_input *input, struct buf *out)
{
    char words[REPORT_TIME_BYTES] = "";
    const struct judgement *judgement = input->judgement;
    const struct check *failed = judgement->failed;
    if (failed == NULL && !judgement->has_passed)
        return;
    struct span name = failed == NULL ? SPAN("exp") : time_name(failed);
    const struct claim_time *time = time_of(input, name);
    if (time != NULL)
        report_time_words(name, time->at_s, input->at_s, words);
    if (failed != NULL)
        buf_printf(out, ": %s", SHOWN(span_str(check_name_text(failed, input->arena))));
    if (words[0] != '\0')
        buf_printf(out, "%s%s", failed != NULL ? ", " : ": ", words);
}

bool report_summary(const struct report_input *input, struct buf *out)
{
    const struct judgement *judgement = input->judgement;
    put(input, out, judgement->has_passed ? GREEN : RED, report_verdict(judgement));
    if (!judgement->has_passed)
        buf_printf(out, " %s (%u)", reason_name(judgement->reason), report_status(input));
    if (input->route.at != NULL)
        buf_printf(out, " on route %s", SHOWN(input->route));
    put_why(input, out);
    return buf_add_char(out, '\n') && !out->is_broken;
}

/* ---- checks ---- */

static void put_check(const struct report_input *input, const struct check *check, struct buf *out)
{
    const struct claim_time *time = time_of(input, time_name(check));
    const char *advice = report_advice(input, check);
    put(input, out, colour_of(check->verdict), report_check_verdict(check->verdict));
    buf_printf(out, "  %s", SHOWN(span_str(check_name_text(check, input->arena))));
    if (check->expected.len > 0)
        buf_printf(out, ": expected %s", SHOWN(check->expected));
    if (check->found.len > 0)
        buf_printf(out, "%sfound %s", check->expected.len > 0 ? "; " : ": ", SHOWN(check->found));
    if (time != NULL && check->found.len > 0) {
        buf_add_str(out, " (");
        put_time(input, out, time_name(check), time->at_s);
        buf_add_char(out, ')');
    }
    buf_add_char(out, '\n');
    if (advice[0] == '\0')
        return;
    buf_add_str(out, "      -> ");
    put(input, out, YELLOW, advice);
    buf_add_char(out, '\n');
}

/* ---- key and second opinion ---- */

static void put_key(const struct report_input *input, struct buf *out)
{
    const struct judgement *judgement = input->judgement;
    const struct key *key = judgement->key;
    struct span source = report_key_source(input);
    if (key == NULL)
        return;
    buf_printf(out, "\nkey: %s%s, %s of %u bits, thumbprint %s, ", key->kid.len > 0 ? "kid " : "no kid",
               SHOWN(key->kid), SHOWN(judgement->token->alg_text), key->bits, key->thumbprint);
    if (source.at != NULL)
        buf_printf(out, "of %s\n", SHOWN(source));
    else
        buf_add_str(out, "of the policy itself\n");
}

static void put_opinion(const struct report_input *input, struct buf *out)
{
    if (input->opinion == NULL)
        return;
    buf_printf(out, "%ssecond opinion: libjwt %s: %s\n", input->judgement->key == NULL ? "\n" : "",
               report_opinion(input), input->opinion->text);
}

static void put_notes(const struct report_input *input, struct buf *out)
{
    for (size_t i = 0; i < input->note_count; i++) {
        put(input, out, YELLOW, "note");
        buf_printf(out, ": %.*s\n", SPAN_ARG(input->notes[i]));
    }
}

/* ---- header and claims ---- */

static bool is_time(struct span name)
{
    static const struct span names[] = {SPAN_INIT("exp"), SPAN_INIT("nbf"), SPAN_INIT("iat"), SPAN_INIT("auth_time")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_eq(name, names[i]))
            return true;
    return false;
}

static void put_member(const struct report_input *input, const struct tape *tape, const struct tape_item *value,
                       struct buf *out)
{
    const struct tape_item *name = value - 1;
    struct span called = tape_span(tape, name);
    char shown[REPORT_SHOWN_BYTES];
    size_t columns;
    int64_t at_s;
    report_shown(shown, called, &columns);
    buf_printf(out, "  %s%*s  %s", shown, columns > NAME_COLUMN_MAX ? 0 : (int)(NAME_COLUMN_MAX - columns), "",
               SHOWN(tape_span(tape, value)));
    if (is_time(called) && tape_whole(tape, value, &at_s)) {
        buf_add_str(out, "  (");
        put_time(input, out, called, at_s);
        buf_add_char(out, ')');
    }
    buf_add_char(out, '\n');
}

static void put_members(const struct report_input *input, const char *title, const struct tape *tape, struct buf *out)
{
    if (tape == NULL || tape->count == 0)
        return;
    const struct tape_item *root = &tape->items[0];
    buf_printf(out, "\n%s\n", title);
    for (const struct tape_item *name = tape_first(tape, root); name != NULL;) {
        const struct tape_item *value = tape_next(tape, root, name);
        if (value == NULL)
            return;
        put_member(input, tape, value, out);
        name = tape_next(tape, root, value);
    }
}

static void put_token(const struct report_input *input, struct buf *out)
{
    const struct judgement *judgement = input->judgement;
    const char *title = judgement->key != NULL ? "claims" : "claims, which nobody has signed as far as is known";
    if (judgement->token != NULL)
        put_members(input, "header", &judgement->token->header, out);
    if (judgement->unverified != NULL)
        put_members(input, title, &judgement->unverified->tape, out);
}

bool report_text(const struct report_input *input, struct buf *out)
{
    char moment[NOW_TEXT_BYTES];
    now_second_text(input->at_s, moment);
    report_summary(input, out);
    put_notes(input, out);
    buf_printf(out, "\nchecks at %s\n", moment);
    for (size_t i = 0; i < input->judgement->check_count; i++)
        put_check(input, &input->judgement->checks[i], out);
    put_key(input, out);
    put_opinion(input, out);
    if (!input->omits_token)
        put_token(input, out);
    return !out->is_broken;
}
