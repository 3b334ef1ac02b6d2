/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: llhttp takes heads apart, our rules judge what it found.
 *
 * llhttp sees a head only whole and after the look-over.  Its callbacks note; whatever they noted counts only after the
 * call returned, since some errors come late.  Bodies are not shown to it: counting is simple, and its versions differ
 * in chunk extensions (8.1 refuses `;a=b;c`) and in trailers.
 */
#include "h1_int.h"

#include <llhttp.h>

enum { CUT_BYTES_MIN = 128, CUT_MARGIN_BYTES = 16 };

/* What the callbacks found in a head. */
struct notes {
    struct span target;
    struct field *fields;
    size_t fields_max, count;
    struct span cut; /* of the head: the last bytes that llhttp was not shown */
    bool is_whole;   /* the empty line was read */
    bool is_odd;     /* spans that do not fit the look-over */
    bool skips_body; /* the answer has none */
    llhttp_errno_t verdict;
    const char *why;
};

static struct notes *notes_of(llhttp_t *parser)
{
    return parser->data;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    notes_of(parser)->target = span_of(at, len);
    return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    struct notes *notes = notes_of(parser);
    if (notes->count == notes->fields_max) {
        notes->is_odd = true;
        return -1;
    }
    notes->fields[notes->count++] = (struct field){.name = span_of(at, len)};
    /* An empty name, or anything between name and colon, is for some reader another field. */
    notes->is_odd |= len == 0 || at[len] != ':';
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct notes *notes = notes_of(parser);
    struct field *field = notes->count == 0 ? NULL : &notes->fields[notes->count - 1];
    if (field != NULL && field->value.at == NULL) {
        field->value = span_of(at, len);
        return 0;
    }
    bool is_behind_cut = field != NULL && notes->cut.len > 0 && field->value.at + field->value.len == notes->cut.at &&
                         at == notes->cut.at + notes->cut.len;
    if (is_behind_cut)
        field->value.len += notes->cut.len + len;
    notes->is_odd |= !is_behind_cut;
    return is_behind_cut ? 0 : -1;
}

/* An upgrade is the caller's affair; llhttp goes on as with any other message. */
static int on_head(llhttp_t *parser)
{
    struct notes *notes = notes_of(parser);
    notes->is_whole = true;
    parser->upgrade = 0;
    return notes->skips_body ? 1 : 0;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
};

void h1_init(struct h1 *h, enum h1_role role, const struct h1_limits *limits)
{
    *h = (struct h1){.role = role, .limits = limits};
}

void h1_next(struct h1 *h)
{
    *h = (struct h1){.role = h->role, .limits = h->limits};
}

static bool take_fields(struct h1 *h, struct arena *arena, struct notes *notes, struct err *err)
{
    if (h->lines == 0)
        return fail(err, h1_fault(h->role), "the head was not looked over");
    notes->fields_max = h->lines - 1;
    notes->fields = arena_take(arena, notes->fields_max * sizeof *notes->fields);
    return notes->fields != NULL || fail(err, REASON_OUT_OF_MEMORY, "fields of a head");
}

/* llhttp looks at these values byte for byte; over others it only steps, looking for control characters. */
static bool is_framing(enum field_id id)
{
    return id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING || id == FIELD_CONNECTION ||
           id == FIELD_PROXY_CONNECTION || id == FIELD_UPGRADE;
}

/* The inside of the longest value, mostly a token or cookies: the look-over already found no control character there,
 * and llhttp would take more time to step over it than for all the rest.  Empty when there is not enough to be worth
 * it.
 */
static struct span choose_cut(const struct h1 *h, struct span bytes)
{
    const struct span none = {bytes.at, 0};
    struct span line = span_cut(span_from(bytes, h->longest_at), h->longest_bytes);
    const char *colon = line.len < CUT_BYTES_MIN + 2 * CUT_MARGIN_BYTES ? NULL : span_chr(line, ':');
    if (colon == NULL || is_framing(field_id_of(span_of(line.at, (size_t)(colon - line.at)))))
        return none;
    struct span value = span_from(line, (size_t)(colon - line.at) + 1);
    if (value.len < CUT_BYTES_MIN + 2 * CUT_MARGIN_BYTES || span_trim(span_cut(value, CUT_MARGIN_BYTES)).len == 0)
        return none;
    return span_from(span_cut(value, value.len - CUT_MARGIN_BYTES), CUT_MARGIN_BYTES);
}

/* Shows llhttp the bytes from `*from` on to `cut`, which is passed over. */
static llhttp_errno_t run_to(llhttp_t *parser, struct span bytes, size_t *from, struct span cut)
{
    struct span before = span_from(span_cut(bytes, (size_t)(cut.at - bytes.at)), *from);
    llhttp_errno_t found = llhttp_execute(parser, before.at, before.len);
    notes_of(parser)->cut = cut;
    *from += before.len + cut.len;
    return found;
}

/* White space behind a value is no part of it (RFC 9110 5.5), but llhttp 8.1 takes offence at a tab behind
 * Content-Length: the ends of all lines are passed over.
 */
static llhttp_errno_t run_lines(llhttp_t *parser, struct span bytes, size_t *from)
{
    llhttp_errno_t found = HPE_OK;
    struct span rest = bytes;
    for (const char *cr = span_chr(rest, '\r'); cr != NULL && found == HPE_OK; cr = span_chr(rest, '\r')) {
        const char *end = cr;
        while (end > rest.at && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (end < cr)
            found = run_to(parser, bytes, from, span_of(end, (size_t)(cr - end)));
        rest = span_from(rest, (size_t)(cr - rest.at) + 2);
    }
    return found;
}

static llhttp_errno_t run_around(const struct h1 *h, llhttp_t *parser, struct span bytes)
{
    size_t from = 0;
    struct span cut = h->has_loose_end ? span_cut(bytes, 0) : choose_cut(h, bytes);
    llhttp_errno_t found = HPE_OK;
    if (h->has_loose_end)
        found = run_lines(parser, bytes, &from);
    else if (cut.len > 0)
        found = run_to(parser, bytes, &from, cut);
    if (found != HPE_OK)
        return found;
    bytes = span_from(bytes, from);
    return llhttp_execute(parser, bytes.at, bytes.len);
}

/* Runs llhttp over the head.  Whether it was content is for settle(), after the rules: theirs are the better reasons.
 */
static bool run_parser(struct h1 *h, struct span bytes, struct notes *notes, struct err *err)
{
    llhttp_t parser;
    llhttp_init(&parser, h->role == H1_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE, &callbacks);
    parser.data = notes;
    notes->verdict = run_around(h, &parser, bytes);
    notes->why = notes->verdict == HPE_OK ? "lines that are no fields" : llhttp_get_error_reason(&parser);
    bool is_right = notes->is_whole && !notes->is_odd && notes->count == notes->fields_max;
    return is_right || fail(err, h1_fault(h->role), "malformed head: %s", notes->why);
}

/* The rules found nothing wrong: llhttp must agree.  Behind a 101 some of its versions pause. */
static bool settle(struct h1 *h, const struct head *head, const struct notes *notes, struct err *err)
{
    bool is_switch = notes->verdict == HPE_PAUSED_UPGRADE && head->status == 101;
    if (notes->verdict != HPE_OK && !is_switch)
        return fail(err, h1_fault(h->role), "malformed head: %s", notes->why);
    h->body = head->body;
    h->body_left = head->body == BODY_SIZED ? head->body_bytes : 0;
    h->is_done = head->body == BODY_NONE || (head->body == BODY_SIZED && head->body_bytes == 0);
    return true;
}

bool h1_read_request(struct h1 *h, struct span bytes, struct arena *arena, struct head *head, struct err *err)
{
    struct notes notes = {0};
    *head = (struct head){0};
    if (!h1_read_request_line(bytes, head, err) || !take_fields(h, arena, &notes, err) ||
        !run_parser(h, bytes, &notes, err))
        return false;
    if (notes.target.at != head->target.at || notes.target.len != head->target.len)
        return fail(err, REASON_BAD_REQUEST, "the target can be read in two ways");
    head->fields = notes.fields;
    head->count = notes.count;
    return h1_rule_request(head, h->limits, err) && settle(h, head, &notes, err);
}

bool h1_read_answer(struct h1 *h, struct span bytes, bool to_head, struct arena *arena, struct head *head,
                    struct err *err)
{
    *head = (struct head){0};
    if (!h1_read_status_line(bytes, head, err))
        return false;
    /* llhttp 8.1 would go on to read a body after these statuses. */
    struct notes notes = {.skips_body = to_head || head->status < 200 || head->status == 204 || head->status == 304};
    if (!take_fields(h, arena, &notes, err) || !run_parser(h, bytes, &notes, err))
        return false;
    head->fields = notes.fields;
    head->count = notes.count;
    return h1_rule_answer(head, h->limits, to_head, err) && settle(h, head, &notes, err);
}

uint64_t h1_body_allowed(const struct h1 *h)
{
    uint64_t max = h->limits->body_bytes_max == 0 ? UINT64_MAX : h->limits->body_bytes_max;
    return max > h->body_seen ? max - h->body_seen : 0;
}

bool h1_refuse_body(const struct h1 *h, struct err *err)
{
    unsigned long long max = h->limits->body_bytes_max == 0 ? INT64_MAX : h->limits->body_bytes_max;
    return fail(err, h1_excess(h->role, REASON_BODY_TOO_LARGE), "a body of more than %llu bytes", max);
}

/* Up to `max` bytes off the front of `in`. */
static enum h1_step take_piece(struct h1 *h, uint64_t max, struct span *in, struct span *piece)
{
    *piece = span_cut(*in, max < in->len ? (size_t)max : in->len);
    *in = span_from(*in, piece->len);
    h->body_seen += piece->len;
    return piece->len > 0 ? H1_PIECE : H1_MORE;
}

static enum h1_step read_sized(struct h1 *h, struct span *in, struct span *piece)
{
    enum h1_step step = take_piece(h, h->body_left, in, piece);
    h->body_left -= piece->len;
    h->is_done = h->body_left == 0;
    return step;
}

static enum h1_step read_until_close(struct h1 *h, struct span *in, struct span *piece, struct err *err)
{
    if (in->len > h1_body_allowed(h))
        return h1_refuse_body(h, err) ? H1_MORE : H1_BROKEN;
    return take_piece(h, in->len, in, piece);
}

static enum h1_step read_stream(struct h1 *h, struct span *in, struct span *piece, struct err *err)
{
    if (!h1_in_chunk(h) && !h1_read_chunking(h, in, err))
        return H1_BROKEN;
    if (h->is_done || !h1_in_chunk(h))
        return h->is_done ? H1_END : H1_MORE;
    enum h1_step step = take_piece(h, h->body_left, in, piece);
    h->body_left -= piece->len;
    return step;
}

enum h1_step h1_read_body(struct h1 *h, struct span *in, struct span *piece, struct err *err)
{
    *piece = (struct span){NULL, 0};
    if (h->is_done)
        return H1_END;
    switch (h->body) {
    case BODY_SIZED: return read_sized(h, in, piece);
    case BODY_UNTIL_CLOSE: return read_until_close(h, in, piece, err);
    case BODY_STREAM: return read_stream(h, in, piece, err);
    case BODY_NONE: break;
    }
    return H1_END;
}

bool h1_read_eof(struct h1 *h)
{
    h->is_done |= h->body == BODY_UNTIL_CLOSE;
    return h->is_done;
}
