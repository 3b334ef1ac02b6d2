/* SPDX-License-Identifier: Apache-2.0 */
/* The text that keeps a provider's keys: what is written is read again as the same keys, no private member is ever written, and a
 * text that somebody else made is judged like an answer of the provider.
 */
#include "jose/jsondoc.h"
#include "jose/keyset.h"
#include "oidc/stored.h"
#include "unit.h"

#define ED25519_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwAaaPcHURo"
#define ED25519_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define EC_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define EC_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define OKP(more) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"" more "}"
#define EC(more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"
#define SET(keys) "{\"keys\":[" keys "]}"

static const struct stored sample = {
    .url = SPAN_INIT("https://i/.well-known/openid-configuration"),
    .discovery = {SPAN_INIT("https://i/\"quoted\"/{tenantid}"), SPAN_INIT("https://i/keys")},
    .ca = SPAN_INIT("trust/ca.pem"),
    .fetched_at_s = 1795219200};

static struct keyset *set_of(struct span text)
{
    struct err err = {0};
    AUTO_PTR(jsondoc) document = jsondoc_read(text, 32, &err);
    struct keyset *set = document == NULL ? NULL : keyset_new(SPAN("i"), 0);
    if (set == NULL || !keyset_add_jwks(set, jsondoc_root(document), &err))
        fail_msg("%s", err.text);
    return set;
}

static void what_is_written_is_read_again(void **state)
{
    AUTO(arena) arena = {0};
    AUTO(buf) text = {0};
    struct stored again = {0};
    struct err err = {0};
    (void)state;
    assert_true(stored_write(&text, &sample, SPAN(SET(OKP(",\"kid\":\"a\\u0000\\\"b\""))), &err));
    if (!stored_read(&again, &arena, buf_span(&text), false, &err))
        fail_msg("%s", err.text);
    assert_true(span_eq(again.url, sample.url));
    assert_true(span_eq(again.discovery.issuer, sample.discovery.issuer));
    assert_true(span_eq(again.discovery.jwks_uri, sample.discovery.jwks_uri));
    assert_true(span_eq(again.ca, sample.ca));
    assert_int_equal(again.fetched_at_s, sample.fetched_at_s);
    struct keyset *set = set_of(buf_span(&text));
    assert_int_equal(set->count, 1);
    assert_true(span_eq(set->keys[0]->kid, SPAN("a\0\"b")));
    keyset_release(set);
}

static void keys_come_back_with_all_that_binds_them(void **state)
{
    static const char *const sets[] = {
        SET(OKP(",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"k\"")),
        SET(EC(",\"key_ops\":[\"sign\",7,\"verify\"],\"kid\":\"k\",\"issuer\":\"https://i/{tenantid}\"")),
        SET(EC(",\"alg\":\"ES256\",\"x5t\":\"abc\",\"x5c\":[]") "," OKP("")),
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        AUTO(buf) text = {0};
        struct keyset *before = set_of(span_str(sets[i]));
        assert_true(stored_write(&text, &sample, span_str(sets[i]), NULL));
        struct keyset *after = set_of(buf_span(&text));
        assert_int_equal(after->count, before->count);
        for (size_t j = 0; j < before->count; j++) {
            assert_string_equal(after->keys[j]->thumbprint, before->keys[j]->thumbprint);
            assert_int_equal(after->keys[j]->algs.bits, before->keys[j]->algs.bits);
            assert_true(span_eq(after->keys[j]->kid, before->keys[j]->kid));
            assert_true(span_eq(after->keys[j]->x5t, before->keys[j]->x5t));
            assert_true(span_eq(after->keys[j]->issuer, before->keys[j]->issuer));
        }
        keyset_release(before);
        keyset_release(after);
    }
}

/* Attack: a provider publishes its private key by mistake; a copy of it on our disk would outlive the correction. */
static void private_members_and_shared_secrets_are_not_written(void **state)
{
    static const char *const secrets[] = {"\"d\"", "\"p\"", "\"k\"", ED25519_D, "c2VjcmV0c2VjcmV0c2VjcmV0", "future"};
    AUTO(buf) text = {0};
    (void)state;
    assert_true(stored_write(&text, &sample,
                             SPAN(SET(OKP(",\"d\":\"" ED25519_D "\",\"p\":\"" ED25519_D "\",\"future\":\"" ED25519_D
                                          "\"") ","
                                                "{\"kty\":\"oct\",\"k\":\"c2VjcmV0c2VjcmV0c2VjcmV0\"}")),
                             NULL));
    buf_add_char(&text, '\0');
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        assert_null(strstr(buf_span(&text).at, secrets[i]));
    assert_non_null(strstr(buf_span(&text).at, ED25519_X));
}

/* A member that made a key unusable is no string and would not be written: the key would come back usable. */
static void keys_that_are_not_used_are_not_written(void **state)
{
    static const char *const unusable[] = {
        OKP(",\"use\":\"enc\""),
        OKP(",\"use\":[\"sig\"]"),
        OKP(",\"key_ops\":\"verify\""),
        OKP(",\"kid\":7"),
        OKP(",\"key_ops\":[\"sign\"]"),
        OKP(",\"x5c\":\"no list\""),
        "{\"kty\":\"RSA\"}",
        "7",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(unusable); i++) {
        AUTO(buf) alone = {0};
        AUTO(buf) beside = {0};
        char set[512];
        struct err err = {0};
        snprintf(set, sizeof set, SET("%s"), unusable[i]);
        if (stored_write(&alone, &sample, span_str(set), &err) || err.reason != REASON_DOCUMENT_INVALID)
            fail_msg("%s was written", set);
        snprintf(set, sizeof set, SET("%s,%s"), unusable[i], OKP(",\"kid\":\"good\""));
        assert_true(stored_write(&beside, &sample, span_str(set), NULL));
        struct keyset *after = set_of(buf_span(&beside));
        assert_int_equal(after->count, 1);
        assert_int_equal(after->skipped_count, 0);
        assert_span(after->keys[0]->kid, "good");
        keyset_release(after);
    }
}

static void a_text_past_the_maximum_is_not_written(void **state)
{
    AUTO(buf) room = {0};
    (void)state;
    assert_true(stored_write(&room, &sample, SPAN(SET(OKP(""))), NULL));
    AUTO(buf) exact = {.bytes_max = buf_len(&room)};
    AUTO(buf) short_of_one = {.bytes_max = buf_len(&room) - 1};
    assert_true(stored_write(&exact, &sample, SPAN(SET(OKP(""))), NULL));
    assert_false(stored_write(&short_of_one, &sample, SPAN(SET(OKP(""))), NULL));
}

#define HEAD "{\"format\":\"jwtgate-keys-1\",\"url\":\"https://i/u\",\"ca\":\"\",\"issuer\":\"https://i\","
#define REST "\"jwks_uri\":\"https://i/k\",\"fetched_at\":\"12\"}"

static void a_text_of_somebody_else_is_judged_like_an_answer(void **state)
{
    static const struct {
        const char *text;
        bool is_taken;
    } cases[] = {
        {HEAD REST, true},
        {HEAD "\"more\":1," REST, true},
        {HEAD "\"jwks_uri\":\"http://127.0.0.1/k\",\"fetched_at\":\"12\"}", true},
        {HEAD "\"jwks_uri\":\"http://i/k\",\"fetched_at\":\"12\"}", false},
        {HEAD "\"jwks_uri\":\"https://u@i/k\",\"fetched_at\":\"12\"}", false},
        {HEAD "\"jwks_uri\":\"https://i/k\",\"fetched_at\":12}", false},
        {HEAD "\"jwks_uri\":\"https://i/k\",\"fetched_at\":\"-12\"}", false},
        {HEAD "\"jwks_uri\":\"https://i/k\",\"fetched_at\":\"99999999999\"}", false},
        {HEAD "\"jwks_uri\":\"https://i/k\"}", false},
        {HEAD "\"url\":\"https://i/u\"," REST, false},
        {"{\"format\":\"jwtgate-keys-1\",\"url\":\"https://i/u\",\"issuer\":\"https://i\"," REST, false},
        {"{\"format\":\"jwtgate-keys-1\",\"ca\":\"\",\"url\":\"https://i/u\"," REST, false},
        {"{\"format\":\"jwtgate-keys-1\",\"ca\":\"\",\"issuer\":\"https://i\"," REST, false},
        {"{\"format\":\"jwtgate-keys-2\",\"ca\":\"\",\"url\":\"https://i/u\",\"issuer\":\"https://i\"," REST, false},
        {"{\"ca\":\"\",\"url\":\"https://i/u\",\"issuer\":\"https://i\"," REST, false},
        {"[]", false},
        {"", false},
        {"\0\0\0", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        struct stored stored = {0};
        struct err err = {0};
        bool is_taken = stored_read(&stored, &arena, span_str(cases[i].text), false, &err);
        if (is_taken != cases[i].is_taken)
            fail_msg("%s: %s", cases[i].text, is_taken ? "taken" : err.text);
        assert_int_equal(err.reason, is_taken ? REASON_NONE : REASON_DOCUMENT_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(keys_come_back_with_all_that_binds_them),
        cmocka_unit_test(private_members_and_shared_secrets_are_not_written),
        cmocka_unit_test(keys_that_are_not_used_are_not_written),
        cmocka_unit_test(a_text_past_the_maximum_is_not_written),
        cmocka_unit_test(a_text_of_somebody_else_is_judged_like_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
