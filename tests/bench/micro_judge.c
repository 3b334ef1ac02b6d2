/* SPDX-License-Identifier: Apache-2.0 */
/* What a judgement costs: warm (the signature remembered), cold (RS256, 2048 bits), and a refusal by signature.
 *
 * Prints nanoseconds of this thread's CPU for one judgement, the median of nine rounds.  Not a test.
 */
#include "policy/judge.h"
#include "signing.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { ROUNDS = 9, NOW_S = 1795219200 };

static struct {
    struct arena_pool pool;
    struct arena arena; /* what lives through the run */
    struct rule rule;
    struct trust trust;
} bench;

static const char policy[] =
    "<validate-jwt header-name='Authorization'><openid-config "
    "url='https://a'/><audiences><audience>api</audience></audiences>"
    "<required-claims><claim name='scp' match='any' separator=' '><value>Orders.Read</value></claim></required-claims>"
    "</validate-jwt>";

/* Seventeen claims, about as large as an access token of a usual provider. */
static const char payload[] =
    "{\"aud\":\"api\",\"iss\":\"https://a.example/"
    "\",\"iat\":1795219100,\"nbf\":1795219100,\"exp\":1795222800,\"acr\":\"1\","
    "\"aio\":\"AXQAi/"
    "8TAAAAJm1Yl8qOC5AfYkP3fQBZ9JqCBm2aCSVdJHzRUKJsfGNLLyJjLFx3DxW5BHh4oU0SFyeGCEdPFCwUNqW0CWRvAnL1rC5Y\","
    "\"amr\":[\"pwd\",\"mfa\"],\"azp\":\"6731de76-14a6-49ae-97bc-6eba6914391e\",\"azpacr\":\"1\",\"name\":\"Abe "
    "Lincoln\","
    "\"oid\":\"690222be-ff1a-4d56-abd1-7e4f7d38e474\",\"preferred_username\":\"abeli@example.com\",\"rh\":\"0."
    "AXwAtxjZVqbP\","
    "\"scp\":\"Orders.Read Orders.Write\",\"sub\":\"HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ\","
    "\"tid\":\"72f988bf-86f1-41af-91ab-2d7cd011db47\",\"uti\":\"fqiBqXLPj0eQa82S-IYFAA\",\"ver\":\"2.0\"}";

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void must(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static int64_t round_ns(const struct judge_input *given, size_t runs, bool should_pass)
{
    int64_t begin = cpu_ns();
    for (size_t i = 0; i < runs; i++) {
        struct arena arena = {.pool = &bench.pool};
        struct judge_input input = *given;
        struct judgement judgement;
        input.arena = &arena;
        judge(&input, &judgement);
        must(judgement.has_passed == should_pass, "verdict");
        arena_fini(&arena);
    }
    return (cpu_ns() - begin) / (int64_t)runs;
}

static void measure(const char *name, const struct judge_input *input, size_t runs, bool should_pass)
{
    int64_t took[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++)
        took[i] = round_ns(input, runs, should_pass);
    qsort(took, ROUNDS, sizeof took[0], compare);
    printf("%-22s %8" PRId64 " ns\n", name, took[ROUNDS / 2]);
}

static void set_up(struct signer *const *signers, size_t count)
{
    struct err err;
    AUTO(problems) problems;
    problems_init(&problems);
    struct rule_settings settings = {.now_s = NOW_S};
    const struct node *root = node_read_xml(&bench.arena, "policy.xml", span_of(policy, sizeof policy - 1), &problems);
    must(root != NULL && rule_read_xml(&bench.rule, root, &settings, &bench.arena, &problems), "policy");
    char *jwks = signer_jwks((const struct signer *const *)signers, count);
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwks), 16, &err);
    struct keyset *set = keyset_new(SPAN("https://a.example/"), NOW_S);
    must(doc != NULL && set != NULL && keyset_add_jwks(set, jsondoc_root(doc), &err), "keys");
    bench.trust.verifier = verifier_new(set);
    must(bench.trust.verifier != NULL, "verifier");
    keyset_release(set);
    free(jwks);
}

static struct span bearer(const struct signer *signer)
{
    char *token = signer_token(signer, ALG_RS256, NULL, span_of(payload, sizeof payload - 1));
    char *credential = arena_printf(&bench.arena, "Bearer %s", token);
    free(token);
    must(credential != NULL, "memory");
    return span_str(credential);
}

int main(void)
{
    struct signer *signers[] = {signer_new(SIGNER_RSA2048, "k1"), signer_new(SIGNER_RSA2048, "k2"),
                                signer_new(SIGNER_RSA2048, "k3"), signer_new(SIGNER_RSA2048, "k4")};
    struct signer *stranger = signer_new(SIGNER_RSA2048, "k4");
    set_up(signers, COUNT_OF(signers));
    struct judge_input input = {.rule = &bench.rule,
                                .trusts = &bench.trust,
                                .now_s = NOW_S,
                                .limits = {.token_bytes_max = 16384, .json_depth_max = 32},
                                .arena = &bench.arena,
                                .credential = bearer(signers[3])};
    struct judgement first;
    judge(&input, &first);
    must(first.has_passed, "first judgement");
    printf("token of %zu bytes, 4 keys\n", input.credential.len);
    measure("cold, RS256", &input, 2000, true);
    struct remembered remembered = {first.token, first.claims, first.key};
    input.remembered = &remembered;
    measure("warm", &input, 200000, true);
    input.remembered = NULL;
    input.credential = bearer(stranger);
    measure("wrong signature", &input, 2000, false);
    input.credential = (struct span){NULL, 0};
    measure("no token", &input, 200000, false);
    verifier_free(bench.trust.verifier);
    rule_fini(&bench.rule);
    arena_fini(&bench.arena);
    arena_pool_fini(&bench.pool);
    for (size_t i = 0; i < COUNT_OF(signers); i++)
        signer_free(signers[i]);
    signer_free(stranger);
    return 0;
}
