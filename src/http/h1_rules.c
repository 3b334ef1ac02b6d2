/* SPDX-License-Identifier: Apache-2.0 */
/* The demands of RFC 9110 and RFC 9112 on a head that llhttp does not make, or makes in one version and not in another:
 * start lines, one way to frame a message, Host, expectations.  What this file refuses does not hang on llhttp's
 * verdict.
 */
#include "h1_int.h"

#include "base/ascii.h"
#include "http/uri.h"

/* `HTTP/1.0` and `HTTP/1.1` are read here; other versions get an answer of their own (RFC 9110 15.6.6). */
static bool read_version(struct span version, struct head *head, struct err *err)
{
    struct span digits = span_from(version, strlen("HTTP/"));
    bool is_formed = span_starts(version, SPAN("HTTP/")) && digits.len == 3 && ascii_is_digit(digits.at[0]) &&
                     digits.at[1] == '.' && ascii_is_digit(digits.at[2]);
    if (!is_formed)
        return fail(err, REASON_BAD_REQUEST, "expected HTTP/1.1 at the end of the request line");
    if (digits.at[0] != '1' || digits.at[2] > '1')
        return fail(err, REASON_VERSION_UNSUPPORTED, "version %s", QUOTED(version));
    head->is_http10 = digits.at[2] == '0';
    return true;
}

static struct span start_line(struct span bytes)
{
    const char *cr = span_chr(bytes, '\r');
    return cr == NULL ? bytes : span_cut(bytes, (size_t)(cr - bytes.at));
}

bool h1_rule_method(struct head *head, struct err *err)
{
    head->method = method_of(head->method_text);
    if (head->method == METHOD_UNKNOWN)
        return fail(err, REASON_METHOD_UNKNOWN, "method %s", QUOTED(head->method_text));
    if (head->method == METHOD_CONNECT || head->method == METHOD_TRACE)
        return fail(err, REASON_METHOD_NOT_ALLOWED, "method %s", method_name(head->method));
    return true;
}

bool h1_read_request_line(struct span bytes, struct head *head, struct err *err)
{
    struct span rest = start_line(bytes);
    if (!span_split(&rest, ' ', &head->method_text) || !h1_is_token(head->method_text))
        return fail(err, REASON_BAD_REQUEST, "the method is not a token");
    if (!span_split(&rest, ' ', &head->target) || head->target.len == 0)
        return fail(err, REASON_BAD_REQUEST, "no target behind one blank");
    return read_version(rest, head, err) && h1_rule_method(head, err);
}

enum { PHRASE_BYTES_MAX = 256 };

/* One that we would not send on is none. */
static struct span read_phrase(struct span phrase)
{
    for (size_t i = 0; i < phrase.len; i++)
        if ((unsigned char)phrase.at[i] < ' ' || phrase.at[i] == 0x7f)
            return (struct span){NULL, 0};
    return phrase.len <= PHRASE_BYTES_MAX ? phrase : (struct span){NULL, 0};
}

/* The phrase decides nothing; the blank before it is missing where servers leave it out. */
bool h1_read_status_line(struct span bytes, struct head *head, struct err *err)
{
    struct span rest = start_line(bytes), version;
    uint64_t status = 0;
    bool is_known =
        span_split(&rest, ' ', &version) && (span_eq(version, SPAN("HTTP/1.1")) || span_eq(version, SPAN("HTTP/1.0")));
    if (!is_known)
        return fail(err, REASON_BACKEND_BROKEN, "expected HTTP/1.1 or HTTP/1.0, found %s",
                    QUOTED(span_cut(version, 32)));
    head->is_http10 = version.at[version.len - 1] == '0';
    head->status_text = span_cut(rest, 3);
    if (head->status_text.len != 3 || (rest.len > 3 && rest.at[3] != ' ') ||
        !span_u64(head->status_text, 599, &status) || status < 100)
        return fail(err, REASON_BACKEND_BROKEN, "expected a status of 100 to 599, found %s", QUOTED(head->status_text));
    head->status = (unsigned)status;
    head->phrase = read_phrase(span_from(rest, 4));
    return true;
}

/* The fields that a rule below asks for, by id. */
struct seen {
    const struct field *first[FIELD_COUNT];
    size_t count[FIELD_COUNT];
};

static void name_fields(struct head *head, struct seen *seen)
{
    *seen = (struct seen){0};
    for (size_t i = 0; i < head->count; i++) {
        struct field *field = &head->fields[i];
        field->value = span_trim(field->value);
        field->id = field_id_of(field->name);
        if (seen->count[field->id]++ == 0)
            seen->first[field->id] = field;
    }
}

/* An unknown coding is one of tokens in a well-formed list, one of which is neither chunked nor the abolished identity.
 */
static bool names_unknown_coding(struct span list)
{
    bool is_unknown = false;
    struct span coding;
    while (span_split(&list, ',', &coding)) {
        coding = span_trim(coding);
        if (!h1_is_token(coding))
            return false;
        is_unknown |= !span_eq_nocase(coding, SPAN("chunked")) && !span_eq_nocase(coding, SPAN("identity"));
    }
    return is_unknown;
}

/* RFC 9112 6.1: nothing but `chunked`, said once. */
static bool read_coding(struct head *head, const struct seen *seen, struct err *err)
{
    struct span coding = seen->first[FIELD_TRANSFER_ENCODING]->value;
    if (seen->count[FIELD_CONTENT_LENGTH] > 0)
        return fail(err, REASON_BAD_REQUEST, "Transfer-Encoding and Content-Length");
    if (head->is_http10)
        return fail(err, REASON_BAD_REQUEST, "Transfer-Encoding in HTTP/1.0");
    if (seen->count[FIELD_TRANSFER_ENCODING] > 1)
        return fail(err, REASON_BAD_REQUEST, "Transfer-Encoding twice");
    if (span_eq_nocase(coding, SPAN("chunked"))) {
        head->body = BODY_STREAM;
        return true;
    }
    enum reason reason = names_unknown_coding(coding) ? REASON_CODING_UNKNOWN : REASON_BAD_REQUEST;
    return fail(err, reason, "Transfer-Encoding %s", QUOTED(coding));
}

/* RFC 9112 6.2: digits only, said once.  Above 2^63 some reader's type is too small. */
static bool read_length(struct head *head, struct span length, struct err *err)
{
    if (!span_u64(length, INT64_MAX, &head->body_bytes))
        return fail(err, REASON_BAD_REQUEST, "Content-Length %s", QUOTED(length));
    head->body = BODY_SIZED;
    head->has_stated_bytes = true;
    return true;
}

bool h1_rule_length(struct head *head, struct err *err)
{
    const struct field *length = head_field(head, FIELD_CONTENT_LENGTH);
    if (head_field_count(head, FIELD_CONTENT_LENGTH) > 1)
        return fail(err, REASON_BAD_REQUEST, "Content-Length twice");
    return length == NULL || read_length(head, length->value, err);
}

static bool read_framing(struct head *head, const struct seen *seen, struct err *err)
{
    if (seen->count[FIELD_TRANSFER_ENCODING] > 0)
        return read_coding(head, seen, err);
    if (seen->count[FIELD_CONTENT_LENGTH] > 1)
        return fail(err, REASON_BAD_REQUEST, "Content-Length twice");
    return seen->count[FIELD_CONTENT_LENGTH] == 0 || read_length(head, seen->first[FIELD_CONTENT_LENGTH]->value, err);
}

/* Comes last: of a head that is right but for its body's size all is known that a route's refusal needs. */
bool h1_rule_body_size(const struct head *head, const struct h1_limits *limits, struct err *err)
{
    if (limits->body_bytes_max == 0 || head->body != BODY_SIZED || head->body_bytes <= limits->body_bytes_max)
        return true;
    return fail(err, REASON_BODY_TOO_LARGE, "a body of %llu bytes; at most %llu are read",
                (unsigned long long)head->body_bytes, (unsigned long long)limits->body_bytes_max);
}

/* RFC 9112 3.2: once, and only HTTP/1.0 may do without. */
static bool read_host(const struct head *head, const struct seen *seen, struct span *host, struct err *err)
{
    size_t count = seen->count[FIELD_HOST];
    *host = (struct span){NULL, 0};
    if (count > 1 || (count == 0 && !head->is_http10))
        return fail(err, REASON_BAD_REQUEST, "expected one Host, found %zu", count);
    if (count == 0)
        return true;
    *host = seen->first[FIELD_HOST]->value;
    return uri_is_authority(*host) || fail(err, REASON_BAD_REQUEST, "Host %s is not host[:port]", QUOTED(*host));
}

/* RFC 9110 10.1.1; an expectation in HTTP/1.0 means nothing. */
bool h1_rule_expectations(struct head *head, struct err *err)
{
    if (head->is_http10)
        return true;
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        if (field->id == FIELD_EXPECT && !span_eq_nocase(field->value, SPAN("100-continue"))) {
            head->has_other_expect = true;
            return fail(err, REASON_EXPECTATION_FAILED, "Expect %s", QUOTED(field->value));
        }
        head->expects_continue |= field->id == FIELD_EXPECT;
    }
    return true;
}

bool h1_rule_request(struct head *head, const struct h1_limits *limits, struct err *err)
{
    struct seen seen;
    struct span host;
    name_fields(head, &seen);
    if (!read_framing(head, &seen, err) || !read_host(head, &seen, &host, err) || !uri_read_target(head, host, err) ||
        (seen.count[FIELD_EXPECT] > 0 && !h1_rule_expectations(head, err)))
        return false;
    head_mark_hops(head);
    bool has_body = head->body == BODY_STREAM || head->body_bytes > 0;
    if (head->is_upgrade && has_body)
        return fail(err, REASON_BAD_REQUEST, "Upgrade with a body");
    return h1_rule_body_size(head, limits, err);
}

/* RFC 9112 6.3: whatever these say about a body, there is none. */
static bool is_bodiless(const struct head *head, bool to_head)
{
    return to_head || head->status < 200 || head->status == 204 || head->status == 304;
}

static bool rule_answer(struct head *head, const struct h1_limits *limits, bool to_head, struct err *err)
{
    struct seen seen;
    name_fields(head, &seen);
    if (!read_framing(head, &seen, err) || !h1_rule_body_size(head, limits, err))
        return false;
    if (seen.count[FIELD_TRANSFER_ENCODING] + seen.count[FIELD_CONTENT_LENGTH] == 0)
        head->body = BODY_UNTIL_CLOSE;
    head_mark_hops(head);
    if (!is_bodiless(head, to_head)) {
        head->wants_close |= head->body == BODY_UNTIL_CLOSE;
        return true;
    }
    /* A server that announces chunks where none may stand could well send them: its connection is not used again. */
    head->wants_close |= head->body == BODY_STREAM && !to_head && head->status != 304;
    head->body = BODY_NONE;
    return true;
}

bool h1_rule_answer(struct head *head, const struct h1_limits *limits, bool to_head, struct err *err)
{
    if (rule_answer(head, limits, to_head, err))
        return true;
    if (err != NULL)
        err->reason = REASON_BACKEND_BROKEN;
    return false;
}
