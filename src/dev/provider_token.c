/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint: codes with PKCE (RFC 6749 4.1.3, RFC 7636 4.6), client credentials (RFC 6749 4.4), in realms and tenants a
 * user's password too (4.3); the client named by Basic or in the form (2.3.1), a public one in the form alone.
 */
#include "provider_int.h"

#include "jose/b64url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* RFC 6749 5.2 */
static bool refuse(struct reply *reply, const char *error, const char *description)
{
    reply->status = strcmp(error, "invalid_client") == 0 ? 401 : 400;
    if (reply->status == 401)
        responder_add_field(reply, "WWW-Authenticate", SPAN("Basic realm=\"demo\""));
    buf_printf(&reply->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", error, description);
    return false;
}

static bool read_parameter(const struct request *request, const char *name, struct span *value, struct reply *reply)
{
    const char *wrong = authorization_parameter(request->arena, request->body, name, value);
    return wrong == NULL || refuse(reply, "invalid_request", wrong);
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

static bool read_client(const struct request *request, struct grant *grant, struct reply *reply)
{
    struct span id = {NULL, 0};
    struct span secret = {NULL, 0};
    if (!read_parameter(request, "client_id", &id, reply) || !read_parameter(request, "client_secret", &secret, reply))
        return false;
    if (!read_basic(request, &id, &secret))
        return refuse(reply, "invalid_client", "the Authorization field is not Basic with id and secret");
    grant->client = provider_client_find(id);
    bool is_known =
        grant->client != NULL &&
        (grant->client->secret == NULL ? secret.len == 0 : span_eq(secret, span_str(grant->client->secret)));
    return is_known || refuse(reply, "invalid_client", "no client has this id and secret");
}

static bool read_user(const struct request *request, struct grant *grant, struct reply *reply)
{
    struct span name = {NULL, 0}, password = {NULL, 0};
    if (!read_parameter(request, "username", &name, reply) || !read_parameter(request, "password", &password, reply))
        return false;
    grant->user = provider_user_find(name);
    return (grant->user != NULL && span_eq(password, span_str(grant->user->password))) ||
           refuse(reply, "invalid_grant", "no user has this name and password");
}

/* Moves what the code stands for into the grant (RFC 6749 4.1.3). */
static bool redeem(const struct provider_code *code, struct arena *arena, struct grant *grant)
{
    grant->user = code->user;
    grant->scope = arena_copy(arena, code->scope);
    grant->nonce = arena_copy(arena, code->nonce);
    grant->client_id = arena_copy(arena, code->client_id);
    grant->signed_in_at_s = code->signed_in_at_s;
    return (code->scope.at == NULL || grant->scope.at != NULL) && (code->nonce.at == NULL || grant->nonce.at != NULL) &&
           grant->client_id.at != NULL;
}

/* Who asks, where and how must be as it was when the code was asked for. */
static const char *find_difference(const struct provider_code *code, const struct grant *grant,
                                   struct span redirect_uri, struct span verifier)
{
    if (code->client != grant->client)
        return "the code was given to another client";
    if (code->place.shape != grant->place.shape || !span_eq(code->place.prefix, grant->place.prefix))
        return "the code is of another issuer";
    if (!span_eq(code->redirect_uri, redirect_uri))
        return "redirect_uri is not the one of the authorization request";
    return authorization_is_verifier(verifier, code->code_challenge) ? NULL : "code_verifier does not fit";
}

static bool read_code(struct provider *provider, const struct request *request, struct grant *grant,
                      struct reply *reply)
{
    struct span text = {NULL, 0}, redirect_uri = {NULL, 0}, verifier = {NULL, 0};
    struct provider_code code;
    if (!read_parameter(request, "code", &text, reply) ||
        !read_parameter(request, "redirect_uri", &redirect_uri, reply) ||
        !read_parameter(request, "code_verifier", &verifier, reply))
        return false;
    if (!provider_code_take(provider, text, &code))
        return refuse(reply, "invalid_grant", "the code was never given, is used up or has ended");
    const char *wrong = find_difference(&code, grant, redirect_uri, verifier);
    if (wrong == NULL && !redeem(&code, request->arena, grant))
        wrong = "there is no memory for the token";
    arena_fini(&code.arena);
    return wrong == NULL || refuse(reply, "invalid_grant", wrong);
}

static bool read_asked(const struct request *request, struct grant *grant, struct reply *reply)
{
    return read_parameter(request, "resource", &grant->resource, reply) &&
           read_parameter(request, "audience", &grant->audience, reply) &&
           read_parameter(request, "scope", &grant->scope, reply) &&
           (provider_grant_knows_scope(grant) || refuse(reply, "invalid_scope", "the realm has no such scope"));
}

static bool read_grant(struct provider *provider, const struct request *request, struct grant *grant,
                       struct reply *reply)
{
    struct span type = {NULL, 0};
    bool has_passwords = grant->place.shape != PROVIDER_PLAIN;
    if (!read_parameter(request, "grant_type", &type, reply) || !read_client(request, grant, reply))
        return false;
    if (span_eq(type, SPAN("authorization_code")))
        return read_code(provider, request, grant, reply);
    if (grant->client->secret == NULL)
        return refuse(reply, "unauthorized_client", "a public client has authorization_code alone");
    if (span_eq(type, SPAN("client_credentials")))
        return read_asked(request, grant, reply);
    if (has_passwords && span_eq(type, SPAN("password")))
        return read_user(request, grant, reply) && read_asked(request, grant, reply);
    return refuse(reply, "unsupported_grant_type",
                  has_passwords ? "authorization_code, client_credentials and password are the only ones"
                                : "authorization_code and client_credentials are the only ones");
}

/* An app's token of Entra has no scope to name. */
static void put_scope(const struct grant *grant, struct arena *arena, struct buf *out)
{
    if (provider_place_is_entra(&grant->place) && grant->user == NULL)
        return;
    buf_add_str(out, ",\"scope\":");
    buf_add_json_text(out, provider_grant_scope(grant, arena));
}

void provider_answer_token(struct provider *provider, const struct provider_place *place, const struct request *request,
                           struct reply *reply)
{
    struct grant grant = {.place = *place};
    AUTO(buf) token = {0};
    AUTO(buf) id_token = {0};
    reply->content_type = SPAN("application/json");
    responder_add_field(reply, "Cache-Control", SPAN("no-store"));
    if (!read_grant(provider, request, &grant, reply))
        return;
    if (!provider_grant(provider, &grant, &token, &id_token, NULL)) {
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
        return;
    }
    buf_add_str(&reply->body, "{\"access_token\":\"");
    buf_add_span(&reply->body, buf_span(&token));
    buf_printf(&reply->body, "\",\"token_type\":\"Bearer\",\"expires_in\":%" PRId64, provider->lifetime_s);
    put_scope(&grant, request->arena, &reply->body);
    if (buf_len(&id_token) > 0)
        buf_printf(&reply->body, ",\"id_token\":\"%.*s\"", SPAN_ARG(buf_span(&id_token)));
    buf_add_char(&reply->body, '}');
}
