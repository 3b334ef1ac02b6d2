/* SPDX-License-Identifier: Apache-2.0 */
/* Keys written in policies.  The attack behind most of these: a published key taken for a shared secret (CVE-2015-9235), as
 * happens when a certificate is pasted where API Management expects an HMAC secret.
 *
 * Method: the same policy with the key's text exchanged.
 */
#include "rule_case.h"
#include "signing.h"

struct key_fixture {
    struct signer *rsa, *ec;
    unsigned char *certificate;
    size_t certificate_len;
    struct rule_certificate known;
};

static int fixture_set_up(void **state)
{
    static struct key_fixture f;
    f.rsa = signer_new(SIGNER_RSA2048, "r");
    f.ec = signer_new(SIGNER_P256, "e");
    f.certificate = signer_certificate(f.rsa, &f.certificate_len);
    f.known = (struct rule_certificate){SPAN("cert"), span_of(f.certificate, f.certificate_len)};
    *state = &f;
    return 0;
}

static int fixture_take_down(void **state)
{
    struct key_fixture *f = *state;
    signer_free(f->rsa);
    signer_free(f->ec);
    free(f->certificate);
    return 0;
}

/* Loads <key ATTRIBUTES>TEXT</key>. */
static void load_key(struct key_fixture *f, struct rule_loaded *loaded, const char *attributes, const char *text)
{
    char document[8192];
    snprintf(document, sizeof document,
             "<validate-jwt header-name='Authorization'><issuer-signing-keys>\n<key %s>%s</key></issuer-signing-keys>"
             "</validate-jwt>",
             attributes, text);
    struct rule_settings settings = rule_case_settings();
    settings.certificates = &f->known;
    settings.certificate_count = 1;
    rule_load(loaded, document, true, &settings);
}

static void assert_key_refused(struct key_fixture *f, const char *attributes, const char *text, const char *why)
{
    struct rule_loaded loaded;
    load_key(f, &loaded, attributes, text);
    assert_false(loaded.is_read);
    assert_int_equal(loaded.problems.errors, 1);
    assert_int_equal(loaded.problems.first->line, 2);
    if (strstr(loaded.problems.first->text, why) == NULL)
        print_error("found \"%s\", wanted \"%s\"\n", loaded.problems.first->text, why);
    assert_non_null(strstr(loaded.problems.first->text, why));
    if (text[0] != '\0')
        assert_null(strstr(loaded.problems.first->text, text));
    rule_unload(&loaded);
}

static void assert_key_taken(struct key_fixture *f, const char *attributes, const char *text, enum key_family family)
{
    struct rule_loaded loaded;
    load_key(f, &loaded, attributes, text);
    if (!loaded.is_read)
        print_error("%s\n", loaded.problems.first->text);
    assert_true(loaded.is_read);
    assert_int_equal(loaded.rule.inline_keys->keys[0]->family, family);
    rule_unload(&loaded);
}

static void a_key_is_exactly_one_thing(void **state)
{
    assert_key_refused(*state, "id='k'", "", "exactly one of");
    assert_key_refused(*state, "id='k' certificate-id='cert'", SECRET, "exactly one of");
    assert_key_refused(*state, "id='k' n='AQAB' e='AQAB'", SECRET, "exactly one of");
    assert_key_taken(*state, "id='k'", SECRET, KEY_OCT);
    assert_key_taken(*state, "id='k' certificate-id='cert'", "", KEY_RSA);
}

static void a_secret_is_base64_of_16_bytes_or_more(void **state)
{
    assert_key_refused(*state, "", "not base64!", "not base64");
    assert_key_refused(*state, "", "MDEyMzQ1Njc4OWFiY2Rl", "16");
    assert_key_taken(*state, "", "MDEyMzQ1Njc4OWFiY2RlZg==", KEY_OCT);
    assert_key_taken(*state, "", "MDEyMzQ1Njc4OWFiY2RlZg", KEY_OCT);
}

static void a_short_secret_is_warned_about(void **state)
{
    struct rule_loaded loaded;
    load_key(*state, &loaded, "", "MDEyMzQ1Njc4OWFiY2RlZg==");
    assert_int_equal(loaded.problems.warnings, 1);
    assert_non_null(strstr(loaded.problems.first->text, "16 bytes"));
    rule_unload(&loaded);
    load_key(*state, &loaded, "", SECRET);
    assert_int_equal(loaded.problems.warnings, 0);
    rule_unload(&loaded);
}

/* The text of `bytes` in standard base64 without line ends. */
static char *standard_base64(struct span bytes)
{
    char *text = signer_base64url(bytes);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    return text;
}

static void a_certificate_is_no_secret(void **state)
{
    struct key_fixture *f = *state;
    char *der = standard_base64(span_of(f->certificate, f->certificate_len));
    assert_key_refused(f, "", der, "certificate-id");
    free(der);
}

/* RFC 8725 2.1, RFC 8725 3.1. */
static void a_public_key_is_no_secret(void **state)
{
    struct key_fixture *f = *state;
    const struct signer *signers[] = {f->rsa, f->ec};
    for (size_t i = 0; i < COUNT_OF(signers); i++) {
        char *pem = signer_public_pem(signers[i]);
        char *encoded = standard_base64(span_str(pem));
        assert_key_refused(f, "", pem, "PEM");
        assert_key_refused(f, "", encoded, "certificate-id");
        free(encoded);
        free(pem);
    }
}

static void a_certificate_must_be_known(void **state)
{
    assert_key_refused(*state, "certificate-id='other'", "", "no certificate \"other\"");
    assert_key_taken(*state, "certificate-id='cert'", "", KEY_RSA);
}

static void a_certificate_near_its_end_is_warned_about(void **state)
{
    struct key_fixture *f = *state;
    static const struct {
        int64_t now_s;
        const char *text; /* of the warning; NULL: none */
    } cases[] = {{1795219200, NULL},
                 {2524608000 - 31 * 86400, NULL},
                 {2524608000 - 29 * 86400, "ends in"},
                 {2600000000, "ended"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rule_settings settings = rule_case_settings();
        struct rule_loaded loaded;
        settings.now_s = cases[i].now_s;
        settings.certificates = &f->known;
        settings.certificate_count = 1;
        rule_load(&loaded, "issuer_signing_keys: [ { certificate_id: cert } ]", false, &settings);
        assert_true(loaded.is_read);
        assert_int_equal(loaded.problems.warnings, cases[i].text != NULL);
        if (cases[i].text != NULL)
            assert_non_null(strstr(loaded.problems.first->text, cases[i].text));
        rule_unload(&loaded);
    }
}

/* Shape I: the modulus in either alphabet, padded or not. */
static void rsa_numbers_are_taken_in_both_alphabets(void **state)
{
    struct key_fixture *f = *state;
    char *jwk = signer_jwk(f->rsa, NULL);
    const char *n = strstr(jwk, "\"n\":\"") + 5;
    struct span url = span_of(n, (size_t)(strchr(n, '"') - n));
    char attributes[1024];
    snprintf(attributes, sizeof attributes, "n='%.*s' e='AQAB'", SPAN_ARG(url));
    assert_key_taken(f, attributes, "", KEY_RSA);
    for (char *at = attributes; *at != '\0'; at++)
        *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
    assert_key_taken(f, attributes, "", KEY_RSA);
    snprintf(attributes, sizeof attributes, "n='%.*s=='  e='AQAB'", SPAN_ARG(url));
    assert_key_taken(f, attributes, "", KEY_RSA);
    snprintf(attributes, sizeof attributes, "n='%.*s'", SPAN_ARG(url));
    assert_key_refused(f, attributes, "", "e is missing");
    snprintf(attributes, sizeof attributes, "n='%.*s' e='AQ'", SPAN_ARG(url));
    assert_key_refused(f, attributes, "", "expon");
    assert_key_refused(f, "n='AQAB' e='AQAB'", "", "2048");
    assert_key_refused(f, "e='AQAB'", "", "n is missing");
    free(jwk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_exactly_one_thing),
        cmocka_unit_test(a_secret_is_base64_of_16_bytes_or_more),
        cmocka_unit_test(a_short_secret_is_warned_about),
        cmocka_unit_test(a_certificate_is_no_secret),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(a_certificate_must_be_known),
        cmocka_unit_test(a_certificate_near_its_end_is_warned_about),
        cmocka_unit_test(rsa_numbers_are_taken_in_both_alphabets),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_take_down);
}
