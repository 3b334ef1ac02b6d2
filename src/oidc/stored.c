/* SPDX-License-Identifier: Apache-2.0 */
/* The stored text: {"format":F,"url":U,"issuer":I,"jwks_uri":J,"ca":FILE,"fetched_at":"SECONDS","keys":[...]}.
 *
 * Keys are written from a list of the members that are known to be public, never by leaving out those known to be private: the
 * next standard's private member is on no list of ours.
 */
#include "oidc/stored.h"

#include "jose/jsondoc.h"
#include "jose/key.h"

enum { FETCHED_AT_S_MAX = INT32_MAX };

static const struct span format = SPAN_INIT("jwtgate-keys-1");

/* RFC 7517 4, RFC 7518 6.2.1 and 6.3.1, RFC 8037 2; `issuer` is Entra's. */
static const char *const public_members[] = {"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", "x5t", "issuer"};
static const char *const public_lists[] = {"key_ops", "x5c"};

static bool text_read(struct span *text, struct arena *arena, const struct jsonval *root, const char *name,
                      struct err *err)
{
    struct span found = jsonval_text(jsonval_member(root, name));
    if (found.at == NULL)
        return fail(err, REASON_DOCUMENT_INVALID, "%s is missing or no text", name);
    if (found.len == 0)
        return true;
    *text = arena_copy(arena, found);
    return text->at != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for stored keys");
}

static bool head_read(struct stored *stored, struct arena *arena, const struct jsonval *root, struct err *err)
{
    *stored = (struct stored){0};
    struct span found = jsonval_text(jsonval_member(root, "format"));
    struct span seconds = {NULL, 0};
    uint64_t fetched_at_s = 0;
    if (!span_eq(found, format))
        return fail(err, REASON_DOCUMENT_INVALID, "format is \"%s\"; \"%s\" is read", QUOTED(found), format.at);
    if (!text_read(&stored->url, arena, root, "url", err) || !text_read(&stored->ca, arena, root, "ca", err) ||
        !text_read(&seconds, arena, root, "fetched_at", err))
        return false;
    if (!span_u64(seconds, FETCHED_AT_S_MAX, &fetched_at_s))
        return fail(err, REASON_DOCUMENT_INVALID, "fetched_at is no number of seconds");
    stored->fetched_at_s = (int64_t)fetched_at_s;
    return true;
}

bool stored_read(struct stored *stored, struct arena *arena, struct span text, bool allow_http, struct err *err)
{
    AUTO_PTR(jsondoc) document = jsondoc_read(text, DISCOVERY_DEPTH_MAX, err);
    return document != NULL && head_read(stored, arena, jsondoc_root(document), err) &&
           discovery_read(&stored->discovery, arena, text, allow_http, err);
}

/* Writing. */

static void member_write(struct buf *out, const char *name, struct span value)
{
    buf_printf(out, "\"%s\":", name);
    buf_add_json_text(out, value);
}

static void list_write(struct buf *out, const struct jsonval *jwk, const char *name)
{
    const struct jsonval *list = jsonval_member(jwk, name);
    bool is_first = true;
    if (!jsonval_is_array(list))
        return;
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < jsonval_count(list); i++) {
        struct span item = jsonval_text(jsonval_element(list, i));
        if (item.at == NULL)
            continue;
        buf_add_str(out, is_first ? "" : ",");
        buf_add_json_text(out, item);
        is_first = false;
    }
    buf_add_char(out, ']');
}

static void key_write(struct buf *out, const struct jsonval *jwk)
{
    bool is_first = true;
    buf_add_char(out, '{');
    for (size_t i = 0; i < COUNT_OF(public_members); i++) {
        struct span value = jsonval_text(jsonval_member(jwk, public_members[i]));
        if (value.at == NULL)
            continue;
        if (!is_first)
            buf_add_char(out, ',');
        member_write(out, public_members[i], value);
        is_first = false;
    }
    for (size_t i = 0; i < COUNT_OF(public_lists); i++)
        list_write(out, jwk, public_lists[i]);
    buf_add_char(out, '}');
}

/* Only keys that are used: of others a member that makes them unusable could be lost on the way. */
static bool is_usable(const struct jsonval *jwk, struct err *err)
{
    AUTO_PTR(key) key = key_from_jwk(jwk, err);
    return key != NULL;
}

static bool keys_write(struct buf *out, const struct jsonval *keys, struct err *err)
{
    size_t count = 0;
    buf_add_str(out, ",\"keys\":[");
    for (size_t i = 0; i < jsonval_count(keys); i++) {
        struct err why = {0};
        if (!is_usable(jsonval_element(keys, i), &why)) {
            if (why.reason == REASON_OUT_OF_MEMORY)
                return fail(err, why.reason, "%s", why.text);
            continue;
        }
        buf_add_str(out, count++ == 0 ? "\n" : ",\n");
        key_write(out, jsonval_element(keys, i));
    }
    buf_add_str(out, "]}\n");
    return count > 0 || fail(err, REASON_DOCUMENT_INVALID, "key set without a usable key");
}

bool stored_write(struct buf *out, const struct stored *stored, struct span keys, struct err *err)
{
    AUTO_PTR(jsondoc) document = jsondoc_read(keys, DISCOVERY_DEPTH_MAX, err);
    if (document == NULL)
        return false;
    buf_add_char(out, '{');
    member_write(out, "format", format);
    buf_add_char(out, ',');
    member_write(out, "url", stored->url);
    buf_add_char(out, ',');
    member_write(out, "issuer", stored->discovery.issuer);
    buf_add_char(out, ',');
    member_write(out, "jwks_uri", stored->discovery.jwks_uri);
    buf_add_char(out, ',');
    member_write(out, "ca", stored->ca);
    buf_printf(out, ",\"fetched_at\":\"%lld\"", (long long)stored->fetched_at_s);
    if (!keys_write(out, jsonval_member(jsondoc_root(document), "keys"), err))
        return false;
    return !out->is_broken ||
           fail(err, REASON_OUT_OF_MEMORY, "no memory for the keys to store, or more than %zu bytes", out->bytes_max);
}
