/* SPDX-License-Identifier: Apache-2.0 */
/* Advice on tokens that cannot be read, and on keys and signatures. */
#include "report_advice_int.h"

#include "base/now.h"

/* ---- token, header, alg ---- */

static bool is_break(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word of `rest`; false: there is none. */
static bool take_word(struct span *rest, struct span *word)
{
    while (rest->len > 0 && is_break(rest->at[0]))
        *rest = span_from(*rest, 1);
    size_t len = 0;
    while (len < rest->len && !is_break(rest->at[len]))
        len++;
    *word = span_cut(*rest, len);
    *rest = span_from(*rest, len);
    return len > 0;
}

/* How many words look like a token by themselves, and how many there are. */
static size_t count_tokens(struct span text, size_t *words)
{
    size_t tokens = 0;
    struct span word;
    for (*words = 0; take_word(&text, &word); ++*words) {
        size_t dots = 0;
        for (size_t i = 0; i < word.len; i++)
            dots += word.at[i] == '.';
        tokens += dots >= 2 && span_starts(word, SPAN("ey"));
    }
    return tokens;
}

/* What came along when the token was copied. */
static const char *pasted_advice(const struct advising *a)
{
    struct span pasted = a->in->pasted;
    size_t words;
    size_t tokens = count_tokens(pasted, &words);
    if (a->check->name == CHECK_ALG || a->check->reason != REASON_JWT_INVALID || pasted.len == 0)
        return NULL;
    if (span_starts(pasted, SPAN("{")))
        return "this is JSON, likely the provider's whole answer: give the text of its member access_token alone";
    if (tokens > 1)
        return "there are several tokens: give one at a time";
    if (span_starts(pasted, SPAN("\"")) || span_starts(pasted, SPAN("'")) || span_ends(pasted, SPAN("\"")) ||
        span_ends(pasted, SPAN("'")))
        return "quotes stand around the token: take them off (jq -r prints without)";
    if (span_starts(pasted, SPAN("\xef\xbb\xbf")))
        return "a byte order mark stands before the token: save the file as UTF-8 without one";
    if (words > 1 && (span_chr(pasted, '\n') != NULL || span_chr(pasted, '\r') != NULL))
        return "the token is wrapped over several lines: remove the line breaks";
    return NULL;
}

static const char *scheme_advice(const struct advising *a)
{
    bool is_scheme = !a->rule->is_authorization && a->check->reason == REASON_JWT_INVALID &&
                     span_holds(a->check->found, SPAN("has a scheme before it"));
    return is_scheme ? "in this place the token stands alone: send it without `Bearer ` before it, or have the policy "
                       "read Authorization"
                     : NULL;
}

static const char *encrypted_advice(const struct advising *a)
{
    if (span_holds(a->check->found, SPAN("no decryption keys")))
        return "the token is encrypted (JWE): give the policy the key under decryption-keys, or have the provider only "
               "sign "
               "tokens for this API";
    if (span_holds(a->check->found, SPAN("none of the decryption keys")))
        return "the token is encrypted for another key than those under decryption-keys: compare them with the key "
               "that the "
               "provider encrypts with (kid, alg, enc of its header)";
    return NULL;
}

/* Opaque tokens are for the provider's own introspection: nothing can be read out of them. */
static const char *opaque_advice(const struct advising *a)
{
    if (a->check->name != CHECK_TOKEN || !span_starts(a->check->found, SPAN("token of 1 part")))
        return NULL;
    return "this is no JWT but an opaque token: have the client ask for this API (audience, resource or scope) so that "
           "the provider makes a JWT";
}

static const char *unsigned_advice(const struct advising *a)
{
    bool is_unsigned = a->check->name == CHECK_ALG && a->token != NULL && a->token->is_unsigned;
    return is_unsigned ? "the token is not signed (alg none): anybody could have written it" : NULL;
}

static const char *alg_advice(const struct advising *a)
{
    if (a->check->name != CHECK_ALG || a->token == NULL || a->token->alg == ALG_UNKNOWN)
        return NULL;
    return "the configuration's `algorithms` leave this one out: add it there, or have the provider sign with one of "
           "those "
           "expected";
}

const char *report_advice_token(const struct advising *a)
{
    static advisor *const advisors[] = {pasted_advice, scheme_advice,   encrypted_advice,
                                        opaque_advice, unsigned_advice, alg_advice};
    return advising_ask(a, advisors, COUNT_OF(advisors));
}

/* ---- keys ---- */

/* Tokens of Microsoft Graph are signed over another header than they carry and can't be verified by anybody else. */
static const char *graph_advice(const struct advising *a)
{
    struct span aud = advising_text(a, SPAN("aud"));
    bool is_graph = span_eq(aud, SPAN("00000003-0000-0000-c000-000000000000")) ||
                    span_starts(aud, SPAN("https://graph.microsoft.com"));
    bool has_nonce = a->token != NULL && tape_member(&a->token->header, NULL, SPAN("nonce")) != NULL;
    if (!is_graph && !has_nonce)
        return NULL;
    return "the token is for Microsoft Graph (nonce in its header, or Graph as audience) and can't be verified; ask "
           "for a "
           "token for this API: its own scope, such as api://APP-ID/NAME";
}

static const char *unusable_advice(const struct advising *a)
{
    struct span kid = a->token == NULL ? (struct span){NULL, 0} : a->token->kid;
    for (size_t i = 0; kid.len > 0 && i < advising_sets(a); i++) {
        const struct keyset *set = advising_set(a, i);
        for (size_t k = 0; set != NULL && k < set->skipped_count; k++)
            if (span_eq(set->skipped[k].kid, kid))
                return advising_say(a, "the key of this kid is published but may not be used here: %s",
                                    set->skipped[k].why);
    }
    return NULL;
}

/* What the algorithms of a key are called, in one text. */
static const char *names_of(struct alg_set algs, struct buf *out)
{
    for (int alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++)
        if (alg_set_has(algs, (enum alg)alg))
            buf_printf(out, "%s%s", buf_len(out) == 0 ? "" : ", ", alg_info((enum alg)alg)->name);
    return buf_add_char(out, '\0') ? out->at : "";
}

static const struct key *named_key(const struct advising *a)
{
    for (size_t i = 0; i < advising_sets(a); i++) {
        const struct keyset *set = advising_set(a, i);
        for (size_t k = 0; set != NULL && k < set->count; k++)
            if (span_eq(set->keys[k]->kid, a->token->kid))
                return set->keys[k];
    }
    return NULL;
}

static const char *unfit_advice(const struct advising *a)
{
    AUTO(buf) names = {0};
    if (a->check->reason != REASON_SIGNATURE_INVALID || a->token == NULL)
        return NULL;
    const struct key *key = named_key(a);
    if (key == NULL || alg_set_has(key->algs, a->token->alg))
        return "the key of this kid is there, but it is not for the token's algorithm: the provider's key set and its "
               "signing settings disagree, or the token was changed";
    return advising_say(
        a,
        "the key of this kid serves %s, the token says %s: the provider's key set and its signing settings "
        "disagree, or the token was changed",
        names_of(key->algs, &names), alg_info(a->token->alg)->name);
}

static const char *secret_advice(const struct advising *a)
{
    bool is_secret = a->token != NULL && a->token->alg != ALG_UNKNOWN && alg_info(a->token->alg)->family == KEY_OCT;
    if (!is_secret || a->rule->inline_keys != NULL)
        return NULL;
    return "the token is signed with a shared secret, which no provider publishes: put the secret under "
           "issuer-signing-keys, or have the provider sign with RS256 or ES256";
}

static bool fits_issuer(struct span iss, struct span known)
{
    struct span before, behind;
    if (rule_issuer_is_template(known, &before, &behind))
        return span_starts(iss, before) && span_ends(iss, behind);
    return span_eq(iss, known) || advising_is_older_entra(iss, known) || advising_is_older_entra(known, iss) ||
           advising_is_slash_apart(iss, known);
}

static const char *foreign_advice(const struct advising *a)
{
    struct span iss = advising_text(a, SPAN("iss"));
    struct span known;
    size_t i = 0;
    if (iss.len == 0 || a->in->is_issuer_assumed || advising_issuer(a, 0).at == NULL)
        return NULL;
    while ((known = advising_issuer(a, i)).at != NULL && !fits_issuer(iss, known))
        i++;
    if (known.at != NULL)
        return NULL;
    return advising_say(
        a,
        "the token comes from %s, whose keys this policy does not look at: add its openid-config, or ask "
        "the provider of the policy for a token",
        SHOWN(iss));
}

/* Certificates go on verifying past their end; but who renewed one signs with another key by now. */
static const char *certificate_advice(const struct advising *a)
{
    const struct keyset *keys = a->rule->inline_keys;
    char end[NOW_TEXT_BYTES];
    for (size_t i = 0; keys != NULL && i < keys->count; i++) {
        if (keys->keys[i]->not_after_s == 0 || keys->keys[i]->not_after_s > a->in->at_s)
            continue;
        now_second_text(keys->keys[i]->not_after_s, end);
        return advising_say(
            a,
            "the certificate of the policy's key %s ended on %s: who signs has a new one by now; put that "
            "one in its place",
            SHOWN(keys->keys[i]->kid), end);
    }
    return NULL;
}

const char *report_advice_key(const struct advising *a)
{
    static advisor *const advisors[] = {graph_advice,  unusable_advice, unfit_advice,
                                        secret_advice, foreign_advice,  certificate_advice};
    return advising_ask(a, advisors, COUNT_OF(advisors));
}

const char *report_advice_signature(const struct advising *a)
{
    static advisor *const advisors[] = {graph_advice, certificate_advice};
    return advising_ask(a, advisors, COUNT_OF(advisors));
}
