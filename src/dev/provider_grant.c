/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of tokens, as each kind of issuer sets them.  Identifiers that would be rows of a database are hashes of names, so that
 * they are the same in every run.
 */
#include "provider_int.h"

#include "base/ascii.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdio.h>

enum { UUID_BYTES = 16, UUID_CHARS = 36 };

/* --- values --- */

static void write_uuid(const unsigned char bytes[UUID_BYTES], char out[UUID_CHARS + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < UUID_BYTES; i++)
        len += (size_t)snprintf(out + len, UUID_CHARS + 1 - len, "%s%02x",
                                i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

/* Sets a claim to the same UUID for the same names. */
static bool set_named_uuid(struct members *claims, const char *claim, struct span space, const char *name,
                           struct err *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    char uuid[UUID_CHARS + 1];
    AUTO(buf) text = {0};
    buf_printf(&text, "%.*s/%s", SPAN_ARG(space), name);
    if (text.is_broken || EVP_Digest(text.at, buf_len(&text), digest, NULL, EVP_sha256(), NULL) != 1)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for an identifier");
    write_uuid(digest, uuid);
    return members_set_text(claims, claim, span_str(uuid), err);
}

static bool set_fresh_uuid(struct members *claims, const char *claim, struct err *err)
{
    unsigned char random[UUID_BYTES];
    char uuid[UUID_CHARS + 1];
    if (RAND_bytes(random, sizeof random) != 1)
        return fail(err, REASON_SYSTEM, "no random bytes");
    write_uuid(random, uuid);
    return members_set_text(claims, claim, span_str(uuid), err);
}

/* Appends `"a","b"` for words with a blank between; `count` is how many stood there before. */
static void put_words(struct buf *out, struct span words, size_t count)
{
    struct span word;
    while (words.len > 0 && span_split(&words, ' ', &word)) {
        if (word.len == 0)
            continue;
        buf_add_str(out, count++ == 0 ? "" : ",");
        buf_add_json_text(out, word);
    }
}

static bool set_json(struct members *claims, const char *name, const struct buf *json, struct err *err)
{
    if (json->is_broken)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a claim");
    return members_set(claims, span_str(name), buf_span(json), err);
}

/* --- plain --- */

static struct span or_preset(struct span asked, const char *preset)
{
    return asked.at == NULL ? span_str(preset) : asked;
}

/* Whether the user, if it is for one, has what the client gives. */
static bool has_rights(const struct grant *grant)
{
    return grant->user == NULL || grant->user->has_rights;
}

/* What was asked for, or the client's; without its rights a user gets only the rest. */
static struct span plain_scope(const struct grant *grant, struct arena *arena)
{
    struct span rest = or_preset(grant->scope, grant->client->scope), word;
    AUTO(buf) scope = {0};
    if (has_rights(grant))
        return rest;
    while (rest.len > 0 && span_split(&rest, ' ', &word))
        if (!span_eq(word, span_str(grant->client->scope)))
            buf_printf(&scope, "%s%.*s", buf_len(&scope) == 0 ? "" : " ", SPAN_ARG(word));
    return arena_copy(arena, buf_span(&scope));
}

static bool fill_plain(const struct grant *grant, struct members *claims, struct err *err)
{
    AUTO(arena) arena = {0};
    struct span audience = grant->audience.at == NULL ? grant->resource : grant->audience;
    struct span id = span_str(grant->client->id);
    struct span account = grant->user == NULL ? id : span_str(grant->user->name);
    return members_set_text(claims, "aud", or_preset(audience, grant->client->audience), err) &&
           members_set_text(claims, "sub", account, err) && members_set_text(claims, "azp", id, err) &&
           (grant->user == NULL || members_set_text(claims, "preferred_username", account, err)) &&
           members_set_text(claims, "scope", provider_grant_scope(grant, &arena), err);
}

/* --- Keycloak --- */

/* Scopes of a realm: a client has the first ones without asking, and may ask for any by name. */
enum { REALM_SCOPES_PRESET = 2 };
static const char *const realm_scopes[] = {"profile", "email", "openid", "roles", "microprofile-jwt"};

/* Realm roles: as a list, `[...]`. */
static void put_realm_roles(const struct grant *grant, struct buf *out)
{
    buf_add_str(out, "[\"default-roles-");
    buf_add_json(out, grant->place.name);
    buf_add_str(out, "\",\"offline_access\"");
    put_words(out, span_str(has_rights(grant) ? grant->client->realm_roles : ""), 1);
    buf_add_char(out, ']');
}

static bool set_realm_access(const struct grant *grant, struct members *claims, struct err *err)
{
    AUTO(buf) json = {0};
    buf_add_str(&json, "{\"roles\":");
    put_realm_roles(grant, &json);
    buf_add_char(&json, '}');
    return set_json(claims, "realm_access", &json, err) &&
           members_set(claims, SPAN("resource_access"),
                       SPAN("{\"account\":{\"roles\":[\"manage-account\",\"view-profile\"]}}"), err);
}

/* The client scope microprofile-jwt: upn is the user name, groups are the realm roles. */
static bool set_microprofile(const struct grant *grant, struct span name, struct members *claims, struct err *err)
{
    AUTO(buf) groups = {0};
    if (!authorization_holds(grant->scope, "microprofile-jwt"))
        return true;
    put_realm_roles(grant, &groups);
    return members_set_text(claims, "upn", name, err) && set_json(claims, "groups", &groups, err);
}

/* A client that acts for itself does so as its service account, whose name is in small letters. */
static void put_user_name(const struct grant *grant, struct buf *out)
{
    if (grant->user != NULL) {
        buf_add_str(out, grant->user->name);
        return;
    }
    buf_add_str(out, "service-account-");
    for (const char *c = grant->client->id; *c != '\0'; c++)
        buf_add_char(out, ascii_lower(*c));
}

static bool fill_account(const struct grant *grant, struct members *claims, struct err *err)
{
    struct span id = span_str(grant->client->id);
    if (grant->user != NULL)
        return set_fresh_uuid(claims, "sid", err);
    return members_set_text(claims, "client_id", id, err) &&
           members_set_text(claims, "clientHost", SPAN("127.0.0.1"), err) &&
           members_set_text(claims, "clientAddress", SPAN("127.0.0.1"), err);
}

static bool fill_keycloak(const struct grant *grant, struct members *claims, struct err *err)
{
    AUTO(buf) name = {0};
    AUTO(arena) arena = {0};
    put_user_name(grant, &name);
    if (name.is_broken)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a name");
    const char *account = grant->user != NULL ? grant->user->name : grant->client->id;
    return set_fresh_uuid(claims, "jti", err) &&
           members_set_text(claims, "aud", span_str(grant->client->realm_audience), err) &&
           set_named_uuid(claims, "sub", grant->place.name, account, err) &&
           members_set_text(claims, "typ", SPAN("Bearer"), err) &&
           members_set_text(claims, "azp", span_str(grant->client->id), err) &&
           members_set_text(claims, "acr", SPAN("1"), err) && set_realm_access(grant, claims, err) &&
           members_set_text(claims, "scope", provider_grant_scope(grant, &arena), err) &&
           members_set(claims, SPAN("email_verified"), SPAN("false"), err) && fill_account(grant, claims, err) &&
           members_set_text(claims, "preferred_username", buf_span(&name), err) &&
           set_microprofile(grant, buf_span(&name), claims, err);
}

/* --- Entra --- */

static bool is_realm_scope(struct span word)
{
    for (size_t i = 0; i < COUNT_OF(realm_scopes); i++)
        if (span_eq(word, span_str(realm_scopes[i])))
            return true;
    return false;
}

/* The first word that asks for an API; openid and the like do not.  The last `/` of a scope such as api://GUID/Calculator.Read parts
 * the API from what is asked of it.
 */
static struct span scope_api(struct span scope, struct span *name)
{
    struct span first = {NULL, 0}, word;
    while (first.at == NULL && span_split(&scope, ' ', &word))
        if (!is_realm_scope(word))
            first = word;
    const char *slash = first.len == 0 ? NULL : memrchr(first.at, '/', first.len);
    *name = slash == NULL ? first : span_from(first, (size_t)(slash - first.at) + 1);
    return slash == NULL ? (struct span){NULL, 0} : span_cut(first, (size_t)(slash - first.at));
}

/* v1: what was asked for, or the API's URI; v2: always the API's id. */
static bool set_audience(const struct grant *grant, struct members *claims, struct err *err)
{
    struct span uri = SPAN("api://"), name;
    struct span asked = grant->resource.at != NULL ? grant->resource : scope_api(grant->scope, &name);
    AUTO(buf) audience = {0};
    if (grant->place.shape == PROVIDER_ENTRA_V2 && span_starts(asked, uri))
        asked = span_from(asked, uri.len);
    if (asked.at == NULL)
        buf_printf(&audience, "%s%s", grant->place.shape == PROVIDER_ENTRA_V1 ? "api://" : "", grant->client->api);
    buf_add_span(&audience, asked);
    if (audience.is_broken)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for an audience");
    return members_set_text(claims, "aud", buf_span(&audience), err);
}

/* What a user allowed, or what an app may do of itself. */
static bool set_rights(const struct grant *grant, struct members *claims, struct err *err)
{
    AUTO(buf) roles = {0};
    AUTO(arena) arena = {0};
    if (grant->user != NULL)
        return members_set_text(claims, "scp", provider_grant_scope(grant, &arena), err);
    if (grant->client->app_roles[0] == '\0')
        return true;
    buf_add_char(&roles, '[');
    put_words(&roles, span_str(grant->client->app_roles), 0);
    buf_add_char(&roles, ']');
    return set_json(claims, "roles", &roles, err);
}

static bool set_user_names(const struct grant *grant, struct members *claims, struct err *err)
{
    char name[64];
    if (grant->user == NULL)
        return true;
    snprintf(name, sizeof name, "%s@example.com", grant->user->name);
    if (grant->place.shape == PROVIDER_ENTRA_V2)
        return members_set_text(claims, "preferred_username", span_str(name), err);
    return members_set_text(claims, "upn", span_str(name), err) &&
           members_set_text(claims, "unique_name", span_str(name), err);
}

/* oid names the account in its tenant; sub does so for one app, but an app that acts for itself has its oid there. */
static bool set_subjects(const struct grant *grant, struct span tenant, struct members *claims, struct err *err)
{
    const char *account = grant->user == NULL ? grant->client->id : grant->user->name;
    return set_named_uuid(claims, "oid", tenant, account, err) &&
           set_named_uuid(claims, "sub", grant->user == NULL ? tenant : span_str(grant->client->api), account, err);
}

static bool fill_entra(const struct grant *grant, struct members *claims, struct err *err)
{
    bool is_v1 = grant->place.shape == PROVIDER_ENTRA_V1;
    struct span tenant = provider_place_tenant(&grant->place);
    struct span iat = members_find(claims, SPAN("iat"));
    return members_set(claims, SPAN("nbf"), iat, err) && set_audience(grant, claims, err) &&
           members_set_text(claims, is_v1 ? "appid" : "azp", span_str(grant->client->app_id), err) &&
           members_set_text(claims, is_v1 ? "appidacr" : "azpacr", SPAN("1"), err) &&
           set_subjects(grant, tenant, claims, err) && set_user_names(grant, claims, err) &&
           set_rights(grant, claims, err) && members_set_text(claims, "tid", tenant, err) &&
           set_fresh_uuid(claims, "uti", err) &&
           members_set_text(claims, "ver", is_v1 ? SPAN("1.0") : SPAN("2.0"), err);
}

/* kid is the thumbprint; v1 repeats it as x5t. */
static bool fill_entra_header(const struct grant *grant, struct minting *minting, struct err *err)
{
    AUTO(buf) thumbprint = {0};
    if (!provider_key_thumbprint(minting->key, &thumbprint))
        return fail(err, REASON_SYSTEM, "no thumbprint of the key");
    return members_set_text(&minting->header, "kid", buf_span(&thumbprint), err) &&
           (grant->place.shape != PROVIDER_ENTRA_V1 ||
            members_set_text(&minting->header, "x5t", buf_span(&thumbprint), err));
}

/* --- all --- */

bool provider_grant_knows_scope(const struct grant *grant)
{
    struct span rest = grant->scope, word;
    if (grant->place.shape != PROVIDER_KEYCLOAK)
        return true;
    while (rest.len > 0 && span_split(&rest, ' ', &word))
        if (!is_realm_scope(word))
            return false;
    return true;
}

static struct span realm_scope(struct span asked, struct arena *arena)
{
    AUTO(buf) scope = {0};
    buf_add_span(&scope, asked);
    for (size_t i = 0; i < REALM_SCOPES_PRESET; i++)
        if (!authorization_holds(asked, realm_scopes[i]))
            buf_printf(&scope, "%s%s", buf_len(&scope) == 0 ? "" : " ", realm_scopes[i]);
    return arena_copy(arena, buf_span(&scope));
}

struct span provider_grant_scope(const struct grant *grant, struct arena *arena)
{
    struct span name = {NULL, 0};
    switch (grant->place.shape) {
    case PROVIDER_PLAIN: return plain_scope(grant, arena);
    case PROVIDER_KEYCLOAK: return realm_scope(grant->scope, arena);
    case PROVIDER_ENTRA_V1:
    case PROVIDER_ENTRA_V2: scope_api(grant->scope, &name); break;
    case PROVIDER_SHAPE_COUNT: break;
    }
    if (!has_rights(grant))
        return SPAN("User.Read");
    return name.len == 0 || span_eq(name, SPAN(".default")) ? span_str(grant->client->scope) : name;
}

bool provider_grant_fill(const struct grant *grant, const char *base, struct minting *minting, struct err *err)
{
    AUTO(buf) iss = {0};
    struct members *claims = &minting->claims;
    provider_place_put_issuer(&grant->place, base, true, &iss);
    if (iss.is_broken)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for an issuer");
    if (!members_set_text(claims, "iss", buf_span(&iss), err))
        return false;
    switch (grant->place.shape) {
    case PROVIDER_PLAIN: return fill_plain(grant, claims, err);
    case PROVIDER_KEYCLOAK: return fill_keycloak(grant, claims, err);
    case PROVIDER_ENTRA_V1:
    case PROVIDER_ENTRA_V2: return fill_entra_header(grant, minting, err) && fill_entra(grant, claims, err);
    case PROVIDER_SHAPE_COUNT: break;
    }
    return false;
}
