/* SPDX-License-Identifier: Apache-2.0 */
/* Forward auth: another proxy has a request and asks whether its token passes, at /_jwtgate/auth/ROUTE.
 *
 * The attack: whoever sends the request writes fields that make the question another one.  So the route stands in the path, which
 * the asking proxy writes; of the request's own method and URL, which only proofs (RFC 9449) are compared with, a trusted proxy is
 * believed and nobody else.  The certificate of the connection is the asking proxy's, so that it proves nothing.
 */
#include "exchange_int.h"

static const struct span asked_prefix = SPAN_INIT("/_jwtgate/auth/");

/* What follows the prefix: the route's name, and the rest, which begins with a slash or is empty. */
static struct span asked_name(struct span path, struct span *rest)
{
    struct span name = span_from(path, asked_prefix.len);
    const char *slash = span_chr(name, '/');
    size_t len = slash == NULL ? name.len : (size_t)(slash - name.at);
    *rest = span_from(name, len);
    return span_cut(name, len);
}

bool forward_auth_meet(struct exchange *x)
{
    const struct site *site = x->site->site;
    struct span path = x->stream->head.path;
    struct span rest;
    struct err err;
    if (!span_starts(path, asked_prefix) || !uri_check_path(path, &err))
        return false;
    struct span name = asked_name(path, &rest);
    for (size_t i = 0; i < site->route_count && !x->is_asked; i++)
        if (site->routes[i].has_forward_auth && span_eq(site->routes[i].name, name)) {
            x->route = &site->routes[i];
            x->is_asked = true;
        }
    return x->is_asked;
}

/* ---- the request's own method and URL ---- */

/* The field's value where it stands there once. */
static struct span told(const struct head *head, struct span name)
{
    const struct field *field = head_find(head, name, NULL);
    bool is_single = field != NULL && head_find(head, name, field) == NULL;
    return is_single ? field->value : (struct span){NULL, 0};
}

/* As Traefik and Caddy tell it. */
static bool describe_by_fields(const struct head *head, struct dpop_request *request)
{
    struct span uri = told(head, SPAN("X-Forwarded-Uri"));
    const char *mark = span_chr(uri, '?');
    request->method = told(head, SPAN("X-Forwarded-Method"));
    request->authority = trusted_value(head, FIELD_X_FORWARDED_HOST);
    request->path = mark == NULL ? uri : span_cut(uri, (size_t)(mark - uri.at));
    return request->method.len > 0 && request->authority.len > 0 && span_starts(request->path, SPAN("/"));
}

void forward_auth_describe(struct exchange *x, struct dpop_request *request)
{
    const struct head *head = &x->stream->head;
    bool is_https;
    bool is_scheme_known = x->site->site->settings.dpop.scheme != DPOP_SCHEME_AUTO || trusted_scheme(head, &is_https);
    struct span rest;
    asked_name(head->path, &rest);
    bool is_told = true;
    if (rest.len > 1) /* as Envoy does: the question has the request's method, Host and, behind the route, its path */
        request->path = rest;
    else
        is_told = describe_by_fields(head, request);
    request->is_target_unknown = !x->is_peer_trusted || !is_scheme_known || !is_told;
}

/* ---- answers ---- */

unsigned forward_auth_status(unsigned status)
{
    return status < 300 ? 403 : status;
}

static size_t identity_fields(const struct exchange *x, struct field *out)
{
    const struct site_route *route = x->route;
    size_t count = 0;
    for (size_t i = 0; x->identity != NULL && !x->was_let_pass && i < route->identity_count; i++)
        if (x->identity[i].at != NULL)
            out[count++] = (struct field){.name = route->identity[i].name, .value = x->identity[i]};
    return count;
}

enum turn forward_auth_answer(struct exchange *x)
{
    struct field *made = arena_take(&x->stream->arena, (x->route->identity_count + 1) * sizeof *made);
    const struct field *fields = made;
    size_t count = 0;
    if (made != NULL) {
        made[count++] = forward_auth_no_store();
        count += identity_fields(x, made + count);
    }
    if (made == NULL || !exchange_add_nonce(x, &fields, &count)) {
        fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for the answer");
        return exchange_refuse(x, REASON_OUT_OF_MEMORY);
    }
    const struct answer answer = {.status = 200, .fields = fields, .count = count, .body = BODY_SIZED};
    stream_answer(x->stream, &answer, (struct span){NULL, 0}, true);
    exchange_end(x, REASON_NONE);
    return ENDED;
}
