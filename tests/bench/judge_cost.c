/* SPDX-License-Identifier: Apache-2.0 */
/* What a judgement costs beside the bare cryptography in it, measured in one run.
 *
 *   bench_judge                    the table: time of a judgement, of the bare operation, and their ratio
 *   bench_judge SCENARIO RUNS      only runs judge_once() of that scenario, for a profiler that counts inside of it
 *   bench_judge --bare SCENARIO RUNS   the same with bare_once()
 *   bench_judge --list             the names
 *
 * A pair of blocks, one of judgements and one of bare operations, is short and taken again and again, so that both meet the
 * same neighbours; the median over the pairs counts.  Time is CPU time of this thread.  Bare is what no gateway can do without:
 * the digest of the signing input and the verification of a signature that lies decoded, under contexts made before.
 */
#include "oidc/verified.h"
#include "policy/judge.h"
#include "signing.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PAIRS = 301,
    WARM_UP = 200,
    CACHED_TOKENS = 10000,
    FIRST_MET_TOKENS = 64, /* more than FIRST_MET_SLOTS, so that each is forgotten before its turn comes again */
    FIRST_MET_SLOTS = 8,
    NOW_S = 1795219200,
    DER_BYTES_MAX = 160,
};

/* The bare operation of one algorithm. */
struct bare {
    EVP_MD *md;
    EVP_MD_CTX *digest;
    EVP_PKEY_CTX *verify; /* RSA, EC */
    EVP_PKEY *pkey;       /* OKP */
    EVP_MAC_CTX *mac;     /* secrets */
    struct span input;
    unsigned char signature[SIGNER_BYTES_MAX];
    size_t signature_len;
};

struct scenario {
    const char *name;
    enum signer_kind kind;
    enum alg alg;
    bool is_cached;  /* found among verified signatures */
    bool is_kept;    /* looked for, missed, and kept afterwards: what a gateway does with a token it has not met */
    bool is_many;    /* another token each time, so that no cache of the processor holds it */
    bool is_foreign; /* signed by another key of the same name */
    size_t block;    /* judgements in one block */
};

static const struct scenario scenarios[] = {
    {.name = "uncached-RS256", .kind = SIGNER_RSA2048, .alg = ALG_RS256, .block = 40},
    {.name = "uncached-PS256", .kind = SIGNER_RSA2048, .alg = ALG_PS256, .block = 40},
    {.name = "uncached-ES256", .kind = SIGNER_P256, .alg = ALG_ES256, .block = 20},
    {.name = "uncached-EdDSA", .kind = SIGNER_ED25519, .alg = ALG_EDDSA, .block = 20},
    {.name = "uncached-HS256", .kind = SIGNER_SECRET, .alg = ALG_HS256, .block = 200},
    {.name = "first-met-RS256", .kind = SIGNER_RSA2048, .alg = ALG_RS256, .is_kept = true, .block = 40},
    {.name = "wrong-signature-RS256", .kind = SIGNER_RSA2048, .alg = ALG_RS256, .is_foreign = true, .block = 40},
    {.name = "cached-RS256", .kind = SIGNER_RSA2048, .alg = ALG_RS256, .is_cached = true, .block = 1000},
    {.name = "cached-10000-HS256",
     .kind = SIGNER_SECRET,
     .alg = ALG_HS256,
     .is_cached = true,
     .is_many = true,
     .block = 1000},
};

/* One scenario under way. */
struct bench {
    const struct scenario *scenario;
    struct arena_pool pool;
    struct arena arena; /* what lives through the run */
    struct rule rule;
    struct trust trusts[1];
    struct verified *verified;
    struct span *credentials;
    size_t credential_count;
    size_t turn;
    struct bare bare;
};

static const char policy[] =
    "<validate-jwt header-name='Authorization'><openid-config url='https://a'/><audiences><audience>api</audience>"
    "</audiences><issuers><issuer>https://b.example/</issuer></issuers><required-claims><claim name='scp' match='any' "
    "separator=' '><value>Orders.Read</value></claim></required-claims></validate-jwt>";

/* Seventeen claims, as an access token of a usual provider has them; sub tells the tokens apart. */
static const char payload[] =
    "{\"aud\":\"api\",\"iss\":\"https://a.example/\",\"iat\":1795219100,\"nbf\":1795219100,\"exp\":1795222800,"
    "\"acr\":\"1\",\"aio\":\"AXQAi/8TAAAAJm1Yl8qOC5AfYkP3fQBZ9JqCBm2aCSVdJHzRUKJsfGNLLyJjLFx3DxW5BHh4oU0SFyeGCEdPF"
    "CwUNqW0CWRvAnL1rC5Y\",\"amr\":[\"pwd\",\"mfa\"],\"azp\":\"6731de76-14a6-49ae-97bc-6eba6914391e\",\"azpacr\":\"1\","
    "\"name\":\"Abe Lincoln\",\"oid\":\"690222be-ff1a-4d56-abd1-7e4f7d38e474\",\"preferred_username\":"
    "\"abeli@example.com\",\"rh\":\"0.AXwAtxjZVqbP\",\"scp\":\"Orders.Read Orders.Write\",\"sub\":"
    "\"HKZpfaHyWadeOouYlitjrI-KffTm222X5rr-%06zu\",\"tid\":\"72f988bf-86f1-41af-91ab-2d7cd011db47\",\"uti\":"
    "\"fqiBqXLPj0eQa82S-IYFAA\",\"ver\":\"2.0\",\"groups\":[\"0b6b3c0e-6f0b-4d2e-8a0b-7c1d2e3f4a5b\",\"5f0f8f1e-0c6c-"
    "4f64-9d5d-0d4fcd7a4c11\",\"9188040d-6c67-4c5b-b112-36a304b66dad\"]}";

static void must(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "bench_judge: failed: %s\n", what);
    exit(1);
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- what is measured: not inlined, so that a profiler finds them by name ---- */

bool judge_once(struct bench *bench) __attribute__((noinline));
bool bare_once(struct bench *bench) __attribute__((noinline));

/* As the gateway's exchange does it: the remembered signature looked for, the judgement, the new signature kept. */
bool judge_once(struct bench *bench)
{
    const struct scenario *scenario = bench->scenario;
    struct arena arena = {.pool = &bench->pool};
    struct judge_input input = {.rule = &bench->rule,
                                .trusts = bench->trusts,
                                .now_s = NOW_S,
                                .limits = {.token_bytes_max = 16384, .json_depth_max = 32},
                                .arena = &arena,
                                .credential = bench->credentials[bench->turn]};
    struct judgement judgement;
    struct remembered remembered;
    struct token token;
    struct span raw;
    struct err err;
    bench->turn = (bench->turn + 1) % bench->credential_count;
    if (scenario->is_cached || scenario->is_kept) {
        if (!judge_extract(input.rule, input.credential, false, &raw, &err))
            return false;
        const struct verified_entry *entry = verified_find(bench->verified, raw, NOW_S);
        if (entry != NULL) {
            token = verified_token(entry, raw);
            remembered = (struct remembered){.token = &token, .claims = &entry->claims, .key = entry->key};
            input.remembered = &remembered;
        }
    }
    judge(&input, &judgement);
    if (judgement.has_passed && !judgement.was_remembered && bench->verified != NULL)
        verified_add(bench->verified, judgement.token, judgement.claims, judgement.key,
                     (struct keyset *)(uintptr_t)verifier_keys(bench->trusts[0].verifier), NOW_S);
    arena_fini(&arena);
    return judgement.has_passed != scenario->is_foreign;
}

static bool bare_mac(struct bare *bare)
{
    unsigned char mac[64];
    size_t len;
    return EVP_MAC_init(bare->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(bare->mac, (const unsigned char *)bare->input.at, bare->input.len) == 1 &&
           EVP_MAC_final(bare->mac, mac, &len, sizeof mac) == 1 && memcmp(mac, bare->signature, len) == 0;
}

bool bare_once(struct bench *bench)
{
    struct bare *bare = &bench->bare;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len;
    if (bare->mac != NULL)
        return bare_mac(bare);
    const unsigned char *input = (const unsigned char *)bare->input.at;
    if (bare->verify == NULL)
        return EVP_DigestVerifyInit_ex(bare->digest, NULL, NULL, NULL, NULL, bare->pkey, NULL) == 1 &&
               EVP_DigestVerify(bare->digest, bare->signature, bare->signature_len, input, bare->input.len) == 1;
    return EVP_DigestInit_ex2(bare->digest, NULL, NULL) == 1 &&
           EVP_DigestUpdate(bare->digest, input, bare->input.len) == 1 &&
           EVP_DigestFinal_ex(bare->digest, hash, &len) == 1 &&
           EVP_PKEY_verify(bare->verify, bare->signature, bare->signature_len, hash, len) == 1;
}

/* ---- setting up ---- */

static void set_up_mac(struct bare *bare, const struct signer *signer)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    bare->mac = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    must(EVP_MAC_init(bare->mac, (const unsigned char *)signer->secret.at, signer->secret.len, params) == 1, "mac");
}

/* The signature of P-256 as OpenSSL wants it. */
static void to_der(struct bare *bare)
{
    ECDSA_SIG *parts = ECDSA_SIG_new();
    unsigned char der[DER_BYTES_MAX], *at = der;
    int half = (int)bare->signature_len / 2;
    must(parts != NULL && ECDSA_SIG_set0(parts, BN_bin2bn(bare->signature, half, NULL),
                                         BN_bin2bn(bare->signature + half, half, NULL)) == 1,
         "r and s");
    int len = i2d_ECDSA_SIG(parts, &at);
    must(len > 0, "DER");
    memcpy(bare->signature, der, (size_t)len);
    bare->signature_len = (size_t)len;
    ECDSA_SIG_free(parts);
}

static void set_up_bare(struct bench *bench, const struct signer *signer, const char *token)
{
    struct bare *bare = &bench->bare;
    enum alg alg = bench->scenario->alg;
    bare->input = span_of(token, (size_t)(strrchr(token, '.') - token));
    bare->signature_len = signer_sign(signer, alg, bare->input, bare->signature);
    if (signer->pkey == NULL) {
        set_up_mac(bare, signer);
        return;
    }
    bare->digest = EVP_MD_CTX_new();
    bare->pkey = signer->pkey;
    if (alg == ALG_EDDSA)
        return;
    bare->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    bare->verify = EVP_PKEY_CTX_new_from_pkey(NULL, signer->pkey, NULL);
    must(EVP_DigestInit_ex2(bare->digest, bare->md, NULL) == 1 && EVP_PKEY_verify_init(bare->verify) == 1, "contexts");
    if (alg == ALG_ES256)
        to_der(bare);
    else
        must(EVP_PKEY_CTX_set_rsa_padding(bare->verify, alg == ALG_PS256 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) ==
                 1,
             "padding");
    if (alg == ALG_PS256)
        must(EVP_PKEY_CTX_set_rsa_pss_saltlen(bare->verify, RSA_PSS_SALTLEN_DIGEST) == 1, "salt");
    must(EVP_PKEY_CTX_set_signature_md(bare->verify, bare->md) == 1, "digest");
}

/* Four keys, as providers have them; the last one signs. */
static void set_up_keys(struct bench *bench, struct signer *const signers[4])
{
    struct err err;
    struct keyset *set = keyset_new(SPAN("https://a.example/"), NOW_S);
    must(set != NULL, "key set");
    if (bench->scenario->kind == SIGNER_SECRET) {
        struct key *key = key_from_secret(signers[3]->secret, span_str(signers[3]->kid), &err);
        must(key != NULL && keyset_add(set, key, &err), "secret");
    } else {
        char *jwks = signer_jwks((const struct signer *const *)signers, 4);
        AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwks), 16, &err);
        must(doc != NULL && keyset_add_jwks(set, jsondoc_root(doc), &err), "keys");
        free(jwks);
    }
    bench->trusts[0].verifier = verifier_new(set);
    must(bench->trusts[0].verifier != NULL, "verifier");
    keyset_release(set);
}

static void set_up_rule(struct bench *bench)
{
    AUTO(problems) problems;
    problems_init(&problems);
    struct rule_settings settings = {.now_s = NOW_S, .algs = alg_set_all()};
    const struct node *root = node_read_xml(&bench->arena, "policy.xml", span_of(policy, sizeof policy - 1), &problems);
    must(root != NULL && rule_read_xml(&bench->rule, root, &settings, &bench->arena, &problems), "policy");
}

static struct span make_credential(struct bench *bench, const struct signer *signer, size_t number)
{
    char claims[sizeof payload + 32];
    int len = snprintf(claims, sizeof claims, payload, number);
    char *token = signer_token(signer, bench->scenario->alg, NULL, span_of(claims, (size_t)len));
    char *credential = arena_printf(&bench->arena, "Bearer %s", token);
    free(token);
    must(credential != NULL, "memory");
    return span_str(credential);
}

static void set_up_credentials(struct bench *bench, const struct signer *signer)
{
    const struct scenario *scenario = bench->scenario;
    bench->credential_count = scenario->is_many ? CACHED_TOKENS : scenario->is_kept ? FIRST_MET_TOKENS : 1;
    bench->credentials = arena_take(&bench->arena, bench->credential_count * sizeof *bench->credentials);
    must(bench->credentials != NULL, "memory");
    for (size_t i = 0; i < bench->credential_count; i++)
        bench->credentials[i] = make_credential(bench, signer, i);
}

static void bench_init(struct bench *bench, const struct scenario *scenario)
{
    *bench = (struct bench){.scenario = scenario};
    struct signer *signers[] = {signer_new(scenario->kind, "k1"), signer_new(scenario->kind, "k2"),
                                signer_new(scenario->kind, "k3"), signer_new(scenario->kind, "k4")};
    struct signer *signer = scenario->is_foreign ? signer_new(scenario->kind, "k4") : signers[3];
    set_up_rule(bench);
    set_up_keys(bench, signers);
    set_up_credentials(bench, signer);
    set_up_bare(bench, signer, bench->credentials[0].at + strlen("Bearer "));
    if (scenario->is_cached)
        bench->verified = verified_new(VERIFIED_SLOTS, VERIFIED_BYTES_MAX);
    else if (scenario->is_kept)
        bench->verified = verified_new(FIRST_MET_SLOTS, VERIFIED_BYTES_MAX);
    size_t warm_up = bench->credential_count > WARM_UP ? bench->credential_count : WARM_UP;
    for (size_t i = 0; i < warm_up; i++)
        must(judge_once(bench) && bare_once(bench), scenario->name);
}

/* The program ends afterwards: signers and contexts of the bare operation are left to it. */
static void bench_fini(struct bench *bench)
{
    verified_free(bench->verified);
    verifier_free(bench->trusts[0].verifier);
    rule_fini(&bench->rule);
    arena_fini(&bench->arena);
    arena_pool_fini(&bench->pool);
}

/* ---- measuring ---- */

typedef bool measured(struct bench *bench);

static double block_us(struct bench *bench, measured *once)
{
    bool is_good = true;
    double begin = cpu_us();
    for (size_t i = 0; i < bench->scenario->block; i++)
        is_good = once(bench) && is_good;
    double took = cpu_us() - begin;
    must(is_good, bench->scenario->name);
    return took / (double)bench->scenario->block;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, PAIRS, sizeof values[0], compare);
    return values[PAIRS / 2];
}

static void measure(const struct scenario *scenario)
{
    static double judged[PAIRS], bare[PAIRS], ratio[PAIRS];
    struct bench bench;
    bench_init(&bench, scenario);
    for (size_t i = 0; i < PAIRS; i++) {
        judged[i] = block_us(&bench, judge_once);
        bare[i] = block_us(&bench, bare_once);
        ratio[i] = judged[i] / bare[i];
    }
    printf("%s\t%zu\t%.3f\t%.3f\t%.3f\n", scenario->name, bench.credentials[0].len - strlen("Bearer "), median(judged),
           median(bare), median(ratio));
    fflush(stdout);
    bench_fini(&bench);
}

static const struct scenario *scenario_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(scenarios); i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return &scenarios[i];
    must(false, "no such scenario");
    return NULL;
}

static void run(const struct scenario *scenario, size_t runs, measured *once)
{
    struct bench bench;
    bench_init(&bench, scenario);
    for (size_t i = 0; i < runs; i++)
        must(once(&bench), scenario->name);
    bench_fini(&bench);
}

int main(int argc, char **argv)
{
    bool is_list = argc == 2 && strcmp(argv[1], "--list") == 0;
    bool is_bare = argc == 4 && strcmp(argv[1], "--bare") == 0;
    if (argc == 3 || is_bare) {
        run(scenario_named(argv[argc - 2]), strtoul(argv[argc - 1], NULL, 10), is_bare ? bare_once : judge_once);
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
        if (is_list)
            puts(scenarios[i].name);
        else if (argc < 2 || strcmp(argv[1], scenarios[i].name) == 0)
            measure(&scenarios[i]);
    }
    return 0;
}
