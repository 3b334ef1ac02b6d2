/* SPDX-License-Identifier: Apache-2.0 */
/* A token is made whole, then broken: by other header or claims, by another key, or by an edit of its text. */
#include "dev/minting.h"

#include "jose/b64url.h"

#include <jwt.h>

#include <stdio.h>
#include <string.h>

enum { LATE_S = 600, TRUNCATED_CHARS = 10 };

static const char *const breakage_names[BREAK_COUNT] = {
    [BREAK_SIGNATURE] = "signature",
    [BREAK_TAMPERED] = "tampered",
    [BREAK_TRUNCATED] = "truncated",
    [BREAK_PADDING] = "padding",
    [BREAK_PARTS] = "parts",
    [BREAK_WRONG_KEY] = "wrong-key",
    [BREAK_EMBEDDED_KEY] = "embedded-key",
    [BREAK_ALG_NONE] = "alg-none",
    [BREAK_HS_PUBLIC_KEY] = "hs-public-key",
    [BREAK_KID] = "kid",
    [BREAK_CRIT] = "crit",
    [BREAK_EXPIRED] = "expired",
    [BREAK_NOT_YET] = "not-yet",
    [BREAK_NO_EXP] = "no-exp",
    [BREAK_DUPLICATE_CLAIM] = "duplicate-claim",
};

const char *minting_breakage_name(enum breakage breakage)
{
    return breakage_names[breakage];
}

bool minting_start(struct minting *minting, struct arena *arena, const struct secret_key *key, int64_t now_s,
                   int64_t lifetime_s, struct err *err)
{
    *minting = (struct minting){.key = key, .now_s = now_s};
    minting->header.arena = minting->claims.arena = arena;
    return members_set_text(&minting->header, "alg", span_str(alg_info(key->alg)->name), err) &&
           members_set_text(&minting->header, "typ", SPAN("JWT"), err) &&
           (key->kid[0] == '\0' || members_set_text(&minting->header, "kid", span_str(key->kid), err)) &&
           members_set_number(&minting->claims, "iat", now_s, err) &&
           members_set_number(&minting->claims, "exp", now_s + lifetime_s, err);
}

/* --- writing --- */

static bool put_part(struct buf *out, struct span bytes)
{
    size_t chars = b64url_chars(bytes.len);
    if (!buf_reserve(out, chars + 1))
        return false;
    b64url_encode(bytes.at, bytes.len, out->at + out->end);
    out->end += chars;
    return true;
}

static bool put_signing_input(const struct minting *minting, struct buf *out)
{
    AUTO(buf) header = {0};
    AUTO(buf) claims = {0};
    members_write(&minting->header, &header);
    members_write(&minting->claims, &claims);
    if (minting->breakage == BREAK_DUPLICATE_CLAIM && !claims.is_broken) {
        claims.end--;
        buf_add_str(&claims, ",\"sub\":\"another\"}");
    }
    return !header.is_broken && !claims.is_broken && put_part(out, buf_span(&header)) && buf_add_char(out, '.') &&
           put_part(out, buf_span(&claims));
}

/* By OpenSSL; `key` NULL: unsigned. */
static bool sign_exactly(const struct minting *minting, const struct secret_key *key, struct buf *out, struct err *err)
{
    unsigned char signature[SECRET_KEY_SIGNATURE_BYTES_MAX];
    size_t len = 0;
    size_t begin = buf_len(out);
    bool is_put = put_signing_input(minting, out);
    if (is_put && key != NULL && !secret_key_sign(key, span_from(buf_span(out), begin), signature, &len, err))
        return false;
    if (len > 0 && minting->breakage == BREAK_SIGNATURE)
        signature[len / 2] ^= 1;
    if (is_put && buf_add_char(out, '.') && put_part(out, span_of(signature, len)))
        return true;
    return fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
}

/* --- libjwt --- */

static bool knows_libjwt(const struct minting *minting, const struct secret_key *key)
{
    const struct alg_info *info = alg_info(key->alg);
    AUTO(buf) alg = {0};
    buf_printf(&alg, "\"%s\"", info->name);
    return !minting->is_exact && !info->is_pss && info->family != KEY_OKP &&
           minting->breakage != BREAK_DUPLICATE_CLAIM && minting->breakage != BREAK_SIGNATURE &&
           span_eq(members_find(&minting->header, SPAN("alg")), buf_span(&alg)) &&
           members_find(&minting->header, SPAN("typ")).at != NULL;
}

static bool fill_libjwt(jwt_t *jwt, const struct minting *minting, const struct secret_key *key)
{
    AUTO(buf) header = {0};
    AUTO(buf) claims = {0};
    AUTO(buf) pem = {0};
    members_write(&minting->header, &header);
    members_write(&minting->claims, &claims);
    bool is_ready = buf_add_char(&header, '\0') && buf_add_char(&claims, '\0') &&
                    (key->secret != NULL || secret_key_write_pem(key, true, &pem));
    const unsigned char *bytes = key->secret != NULL ? key->secret : (const unsigned char *)pem.at;
    size_t len = key->secret != NULL ? key->secret_len : pem.end;
    is_ready = is_ready && jwt_add_headers_json(jwt, header.at) == 0 && jwt_add_grants_json(jwt, claims.at) == 0 &&
               jwt_set_alg(jwt, jwt_str_alg(alg_info(key->alg)->name), bytes, (int)len) == 0;
    if (pem.at != NULL)
        explicit_bzero(pem.at, pem.size);
    return is_ready;
}

/* False when libjwt cannot. */
static bool sign_by_libjwt(const struct minting *minting, const struct secret_key *key, struct buf *out)
{
    jwt_t *jwt = NULL;
    if (jwt_new(&jwt) != 0)
        return false;
    char *text = fill_libjwt(jwt, minting, key) ? jwt_encode_str(jwt) : NULL;
    bool is_made = text != NULL && buf_add_str(out, text);
    free(text);
    jwt_free(jwt);
    return is_made;
}

static bool sign(const struct minting *minting, const struct secret_key *key, struct buf *out, struct err *err)
{
    return (knows_libjwt(minting, key) && sign_by_libjwt(minting, key, out)) || sign_exactly(minting, key, out, err);
}

/* --- breaking --- */

static bool sign_freshly(struct minting *minting, struct buf *out, struct err *err)
{
    AUTO_PTR(secret_key) fresh = secret_key_make(minting->key->alg, minting->key->kid, err);
    AUTO(buf) jwk = {0};
    if (fresh == NULL)
        return false;
    if (minting->breakage == BREAK_EMBEDDED_KEY &&
        (!secret_key_write_jwk(fresh, false, &jwk) || !members_set(&minting->header, SPAN("jwk"), buf_span(&jwk), err)))
        return fail(err, REASON_USAGE, "--break embedded-key needs a public-key algorithm");
    return sign(minting, fresh, out, err);
}

/* RFC 8725 2.1: the public key, known to all, taken for a shared secret. */
static bool sign_with_public_pem(struct minting *minting, struct buf *out, struct err *err)
{
    AUTO(buf) pem = {0};
    if (!secret_key_write_pem(minting->key, false, &pem))
        return fail(err, REASON_USAGE, "--break hs-public-key needs a public-key algorithm");
    struct secret_key key = {.alg = ALG_HS256, .secret = (unsigned char *)pem.at, .secret_len = buf_len(&pem)};
    return members_set_text(&minting->header, "alg", SPAN("HS256"), err) && sign(minting, &key, out, err);
}

/* The payload of a token for another sub, under the signature of this one. */
static bool sign_then_tamper(struct minting *minting, struct buf *out, struct err *err)
{
    AUTO(buf) honest = {0};
    minting->is_exact = true; /* both written alike, so that nothing but sub differs */
    if (!sign(minting, minting->key, &honest, err) || !members_set_text(&minting->claims, "sub", SPAN("another"), err))
        return false;
    const char *signature = memrchr(honest.at, '.', honest.end);
    if (put_signing_input(minting, out) && buf_add(out, signature, (size_t)(honest.at + honest.end - signature)))
        return true;
    return fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
}

static bool sign_none(struct minting *minting, struct buf *out, struct err *err)
{
    return members_set_text(&minting->header, "alg", SPAN("none"), err) && sign_exactly(minting, NULL, out, err);
}

/* Another kid than the key's own. */
static bool change_kid(struct minting *minting, struct err *err)
{
    char kid[SECRET_KEY_KID_BYTES_MAX + 16];
    snprintf(kid, sizeof kid, "%s-unknown", minting->key->kid);
    return members_set_text(&minting->header, "kid", span_str(kid), err);
}

/* All of its life is over, also where it says when that began. */
static bool end_life(struct minting *minting, struct err *err)
{
    bool has_nbf = members_find(&minting->claims, SPAN("nbf")).at != NULL;
    return members_set_number(&minting->claims, "iat", minting->now_s - 2 * LATE_S, err) &&
           (!has_nbf || members_set_number(&minting->claims, "nbf", minting->now_s - 2 * LATE_S, err)) &&
           members_set_number(&minting->claims, "exp", minting->now_s - LATE_S, err);
}

/* What stands in header and claims. */
static bool break_members(struct minting *minting, struct err *err)
{
    switch (minting->breakage) {
    case BREAK_KID: return change_kid(minting, err);
    case BREAK_CRIT:
        return members_set(&minting->header, SPAN("crit"), SPAN("[\"x-unknown\"]"), err) &&
               members_set(&minting->header, SPAN("x-unknown"), SPAN("true"), err);
    case BREAK_EXPIRED: return end_life(minting, err);
    case BREAK_NOT_YET: return members_set_number(&minting->claims, "nbf", minting->now_s + LATE_S, err);
    case BREAK_NO_EXP: members_remove(&minting->claims, SPAN("exp")); return true;
    case BREAK_DUPLICATE_CLAIM:
        return members_find(&minting->claims, SPAN("sub")).at != NULL ||
               members_set_text(&minting->claims, "sub", SPAN("one"), err);
    case BREAK_NONE:
    case BREAK_SIGNATURE:
    case BREAK_TAMPERED:
    case BREAK_TRUNCATED:
    case BREAK_PADDING:
    case BREAK_PARTS:
    case BREAK_WRONG_KEY:
    case BREAK_EMBEDDED_KEY:
    case BREAK_ALG_NONE:
    case BREAK_HS_PUBLIC_KEY:
    case BREAK_COUNT: return true;
    }
    return true;
}

/* What is cut from or put behind a right token. */
static bool break_text(const struct minting *minting, struct buf *out, struct err *err)
{
    if (!sign(minting, minting->key, out, err))
        return false;
    if (minting->breakage == BREAK_TRUNCATED)
        out->end -= TRUNCATED_CHARS;
    if (minting->breakage == BREAK_PARTS)
        out->end = (size_t)((const char *)memrchr(out->at, '.', out->end) - out->at);
    return minting->breakage != BREAK_PADDING || buf_add_char(out, '=') ||
           fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
}

bool minting_token(struct minting *minting, struct buf *out, struct err *err)
{
    if (!break_members(minting, err))
        return false;
    switch (minting->breakage) {
    case BREAK_WRONG_KEY:
    case BREAK_EMBEDDED_KEY: return sign_freshly(minting, out, err);
    case BREAK_HS_PUBLIC_KEY: return sign_with_public_pem(minting, out, err);
    case BREAK_TAMPERED: return sign_then_tamper(minting, out, err);
    case BREAK_ALG_NONE: return sign_none(minting, out, err);
    case BREAK_NONE:
    case BREAK_SIGNATURE:
    case BREAK_TRUNCATED:
    case BREAK_PADDING:
    case BREAK_PARTS:
    case BREAK_KID:
    case BREAK_CRIT:
    case BREAK_EXPIRED:
    case BREAK_NOT_YET:
    case BREAK_NO_EXP:
    case BREAK_DUPLICATE_CLAIM:
    case BREAK_COUNT: break;
    }
    return break_text(minting, out, err);
}
