/* SPDX-License-Identifier: Apache-2.0 */
/* The body and the challenge of a refusal.  Texts come from policies and from the reason table; both are still escaped
 * here, for a policy may hold any text.
 */
#include "http/refusal.h"

#include "http/head.h"

struct span refusal_type(const struct refusal *refusal)
{
    switch (refusal->shape) {
    case SHAPE_APIM:
    case SHAPE_ODATA: return SPAN("application/json");
    case SHAPE_PROBLEM: return SPAN("application/problem+json");
    }
    return SPAN("application/json");
}

/* API Management's own shape. */
static void add_apim(const struct refusal *refusal, struct buf *out)
{
    buf_add_str(out, "{\"statusCode\":");
    buf_add_u64(out, refusal->status);
    buf_add_str(out, ",\"message\":");
    buf_add_json_text(out, refusal->message);
    buf_add_char(out, '}');
}

/* RFC 9457 3.1; about:blank, so the title is the status phrase. */
static void add_problem(const struct refusal *refusal, struct buf *out)
{
    buf_add_str(out, "{\"type\":\"about:blank\",\"title\":");
    buf_add_json_text(out, span_str(status_phrase(refusal->status)));
    buf_add_str(out, ",\"status\":");
    buf_add_u64(out, refusal->status);
    buf_add_str(out, ",\"detail\":");
    buf_add_json_text(out, refusal->message);
    buf_add_char(out, '}');
}

/* OData JSON Format 4.01, 21.1: the code is a word for programs. */
static void add_odata(const struct refusal *refusal, struct buf *out)
{
    struct span rest = span_str(status_phrase(refusal->status)), word;
    buf_add_str(out, "{\"error\":{\"code\":\"");
    if (refusal->description.len > 0)
        buf_add_json(out, refusal->description);
    else
        while (span_split(&rest, ' ', &word))
            buf_add_json(out, word);
    buf_add_str(out, "\",\"message\":");
    buf_add_json_text(out, refusal->message);
    buf_add_str(out, "}}");
}

bool refusal_body(const struct refusal *refusal, struct buf *out)
{
    switch (refusal->shape) {
    case SHAPE_APIM: add_apim(refusal, out); break;
    case SHAPE_PROBLEM: add_problem(refusal, out); break;
    case SHAPE_ODATA: add_odata(refusal, out); break;
    }
    return !out->is_broken;
}

/* The inside of a quoted-string (RFC 9110 5.6.4); without `escapes`, quotes and backslashes are left out like control bytes. */
static void add_inside(struct buf *out, struct span s, bool escapes)
{
    for (;;) {
        size_t plain = span_plain(s);
        buf_add(out, s.at, plain);
        s = span_from(s, plain);
        if (s.len == 0)
            return;
        if (escapes && (s.at[0] == '"' || s.at[0] == '\\')) {
            buf_add_char(out, '\\');
            buf_add_char(out, s.at[0]);
        }
        s = span_from(s, 1);
    }
}

/* RFC 6750 3: neither quotes nor backslashes, not even escaped. */
static void add_plain(struct buf *out, const char *name, struct span s)
{
    if (s.len == 0)
        return;
    buf_add_str(out, ", ");
    buf_add_str(out, name);
    buf_add_str(out, "=\"");
    add_inside(out, s, false);
    buf_add_char(out, '"');
}

bool refusal_challenge(const struct refusal *refusal, struct buf *out)
{
    if (refusal->realm.at == NULL)
        return !out->is_broken;
    buf_add_str(out, "Bearer realm=\"");
    add_inside(out, refusal->realm, true);
    buf_add_char(out, '"');
    add_plain(out, "error", refusal->error);
    add_plain(out, "error_description", refusal->description);
    add_plain(out, "resource_metadata", refusal->metadata);
    return !out->is_broken;
}

bool refusal_challenge_dpop(const struct refusal *refusal, struct buf *out)
{
    if (refusal->realm.at == NULL)
        return !out->is_broken;
    buf_add_str(out, "DPoP realm=\"");
    add_inside(out, refusal->realm, true);
    buf_add_char(out, '"');
    if (refusal->challenge == CHALLENGE_DPOP) {
        add_plain(out, "error", refusal->error);
        add_plain(out, "error_description", refusal->description);
    }
    add_plain(out, "algs", refusal->algs);
    add_plain(out, "resource_metadata", refusal->metadata);
    return !out->is_broken;
}
