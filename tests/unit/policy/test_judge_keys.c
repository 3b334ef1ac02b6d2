/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys of a published set may answer for a token, in the sets that providers really publish.
 *
 * Method: a set of up to four entries, a header, a signature; each that passes beside one with another signer or header.
 */
#include "court.h"

#include "base/buf.h"

#define URL "https://provider"
#define ISS "https://i.example"
#define CLAIMS "{\"iss\":\"" ISS "\",\"exp\":1795219800}"

enum who { NOBODY, RSA_1, RSA_2, RSA_3, EC, ED, SECRET };

static const struct signer *signer_of(const struct court *court, enum who who)
{
    switch (who) {
    case NOBODY: return NULL;
    case RSA_1: return court->rsa;
    case RSA_2: return court->tenant;
    case RSA_3: return court->consumer;
    case EC: return court->ec;
    case ED: return court->ed;
    case SECRET: return court->secret;
    }
    return NULL;
}

/* An entry of `keys`: a signer's key under this kid with further members, or, by NOBODY, the members alone. */
struct entry {
    enum who who;
    const char *kid, *members;
};

struct key_case {
    const char *name;
    struct entry entries[4];
    enum who signer;
    enum alg alg;
    const char *header; /* parameters beside alg */
    enum reason reason;
    enum check_name check;
};

static void add_entry(struct buf *keys, const struct court *court, const struct entry *entry)
{
    if (entry->who == NOBODY && entry->members == NULL)
        return;
    if (keys->end > 0)
        buf_add_char(keys, ',');
    if (entry->who == NOBODY) {
        buf_printf(keys, "{%s}", entry->members);
        return;
    }
    struct signer named = *signer_of(court, entry->who);
    snprintf(named.kid, sizeof named.kid, "%s", entry->kid == NULL ? "" : entry->kid);
    char *jwk = signer_jwk(&named, entry->members);
    buf_add_str(keys, jwk);
    free(jwk);
}

static void run(struct court *court, const struct key_case *c)
{
    AUTO(buf) keys = {0};
    char header[256];
    for (size_t i = 0; i < COUNT_OF(c->entries); i++)
        add_entry(&keys, court, &c->entries[i]);
    buf_add_char(&keys, '\0');
    const struct court_document document = {URL, ISS, keys.at};
    snprintf(header, sizeof header, "{\"alg\":\"%s\"%s}", alg_info(c->alg)->name, c->header);
    court->document = &document;
    court_open(court, "openid_config: [ \"" URL "\" ]");
    const struct judgement *judgement =
        court_hear(court, signer_token(signer_of(court, c->signer), c->alg, header, SPAN(CLAIMS)));
    assert_reason(judgement, c->reason, c->name);
    if (c->reason != REASON_NONE)
        assert_int_equal(judgement->failed->name, c->check);
    court_close(court);
    court->document = NULL;
}

#define PASS REASON_NONE, CHECK_TOKEN
#define NO_KEY REASON_KEY_NOT_FOUND, CHECK_KEY
#define UNFIT REASON_SIGNATURE_INVALID, CHECK_KEY
#define WRONG REASON_SIGNATURE_INVALID, CHECK_SIGNATURE
#define KID(text) ",\"kid\":\"" text "\""
#define X5T(text) ",\"x5t\":\"" text "\""
#define TWO_RSA              \
    {                        \
        {RSA_1, "a", NULL},  \
        {                    \
            RSA_2, "b", NULL \
        }                    \
    }
#define WITH_X5T                         \
    {                                    \
        {RSA_1, "a", "\"x5t\":\"ta\""},  \
        {                                \
            RSA_2, "b", "\"x5t\":\"tb\"" \
        }                                \
    }
#define SIG_AND_ENC                                            \
    {                                                          \
        {RSA_1, "a", "\"use\":\"sig\",\"alg\":\"RS256\""},     \
        {                                                      \
            RSA_2, "b", "\"use\":\"enc\",\"alg\":\"RSA-OAEP\"" \
        }                                                      \
    }
#define ONE_KID_TWO_FAMILIES                 \
    {                                        \
        {RSA_1, "1", NULL}, {EC, "1", NULL}, \
        {                                    \
            ED, "1", NULL                    \
        }                                    \
    }
#define ONE_KID_TWO_ALGS                    \
    {                                       \
        {RSA_1, "1", "\"alg\":\"RS256\""},  \
        {                                   \
            RSA_2, "1", "\"alg\":\"RS512\"" \
        }                                   \
    }
#define OLD_AND_NEW          \
    {                        \
        {RSA_1, "1", NULL},  \
        {                    \
            RSA_2, "1", NULL \
        }                    \
    }
#define BROKEN                                                                                        \
    {                                                                                                 \
        {NOBODY, NULL, "\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\""}, {SECRET, "h1", NULL}, \
            {NOBODY, NULL, "\"kty\":\"RSA\""},                                                        \
        {                                                                                             \
            RSA_1, "a", "\"x-new\":{\"deep\":[1]},\"cloud_instance_name\":\"microsoftonline.com\""    \
        }                                                                                             \
    }

static const struct key_case cases[] = {
    {"no kid: each key is tried", TWO_RSA, RSA_2, ALG_RS256, "", PASS},
    {"no kid, no key's signature", TWO_RSA, RSA_3, ALG_RS256, "", NO_KEY},
    {"an empty kid is none", TWO_RSA, RSA_2, ALG_RS256, KID(""), PASS},
    {"the named key answers", TWO_RSA, RSA_2, ALG_RS256, KID("b"), PASS},
    {"and it alone", TWO_RSA, RSA_2, ALG_RS256, KID("a"), WRONG},
    {"an unknown kid: each key is tried", TWO_RSA, RSA_2, ALG_RS256, KID("c"), PASS},
    {"an unknown kid, no key's signature", TWO_RSA, RSA_3, ALG_RS256, KID("c"), NO_KEY},
    {"one key without kid, no kid", {{RSA_1, NULL, NULL}}, RSA_1, ALG_RS256, "", PASS},
    {"one key without kid, some kid", {{RSA_1, NULL, NULL}}, RSA_1, ALG_RS256, KID("x"), PASS},
    {"one key without kid, another's signature", {{RSA_1, NULL, NULL}}, RSA_2, ALG_RS256, KID("x"), NO_KEY},
    /* AD FS: x5t and no kid. */
    {"x5t alone names the key", WITH_X5T, RSA_2, ALG_RS256, X5T("tb"), PASS},
    {"and it alone answers", WITH_X5T, RSA_2, ALG_RS256, X5T("ta"), WRONG},
    {"an unknown x5t: each key is tried", WITH_X5T, RSA_2, ALG_RS256, X5T("tc"), PASS},
    {"kid goes before x5t", WITH_X5T, RSA_2, ALG_RS256, KID("b") X5T("ta"), PASS},
    {"kid goes before x5t, whose key signed", WITH_X5T, RSA_1, ALG_RS256, KID("b") X5T("ta"), WRONG},
    {"x5t where kid is unknown", WITH_X5T, RSA_2, ALG_RS256, KID("c") X5T("tb"), PASS},
    {"x5t is no kid", WITH_X5T, RSA_2, ALG_RS256, X5T("b"), PASS},
    /* Entra publishes no alg: the family alone says what a key may verify. */
    {"without alg a key serves its family", TWO_RSA, RSA_1, ALG_PS512, KID("a"), PASS},
    {"a key's alg narrows that to one", SIG_AND_ENC, RSA_1, ALG_RS512, KID("a"), UNFIT},
    {"the one", SIG_AND_ENC, RSA_1, ALG_RS256, KID("a"), PASS},
    /* Keycloak lists a key for encryption beside. */
    {"a key for encryption spoils nothing", SIG_AND_ENC, RSA_1, ALG_RS256, "", PASS},
    {"and verifies nothing by its name", SIG_AND_ENC, RSA_2, ALG_RS256, KID("b"), NO_KEY},
    {"nor without one", SIG_AND_ENC, RSA_2, ALG_RS256, "", NO_KEY},
    {"nor lends its name to another key's signature", SIG_AND_ENC, RSA_1, ALG_RS256, KID("b"), PASS},
    /* One kid twice (seen of Keycloak): kid, alg and kty choose together. */
    {"one kid, RSA", ONE_KID_TWO_FAMILIES, RSA_1, ALG_RS256, KID("1"), PASS},
    {"one kid, EC", ONE_KID_TWO_FAMILIES, EC, ALG_ES256, KID("1"), PASS},
    {"one kid, OKP", ONE_KID_TWO_FAMILIES, ED, ALG_EDDSA, KID("1"), PASS},
    {"one kid, a stranger", ONE_KID_TWO_FAMILIES, RSA_2, ALG_RS256, KID("1"), WRONG},
    {"one kid, the first alg", ONE_KID_TWO_ALGS, RSA_1, ALG_RS256, KID("1"), PASS},
    {"one kid, the second alg", ONE_KID_TWO_ALGS, RSA_2, ALG_RS512, KID("1"), PASS},
    {"one kid, the second key by the first alg", ONE_KID_TWO_ALGS, RSA_2, ALG_RS256, KID("1"), WRONG},
    {"one kid, neither alg", ONE_KID_TWO_ALGS, RSA_2, ALG_RS384, KID("1"), UNFIT},
    {"one kid, the old key", OLD_AND_NEW, RSA_1, ALG_RS256, KID("1"), PASS},
    {"one kid, the new key", OLD_AND_NEW, RSA_2, ALG_RS256, KID("1"), PASS},
    {"one kid, a third key", OLD_AND_NEW, RSA_3, ALG_RS256, KID("1"), WRONG},
    /* What is not understood is passed over (RFC 7517 5). */
    {"broken entries spoil nothing, unknown members mean nothing", BROKEN, RSA_1, ALG_RS256, KID("a"), PASS},
    {"a published secret is none", BROKEN, SECRET, ALG_HS256, KID("h1"), NO_KEY},
    {"whatever the token calls it", BROKEN, SECRET, ALG_HS256, KID("a"), UNFIT},
    {"an alg in other letters is no alg of the key",
     {{RSA_1, "a", "\"alg\":\"rs256\""}, {RSA_2, "b", NULL}},
     RSA_1,
     ALG_RS256,
     KID("a"),
     NO_KEY},
    {"which costs the others nothing",
     {{RSA_1, "a", "\"alg\":\"rs256\""}, {RSA_2, "b", NULL}},
     RSA_2,
     ALG_RS256,
     KID("b"),
     PASS},
};

/* RFC 7515 4.1.4, RFC 7515 6: kid chooses, and without one all that fit are tried. */
static void keys_are_chosen_by_name_family_and_alg(void **state)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        run(*state, &cases[i]);
}

/* A refresh token of Keycloak is signed by a secret that nobody publishes, under a kid that is in no set: it must not cause a
 * fetch, and an unknown RSA key must.
 */
static void a_refresh_token_sent_as_bearer_causes_no_fetch(void **state)
{
    struct court *court = *state;
    court_open(court, "openid_config: [ \"https://a\" ]");
    char *token = signer_token(court->secret, ALG_HS512, "{\"alg\":\"HS512\",\"typ\":\"JWT\",\"kid\":\"a4f1\"}",
                               SPAN("{\"iss\":\"" ISS_A "\",\"typ\":\"Refresh\",\"exp\":1795219800}"));
    assert_reason(court_hear(court, token), REASON_KEY_NOT_FOUND, "HS512");
    assert_int_equal(court->quiet.refetch, 0);
    token = signer_token(court->stranger, ALG_RS256, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"a4f1\"}",
                         SPAN("{\"iss\":\"" ISS_A "\",\"typ\":\"Bearer\",\"exp\":1795219800}"));
    assert_reason(court_hear(court, token), REASON_KEY_NOT_FOUND, "RS256");
    assert_int_equal(court->quiet.refetch, 1);
    court_close(court);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_chosen_by_name_family_and_alg),
        cmocka_unit_test(a_refresh_token_sent_as_bearer_causes_no_fetch),
    };
    return cmocka_run_group_tests(tests, court_set_up, court_take_down);
}
