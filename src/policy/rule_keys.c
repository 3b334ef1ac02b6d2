/* SPDX-License-Identifier: Apache-2.0 */
/* Keys written in a policy: shared secrets, RSA numbers, certificates by name.
 *
 * The text of a key is always a secret for HS*; where it decodes to a certificate or a public key it is refused, because a
 * published secret is none (RFC 8725 2.1, 3.1).
 */
#include "rule_int.h"

#include "jose/b64url.h"

/* What is decoded here may be a secret. */
struct plain {
    unsigned char *at;
    size_t len;
};

static void plain_fini(struct plain *plain)
{
    if (plain->at != NULL)
        explicit_bzero(plain->at, plain->len);
    free(plain->at);
}
AUTO_FINI(plain)

static struct span plain_span(const struct plain *plain)
{
    return span_of(plain->at, plain->len);
}

/* Decodes base64 of either alphabet, padding optional. */
static bool decode(struct span text, const char *name, struct plain *plain, struct err *err)
{
    if (b64_decode_lenient(text, &plain->at, &plain->len, err))
        return true;
    return err_prefix(err, "%s is not base64", name);
}

static struct key *key_of_secret(struct span base64, struct span id, struct err *err)
{
    AUTO(plain) secret = {0};
    if (span_holds(base64, SPAN("-----BEGIN"))) {
        fail(err, REASON_KEY_UNUSABLE, "this is PEM, and a key's text is a shared secret; use certificate-id or n/e");
        return NULL;
    }
    return decode(base64, "the key", &secret, err) ? key_from_secret(plain_span(&secret), id, err) : NULL;
}

static struct key *key_of_numbers(const struct draft_key *draft, struct err *err)
{
    AUTO(plain) n = {0};
    AUTO(plain) e = {0};
    if (!decode(draft->n, "n", &n, err) || !decode(draft->e, "e", &e, err))
        return NULL;
    return key_from_rsa(plain_span(&n), plain_span(&e), draft->id, err);
}

static struct key *key_of_certificate(const struct rule_settings *settings, const struct draft_key *draft,
                                      bool is_secret, struct err *err)
{
    for (size_t i = 0; i < settings->certificate_count; i++) {
        const struct rule_certificate *certificate = &settings->certificates[i];
        if (!span_eq(certificate->id, draft->certificate_id))
            continue;
        if (certificate->bytes.at != NULL)
            return key_from_certificate(certificate->bytes, draft->id, err);
        fail(err, REASON_NONE, "the certificate could not be read");
        return NULL;
    }
    fail(err, REASON_CONFIG, "no certificate \"%s\" in the certificates section",
         QUOTED_UNLESS(is_secret, draft->certificate_id));
    return NULL;
}

/* The key, or NULL with the node that is wrong in `*at`; reason NONE where that was told before. */
static struct key *read_key(struct rule_reader *reader, const struct draft_key *draft, const struct node *node,
                            const struct node **at, struct err *err)
{
    const struct node *base64 = rule_member(reader, node, "base64");
    const struct node *certificate = rule_member(reader, node, "certificate_id");
    const struct node *n = rule_member(reader, node, "n");
    const struct node *e = rule_member(reader, node, "e");
    bool has_numbers = n != NULL || e != NULL;
    *at = node;
    if ((base64 != NULL) + (certificate != NULL) + has_numbers != 1) {
        fail(err, REASON_CONFIG, "a key is exactly one of %s, %s, or n and e", reader->is_xml ? "a text" : "base64",
             rule_spell(reader, "certificate_id"));
        return NULL;
    }
    if (has_numbers && (n == NULL || e == NULL)) {
        fail(err, REASON_CONFIG, "%s is missing: an RSA key is n and e", n == NULL ? "n" : "e");
        return NULL;
    }
    *at = base64 != NULL ? base64 : certificate != NULL ? certificate : n;
    if (base64 != NULL)
        return key_of_secret(draft->base64, draft->id, err);
    return certificate != NULL ? key_of_certificate(reader->settings, draft, certificate->is_secret, err)
                               : key_of_numbers(draft, err);
}

/* HMAC keys shorter than the digest are weaker than it (RFC 7518 3.2); accepted, for policies that hold such ones. */
enum { HS256_BYTES = 32, DAY_S = 86400, END_NEAR_S = 30 * DAY_S };

static void lint_key(struct rule_reader *reader, const struct key *key, const struct node *node)
{
    int64_t left_s = key->not_after_s - reader->settings->now_s;
    int days = (int)(left_s / DAY_S);
    if (key->family == KEY_OCT && key->secret_len < HS256_BYTES)
        problem_warning(reader->problems, node,
                        "the secret has %zu bytes; HS256 asks for 32, HS384 for 48, HS512 for 64", key->secret_len);
    if (key->not_after_s != 0 && left_s <= 0)
        problem_warning(reader->problems, node, "the certificate has ended; its key is still taken");
    else if (key->not_after_s != 0 && left_s <= END_NEAR_S)
        problem_warning(reader->problems, node, "the certificate ends in %d day%s", days, PLURAL(days));
}

static bool add_key(struct rule_reader *reader, const struct draft_key *draft, const struct node *node,
                    struct keyset *set)
{
    struct err err;
    const struct node *at = node;
    AUTO_PTR(key) key = read_key(reader, draft, node, &at, &err);
    if (key == NULL)
        return err.reason != REASON_NONE && problem_error(reader->problems, at, "%s", err.text);
    lint_key(reader, key, at);
    if (!keyset_add(set, key, &err))
        return problem_error(reader->problems, at, "%s", err.text);
    key = NULL;
    return true;
}

bool rule_read_keys(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    const struct schema_list *list = &draft->issuer_signing_keys;
    const struct draft_key *from = list->at;
    bool is_good = true;
    if (list->count == 0)
        return true;
    rule->inline_keys = keyset_new((struct span){NULL, 0}, reader->settings->now_s);
    if (rule->inline_keys == NULL)
        return problem_error(reader->problems, draft->node, "out of memory");
    for (size_t i = 0; i < list->count; i++)
        is_good = add_key(reader, &from[i], list->nodes[i], rule->inline_keys) && is_good;
    return is_good;
}
