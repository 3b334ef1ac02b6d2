/* SPDX-License-Identifier: Apache-2.0 */
/* The page of the token console: its files as they were at build time, each answered whole.
 *
 * A page that handles tokens loads nothing from elsewhere and runs nothing but its own files: no inline script or style, no frame
 * around it, no text that a script makes into markup.
 */
#include "assets_int.h"

#define POLICY                                                                                                  \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action " \
    "'none'; "                                                                                                  \
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

static const struct {
    const char *name;
    struct span value;
} fields[] = {
    {"Content-Security-Policy", SPAN_INIT(POLICY)},
    {"Referrer-Policy", SPAN_INIT("no-referrer")},
    /* The window of the sign-in keeps the page that opened it, but no page that opens this one does. */
    {"Cross-Origin-Opener-Policy", SPAN_INIT("same-origin-allow-popups")},
    /* Kept, but asked for each time: after an upgrade no page runs with yesterday's scripts. */
    {"Cache-Control", SPAN_INIT("no-cache")},
};

const struct asset *assets_find(struct span name)
{
    for (size_t i = 0; i < assets_count; i++)
        if (span_eq(assets_list[i].name, name))
            return &assets_list[i];
    return NULL;
}

/* RFC 9110 13.1.2: compared weakly, so W/ before a tag does not count; what stands between tags cannot be one. */
static bool is_known(const struct asset *asset, const struct request *request)
{
    const struct field *field = NULL;
    while ((field = head_find(request->head, SPAN("If-None-Match"), field)) != NULL)
        if (span_eq(field->value, SPAN("*")) || span_holds(field->value, asset->etag))
            return true;
    return false;
}

void assets_give(const struct asset *asset, const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        responder_add_field(reply, fields[i].name, fields[i].value);
    responder_add_field(reply, "ETag", asset->etag);
    if (is_known(asset, request)) {
        reply->status = 304;
    } else {
        reply->status = 200;
        reply->content_type = asset->type;
    }
    buf_add_span(&reply->body, asset->body); /* its length is told with 304 too */
}

void assets_answer(const struct admin_call *call, struct reply *reply)
{
    struct span path = call->request->path;
    bool is_root = span_eq(path, SPAN("/"));
    const struct asset *asset = assets_find(is_root ? SPAN("index.html") : span_from(path, sizeof "/console/" - 1));
    if (asset == NULL)
        admin_refuse(reply, 404, "the console has no such file");
    else
        assets_give(asset, call->request, reply);
}
