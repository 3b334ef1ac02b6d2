/* SPDX-License-Identifier: Apache-2.0 */
/* Decryption keys written in policies: texts of known lengths, certificates that hold a private key, nothing that is for signing.
 *
 * Method: the same policy with the key exchanged.
 */
#include "encrypting.h"
#include "rule_case.h"
#include "signing.h"

static const struct rule_certificate certificates[] = {
    {SPAN_INIT("lost"), {NULL, 0}},
    {SPAN_INIT("public"), SPAN_INIT("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")},
};

static void load_keys(struct rule_loaded *loaded, const char *keys)
{
    char document[8192];
    snprintf(document, sizeof document,
             "<validate-jwt header-name='Authorization'>" KEYS_XML
             "<decryption-keys>\n%s</decryption-keys></validate-jwt>",
             keys);
    struct rule_certificate known[] = {
        certificates[0],
        certificates[1],
        {SPAN("rsa"), encrypting_pem(ENCRYPTING_RSA)},
        {SPAN("ec"), encrypting_pem(ENCRYPTING_P521)},
    };
    struct rule_settings settings = rule_case_settings();
    settings.certificates = known;
    settings.certificate_count = COUNT_OF(known);
    rule_load(loaded, document, true, &settings);
}

static void refuse(const char *keys, const char *why, unsigned line)
{
    struct rule_loaded loaded;
    load_keys(&loaded, keys);
    assert_false(loaded.is_read);
    const struct problem *first = loaded.problems.first;
    if (first->line != line || strstr(first->text, why) == NULL)
        print_error("%s: line %u: \"%s\", not \"%s\"\n", keys, first->line, first->text, why);
    assert_int_equal(first->line, line);
    assert_non_null(strstr(first->text, why));
    assert_null(strstr(first->text, SECRET));
    rule_unload(&loaded);
}

static void take(const char *keys, size_t count)
{
    struct rule_loaded loaded;
    load_keys(&loaded, keys);
    if (!loaded.is_read)
        print_error("%s: %s\n", keys, loaded.problems.first->text);
    assert_true(loaded.is_read);
    assert_int_equal(loaded.problems.warnings, 0);
    assert_int_equal(decrypt_keys_count(loaded.rule.decryption_keys), count);
    rule_unload(&loaded);
}

static void a_text_is_a_symmetric_key(void **state)
{
    (void)state;
    take("<key>" SECRET "</key>", 1);
    take("<key>GawgguFyGrWKav7AX4VKUg</key>", 1);
    take("<key> GawgguFyGrWKav7AX4VKUg== </key>\n<key>" SECRET "</key>", 2);
    refuse("<key>MDEyMzQ1Njc4OWFiY2RlZmc=</key>", "secret of 17 bytes", 2);
    refuse("<key>not base64!</key>", "not base64", 2);
    refuse("<key/>", "exactly one of a text and certificate-id", 2);
    refuse("<key>" SECRET "</key>\n<key>AAAA</key>", "secret of 3 bytes", 3);
}

static void a_certificate_holds_a_private_key(void **state)
{
    (void)state;
    take("<key certificate-id='rsa'/>", 1);
    take("<key certificate-id='ec'/><key certificate-id='rsa'/><key>" SECRET "</key>", 3);
    refuse("<key certificate-id='public'/>", "no private key found", 2);
    refuse("<key certificate-id='other'/>", "no certificate \"other\"", 2);
    refuse("<key certificate-id='rsa'>" SECRET "</key>", "exactly one of a text and certificate-id", 2);
}

/* A file that could not be read was told of before. */
static void a_lost_certificate_is_told_once(void **state)
{
    (void)state;
    struct rule_loaded loaded;
    load_keys(&loaded, "<key certificate-id='lost'/>");
    assert_false(loaded.is_read);
    assert_null(loaded.problems.first);
    rule_unload(&loaded);
}

static void what_is_for_signing_is_refused(void **state)
{
    (void)state;
    refuse("<key id='k'>" SECRET "</key>", "id is for signing keys only", 2);
    refuse("<key n='AQAB' e='AQAB'/>", "n is for signing keys only", 2);
    refuse("<key e='AQAB' certificate-id='rsa'/>", "e is for signing keys only", 2);
}

static void sixteen_keys_are_the_most(void **state)
{
    (void)state;
    char keys[4096] = "";
    for (unsigned i = 0; i < DECRYPT_KEYS_MAX; i++)
        strcat(keys, "<key>" SECRET "</key>\n");
    take(keys, DECRYPT_KEYS_MAX);
    strcat(keys, "<key>" SECRET "</key>");
    refuse(keys, "more than 16 decryption keys", 2 + DECRYPT_KEYS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_a_symmetric_key),       cmocka_unit_test(a_certificate_holds_a_private_key),
        cmocka_unit_test(a_lost_certificate_is_told_once), cmocka_unit_test(what_is_for_signing_is_refused),
        cmocka_unit_test(sixteen_keys_are_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
