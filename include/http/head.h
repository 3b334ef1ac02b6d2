/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request or an answer, whatever the HTTP version it came in: no types of a codec, no sockets.
 *
 * All spans are borrowed from the bytes the head was read from.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum method {
    METHOD_UNKNOWN, /* not one of those below: 501 */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_CONNECT,
    METHOD_TRACE, /* known, always refused: 405 */
    METHOD_COUNT
};

/* Fields that the gateway itself looks at or writes; all others are FIELD_OTHER. */
enum field_id {
    FIELD_OTHER,
    FIELD_AUTHORIZATION,
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_CONTENT_TYPE,
    FIELD_DATE,
    FIELD_EXPECT,
    FIELD_FORWARDED,
    FIELD_HOST,
    FIELD_HTTP2_SETTINGS,
    FIELD_KEEP_ALIVE,
    FIELD_MAX_FORWARDS,
    FIELD_PROXY_AUTHENTICATE,
    FIELD_PROXY_AUTHORIZATION,
    FIELD_PROXY_CONNECTION,
    FIELD_SERVER,
    FIELD_TE,
    FIELD_TRACEPARENT,
    FIELD_TRACESTATE,
    FIELD_TRAILER,
    FIELD_TRANSFER_ENCODING,
    FIELD_UPGRADE,
    FIELD_VIA,
    FIELD_WWW_AUTHENTICATE,
    FIELD_X_FORWARDED_FOR,
    FIELD_X_FORWARDED_HOST,
    FIELD_X_FORWARDED_PORT,
    FIELD_X_FORWARDED_PROTO,
    FIELD_X_REQUEST_ID,
    FIELD_COUNT
};

struct field {
    struct span name;  /* as sent */
    struct span value; /* without white space at both ends */
    enum field_id id;
    bool is_hop; /* hop-by-hop: a known one, or named by Connection (RFC 9110 7.6.1); never goes on */
};

enum body_kind {
    BODY_NONE,
    BODY_SIZED,      /* body_bytes long; may be 0 */
    BODY_STREAM,     /* of unknown length: chunked in HTTP/1.1 */
    BODY_UNTIL_CLOSE /* answers only: ends with the connection */
};

struct head {
    /* requests */
    enum method method;
    struct span method_text;
    struct span target;    /* byte for byte as sent */
    struct span authority; /* host[:port] of the request: Host, :authority, or of an absolute-form target; never empty,
                              but in HTTP/1.0 without Host */
    struct span path;      /* of the target, raw, begins with `/`; `*` for OPTIONS * */
    struct span query;     /* with its `?`; at NULL: none (an empty query is "?") */
    /* answers */
    unsigned status;
    struct span status_text; /* three digits */
    struct span phrase;      /* behind the status, as sent; empty: none, or none to send on */
    /* both */
    struct field *fields;
    size_t count;
    enum body_kind body;
    uint64_t body_bytes;   /* for BODY_SIZED; for answers to HEAD and 304 the length that was stated */
    bool has_stated_bytes; /* a Content-Length stood there, also where there is no body */
    bool is_http10;
    bool is_http2;
    bool wants_close;      /* the connection ends after this message */
    bool expects_continue; /* Expect: 100-continue */
    bool has_other_expect; /* any other expectation: 417 */
    bool is_upgrade;       /* Connection: upgrade with an Upgrade field */
};

/* The row of a field name, letter case ignored. */
enum field_id field_id_of(struct span name);
/* The usual spelling of a known field. */
const char *field_name(enum field_id id);

/* Whether `found` is that field's name to some reader: letter case ignored, and all that is neither letter nor digit alike, as
 * CGI-like backends take them.
 */
bool field_is_spelled(struct span found, struct span name);

/* Whether some backends take that field's value for the method of a POST (X-HTTP-Method and its like), spelled as above. */
bool field_is_method(struct span name);

/* The method of that exact name, METHOD_UNKNOWN for others. */
enum method method_of(struct span name);
/* Its name; "" for METHOD_UNKNOWN. */
const char *method_name(enum method method);

/* The first field of that id, or NULL; how many there are. */
const struct field *head_field(const struct head *head, enum field_id id);
/* How many fields have that id. */
size_t head_field_count(const struct head *head, enum field_id id);
/* The first field of that name, letter case ignored, or NULL; and the next one behind `last`. */
const struct field *head_find(const struct head *head, struct span name, const struct field *last);

/* Sets is_hop on the fields: Connection and all it names, Keep-Alive, Proxy-Connection, Proxy-Authenticate,
 * Proxy-Authorization, TE, Trailer, Transfer-Encoding, Upgrade, HTTP2-Settings.  Naming Authorization, Host,
 * Content-Length, Content-Type, Cookie, X-Forwarded-*, Forwarded, Via or X-Request-Id in Connection has no effect: a
 * client must not strip what was judged.  With more than 64 options all fields but these are marked.  In requests also
 * a field whose name is one of enum field_id as field_is_spelled compares them: a CGI-like backend would take it for that.
 * Also sets wants_close and is_upgrade from Connection and version.
 */
void head_mark_hops(struct head *head);

/* The phrase of RFC 9110 15 for a status; "Unknown" for one without. */
const char *status_phrase(unsigned status);

#endif
