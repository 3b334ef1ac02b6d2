/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a compact token apart: cheap checks first, nothing decoded before the shape is right. */
#include "jose/token.h"

#include "jose/b64url.h"

#include <openssl/evp.h>

#include <string.h>

enum { JWS_PARTS = 3, JWE_PARTS = 5, SHORT_HASH_CHARS = 12, SHA256_BYTES = 32 };

/* Cuts `text` at its dots into at most JWE_PARTS; returns how many parts there are, JWE_PARTS + 1 for any more. */
static size_t split(struct span text, struct span parts[JWE_PARTS])
{
    size_t count = 0;
    struct span piece;
    while (span_split(&text, '.', &piece)) {
        if (count == JWE_PARTS)
            return JWE_PARTS + 1;
        parts[count++] = piece;
    }
    return count;
}

/* A member of the header that may be missing, but must be a string where it stands. */
static bool read_text(const struct token *token, struct span name, struct span *text, struct err *err)
{
    const struct tape_item *item = tape_member(&token->header, NULL, name);
    if (item == NULL)
        return true;
    if (tape_kind_of(item) != TAPE_STRING)
        return fail(err, REASON_JWT_INVALID, "header: %.*s is no string", SPAN_ARG(name));
    *text = tape_span(&token->header, item);
    return true;
}

/* RFC 7515 4.1.11, RFC 7797 6: no extension is understood, so a header that counts on one is refused. */
static bool refuse_extension(const struct token *token, struct span name, struct err *err)
{
    return tape_member(&token->header, NULL, name) == NULL ||
           fail(err, REASON_JWT_INVALID, "header: %.*s asks for an extension; none is understood", SPAN_ARG(name));
}

static bool read_header(struct token *token, struct arena *arena, struct span part, unsigned depth_max, struct err *err)
{
    struct span json;
    if (!b64url_decode_arena(arena, part, &json, err) || !tape_read(&token->header, arena, json, depth_max, err))
        return err_prefix(err, "header");
    if (tape_kind_of(token->header.items) != TAPE_OBJECT)
        return fail(err, REASON_JWT_INVALID, "header is no JSON object");
    if (!read_text(token, SPAN("alg"), &token->alg_text, err) || !read_text(token, SPAN("kid"), &token->kid, err) ||
        !read_text(token, SPAN("x5t"), &token->x5t, err) || !read_text(token, SPAN("typ"), &token->typ, err))
        return false;
    if (token->alg_text.len == 0)
        return fail(err, REASON_JWT_INVALID, "header: alg is missing or empty");
    token->alg = alg_by_name(token->alg_text);
    return refuse_extension(token, SPAN("crit"), err) && refuse_extension(token, SPAN("b64"), err);
}

/* `none` demands an empty signature, everything else one that is not (RFC 7518 3.6). */
static bool check_signature_presence(struct token *token, struct err *err)
{
    bool is_none = span_eq(token->alg_text, SPAN("none"));
    if (is_none && token->signature.len > 0)
        return fail(err, REASON_JWT_INVALID, "alg is none, but there is a signature");
    if (!is_none && token->signature.len == 0)
        return fail(err, REASON_JWT_INVALID, "alg is %s, but there is no signature", QUOTED(token->alg_text));
    token->is_unsigned = is_none;
    return true;
}

static bool read_parts(struct token *token, struct arena *arena, const struct span parts[JWS_PARTS], unsigned depth_max,
                       struct err *err)
{
    token->payload_text = parts[1];
    token->signing_input = span_cut(token->raw, parts[0].len + 1 + parts[1].len);
    if (!read_header(token, arena, parts[0], depth_max, err))
        return false;
    if (!b64url_check(parts[1], err))
        return err_prefix(err, "payload");
    if (!b64url_decode_arena(arena, parts[2], &token->signature, err))
        return err_prefix(err, "signature");
    return check_signature_presence(token, err);
}

bool token_read(struct token *token, struct arena *arena, struct span text, const struct token_limits *limits,
                struct err *err)
{
    *token = (struct token){.raw = text};
    if (text.len > limits->token_bytes_max)
        return fail(err, REASON_JWT_INVALID, "token of %zu bytes; at most %zu are read", text.len,
                    limits->token_bytes_max);
    struct span parts[JWE_PARTS];
    size_t count = split(text, parts);
    if (count == JWE_PARTS) {
        token->is_encrypted = true;
        return true;
    }
    if (count > JWE_PARTS)
        return fail(err, REASON_JWT_INVALID, "token of more than %d parts; a signed one has %d", JWE_PARTS, JWS_PARTS);
    if (count != JWS_PARTS)
        return fail(err, REASON_JWT_INVALID, "token of %zu part%s; a signed one has %d", count, PLURAL(count),
                    JWS_PARTS);
    return read_parts(token, arena, parts, limits->json_depth_max, err);
}

void token_short_hash(struct span raw, char out[TOKEN_SHORT_HASH_BYTES])
{
    unsigned char hash[SHA256_BYTES];
    char text[(SHA256_BYTES * 4 + 2) / 3 + 1];
    out[0] = '\0';
    if (EVP_Q_digest(NULL, "SHA256", NULL, raw.len == 0 ? "" : raw.at, raw.len, hash, NULL) != 1)
        return;
    b64url_encode(hash, sizeof hash, text);
    memcpy(out, text, SHORT_HASH_CHARS);
    out[SHORT_HASH_CHARS] = '\0';
}
