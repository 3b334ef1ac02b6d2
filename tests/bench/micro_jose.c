/* SPDX-License-Identifier: Apache-2.0 */
/* Nanoseconds of the steps of a cold request: decoding, JSON, signatures.  Thread CPU time, median of rounds. */
#include "jose/b64url.h"
#include "jose/claims.h"
#include "jose/verify.h"

#include "signing.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 9, DEPTH = 32 };

/* 17 claims as an Entra access token has them. */
static const struct span payload = SPAN_INIT(
    "{\"aud\":\"api://d183fdbe-fc28-4ef7-9ca1-e7b4a4cd1ff8\",\"iss\":\"https://sts.windows.net/"
    "7f2a1c4e-5b6d-4e8f-9a0b-1c2d3e4f5a6b/\",\"iat\":1700000000,\"nbf\":1700000000,\"exp\":1700003600,\"aio\":"
    "\"E2ZgYDjUYLhV8sQk1u0T3m7nq9r5s2t8v4w6x1y3z0a\",\"appid\":\"3f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\",\"appidacr\":"
    "\"1\","
    "\"idp\":\"https://sts.windows.net/7f2a1c4e-5b6d-4e8f-9a0b-1c2d3e4f5a6b/\",\"oid\":\"0a1b2c3d-4e5f-6071-8293-"
    "a4b5c6d7e8f9\",\"rh\":\"0.AXkATkEqf21bj06aCxwtPk9aa77zg9Eo_PdOnKHntKTNH_gAAA\",\"roles\":[\"Orders.Read\","
    "\"Orders."
    "Write\"],\"sub\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\",\"tid\":\"7f2a1c4e-5b6d-4e8f-9a0b-1c2d3e4f5a6b\","
    "\"uti\":"
    "\"k3Vb0pQz1kW5x7y9aBcDAA\",\"ver\":\"1.0\",\"scp\":\"orders.read orders.write\"}");

struct work {
    struct arena arena;
    struct span text;
    struct verifier *verifier;
    const struct key *key;
    enum alg alg;
    struct span input, signature;
    bool is_good;
};

typedef bool step(struct work *w);

static bool step_tape(struct work *w)
{
    struct tape tape;
    struct err err;
    return tape_read(&tape, &w->arena, payload, DEPTH, &err);
}

static bool step_decode(struct work *w)
{
    struct span bytes;
    struct err err;
    return b64url_decode_arena(&w->arena, w->text, &bytes, &err);
}

static bool step_check(struct work *w)
{
    struct err err;
    return b64url_check(w->text, &err);
}

static bool step_claims(struct work *w)
{
    struct claims claims;
    struct err err;
    return claims_read(&claims, &w->arena, w->text, DEPTH, &err);
}

static bool step_token(struct work *w)
{
    struct token token;
    struct token_limits limits = {16384, DEPTH};
    struct err err;
    return token_read(&token, &w->arena, w->text, &limits, &err);
}

static bool step_verify(struct work *w)
{
    struct err err;
    return verifier_check(w->verifier, w->key, w->alg, w->input, w->signature, &err) == w->is_good;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, step *run, struct work *w, unsigned times)
{
    double rounds[ROUNDS];
    struct arena_pool pool = {0};
    w->arena.pool = &pool;
    for (unsigned r = 0; r < ROUNDS; r++) {
        double start = now_ns();
        for (unsigned i = 0; i < times; i++) {
            if (!run(w))
                abort();
            arena_fini(&w->arena);
        }
        rounds[r] = (now_ns() - start) / times;
    }
    arena_pool_fini(&pool);
    qsort(rounds, ROUNDS, sizeof rounds[0], by_value);
    printf("%-34s %9.0f ns\n", name, rounds[ROUNDS / 2]);
}

static void measure_alg(enum signer_kind kind, enum alg alg)
{
    struct err err;
    struct signer *signer = signer_new(kind, "k");
    struct keyset *set = keyset_new(SPAN(""), 0);
    char *jwk = signer_jwk(signer, NULL), *token = signer_token(signer, alg, NULL, payload), name[40];
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwk), DEPTH, &err);
    struct key *key = kind == SIGNER_SECRET ? key_from_secret(signer->secret, SPAN("k"), &err)
                                            : key_from_jwk(jsondoc_root(doc), &err);
    AUTO(arena) arena = {0};
    struct token read;
    struct token_limits limits = {16384, DEPTH};
    if (!keyset_add(set, key, &err) || !token_read(&read, &arena, span_str(token), &limits, &err))
        abort();
    struct work w = {.verifier = verifier_new(set), .key = key, .alg = alg, .is_good = true};
    w.input = read.signing_input;
    w.signature = read.signature;
    snprintf(name, sizeof name, "%s verify, input of %zu bytes", alg_info(alg)->name, w.input.len);
    measure(name, step_verify, &w, 2000);
    w.is_good = false;
    w.input.len--;
    snprintf(name, sizeof name, "%s verify, wrong", alg_info(alg)->name);
    measure(name, step_verify, &w, 2000);
    w.text = span_str(token);
    if (alg == ALG_RS256)
        measure("token_read, RS256", step_token, &w, 20000);
    verifier_free(w.verifier);
    keyset_release(set);
    signer_free(signer);
    free(jwk);
    free(token);
}

int main(void)
{
    char *text = signer_base64url(payload);
    struct work w = {.text = span_str(text)};
    printf("payload of %zu bytes, %zu characters\n", payload.len, w.text.len);
    measure("tape_read, 17 claims", step_tape, &w, 50000);
    measure("b64url_decode", step_decode, &w, 50000);
    measure("b64url_check", step_check, &w, 50000);
    measure("claims_read", step_claims, &w, 50000);
    measure_alg(SIGNER_RSA2048, ALG_RS256);
    measure_alg(SIGNER_RSA2048, ALG_PS256);
    measure_alg(SIGNER_P256, ALG_ES256);
    measure_alg(SIGNER_ED25519, ALG_EDDSA);
    measure_alg(SIGNER_SECRET, ALG_HS256);
    free(text);
    return 0;
}
