/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a compact token apart: cheap checks first, nothing decoded before the shape is right. */
#include "token_int.h"

#include "jose/b64url.h"

#include <openssl/evp.h>

#include <string.h>

enum { SHORT_HASH_CHARS = 12, SHA256_BYTES = 32 };

size_t token_split(struct span text, struct span parts[TOKEN_ENCRYPTED_PARTS])
{
    size_t count = 0;
    struct span piece;
    while (span_split(&text, '.', &piece)) {
        if (count == TOKEN_ENCRYPTED_PARTS)
            return TOKEN_ENCRYPTED_PARTS + 1;
        parts[count++] = piece;
    }
    return count;
}

bool token_read_text(const struct tape *header, struct span name, struct span *text, struct err *err)
{
    const struct tape_item *item = tape_member(header, NULL, name);
    if (item == NULL)
        return true;
    if (tape_kind_of(item) != TAPE_STRING)
        return fail(err, REASON_JWT_INVALID, "header: %.*s is no string", SPAN_ARG(name));
    *text = tape_span(header, item);
    return true;
}

bool token_refuse_extensions(const struct tape *header, struct err *err)
{
    static const struct span names[] = {SPAN_INIT("crit"), SPAN_INIT("b64")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (tape_member(header, NULL, names[i]) != NULL)
            return fail(err, REASON_JWT_INVALID, "header: %.*s asks for an extension; none is understood",
                        SPAN_ARG(names[i]));
    return true;
}

bool token_read_object(struct tape *header, struct arena *arena, struct span part, unsigned depth_max, struct err *err)
{
    struct span json;
    if (!b64url_decode_arena(arena, part, &json, err) || !tape_read(header, arena, json, depth_max, err))
        return err_prefix(err, "header");
    return tape_kind_of(header->items) == TAPE_OBJECT || fail(err, REASON_JWT_INVALID, "header is no JSON object");
}

static bool read_header(struct token *token, struct arena *arena, struct span part, unsigned depth_max, struct err *err)
{
    const struct tape *header = &token->header;
    if (!token_read_object(&token->header, arena, part, depth_max, err))
        return false;
    if (!token_read_text(header, SPAN("alg"), &token->alg_text, err) ||
        !token_read_text(header, SPAN("kid"), &token->kid, err) ||
        !token_read_text(header, SPAN("x5t"), &token->x5t, err) ||
        !token_read_text(header, SPAN("typ"), &token->typ, err))
        return false;
    if (token->alg_text.len == 0)
        return fail(err, REASON_JWT_INVALID, "header: alg is missing or empty");
    token->alg = alg_by_name(token->alg_text);
    return token_refuse_extensions(header, err);
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

static bool read_parts(struct token *token, struct arena *arena, const struct span parts[TOKEN_SIGNED_PARTS],
                       unsigned depth_max, struct err *err)
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
    struct span parts[TOKEN_ENCRYPTED_PARTS];
    size_t count = token_split(text, parts);
    if (count == TOKEN_ENCRYPTED_PARTS) {
        token->is_encrypted = true;
        return true;
    }
    if (count > TOKEN_ENCRYPTED_PARTS)
        return fail(err, REASON_JWT_INVALID, "token of more than %d parts; a signed one has %d", TOKEN_ENCRYPTED_PARTS,
                    TOKEN_SIGNED_PARTS);
    if (count != TOKEN_SIGNED_PARTS)
        return fail(err, REASON_JWT_INVALID, "token of %zu part%s; a signed one has %d", count, PLURAL(count),
                    TOKEN_SIGNED_PARTS);
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
