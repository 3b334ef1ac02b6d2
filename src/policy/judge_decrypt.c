/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted tokens opened before anything else is asked.  What is inside is judged like any token: that it came encrypted says
 * nothing about who wrote it, since the key to encrypt with is often public.
 */
#include "judge_int.h"

static bool is_nested(const struct decrypted *opened)
{
    return opened->cty.len > 0;
}

/* RFC 7519 5.2: cty says that a token is inside, and says nothing else. */
static bool check_content_type(const struct decrypted *opened, struct err *err)
{
    return !is_nested(opened) || span_eq_nocase(opened->cty, SPAN("JWT")) ||
           fail(err, REASON_JWT_INVALID, "the header says that %s was encrypted, and no token", QUOTED(opened->cty));
}

/* RFC 7519 3: claims that were encrypted and not signed; taken for what they are, an unsigned token. */
static bool read_claims_set(struct judging *j, const struct decrypted *opened, struct token *token,
                            struct claims *claims, struct err *err)
{
    *token = (struct token){
        .raw = opened->content,
        .header = opened->header,
        .alg_text = SPAN("none"),
        .typ = opened->typ,
        .is_unsigned = true,
    };
    return claims_read_json(claims, j->in->arena, opened->content, j->in->limits.json_depth_max, err);
}

static bool read_inner(struct judging *j, const struct decrypted *opened, struct token *token, struct claims *claims,
                       struct err *err)
{
    bool is_claims_set = !is_nested(opened) && span_starts(opened->content, SPAN("{"));
    if (is_claims_set && !j->rule->requires_signature)
        return read_claims_set(j, opened, token, claims, err);
    if (is_claims_set)
        return fail(err, REASON_JWT_INVALID, "claims that are not signed");
    if (!token_read(token, j->in->arena, opened->content, &j->in->limits, err))
        return false;
    if (token->is_encrypted)
        return fail(err, REASON_JWT_INVALID, "encrypted once more");
    return claims_read(claims, j->in->arena, token->payload_text, j->in->limits.json_depth_max, err);
}

bool judge_decrypt(struct judging *j, struct token *token, struct claims *claims, struct err *err)
{
    struct decrypted opened;
    struct span text = token->raw;
    if (j->rule->decryption_keys == NULL)
        return fail(err, REASON_JWT_INVALID, "the token is encrypted (five parts), and no decryption keys are set");
    if (!decrypt_token(&opened, j->in->arena, text, j->rule->decryption_keys, j->in->limits.json_depth_max, err) ||
        !check_content_type(&opened, err))
        return err_prefix(err, "encrypted token");
    j->out->was_encrypted = true;
    return read_inner(j, &opened, token, claims, err) || err_prefix(err, "inside of the encrypted token");
}
