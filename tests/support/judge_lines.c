/* SPDX-License-Identifier: Apache-2.0 */
/* Judges tokens by the thousand, for comparisons with other libraries: one token a line in, one verdict a line out.
 *
 *   judge_lines POLICY.xml ALG ISSUER KEYS.json NOW < TOKENS > VERDICTS
 *
 * POLICY is a <validate-jwt> with one openid-config, whose document is taken to name ISSUER and the JWK Set in KEYS.json; ALG is
 * the only algorithm that may sign; NOW is the time in seconds.  A verdict is `passed` or the name of the reason.
 */
#include "policy/judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20, TOKEN_BYTES_MAX = 16384, DEPTH_MAX = 32 };

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "judge_lines: %s\n", what);
    exit(2);
}

static struct span file_read(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = arena_take(arena, FILE_BYTES_MAX);
    if (file == NULL || text == NULL)
        die(path);
    size_t len = fread(text, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return span_of(text, len);
}

static void rule_make(struct rule *rule, struct arena *arena, const char *path, enum alg alg, int64_t now_s)
{
    AUTO(problems) problems;
    problems_init(&problems);
    struct rule_settings settings = {.algs = alg_set_of(alg), .now_s = now_s};
    const struct node *root = node_read_xml(arena, path, file_read(arena, path), &problems);
    if (root == NULL || !rule_read_xml(rule, root, &settings, arena, &problems))
        die("the policy cannot be read");
    if (rule->provider_count != 1)
        die("the policy has one openid-config");
}

/* A provider without a usable key of a public kind has none here, as for HS*. */
static struct verifier *provider_make(struct arena *arena, const char *path, struct span issuer, int64_t now_s)
{
    struct err err;
    AUTO_PTR(jsondoc) document = jsondoc_read(file_read(arena, path), DEPTH_MAX, &err);
    struct keyset *set = keyset_new(issuer, now_s);
    if (document == NULL || set == NULL || !keyset_add_jwks(set, jsondoc_root(document), &err))
        die("the keys cannot be read");
    struct verifier *verifier = verifier_new(set);
    keyset_release(set);
    if (verifier == NULL)
        die("no memory");
    return verifier;
}

static void judge_line(const struct rule *rule, const struct trust *trusts, struct span token, int64_t now_s)
{
    static struct arena_pool pool;
    struct arena arena = {.pool = &pool};
    struct judge_input input = {.rule = rule,
                                .trusts = trusts,
                                .now_s = now_s,
                                .limits = {.token_bytes_max = TOKEN_BYTES_MAX, .json_depth_max = DEPTH_MAX},
                                .arena = &arena,
                                .credential = token};
    struct judgement judgement;
    judge(&input, &judgement);
    puts(judgement.has_passed ? "passed" : reason_name(judgement.reason));
    arena_fini(&arena);
}

static void judge_all(const struct rule *rule, const struct trust *trusts, int64_t now_s)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    while ((len = getline(&line, &size, stdin)) > 0)
        judge_line(rule, trusts, span_of(line, (size_t)len - (line[len - 1] == '\n')), now_s);
    free(line);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct trust trusts[2] = {{NULL}, {NULL}};
    struct rule rule;
    if (argc != 6)
        die("POLICY.xml ALG ISSUER KEYS.json NOW");
    enum alg alg = alg_by_name(span_str(argv[2]));
    int64_t now_s = strtoll(argv[5], NULL, 10);
    if (alg == ALG_UNKNOWN)
        die("no such algorithm");
    rule_make(&rule, &arena, argv[1], alg, now_s);
    trusts[0].verifier = provider_make(&arena, argv[4], span_str(argv[3]), now_s);
    if (rule.inline_keys != NULL && (trusts[1].verifier = verifier_new(rule.inline_keys)) == NULL)
        die("no memory");
    judge_all(&rule, trusts, now_s);
    verifier_free(trusts[0].verifier);
    verifier_free(trusts[1].verifier);
    rule_fini(&rule);
    arena_fini(&arena);
    return 0;
}
