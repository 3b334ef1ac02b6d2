/* SPDX-License-Identifier: Apache-2.0 */
/* {"method","target",...} in, {"status","fields","body",...} out. */
#include "admin/sending.h"

#include "base/ascii.h"
#include "http/uri.h"
#include "input_int.h"
#include "jose/b64url.h"
#include "policy/explain.h"

#include <inttypes.h>

enum { METHOD_BYTES_MAX = 32, BASE64_PIECE_BYTES = 3 * 1024 };

/* ---- in ---- */

static bool is_word(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_letter(text.at[i]) && text.at[i] != '-')
            return false;
    return text.len > 0 && text.len <= METHOD_BYTES_MAX;
}

static bool read_method(struct sending *sending, struct arena *arena, struct span method, struct err *err)
{
    if (!is_word(method) || span_eq(method, SPAN("CONNECT")))
        return fail(err, REASON_BAD_REQUEST, "\"method\" is a word such as GET; CONNECT is not sent");
    sending->method = arena_printf(arena, "%.*s", SPAN_ARG(method));
    return sending->method != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for the request");
}

/* Odd paths are sent as they stand, to see what the gateway makes of them. */
static bool read_target(struct sending *sending, struct arena *arena, struct span target, struct err *err)
{
    bool is_target = (span_starts(target, SPAN("/")) || span_eq(target, SPAN("*"))) && span_is_printable(target) &&
                     span_chr(target, ' ') == NULL && span_chr(target, '#') == NULL;
    if (!is_target)
        return fail(err, REASON_BAD_REQUEST,
                    "\"target\" is a path with its query, without blanks, `#` or bytes beyond ASCII");
    sending->target = arena_printf(arena, "%.*s", SPAN_ARG(target));
    return sending->target != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for the request");
}

static bool is_reserved(struct span name)
{
    static const struct span names[] = {
        SPAN_INIT("Connection"),
        SPAN_INIT("Keep-Alive"),
        SPAN_INIT("Proxy-Connection"),
        SPAN_INIT("Proxy-Authorization"),
        SPAN_INIT("TE"),
        SPAN_INIT("Trailer"),
        SPAN_INIT("Transfer-Encoding"),
        SPAN_INIT("Upgrade"),
        SPAN_INIT("Content-Length"),
        SPAN_INIT("Host"),
        SPAN_INIT("Expect"),
        SPAN_INIT("HTTP2-Settings"),
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_eq_nocase(names[i], name))
            return true;
    return false;
}

static bool add_field(struct sending *sending, struct span name, struct span value, struct err *err)
{
    if (!call_is_name(name))
        return fail(err, REASON_BAD_REQUEST, "\"%s\" is no name of a field", QUOTED(name));
    if (is_reserved(name))
        return fail(err, REASON_BAD_REQUEST, "the field \"%s\" is not yours to send: the gateway sets what it needs",
                    QUOTED(name));
    if (!call_is_value(value))
        return fail(err, REASON_BAD_REQUEST, "the value of the field \"%s\" holds line breaks or control characters",
                    QUOTED(name));
    sending->fields[sending->count++] = (struct call_field){name, value};
    return true;
}

static bool read_pair(struct sending *sending, const struct tape *tape, const struct tape_item *pair, struct err *err)
{
    const struct tape_item *name = tape_kind_of(pair) == TAPE_ARRAY ? tape_first(tape, pair) : NULL;
    const struct tape_item *value = name == NULL ? NULL : tape_next(tape, pair, name);
    bool is_pair = value != NULL && tape_kind_of(name) == TAPE_STRING && tape_kind_of(value) == TAPE_STRING &&
                   tape_next(tape, pair, value) == NULL;
    if (!is_pair)
        return fail(err, REASON_BAD_REQUEST, "\"fields\" is a list of [name, value]");
    if (sending->count == SENDING_FIELDS_MAX)
        return fail(err, REASON_BAD_REQUEST, "\"fields\" has more than %d fields", SENDING_FIELDS_MAX);
    return add_field(sending, tape_span(tape, name), tape_span(tape, value), err);
}

static bool read_fields(struct sending *sending, const struct tape *tape, const struct tape_item *list, struct err *err)
{
    for (const struct tape_item *pair = list == NULL ? NULL : tape_first(tape, list); pair != NULL;
         pair = tape_next(tape, list, pair))
        if (!read_pair(sending, tape, pair, err))
            return false;
    return true;
}

static bool has_field(const struct sending *sending, struct span name)
{
    for (size_t i = 0; i < sending->count; i++)
        if (span_eq_nocase(sending->fields[i].name, name))
            return true;
    return false;
}

static bool read_token(struct sending *sending, struct arena *arena, struct span pasted, struct err *err)
{
    bool had_scheme;
    struct span token = explain_token(pasted, &had_scheme);
    if (token.len == 0)
        return true;
    if (has_field(sending, SPAN("Authorization")))
        return fail(err, REASON_BAD_REQUEST, "\"token\" and a field Authorization: one of them");
    if (!span_is_printable(token))
        return fail(err, REASON_BAD_REQUEST, "\"token\" holds line breaks or bytes beyond ASCII");
    const char *value = arena_printf(arena, "Bearer %.*s", SPAN_ARG(token));
    if (value == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the token");
    sending->fields[sending->count++] = (struct call_field){SPAN("Authorization"), span_str(value)};
    return true;
}

static bool check_sizes(const struct sending *sending, struct err *err)
{
    size_t bytes = strlen(sending->target) + sending->host.len;
    for (size_t i = 0; i < sending->count; i++)
        bytes += sending->fields[i].name.len + sending->fields[i].value.len + 4;
    if (bytes > SENDING_HEAD_BYTES_MAX)
        return fail(err, REASON_BAD_REQUEST, "target and fields have %zu bytes; at most %d are sent", bytes,
                    SENDING_HEAD_BYTES_MAX);
    if (sending->body.len > SENDING_BODY_BYTES_MAX)
        return fail(err, REASON_BAD_REQUEST, "\"body\" has %zu bytes; at most %d are sent", sending->body.len,
                    SENDING_BODY_BYTES_MAX);
    return true;
}

bool sending_read(struct sending *sending, struct arena *arena, struct span body, struct err *err)
{
    enum { LISTENER, METHOD, HOST, TARGET, FIELDS, BODY, TOKEN };
    struct input_member members[] = {
        [LISTENER] = {.name = "listener", .kinds = INPUT_TEXT},
        [METHOD] = {.name = "method", .kinds = INPUT_TEXT, .is_required = true},
        [HOST] = {.name = "host", .kinds = INPUT_TEXT},
        [TARGET] = {.name = "target", .kinds = INPUT_TEXT, .is_required = true},
        [FIELDS] = {.name = "fields", .kinds = INPUT_LIST},
        [BODY] = {.name = "body", .kinds = INPUT_TEXT},
        [TOKEN] = {.name = "token", .kinds = INPUT_TEXT},
    };
    struct tape tape;
    *sending = (struct sending){.count = 0};
    if (!input_read(&tape, arena, body, members, COUNT_OF(members), err))
        return false;
    sending->listener = input_text(&tape, &members[LISTENER]);
    sending->host = input_text(&tape, &members[HOST]);
    sending->body = input_text(&tape, &members[BODY]);
    if (sending->host.at != NULL && !uri_is_authority(sending->host))
        return fail(err, REASON_BAD_REQUEST, "\"host\" is a name or an address, with a port or without");
    return read_method(sending, arena, input_text(&tape, &members[METHOD]), err) &&
           read_target(sending, arena, input_text(&tape, &members[TARGET]), err) &&
           read_fields(sending, &tape, members[FIELDS].item, err) &&
           read_token(sending, arena, input_text(&tape, &members[TOKEN]), err) && check_sizes(sending, err);
}

/* ---- out ---- */

/* How many bytes at the front are UTF-8. */
static size_t utf8_len(struct span text)
{
    size_t len = 0;
    while (len < text.len) {
        size_t bytes = span_utf8(span_from(text, len));
        if (bytes == 0)
            break;
        len += bytes;
    }
    return len;
}

static void put_base64(struct buf *out, struct span bytes)
{
    char text[BASE64_PIECE_BYTES / 3 * 4 + 1];
    for (; bytes.len > 0; bytes = span_from(bytes, BASE64_PIECE_BYTES)) {
        struct span piece = span_cut(bytes, BASE64_PIECE_BYTES);
        buf_add(out, text, b64url_encode_standard(piece.at, piece.len, text));
    }
}

static void put_body(struct buf *out, const struct call_answer *answer)
{
    struct span body = answer->body;
    size_t len = utf8_len(body);
    if (answer->is_cut && body.len - len < 4)
        body.len = len;
    if (len == body.len) {
        buf_add_str(out, ",\"body\":");
        buf_add_json_text(out, body);
        return;
    }
    buf_add_str(out, ",\"body_base64\":\"");
    put_base64(out, answer->body);
    buf_add_char(out, '"');
}

void sending_put_answer(struct buf *out, const struct call_answer *answer)
{
    buf_printf(out, "{\"status\":%u,\"reason_phrase\":", answer->status);
    buf_add_json_text(out, answer->phrase);
    buf_add_str(out, ",\"fields\":[");
    for (size_t i = 0; i < answer->count; i++) {
        buf_add_str(out, i > 0 ? ",[" : "[");
        buf_add_json_text(out, answer->fields[i].name);
        buf_add_char(out, ',');
        buf_add_json_text(out, answer->fields[i].value);
        buf_add_char(out, ']');
    }
    buf_add_char(out, ']');
    put_body(out, answer);
    buf_printf(out, ",\"truncated\":%s,\"ms\":%" PRId64 "}", answer->is_cut ? "true" : "false", answer->took_us / 1000);
}
