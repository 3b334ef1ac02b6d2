/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of fields and queries under a policy's hand. */
#include "proxy/edit.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "http/h1.h"
#include "http/uri.h"

bool edit_begin(struct edit_fields *fields, struct arena *arena, const struct field *from, size_t count)
{
    *fields = (struct edit_fields){.at = arena_take(arena, (count + 8) * sizeof *fields->at), .room = count + 8};
    if (fields->at == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        fields->at[i] = (struct edit_field){.field = from[i]};
    fields->count = count;
    return true;
}

/* ---- header fields ---- */

/* RFC 9110 5.3 has lists; these are fields whose values hold commas themselves, or that API Management writes line by line. */
static bool has_lines(struct span name)
{
    static const struct span names[] = {SPAN_INIT("Set-Cookie"),
                                        SPAN_INIT("Cookie"),
                                        SPAN_INIT("WWW-Authenticate"),
                                        SPAN_INIT("Proxy-Authenticate"),
                                        SPAN_INIT("Warning"),
                                        SPAN_INIT("User-Agent"),
                                        SPAN_INIT("Date"),
                                        SPAN_INIT("Expires"),
                                        SPAN_INIT("Last-Modified"),
                                        SPAN_INIT("If-Modified-Since"),
                                        SPAN_INIT("If-Unmodified-Since")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_eq_nocase(name, names[i]))
            return true;
    return false;
}

static bool is_value(struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool check_header(const struct edit *edit, bool is_request, struct err *err)
{
    if (!h1_is_token(edit->name))
        return fail(err, REASON_EXPRESSION_FAILED, "the name of a header is no token");
    if (plan_field_is_fixed(edit->name, !is_request))
        return fail(err, REASON_EXPRESSION_FAILED, "header %s is the gateway's own and cannot be set",
                    QUOTED(edit->name));
    if (field_id_of(edit->name) == FIELD_HOST && edit->action != EXISTS_DELETE &&
        (edit->count != 1 || !uri_is_authority(edit->values[0])))
        return fail(err, REASON_EXPRESSION_FAILED, "Host is one host[:port]");
    for (size_t i = 0; i < edit->count; i++)
        if (!is_value(edit->values[i]))
            return fail(err, REASON_EXPRESSION_FAILED, "a value for header %s holds control characters",
                        QUOTED(edit->name));
    return true;
}

const struct edit_field *edit_find(const struct edit_fields *fields, struct span name, const struct edit_field *last)
{
    for (size_t i = last == NULL ? 0 : (size_t)(last - fields->at) + 1; i < fields->count; i++)
        if (span_eq_nocase(fields->at[i].field.name, name))
            return &fields->at[i];
    return NULL;
}

static bool append(struct edit_fields *fields, struct arena *arena, struct span name, struct span value)
{
    if (fields->count == fields->room) {
        struct edit_field *more = arena_take(arena, 2 * fields->room * sizeof *more);
        if (more == NULL)
            return false;
        memcpy(more, fields->at, fields->count * sizeof *more);
        fields->at = more;
        fields->room *= 2;
    }
    fields->at[fields->count++] =
        (struct edit_field){.field = {.name = name, .value = value, .id = field_id_of(name)}, .is_ours = true};
    return true;
}

/* Takes the name's fields out; with `is_lax` all spellings, with `keeps_exact` only the other spellings. */
static void take_out(struct edit_fields *fields, struct span name, bool is_lax, bool keeps_exact)
{
    size_t kept = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const struct edit_field *at = &fields->at[i];
        bool is_exact = span_eq_nocase(at->field.name, name);
        bool goes = is_exact ? !keeps_exact : is_lax && !at->is_ours && field_is_spelled(at->field.name, name);
        if (!goes)
            fields->at[kept++] = *at;
    }
    fields->count = kept;
}

static struct span join(struct arena *arena, const struct span *values, size_t count)
{
    AUTO(buf) joined = {0};
    for (size_t i = 0; i < count; i++) {
        buf_add_str(&joined, i == 0 ? "" : ", ");
        buf_add_span(&joined, values[i]);
    }
    if (joined.is_broken)
        return (struct span){NULL, 0};
    return buf_len(&joined) == 0 ? SPAN("") : arena_copy(arena, buf_span(&joined));
}

static bool put_values(struct edit_fields *fields, struct arena *arena, const struct edit *edit)
{
    if (edit->count == 1 || has_lines(edit->name)) {
        for (size_t i = 0; i < edit->count; i++)
            if (!append(fields, arena, edit->name, edit->values[i]))
                return false;
        return true;
    }
    struct span joined = join(arena, edit->values, edit->count);
    return joined.at != NULL && append(fields, arena, edit->name, joined);
}

bool edit_header(struct edit_fields *fields, struct arena *arena, const struct edit *edit, bool is_lax, struct err *err)
{
    bool exists = edit_find(fields, edit->name, NULL) != NULL;
    if (!check_header(edit, is_lax, err))
        return false;
    bool keeps = edit->action == EXISTS_APPEND || (edit->action == EXISTS_SKIP && exists);
    take_out(fields, edit->name, is_lax, keeps);
    if (edit->action == EXISTS_DELETE || (edit->action == EXISTS_SKIP && exists) || edit->count == 0)
        return true;
    return put_values(fields, arena, edit) || fail(err, REASON_OUT_OF_MEMORY, "no memory for a header");
}

bool edit_joined(const struct edit_fields *fields, struct span name, struct arena *arena, struct span *joined)
{
    const struct edit_field *first = edit_find(fields, name, NULL);
    *joined = first == NULL ? (struct span){NULL, 0} : first->field.value;
    if (first == NULL)
        return true;
    const struct edit_field *more = edit_find(fields, name, first);
    if (joined->at == NULL)
        *joined = SPAN("");
    if (more == NULL)
        return true;
    AUTO(buf) out = {0};
    buf_add_span(&out, *joined);
    for (; more != NULL; more = edit_find(fields, name, more)) {
        buf_add_str(&out, ", ");
        buf_add_span(&out, more->field.value);
    }
    *joined = out.is_broken ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&out));
    return joined->at != NULL;
}

/* ---- queries ---- */

/* RFC 3986 2.3: all but unreserved characters. */
static void put_encoded(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (ascii_is_letter(c) || ascii_is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL))
            buf_add_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

static void put_pair(struct buf *out, struct span pair)
{
    buf_add_char(out, buf_len(out) == 0 ? '?' : '&');
    buf_add_span(out, pair);
}

/* Whether the pair `name=value` has that name; a pair whose encoding is broken has none. */
static bool has_name(struct arena *arena, struct span pair, struct span name)
{
    struct span value;
    size_t count = 0;
    struct err err;
    return uri_query(arena, pair, name, &value, &count, &err) && count > 0;
}

/* Copies the pairs but those to be replaced; whether the name was among them. */
static bool copy_pairs(struct arena *arena, struct span query, const struct edit *edit, struct buf *out)
{
    struct span rest = span_from(query, 1);
    struct span pair;
    bool exists = false;
    bool replaces = edit->action == EXISTS_OVERRIDE || edit->action == EXISTS_DELETE;
    while (rest.len > 0 && span_split(&rest, '&', &pair)) {
        bool is_it = has_name(arena, pair, edit->name);
        exists = exists || is_it;
        if (!is_it || !replaces)
            put_pair(out, pair);
    }
    return exists;
}

bool edit_query(struct arena *arena, struct span query, const struct edit *edit, struct span *out, struct err *err)
{
    AUTO(buf) text = {0};
    if (edit->name.len == 0)
        return fail(err, REASON_EXPRESSION_FAILED, "the name of a query parameter is empty");
    bool exists = copy_pairs(arena, query, edit, &text);
    bool adds = edit->action != EXISTS_DELETE && !(edit->action == EXISTS_SKIP && exists);
    for (size_t i = 0; adds && i < edit->count; i++) {
        buf_add_char(&text, buf_len(&text) == 0 ? '?' : '&');
        put_encoded(&text, edit->name);
        buf_add_char(&text, '=');
        put_encoded(&text, edit->values[i]);
    }
    *out = buf_len(&text) == 0 ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&text));
    if (text.is_broken || (buf_len(&text) > 0 && out->at == NULL))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the query");
    return true;
}
