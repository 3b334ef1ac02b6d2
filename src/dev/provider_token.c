/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint: client credentials (RFC 6749 4.4), the client named by Basic or in the form (RFC 6749 2.3.1). */
#include "provider_int.h"

#include "http/uri.h"
#include "jose/b64url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TOO_MANY = 2 };

/* RFC 6749 5.2 */
static bool refuse(struct reply *reply, const char *error, const char *description)
{
    reply->status = strcmp(error, "invalid_client") == 0 ? 401 : 400;
    if (reply->status == 401)
        responder_add_field(reply, "WWW-Authenticate", SPAN("Basic realm=\"demo\""));
    buf_printf(&reply->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, description);
    return false;
}

/* A form is a query but for its `+`, which means a blank. */
static struct span form_as_query(struct arena *arena, struct span form)
{
    char *text = arena_take(arena, form.len * 3 + 1);
    size_t len = 0;
    if (text == NULL)
        return (struct span){NULL, 0};
    for (size_t i = 0; i < form.len; i++) {
        if (form.at[i] == '+') {
            memcpy(text + len, "%20", 3);
            len += 3;
        } else {
            text[len++] = form.at[i];
        }
    }
    return span_of(text, len);
}

static bool read_parameter(const struct request *request, struct span form, const char *name, struct span *value,
                           struct reply *reply)
{
    size_t count = 0;
    struct span found = {NULL, 0};
    if (!uri_query(request->arena, form, span_str(name), &found, &count, NULL))
        return refuse(reply, "invalid_request", "the form is badly encoded");
    if (count >= TOO_MANY)
        return refuse(reply, "invalid_request", "a parameter stands there more than once");
    if (count == 1)
        *value = found;
    return true;
}

/* Takes id and secret out of `Basic base64(id:secret)`; false when that is no such thing. */
static bool read_basic(const struct request *request, struct span *id, struct span *secret)
{
    const struct field *field = head_field(request->head, FIELD_AUTHORIZATION);
    struct span scheme = SPAN("Basic ");
    unsigned char *bytes = NULL;
    size_t len = 0;
    if (field == NULL)
        return true;
    if (!span_eq_nocase(span_cut(field->value, scheme.len), scheme) ||
        !b64_decode_lenient(span_from(field->value, scheme.len), &bytes, &len, NULL))
        return false;
    struct span pair = arena_copy(request->arena, span_of(bytes, len));
    free(bytes);
    const char *colon = span_chr(pair, ':');
    if (colon == NULL)
        return false;
    *id = span_cut(pair, (size_t)(colon - pair.at));
    *secret = span_from(pair, id->len + 1);
    return true;
}

static const struct provider_client *client_find(struct span id, struct span secret)
{
    for (const struct provider_client *client = provider_clients; client->id != NULL; client++)
        if (span_eq(id, span_str(client->id)) && span_eq(secret, span_str(client->secret)))
            return client;
    return NULL;
}

static bool read_client(const struct request *request, struct span form, struct grant *grant, struct reply *reply)
{
    struct span id = {NULL, 0};
    struct span secret = {NULL, 0};
    if (!read_parameter(request, form, "client_id", &id, reply) ||
        !read_parameter(request, form, "client_secret", &secret, reply))
        return false;
    if (!read_basic(request, &id, &secret))
        return refuse(reply, "invalid_client", "the Authorization field is not Basic with id and secret");
    grant->client = client_find(id, secret);
    return grant->client != NULL || refuse(reply, "invalid_client", "no client has this id and secret");
}

static bool read_grant(const struct request *request, struct grant *grant, struct reply *reply)
{
    struct span form = form_as_query(request->arena, request->body);
    struct span type = {NULL, 0};
    if (!read_parameter(request, form, "grant_type", &type, reply) || !read_client(request, form, grant, reply))
        return false;
    if (!span_eq(type, SPAN("client_credentials")))
        return refuse(reply, "unsupported_grant_type", "client_credentials is the only one");
    grant->audience = span_str(grant->client->audience);
    grant->scope = span_str(grant->client->scope);
    return read_parameter(request, form, "resource", &grant->audience, reply) &&
           read_parameter(request, form, "audience", &grant->audience, reply) &&
           read_parameter(request, form, "scope", &grant->scope, reply);
}

void provider_answer_token(struct provider *provider, struct span prefix, const struct request *request,
                           struct reply *reply)
{
    struct grant grant = {.prefix = prefix};
    AUTO(buf) token = {0};
    if (!provider_wants_post(request, reply))
        return;
    reply->content_type = SPAN("application/json");
    responder_add_field(reply, "Cache-Control", SPAN("no-store"));
    if (!read_grant(request, &grant, reply))
        return;
    if (!provider_grant(provider, &grant, &token, NULL)) {
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
        return;
    }
    buf_add_str(&reply->body, "{\"access_token\":\"");
    buf_add_span(&reply->body, buf_span(&token));
    buf_printf(&reply->body, "\",\"token_type\":\"Bearer\",\"expires_in\":%" PRId64 ",\"scope\":\"",
               provider_lifetime_s(provider));
    buf_add_json(&reply->body, grant.scope);
    buf_add_str(&reply->body, "\"}");
}
