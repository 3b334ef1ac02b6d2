/* SPDX-License-Identifier: Apache-2.0 */
/* A second opinion: what passes here also passes libjwt, called as its users should (its algorithm pinned and looked at, issuer
 * and times compared), and what libjwt takes but we refuse is refused for a reason that has a name.
 *
 * Method: ten thousand tokens near the right one (mutant.h), each judged by both.  A difference without a name ends the test
 * and shows token and key.  The names are explained in DESIGN.md, "Differential test against libjwt".
 */
#include "mutant.h"
#include "policy/judge.h"
#include "unit.h"

#include "jose/b64url.h"

#include <jansson.h>
#include <jwt.h>

#include <errno.h>
#include <strings.h>

/* One in so many is tried under sanitizers, where libjwt's reading of the PEM key for each token is slow. */
#ifndef ORACLE_SHARE
#define ORACLE_SHARE 1
#endif

enum { DEPTH_MAX = 32 };

/* ---- the two judges ---- */

struct bench {
    enum alg alg;
    jwt_alg_t pinned;
    const struct signer *signer;
    char *pem; /* NULL for a secret */
    struct rule rule;
    struct trust trust;
};

static struct key *public_key(const struct signer *signer)
{
    struct err err;
    if (signer->kind == SIGNER_SECRET)
        return key_from_secret(signer->secret, span_str(signer->kid), &err);
    char *jwk = signer_jwk(signer, NULL);
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_str(jwk), DEPTH_MAX, &err);
    assert_non_null(doc);
    free(jwk);
    return key_from_jwk(jsondoc_root(doc), &err);
}

static void bench_open(struct bench *bench, const struct signer *signer, enum alg alg)
{
    static const struct span issuer = SPAN_INIT(MUTANT_ISSUER);
    struct err err;
    struct keyset *set = keyset_new(SPAN(""), MUTANT_NOW_S);
    *bench = (struct bench){.alg = alg, .signer = signer, .pinned = jwt_str_alg(alg_info(alg)->name)};
    assert_int_not_equal(bench->pinned, JWT_ALG_INVAL);
    assert_true(keyset_add(set, public_key(signer), &err));
    bench->pem = signer->kind == SIGNER_SECRET ? NULL : signer_public_pem(signer);
    bench->trust.verifier = verifier_new(set);
    bench->rule = (struct rule){.source_name = SPAN("Authorization"),
                                .is_authorization = true,
                                .failed_status = 401,
                                .requires_expiration = true,
                                .requires_signature = true,
                                .inline_keys = set,
                                .issuers = &issuer,
                                .issuer_count = 1,
                                .algs = alg_set_of(alg)};
}

static void bench_close(struct bench *bench)
{
    verifier_free(bench->trust.verifier);
    rule_fini(&bench->rule);
    free(bench->pem);
}

/* Our verdict; what the judgement points to lives in `arena`. */
static bool passes_here(const struct bench *bench, const char *token, struct arena *arena, struct judgement *judgement)
{
    struct judge_input input = {.rule = &bench->rule,
                                .trusts = &bench->trust,
                                .now_s = MUTANT_NOW_S,
                                .limits = {.token_bytes_max = 16384, .json_depth_max = DEPTH_MAX},
                                .arena = arena,
                                .credential = span_str(arena_printf(arena, "Bearer %s", token))};
    judge(&input, judgement);
    return judgement->has_passed;
}

/* Read by libjwt, soundly signed in its eyes; NULL: refused. */
static jwt_t *libjwt_reads(const struct bench *bench, const char *token)
{
    jwt_t *jwt = NULL;
    struct span key = bench->pem == NULL ? bench->signer->secret : span_str(bench->pem);
    return jwt_decode(&jwt, token, (const unsigned char *)key.at, (int)key.len) == 0 ? jwt : NULL;
}

/* libjwt 1.x leaves issuer and times to its caller. */
static bool passes_libjwt(const struct bench *bench, const char *token)
{
    jwt_t *jwt = libjwt_reads(bench, token);
    if (jwt == NULL)
        return false;
    const char *iss = jwt_get_grant(jwt, "iss");
    bool is_good = jwt_get_alg(jwt) == bench->pinned && iss != NULL && strcmp(iss, MUTANT_ISSUER) == 0;
    long exp = jwt_get_grant_int(jwt, "exp");
    is_good = is_good && errno == 0 && exp > MUTANT_NOW_S;
    long nbf = jwt_get_grant_int(jwt, "nbf");
    is_good = is_good && (errno == ENOENT || (errno == 0 && nbf <= MUTANT_NOW_S));
    jwt_free(jwt);
    return is_good;
}

/* ---- differences that have a name ---- */

/* A token that was judged differently, read as leniently as may be. */
struct exhibit {
    const char *token;
    struct span parts[3];
    size_t part_count;
    struct span json[2];
    json_t *header, *payload; /* NULL: jansson, libjwt's reader, does not take it */
};

static bool has_type(const struct exhibit *e)
{
    const char *typ = json_string_value(json_object_get(e->header, "typ"));
    return typ != NULL && strcasecmp(typ, "JWT") != 0;
}

/* Why jansson, libjwt's reader of JSON, refuses header or payload. */
static enum json_error_code jansson_error(const struct exhibit *e)
{
    json_error_t error;
    for (size_t i = 0; i < COUNT_OF(e->json); i++) {
        json_t *read = json_loadb(e->json[i].at, e->json[i].len, 0, &error);
        if (read == NULL)
            return json_error_code(&error);
        json_decref(read);
    }
    return json_error_unknown;
}

static bool has_escaped_nul(const struct exhibit *e)
{
    enum json_error_code code = jansson_error(e);
    return code == json_error_null_character || code == json_error_null_byte_in_key;
}

static bool has_large_number(const struct exhibit *e)
{
    return jansson_error(e) == json_error_numeric_overflow;
}

static bool has_fraction(const struct exhibit *e)
{
    return json_is_real(json_object_get(e->payload, "exp")) || json_is_real(json_object_get(e->payload, "nbf"));
}

static bool has_other_parts(const struct exhibit *e)
{
    return e->part_count != COUNT_OF(e->parts);
}

static bool is_canonical(struct span part)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned last = 0;
    for (size_t i = 0; i < part.len; i++) {
        const char *found = part.at[i] == '\0' ? NULL : strchr(letters, part.at[i]);
        if (found == NULL)
            return false;
        last = (unsigned)(found - letters);
    }
    return part.len % 4 == 0 || (part.len % 4 == 2 && last % 16 == 0) || (part.len % 4 == 3 && last % 4 == 0);
}

static bool has_other_base64(const struct exhibit *e)
{
    for (size_t i = 0; i < COUNT_OF(e->parts); i++)
        if (!is_canonical(e->parts[i]))
            return true;
    return false;
}

static bool has_nul(const struct exhibit *e)
{
    return span_chr(e->json[0], '\0') != NULL || span_chr(e->json[1], '\0') != NULL;
}

static bool has_duplicates(const struct exhibit *e)
{
    for (size_t i = 0; i < COUNT_OF(e->json); i++) {
        json_t *strict = json_loadb(e->json[i].at, e->json[i].len, JSON_REJECT_DUPLICATES, NULL);
        json_t *lax = json_loadb(e->json[i].at, e->json[i].len, 0, NULL);
        bool is_found = strict == NULL && lax != NULL;
        json_decref(strict);
        json_decref(lax);
        if (is_found)
            return true;
    }
    return false;
}

static bool has_extension(const struct exhibit *e)
{
    return json_object_get(e->header, "crit") != NULL || json_object_get(e->header, "b64") != NULL;
}

static bool has_parameter_of_wrong_type(const struct exhibit *e)
{
    static const char *const names[] = {"kid", "x5t", "typ"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const json_t *value = json_object_get(e->header, names[i]);
        if (value != NULL && !json_is_string(value))
            return true;
    }
    return false;
}

static bool has_alg_in_other_case(const struct exhibit *e)
{
    const char *name = json_string_value(json_object_get(e->header, "alg"));
    return name != NULL && strcmp(name, jwt_alg_str(jwt_str_alg(name))) != 0;
}

static bool has_time_past_doubles(const struct exhibit *e)
{
    json_int_t exp = json_integer_value(json_object_get(e->payload, "exp"));
    json_int_t nbf = json_integer_value(json_object_get(e->payload, "nbf"));
    return exp > INT64_C(9007199254740992) || nbf < -INT64_C(9007199254740992);
}

static bool has_nbf_of_other_type(const struct exhibit *e)
{
    const json_t *nbf = json_object_get(e->payload, "nbf");
    return nbf != NULL && !json_is_integer(nbf);
}

static bool is_deep(const struct exhibit *e)
{
    size_t depth = 0, deepest = 0;
    for (size_t k = 0; k < COUNT_OF(e->json); k++)
        for (size_t i = 0; i < e->json[k].len; i++) {
            char c = e->json[k].at[i];
            depth += c == '[' || c == '{' ? 1 : 0;
            depth -= (c == ']' || c == '}') && depth > 0 ? 1 : 0;
            deepest = depth > deepest ? depth : deepest;
        }
    return deepest > DEPTH_MAX;
}

struct difference {
    const char *name;
    bool (*holds)(const struct exhibit *);
    size_t count;
};

/* Passes here, refused by libjwt. */
static struct difference wider[] = {
    {"typ other than JWT", has_type, 0},
    {"\\u0000 in a text", has_escaped_nul, 0},
    {"numbers past 64 bits", has_large_number, 0},
    {"times with a fraction", has_fraction, 0},
};

/* Refused here, always as malformed, and passes libjwt. */
static struct difference stricter[] = {
    {"parts beside the three", has_other_parts, 0},
    {"base64url in another spelling", has_other_base64, 0},
    {"bytes behind a NUL", has_nul, 0},
    {"duplicate members", has_duplicates, 0},
    {"crit or b64", has_extension, 0},
    {"header parameters of the wrong type", has_parameter_of_wrong_type, 0},
    {"alg in other letter case", has_alg_in_other_case, 0},
    {"times past 2^53", has_time_past_doubles, 0},
    {"nbf that is no integer", has_nbf_of_other_type, 0},
    {"nesting past the limit", is_deep, 0},
};

static void exhibit_open(struct exhibit *e, const char *token, struct arena *arena)
{
    struct span rest = span_str(token), piece;
    struct err err;
    *e = (struct exhibit){.token = token};
    for (; span_split(&rest, '.', &piece); e->part_count++)
        if (e->part_count < COUNT_OF(e->parts))
            e->parts[e->part_count] = piece;
    for (size_t i = 0; i < COUNT_OF(e->json); i++)
        if (!b64url_decode_arena(arena, e->parts[i], &e->json[i], &err))
            e->json[i] = SPAN("");
    e->header = json_loads(e->json[0].at, 0, NULL);
    e->payload = json_loads(e->json[1].at, 0, NULL);
}

static void exhibit_close(struct exhibit *e)
{
    json_decref(e->header);
    json_decref(e->payload);
}

static bool name_difference(struct difference *differences, size_t count, const struct exhibit *e)
{
    for (size_t i = 0; i < count; i++)
        if (differences[i].holds(e)) {
            differences[i].count++;
            return true;
        }
    return false;
}

/* ---- the trial ---- */

struct tally {
    size_t tokens, both_pass, both_refuse, nameless;
};

static void show(const struct bench *bench, const char *kind, const struct exhibit *e,
                 const struct judgement *judgement)
{
    print_error("%s, %s changed: %s here (%s), %s by libjwt\n  %s\n  %.*s\n  %.*s\n%s", alg_info(bench->alg)->name,
                kind, judgement->has_passed ? "passes" : "refused", reason_name(judgement->reason),
                judgement->has_passed ? "refused" : "taken", e->token, SPAN_ARG(e->json[0]), SPAN_ARG(e->json[1]),
                bench->pem == NULL ? "" : bench->pem);
}

static void try_token(const struct bench *bench, const char *kind, const char *token, struct tally *tally)
{
    AUTO(arena) arena = {0};
    struct judgement judgement;
    struct exhibit exhibit;
    bool is_ours = passes_here(bench, token, &arena, &judgement), is_theirs = passes_libjwt(bench, token);
    tally->tokens++;
    tally->both_pass += is_ours && is_theirs;
    tally->both_refuse += !is_ours && !is_theirs;
    if (is_ours == is_theirs)
        return;
    exhibit_open(&exhibit, token, &arena);
    bool has_name =
        is_ours ? name_difference(wider, COUNT_OF(wider), &exhibit)
                : judgement.reason == REASON_JWT_INVALID && name_difference(stricter, COUNT_OF(stricter), &exhibit);
    if (!has_name)
        show(bench, kind, &exhibit, &judgement);
    tally->nameless += !has_name;
    exhibit_close(&exhibit);
}

static void print_differences(const char *title, const struct difference *differences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print_message("  %6zu %s: %s\n", differences[i].count, title, differences[i].name);
}

/* `count` tokens of one key and algorithm; some of them pass both judges. */
static void try_algorithm(const struct signer *signer, enum alg alg, size_t count, struct tally *tally)
{
    AUTO(buf) token = {0};
    struct bench bench;
    struct mutant_maker maker = {.dice = {1 + alg}, .signer = signer, .alg = alg};
    size_t passed = tally->both_pass;
    bench_open(&bench, signer, alg);
    for (size_t i = 0; i < count; i++) {
        const char *kind = mutant_make(&maker, &token);
        assert_true(buf_add_char(&token, '\0'));
        try_token(&bench, kind, token.at + token.begin, tally);
    }
    assert_true(tally->both_pass > passed);
    bench_close(&bench);
}

static void no_token_passes_that_libjwt_would_refuse(void **state)
{
    (void)state;
    static const struct {
        enum signer_kind kind;
        enum alg first, last;
        size_t count; /* of each algorithm */
    } families[] = {
        {SIGNER_SECRET, ALG_HS256, ALG_HS512, 1800}, {SIGNER_RSA2048, ALG_RS256, ALG_RS512, 1200},
        {SIGNER_P256, ALG_ES256, ALG_ES256, 1200},   {SIGNER_P384, ALG_ES384, ALG_ES384, 800},
        {SIGNER_P521, ALG_ES512, ALG_ES512, 800},
    };
    struct tally tally = {0};
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        struct signer *signer = signer_new(families[i].kind, "k");
        for (enum alg alg = families[i].first; alg <= families[i].last; alg++)
            try_algorithm(signer, alg, families[i].count / ORACLE_SHARE, &tally);
        signer_free(signer);
    }
    print_message("%zu tokens: %zu pass both, %zu are refused by both\n", tally.tokens, tally.both_pass,
                  tally.both_refuse);
    print_differences("pass here only", wider, COUNT_OF(wider));
    print_differences("pass libjwt only", stricter, COUNT_OF(stricter));
    assert_true(tally.tokens * ORACLE_SHARE >= 10000);
    assert_true(tally.both_pass > tally.tokens / 10 && tally.both_refuse > tally.tokens / 10);
    assert_int_equal(tally.nameless, 0);
}

/* CVE-2015-9235: libjwt 1.x picks the algorithm by the header and takes the public key's PEM for a secret.  Here the key's
 * family decides, with every algorithm allowed.
 */
static void a_public_key_as_secret_passes_libjwt_without_its_pin_only(void **state)
{
    (void)state;
    static const enum signer_kind kinds[] = {SIGNER_RSA2048, SIGNER_P256};
    size_t read = 0, tried = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct signer *signer = signer_new(kinds[i], "k");
        struct bench bench;
        bench_open(&bench, signer, signer_alg(signer));
        bench.rule.algs = alg_set_all();
        struct signer *forger = signer_from_secret(span_str(bench.pem), "k");
        for (enum alg alg = ALG_HS256; alg <= ALG_HS512; alg++, tried++) {
            AUTO(arena) arena = {0};
            struct judgement judgement;
            struct span payload = SPAN("{\"iss\":\"" MUTANT_ISSUER "\",\"exp\":1795219800}");
            char *forged = signer_token(forger, alg, NULL, payload),
                 *sound = signer_token(signer, bench.alg, NULL, payload);
            jwt_t *jwt = libjwt_reads(&bench, forged);
            read += jwt != NULL;
            jwt_free(jwt);
            assert_false(passes_libjwt(&bench, forged));
            assert_false(passes_here(&bench, forged, &arena, &judgement));
            assert_int_equal(judgement.reason, REASON_SIGNATURE_INVALID);
            assert_true(passes_libjwt(&bench, sound) && passes_here(&bench, sound, &arena, &judgement));
            free(forged);
            free(sound);
        }
        signer_free(forger);
        bench_close(&bench);
        signer_free(signer);
    }
    print_message("%zu of %zu forged tokens are read by libjwt where nobody looks at the algorithm\n", read, tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_token_passes_that_libjwt_would_refuse),
        cmocka_unit_test(a_public_key_as_secret_passes_libjwt_without_its_pin_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
