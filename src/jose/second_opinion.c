/* SPDX-License-Identifier: Apache-2.0 */
/* libjwt asked as its users ask it: a token, a key as PEM or as bytes.
 *
 * libjwt would take the PEM of a public key for an HMAC secret when the token says HS256, so a key is only shown to it for
 * algorithms of the key's own family.
 */
#include "jose/second_opinion.h"

#include "base/buf.h"
#include "jose/b64url.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <jwt.h>

#include <stdarg.h>
#include <stdio.h>

PRINTF_LIKE(3, 4)
static void say(struct second_opinion *opinion, enum opinion what, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(opinion->text, sizeof opinion->text, format, arguments);
    va_end(arguments);
    opinion->opinion = what;
}

/* Built again from what was read, so that it is the signed token also where it came out of an encrypted one. */
static bool put_token(const struct token *token, struct buf *out)
{
    size_t chars = b64url_chars(token->signature.len);
    buf_add_span(out, token->signing_input);
    buf_add_char(out, '.');
    if (!buf_reserve(out, chars + 1))
        return false;
    out->end += b64url_encode(token->signature.at, token->signature.len, out->at + out->end);
    return buf_add_char(out, '\0');
}

static bool put_key(const struct key *key, struct buf *out)
{
    char *text = NULL;
    if (key->family == KEY_OCT)
        return buf_add(out, key->secret, key->secret_len);
    BIO *bio = BIO_new(BIO_s_mem());
    bool is_ok = bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1;
    long len = is_ok ? BIO_get_mem_data(bio, &text) : 0;
    is_ok = is_ok && buf_add(out, text, (size_t)len) && buf_add_char(out, '\0');
    BIO_free(bio);
    return is_ok;
}

/* Whether libjwt can read the token at all, its signature left aside. */
static bool reads(const char *token)
{
    jwt_t *jwt = NULL;
    bool is_read = jwt_decode(&jwt, token, NULL, 0) == 0;
    jwt_free(jwt);
    return is_read;
}

static void verify(const char *token, struct span key, const char *name, struct second_opinion *opinion)
{
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, token, (const unsigned char *)key.at, (int)key.len) != 0)
        say(opinion, OPINION_BAD, "the signature is not that of this key");
    else if (jwt_get_alg(jwt) != jwt_str_alg(name))
        say(opinion, OPINION_BAD, "it reads the algorithm as %s", jwt_alg_str(jwt_get_alg(jwt)));
    else
        say(opinion, OPINION_GOOD, "the signature is that of this key, by %s", name);
    jwt_free(jwt);
}

static void ask(const struct token *token, const struct key *key, struct second_opinion *opinion)
{
    const struct alg_info *info = alg_info(token->alg);
    AUTO(buf) text = {0};
    AUTO(buf) secret = {0};
    if (info->family != key->family)
        say(opinion, OPINION_NONE, "the key is not of the kind that %s needs", info->name);
    else if (jwt_str_alg(info->name) == JWT_ALG_INVAL)
        say(opinion, OPINION_NONE, "this libjwt does not know %s", info->name);
    else if (info->is_pss)
        /* 1.17 calls each such signature bad: it wants a key made for PSS alone, which no provider publishes. */
        say(opinion, OPINION_NONE, "libjwt does not check %s under a usual RSA key", info->name);
    else if (!put_token(token, &text) || !put_key(key, &secret))
        say(opinion, OPINION_NONE, "there is no memory to ask it");
    else if (!reads(text.at))
        say(opinion, OPINION_NONE, "it cannot read this token (it takes no typ but JWT, and less of JSON)");
    else
        verify(text.at, buf_span(&secret), info->name, opinion);
    if (key->family == KEY_OCT && secret.at != NULL)
        OPENSSL_cleanse(secret.at, secret.size);
}

void second_opinion_ask(const struct token *token, const struct key *key, struct second_opinion *opinion)
{
    if (token->signing_input.at == NULL || token->is_unsigned || token->alg == ALG_UNKNOWN)
        say(opinion, OPINION_NONE, "there is no signature that it could check");
    else
        ask(token, key, opinion);
    ERR_clear_error();
}
