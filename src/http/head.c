/* SPDX-License-Identifier: Apache-2.0 */
/* Names of fields and methods, lookups in a head, and which fields stop at this hop.
 *
 * Every field of every request passes field_id_of(), so it compares words, not bytes: the length chooses at most four
 * candidates, and each is refused by its first word.
 */
#include "http/head.h"

#include "base/ascii.h"

enum { NAME_BYTES_MAX = 19, SAME_LENGTH_MAX = 4, CONNECTION_OPTIONS_MAX = 64 };

struct field_row {
    enum field_id id;
    const char *lower;   /* as compared */
    const char *spelled; /* as written */
    bool is_hop;         /* stops at this hop whoever sends it (RFC 9110 7.6.1) */
    bool is_kept;        /* Connection cannot strip it */
};

static const struct field_row rows[] = {
    {FIELD_OTHER, "", "", false, false},
    {FIELD_AUTHORIZATION, "authorization", "Authorization", false, true},
    {FIELD_CONNECTION, "connection", "Connection", true, false},
    {FIELD_CONTENT_LENGTH, "content-length", "Content-Length", false, true},
    {FIELD_CONTENT_TYPE, "content-type", "Content-Type", false, true},
    {FIELD_DATE, "date", "Date", false, false},
    {FIELD_EXPECT, "expect", "Expect", false, false},
    {FIELD_FORWARDED, "forwarded", "Forwarded", false, true},
    {FIELD_HOST, "host", "Host", false, true},
    {FIELD_HTTP2_SETTINGS, "http2-settings", "HTTP2-Settings", true, false},
    {FIELD_KEEP_ALIVE, "keep-alive", "Keep-Alive", true, false},
    {FIELD_MAX_FORWARDS, "max-forwards", "Max-Forwards", false, false},
    {FIELD_PROXY_AUTHENTICATE, "proxy-authenticate", "Proxy-Authenticate", true, false},
    {FIELD_PROXY_AUTHORIZATION, "proxy-authorization", "Proxy-Authorization", true, false},
    {FIELD_PROXY_CONNECTION, "proxy-connection", "Proxy-Connection", true, false},
    {FIELD_SERVER, "server", "Server", false, false},
    {FIELD_TE, "te", "TE", true, false},
    {FIELD_TRACEPARENT, "traceparent", "traceparent", false, false},
    {FIELD_TRACESTATE, "tracestate", "tracestate", false, false},
    {FIELD_TRAILER, "trailer", "Trailer", true, false},
    {FIELD_TRANSFER_ENCODING, "transfer-encoding", "Transfer-Encoding", true, false},
    {FIELD_UPGRADE, "upgrade", "Upgrade", true, false},
    {FIELD_VIA, "via", "Via", false, true},
    {FIELD_WWW_AUTHENTICATE, "www-authenticate", "WWW-Authenticate", false, false},
    {FIELD_X_FORWARDED_FOR, "x-forwarded-for", "X-Forwarded-For", false, true},
    {FIELD_X_FORWARDED_HOST, "x-forwarded-host", "X-Forwarded-Host", false, true},
    {FIELD_X_FORWARDED_PORT, "x-forwarded-port", "X-Forwarded-Port", false, true},
    {FIELD_X_FORWARDED_PROTO, "x-forwarded-proto", "X-Forwarded-Proto", false, true},
    {FIELD_X_REQUEST_ID, "x-request-id", "X-Request-Id", false, true},
};
_Static_assert(COUNT_OF(rows) == FIELD_COUNT, "a row for every field, in the order of enum field_id");

/* The fields by the length of their names; FIELD_OTHER fills up. */
static const unsigned char by_length[NAME_BYTES_MAX + 1][SAME_LENGTH_MAX] = {
    [2] = {FIELD_TE},
    [3] = {FIELD_VIA},
    [4] = {FIELD_HOST, FIELD_DATE},
    [6] = {FIELD_EXPECT, FIELD_SERVER},
    [7] = {FIELD_UPGRADE, FIELD_TRAILER},
    [9] = {FIELD_FORWARDED},
    [10] = {FIELD_CONNECTION, FIELD_KEEP_ALIVE, FIELD_TRACESTATE},
    [11] = {FIELD_TRACEPARENT},
    [12] = {FIELD_CONTENT_TYPE, FIELD_X_REQUEST_ID, FIELD_MAX_FORWARDS},
    [13] = {FIELD_AUTHORIZATION},
    [14] = {FIELD_CONTENT_LENGTH, FIELD_HTTP2_SETTINGS},
    [15] = {FIELD_X_FORWARDED_FOR},
    [16] = {FIELD_X_FORWARDED_HOST, FIELD_X_FORWARDED_PORT, FIELD_WWW_AUTHENTICATE, FIELD_PROXY_CONNECTION},
    [17] = {FIELD_TRANSFER_ENCODING, FIELD_X_FORWARDED_PROTO},
    [18] = {FIELD_PROXY_AUTHENTICATE},
    [19] = {FIELD_PROXY_AUTHORIZATION},
};

/* Names of the table hold small letters, digits and `-`: of these only letters have the bit 0x40, so that bit, shifted,
 * says where the letter case bit of the other name is to be ignored.
 */
static bool word_is(const char *name, const char *lower)
{
    uint64_t n, l;
    memcpy(&n, name, sizeof n);
    memcpy(&l, lower, sizeof l);
    return (n | ((l & UINT64_C(0x4040404040404040)) >> 1)) == l;
}

static bool name_is(const char *name, const char *lower, size_t len)
{
    if (len >= sizeof(uint64_t)) {
        size_t last = len - sizeof(uint64_t);
        for (size_t i = 0; i < last; i += sizeof(uint64_t))
            if (!word_is(name + i, lower + i))
                return false;
        return word_is(name + last, lower + last);
    }
    unsigned difference = 0;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned)(name[i] | ((lower[i] & 0x40) >> 1)) ^ (unsigned)lower[i];
    return difference == 0;
}

enum field_id field_id_of(struct span name)
{
    if (name.len > NAME_BYTES_MAX)
        return FIELD_OTHER;
    const unsigned char *candidates = by_length[name.len];
    for (size_t i = 0; i < SAME_LENGTH_MAX && candidates[i] != FIELD_OTHER; i++)
        if (name_is(name.at, rows[candidates[i]].lower, name.len))
            return rows[candidates[i]].id;
    return FIELD_OTHER;
}

/* As a CGI-like backend sees that byte in a name: letters of one case, digits, and one mark for all else.  Some change only `-`,
 * others (lighttpd) whatever is no letter or digit, so that `X.User` is `X-User` to them.
 */
static char spelled(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) ? ascii_lower(c) : '-';
}

bool field_is_spelled(struct span found, struct span name)
{
    if (found.len != name.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (spelled(found.at[i]) != spelled(name.at[i]))
            return false;
    return true;
}

bool field_is_method(struct span name)
{
    static const struct span names[] = {SPAN_INIT("X-HTTP-Method"), SPAN_INIT("X-HTTP-Method-Override"),
                                        SPAN_INIT("X-Method-Override")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (field_is_spelled(name, names[i]))
            return true;
    return false;
}

const char *field_name(enum field_id id)
{
    return rows[id].spelled;
}

static const struct span methods[] = {
    [METHOD_UNKNOWN] = SPAN_INIT(""),        [METHOD_GET] = SPAN_INIT("GET"),
    [METHOD_HEAD] = SPAN_INIT("HEAD"),       [METHOD_POST] = SPAN_INIT("POST"),
    [METHOD_PUT] = SPAN_INIT("PUT"),         [METHOD_PATCH] = SPAN_INIT("PATCH"),
    [METHOD_DELETE] = SPAN_INIT("DELETE"),   [METHOD_OPTIONS] = SPAN_INIT("OPTIONS"),
    [METHOD_CONNECT] = SPAN_INIT("CONNECT"), [METHOD_TRACE] = SPAN_INIT("TRACE"),
};
_Static_assert(COUNT_OF(methods) == METHOD_COUNT, "a name for every method");

enum method method_of(struct span name)
{
    for (int method = METHOD_GET; method < METHOD_COUNT; method++)
        if (span_eq(methods[method], name))
            return (enum method)method;
    return METHOD_UNKNOWN;
}

const char *method_name(enum method method)
{
    return methods[method].at;
}

const struct field *head_field(const struct head *head, enum field_id id)
{
    for (size_t i = 0; i < head->count; i++)
        if (head->fields[i].id == id)
            return &head->fields[i];
    return NULL;
}

size_t head_field_count(const struct head *head, enum field_id id)
{
    size_t count = 0;
    for (size_t i = 0; i < head->count; i++)
        count += head->fields[i].id == id;
    return count;
}

const struct field *head_find(const struct head *head, struct span name, const struct field *last)
{
    for (size_t i = last == NULL ? 0 : (size_t)(last - head->fields) + 1; i < head->count; i++)
        if (span_eq_nocase(head->fields[i].name, name))
            return &head->fields[i];
    return NULL;
}

/* What Connection said, over all its fields. */
struct options {
    unsigned count;
    bool is_close, is_keep_alive, is_upgrade;
};

static bool is_kept(const struct field *field)
{
    struct span prefix = SPAN("x-forwarded-");
    return rows[field->id].is_kept || span_eq_nocase(field->name, SPAN("cookie")) ||
           span_eq_nocase(span_cut(field->name, prefix.len), prefix);
}

static void mark_named(struct head *head, struct span name)
{
    for (size_t i = 0; i < head->count; i++) {
        struct field *field = &head->fields[i];
        if (!field->is_hop && span_eq_nocase(field->name, name) && !is_kept(field))
            field->is_hop = true;
    }
}

/* So many options are no honest request's; looking each up in all fields would be work without bound, so all fields
 * that an option may name stop here.
 */
static void mark_all(struct head *head)
{
    for (size_t i = 0; i < head->count; i++)
        head->fields[i].is_hop |= !is_kept(&head->fields[i]);
}

static void read_option(struct head *head, struct span name, struct options *options)
{
    if (++options->count > CONNECTION_OPTIONS_MAX)
        return;
    if (span_eq_nocase(name, SPAN("close")))
        options->is_close = true;
    else if (span_eq_nocase(name, SPAN("keep-alive")))
        options->is_keep_alive = true;
    else if (span_eq_nocase(name, SPAN("upgrade")))
        options->is_upgrade = true;
    else if (name.len > 0)
        mark_named(head, name);
}

/* A name that a CGI-like backend takes for one of the table.  All of these begin with a letter, by which most are told apart. */
static bool is_alias(const struct field *field)
{
    if (field->id != FIELD_OTHER || field->name.len > NAME_BYTES_MAX)
        return false;
    const unsigned char *candidates = by_length[field->name.len];
    for (size_t i = 0; i < SAME_LENGTH_MAX && candidates[i] != FIELD_OTHER; i++) {
        const char *lower = rows[candidates[i]].lower;
        if ((field->name.at[0] | 0x20) == lower[0] && field_is_spelled(field->name, span_of(lower, field->name.len)))
            return true;
    }
    return false;
}

void head_mark_hops(struct head *head)
{
    struct options options = {0};
    bool is_request = head->status == 0;
    bool has_upgrade = false;
    for (size_t i = 0; i < head->count; i++) {
        struct field *field = &head->fields[i];
        field->is_hop = rows[field->id].is_hop || (is_request && is_alias(field));
        has_upgrade |= field->id == FIELD_UPGRADE;
    }
    for (size_t i = 0; i < head->count; i++) {
        struct span rest = head->fields[i].value, name;
        while (head->fields[i].id == FIELD_CONNECTION && span_split(&rest, ',', &name))
            read_option(head, span_trim(name), &options);
    }
    if (options.count > CONNECTION_OPTIONS_MAX)
        mark_all(head);
    head->is_upgrade = options.is_upgrade && has_upgrade;
    head->wants_close =
        options.is_close || options.count > CONNECTION_OPTIONS_MAX || (head->is_http10 && !options.is_keep_alive);
}
