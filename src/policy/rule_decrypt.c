/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that open encrypted tokens: shared secrets of the policy, private keys of the certificates section.
 *
 * What names or makes a public key (id, n, e) means nothing here: whoever writes it takes this for the list of keys that sign.
 */
#include "rule_int.h"

#include "jose/b64url.h"

static bool add_secret(struct decrypt_keys *keys, struct span base64, struct err *err)
{
    unsigned char *bytes;
    size_t len;
    if (!b64_decode_lenient(base64, &bytes, &len, err))
        return err_prefix(err, "the key is not base64");
    bool is_added = decrypt_keys_add_secret(keys, span_of(bytes, len), err);
    explicit_bzero(bytes, len);
    free(bytes);
    return is_added;
}

static bool add_private(const struct rule_settings *settings, struct decrypt_keys *keys, const struct node *id,
                        struct err *err)
{
    for (size_t i = 0; i < settings->certificate_count; i++) {
        const struct rule_certificate *certificate = &settings->certificates[i];
        if (!span_eq(certificate->id, id->text))
            continue;
        if (certificate->bytes.at != NULL)
            return decrypt_keys_add_private(keys, certificate->bytes, err);
        return fail(err, REASON_NONE, "the certificate could not be read");
    }
    return fail(err, REASON_CONFIG, "no certificate \"%s\" in the certificates section",
                QUOTED_UNLESS(id->is_secret, id->text));
}

static bool refuse_signing(struct rule_reader *reader, const struct draft_decryption_key *draft)
{
    const struct node *const nodes[] = {draft->id, draft->n, draft->e};
    static const char *const names[] = {"id", "n", "e"};
    bool is_good = true;
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        if (nodes[i] != NULL)
            is_good = problem_error(reader->problems, nodes[i],
                                    "%s is for signing keys only; decryption keys are given by %s or %s", names[i],
                                    reader->is_xml ? "their text" : "base64", rule_spell(reader, "certificate_id"));
    return is_good;
}

static bool add_key(struct rule_reader *reader, const struct draft_decryption_key *draft, const struct node *node,
                    struct decrypt_keys *keys)
{
    struct err err = {.reason = REASON_NONE};
    const struct node *base64 = rule_member(reader, node, "base64");
    const struct node *certificate = rule_member(reader, node, "certificate_id");
    if (!refuse_signing(reader, draft))
        return false;
    if ((base64 != NULL) == (certificate != NULL))
        return problem_error(reader->problems, node, "a decryption key is exactly one of %s and %s",
                             reader->is_xml ? "a text" : "base64", rule_spell(reader, "certificate_id"));
    bool is_added =
        base64 != NULL ? add_secret(keys, draft->base64, &err) : add_private(reader->settings, keys, certificate, &err);
    if (is_added || err.reason == REASON_NONE)
        return is_added;
    return problem_error(reader->problems, base64 != NULL ? base64 : certificate, "%s", err.text);
}

bool rule_read_decryption_keys(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    const struct schema_list *list = &draft->decryption_keys;
    const struct draft_decryption_key *from = list->at;
    bool is_good = true;
    if (list->count == 0)
        return true;
    rule->decryption_keys = decrypt_keys_new();
    if (rule->decryption_keys == NULL)
        return problem_error(reader->problems, draft->node, "out of memory");
    for (size_t i = 0; i < list->count; i++)
        is_good = add_key(reader, &from[i], list->nodes[i], rule->decryption_keys) && is_good;
    return is_good;
}
