/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint: client credentials (RFC 6749 4.4), in realms and tenants a user's password too (4.3); the client named by
 * Basic or in the form (2.3.1).
 */
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

static bool read_client(const struct request *request, struct span form, struct grant *grant, struct reply *reply)
{
    struct span id = {NULL, 0};
    struct span secret = {NULL, 0};
    if (!read_parameter(request, form, "client_id", &id, reply) ||
        !read_parameter(request, form, "client_secret", &secret, reply))
        return false;
    if (!read_basic(request, &id, &secret))
        return refuse(reply, "invalid_client", "the Authorization field is not Basic with id and secret");
    grant->client = provider_client_find(id);
    return (grant->client != NULL && span_eq(secret, span_str(grant->client->secret))) ||
           refuse(reply, "invalid_client", "no client has this id and secret");
}

static bool read_user(const struct request *request, struct span form, struct grant *grant, struct reply *reply)
{
    struct span name = {NULL, 0}, password = {NULL, 0};
    if (!read_parameter(request, form, "username", &name, reply) ||
        !read_parameter(request, form, "password", &password, reply))
        return false;
    grant->user = &provider_user;
    return (span_eq(name, span_str(provider_user.name)) && span_eq(password, span_str(provider_user.password))) ||
           refuse(reply, "invalid_grant", "no user has this name and password");
}

static bool read_type(const struct request *request, struct span form, struct grant *grant, struct reply *reply)
{
    struct span type = {NULL, 0};
    bool has_users = grant->place.shape != PROVIDER_PLAIN;
    if (!read_parameter(request, form, "grant_type", &type, reply) || !read_client(request, form, grant, reply))
        return false;
    if (span_eq(type, SPAN("client_credentials")))
        return true;
    if (has_users && span_eq(type, SPAN("password")))
        return read_user(request, form, grant, reply);
    return refuse(reply, "unsupported_grant_type",
                  has_users ? "client_credentials and password are the only ones"
                            : "client_credentials is the only one");
}

static bool read_grant(const struct request *request, struct grant *grant, struct reply *reply)
{
    struct span form = form_as_query(request->arena, request->body);
    return read_type(request, form, grant, reply) &&
           read_parameter(request, form, "resource", &grant->resource, reply) &&
           read_parameter(request, form, "audience", &grant->audience, reply) &&
           read_parameter(request, form, "scope", &grant->scope, reply) &&
           (provider_grant_knows_scope(grant) || refuse(reply, "invalid_scope", "the realm has no such scope"));
}

/* An app's token of Entra has no scope to name. */
static void put_scope(const struct grant *grant, struct arena *arena, struct buf *out)
{
    bool is_entra = grant->place.shape == PROVIDER_ENTRA_V1 || grant->place.shape == PROVIDER_ENTRA_V2;
    if (is_entra && grant->user == NULL)
        return;
    buf_add_str(out, ",\"scope\":");
    buf_add_json_text(out, provider_grant_scope(grant, arena));
}

void provider_answer_token(struct provider *provider, const struct provider_place *place, const struct request *request,
                           struct reply *reply)
{
    struct grant grant = {.place = *place};
    AUTO(buf) token = {0};
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
    buf_printf(&reply->body, "\",\"token_type\":\"Bearer\",\"expires_in\":%" PRId64, provider->lifetime_s);
    put_scope(&grant, request->arena, &reply->body);
    buf_add_char(&reply->body, '}');
}
