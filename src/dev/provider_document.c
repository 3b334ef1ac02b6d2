/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery documents and key sets, written anew for each request. */
#include "provider_int.h"

#include "jose/b64url.h"

#include <openssl/evp.h>

static void put_url(struct buf *out, const char *member, const struct provider *provider,
                    const struct provider_place *place, enum provider_page page)
{
    buf_printf(out, ",\"%s\":\"%s", member, provider->base);
    buf_add_json(out, place->prefix);
    buf_printf(out, "%s\"", provider_place_path(place->shape, page));
}

/* What each shape says besides; Entra promises no iss behind a code (RFC 9207) and sends none. */
static const char *const more[] = {
    [PROVIDER_PLAIN] = "\"grant_types_supported\":[\"authorization_code\",\"client_credentials\"],"
                       "\"subject_types_supported\":[\"public\"],\"scopes_supported\":[\"openid\"],"
                       "\"authorization_response_iss_parameter_supported\":true,",
    [PROVIDER_KEYCLOAK] = "\"grant_types_supported\":[\"authorization_code\",\"client_credentials\",\"password\"],"
                          "\"subject_types_supported\":[\"public\"],"
                          "\"scopes_supported\":[\"openid\",\"profile\",\"email\",\"roles\",\"microprofile-jwt\"],"
                          "\"authorization_response_iss_parameter_supported\":true,",
    [PROVIDER_ENTRA_V1] = "\"subject_types_supported\":[\"pairwise\"],"
                          "\"http_logout_supported\":true,\"cloud_instance_name\":\"microsoftonline.com\",",
    [PROVIDER_ENTRA_V2] =
        "\"subject_types_supported\":[\"pairwise\"],\"scopes_supported\":[\"openid\",\"profile\",\"email\"],"
        "\"http_logout_supported\":true,\"cloud_instance_name\":\"microsoftonline.com\",",
};
_Static_assert(COUNT_OF(more) == PROVIDER_SHAPE_COUNT, "one row a shape");

void provider_answer_document(struct provider *provider, const struct provider_place *place, struct reply *reply)
{
    struct buf *out = &reply->body;
    reply->content_type = SPAN("application/json");
    buf_add_str(out, "{\"issuer\":\"");
    provider_place_put_issuer(place, provider->base, false, out);
    buf_add_char(out, '"');
    put_url(out, "jwks_uri", provider, place, PROVIDER_KEYS);
    put_url(out, "token_endpoint", provider, place, PROVIDER_TOKENS);
    put_url(out, "authorization_endpoint", provider, place, PROVIDER_AUTHORIZATION);
    buf_printf(out, ",%s", more[place->shape]);
    buf_add_str(out,
                "\"response_types_supported\":[\"code\"],\"response_modes_supported\":[\"query\"],"
                "\"code_challenge_methods_supported\":[\"S256\"],"
                "\"prompt_values_supported\":[\"none\",\"login\",\"consent\",\"select_account\"],"
                "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\",\"none\"],");
    buf_printf(out, "\"id_token_signing_alg_values_supported\":[\"%s\"]}", alg_info(provider->alg)->name);
}

/* --- key sets --- */

bool provider_key_thumbprint(const struct secret_key *key, struct buf *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char text[EVP_MAX_MD_SIZE * 2];
    AUTO(buf) pem = {0};
    if (!secret_key_write_pem(key, false, &pem) ||
        EVP_Digest(pem.at, buf_len(&pem), digest, &len, EVP_sha1(), NULL) != 1)
        return false;
    b64url_encode(digest, len, text);
    return buf_add_str(out, text);
}

/* Entra's keys have no alg; kid and x5t are the same; in v2 each names the issuer whose tokens it may sign. */
static bool put_entra_key(const struct secret_key *key, struct span issuer, struct buf *out)
{
    AUTO(buf) thumbprint = {0};
    if (!provider_key_thumbprint(key, &thumbprint))
        return false;
    struct span name = buf_span(&thumbprint);
    const struct secret_key_labels labels = {.use = "sig", .kid = name, .x5t = name, .issuer = issuer};
    return secret_key_write_labelled(key, &labels, out);
}

/* The spare key is the consumers' own: it must not sign for any other tenant. */
static bool put_entra_keys(const struct provider *provider, const struct provider_place *place, struct buf *out)
{
    const struct provider_place consumers = {.shape = place->shape, .name = SPAN(PROVIDER_CONSUMERS)};
    const struct secret_key *keys[] = {provider->key, provider->previous, provider->spare};
    bool has_issuer = place->shape == PROVIDER_ENTRA_V2, is_written = true;
    for (size_t i = 0; is_written && i < COUNT_OF(keys); i++) {
        AUTO(buf) issuer = {0};
        if (keys[i] == NULL)
            continue;
        if (has_issuer)
            provider_place_put_issuer(keys[i] == provider->spare ? &consumers : place, provider->base, false, &issuer);
        is_written = (i == 0 || buf_add_char(out, ',')) && put_entra_key(keys[i], buf_span(&issuer), out);
    }
    return is_written;
}

/* A realm lists a key for encryption too, which must not spoil the set for who only verifies. */
static bool put_realm_keys(const struct provider *provider, struct buf *out)
{
    const struct secret_key_labels labels = {.use = "enc", .alg = "RSA-OAEP", .kid = span_str(provider->spare->kid)};
    const struct secret_key *keys[] = {provider->key, provider->previous};
    bool is_written = true;
    for (size_t i = 0; is_written && i < COUNT_OF(keys) && keys[i] != NULL; i++)
        is_written = secret_key_write_jwk(keys[i], false, out) && buf_add_char(out, ',');
    return is_written && secret_key_write_labelled(provider->spare, &labels, out);
}

static bool put_keys(struct provider *provider, const struct provider_place *place, struct buf *out)
{
    const struct secret_key *keys[] = {provider->key, provider->previous};
    if (place->shape == PROVIDER_PLAIN)
        return secret_key_write_set(keys, provider->previous == NULL ? 1 : 2, false, out);
    if (provider->spare == NULL)
        provider->spare = provider_make_key(ALG_RS256, NULL);
    if (provider->spare == NULL)
        return false;
    buf_add_str(out, "{\"keys\":[");
    return (place->shape == PROVIDER_KEYCLOAK ? put_realm_keys(provider, out) : put_entra_keys(provider, place, out)) &&
           buf_add_str(out, "]}");
}

void provider_answer_keys(struct provider *provider, const struct provider_place *place, struct reply *reply)
{
    reply->content_type = SPAN("application/json");
    pthread_mutex_lock(&provider->lock);
    bool is_written = put_keys(provider, place, &reply->body);
    pthread_mutex_unlock(&provider->lock);
    if (!is_written)
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
}
