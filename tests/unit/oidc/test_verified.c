/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of verified tokens: what is found is what was put in, to the byte; nothing outlives its exp; nothing grows. */
#include "oidc/verified.h"

#include "base/buf.h"
#include "jose/b64url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

enum { NOW_S = 1000, NO_EXP = -1, SIGNATURE_BYTES = 24 };

/* A token as the readers would leave it. */
struct made {
    struct arena arena;
    struct token token;
    struct claims claims;
};

static char header_text[] = "{\"alg\":\"RS256\",\"kid\":\"k1\"}";
static struct tape_item header_items[] = {
    {0, sizeof header_text - 1, 5, TAPE_OBJECT},
    {2, 3, 2, TAPE_STRING},
    {8, 5, 3, TAPE_STRING},
    {16, 3, 4, TAPE_STRING},
    {22, 2, 5, TAPE_STRING},
};

static struct span written(struct arena *arena, struct span bytes)
{
    char *at = arena_take(arena, b64url_chars(bytes.len) + 1);
    assert_non_null(at);
    return span_of(at, b64url_encode(bytes.at, bytes.len, at));
}

/* A payload of about `len` bytes: sub is the letter `fill`, and much of it follows. */
static struct span payload_of(struct arena *arena, char fill, size_t len, int64_t exp_s)
{
    char exp[32] = "";
    char *filling = arena_zero(arena, len + 1);
    assert_non_null(filling);
    memset(filling, fill, len);
    if (exp_s != NO_EXP)
        snprintf(exp, sizeof exp, ",\"exp\":%lld", (long long)exp_s);
    const char *text = arena_printf(arena, "{\"iss\":\"i\",\"sub\":\"%c\"%s,\"more\":\"%s\"}", fill, exp, filling);
    assert_non_null(text);
    return span_str(text);
}

/* A token of about `len` characters before its signature, which ends in `tail`. */
static void make(struct made *made, char fill, size_t len, const char *tail, int64_t exp_s)
{
    *made = (struct made){0};
    struct arena *arena = &made->arena;
    struct token *token = &made->token;
    struct span payload = payload_of(arena, fill, len / 4 * 3, exp_s);
    const char *signature = arena_printf(arena, "%.*s%s", SIGNATURE_BYTES, "sssssssssssssssssssssssssssssss", tail);
    assert_non_null(signature);
    token->header = (struct tape){header_text, sizeof header_text - 1, header_items, COUNT_OF(header_items)};
    token->alg_text = span_of(header_text + 8, 5);
    token->kid = span_of(header_text + 22, 2);
    token->alg = ALG_RS256;
    token->signature = span_str(signature);
    struct span header = written(arena, span_of(header_text, sizeof header_text - 1));
    struct span body = written(arena, payload), last = written(arena, token->signature);
    token->raw = span_str(arena_printf(arena, "%.*s.%.*s.%.*s", SPAN_ARG(header), SPAN_ARG(body), SPAN_ARG(last)));
    token->payload_text = span_cut(span_from(token->raw, header.len + 1), body.len);
    token->signing_input = span_cut(token->raw, header.len + 1 + body.len);
    assert_true(claims_read_json(&made->claims, arena, payload, 8, NULL));
}

static void add(struct verified *verified, const struct made *made, struct keyset *keys, int64_t now_s)
{
    static const struct key key;
    verified_add(verified, &made->token, &made->claims, &key, keys, now_s);
}

static void what_is_found_is_a_copy_that_points_into_itself(void **state)
{
    AUTO_PTR(verified) verified = verified_new(64, 1 << 20);
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    struct made made;
    (void)state;
    make(&made, 'a', 500, "tail-a", NOW_S + 60);
    char *raw = span_dup(made.token.raw);
    size_t header_len = made.token.signing_input.len - made.token.payload_text.len - 1;
    size_t payload_len = made.token.payload_text.len;
    add(verified, &made, keys, NOW_S);
    memset((char *)made.token.raw.at, 'X', made.token.raw.len); /* the request's memory is used again */
    memset((char *)made.token.signature.at, 'X', made.token.signature.len);
    memset(made.claims.tape.text, 'X', made.claims.tape.text_len);
    arena_fini(&made.arena);

    const struct verified_entry *entry = verified_find(verified, span_str(raw), NOW_S);
    assert_non_null(entry);
    assert_null(entry->token.raw.at); /* the text of a token is a secret that nobody needs to keep */
    struct token token = verified_token(entry, span_str(raw));
    assert_ptr_equal(token.raw.at, raw);
    assert_int_equal(token.raw.len, strlen(raw));
    assert_ptr_equal(token.signing_input.at, raw);
    assert_int_equal(token.signing_input.len, header_len + 1 + payload_len);
    assert_ptr_equal(token.payload_text.at, raw + header_len + 1);
    assert_int_equal(token.payload_text.len, payload_len);
    assert_true(span_eq(token.signature, SPAN("sssssssssssssssssssssssstail-a")));
    assert_ptr_not_equal(entry->token.header.text, header_text);
    assert_ptr_equal(entry->token.kid.at, entry->token.header.text + 22);
    assert_true(span_eq(entry->token.kid, SPAN("k1")));
    assert_true(span_eq(entry->token.alg_text, SPAN("RS256")));
    assert_int_equal(entry->token.typ.len, 0);
    assert_true(span_eq(entry->claims.sub.text, SPAN("a")));
    const struct tape_item *iss = tape_member(&entry->claims.tape, NULL, SPAN("iss"));
    assert_non_null(iss);
    assert_true(span_eq(tape_span(&entry->claims.tape, iss), SPAN("i")));
    assert_ptr_equal(entry->keys, keys);
    assert_int_equal(verified_count(verified), 1);
    free(raw);
    keyset_release(keys);
}

static void every_differing_byte_is_a_miss(void **state)
{
    AUTO_PTR(verified) verified = verified_new(64, 1 << 20);
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    struct made made;
    (void)state;
    make(&made, 'a', 90, "0123456789abcdef0123456789abcdef", NOW_S + 60);
    add(verified, &made, keys, NOW_S);
    char *raw = span_dup(made.token.raw);
    size_t len = made.token.raw.len;
    for (size_t i = 0; i < len; i++) {
        raw[i] ^= 1;
        assert_null(verified_find(verified, span_of(raw, len), NOW_S));
        raw[i] ^= 1;
    }
    assert_null(verified_find(verified, span_of(raw, len - 1), NOW_S));
    assert_null(verified_find(verified, span_of(raw + 1, len - 1), NOW_S));
    assert_null(verified_find(verified, SPAN(""), NOW_S));
    assert_non_null(verified_find(verified, span_of(raw, len), NOW_S));
    free(raw);
    arena_fini(&made.arena);
    keyset_release(keys);
}

/* The hash sees only length and tail: both land in one set under one tag, and only the comparison of all bytes parts them. */
static void the_same_tail_under_another_body_is_another_token(void **state)
{
    AUTO_PTR(verified) verified = verified_new(64, 1 << 20);
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    struct made first, second, third;
    (void)state;
    make(&first, 'a', 500, "0123456789abcdef0123456789abcdef", NOW_S + 60);
    make(&second, 'b', 500, "0123456789abcdef0123456789abcdef", NOW_S + 60);
    make(&third, 'c', 500, "0123456789abcdef0123456789abcdef", NOW_S + 60);
    add(verified, &first, keys, NOW_S);
    assert_null(verified_find(verified, second.token.raw, NOW_S));
    add(verified, &second, keys, NOW_S);
    assert_true(span_eq(verified_find(verified, first.token.raw, NOW_S)->claims.sub.text, SPAN("a")));
    assert_true(span_eq(verified_find(verified, second.token.raw, NOW_S)->claims.sub.text, SPAN("b")));
    assert_null(verified_find(verified, third.token.raw, NOW_S));
    arena_fini(&first.arena);
    arena_fini(&second.arena);
    arena_fini(&third.arena);
    keyset_release(keys);
}

static void exp_equal_to_now_is_not_found_and_a_second_before_is(void **state)
{
    static const struct {
        int64_t exp_s, find_s;
        bool is_found;
    } cases[] = {
        {NOW_S + 60, NOW_S + 59, true},
        {NOW_S + 60, NOW_S + 60, false},
        {NOW_S + 60, NOW_S + 61, false},
        {NOW_S + 1, NOW_S, true},
        {NOW_S, NOW_S, false},
        {NOW_S - 1, NOW_S - 2, false}, /* not kept: it was over when it came */
        {NO_EXP, NOW_S + VERIFIED_NO_EXP_TTL_S - 1, true},
        {NO_EXP, NOW_S + VERIFIED_NO_EXP_TTL_S, false},
    };
    (void)state;
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_PTR(verified) verified = verified_new(64, 1 << 20);
        struct made made;
        make(&made, 'a', 100, "x", cases[i].exp_s);
        add(verified, &made, keys, NOW_S);
        bool is_found = verified_find(verified, made.token.raw, cases[i].find_s) != NULL;
        if (is_found != cases[i].is_found)
            fail_msg("case %zu", i);
        assert_int_equal(verified_count(verified), is_found ? 1 : 0);
        if (!is_found)
            assert_int_equal(verified_bytes(verified), 0);
        arena_fini(&made.arena);
    }
    assert_int_equal(keys->references, 1);
    keyset_release(keys);
}

static void an_entry_holds_its_keys_until_it_goes(void **state)
{
    struct verified *verified = verified_new(64, 1 << 20);
    struct keyset *old = keyset_new(SPAN("i"), 1);
    struct keyset *new = keyset_new(SPAN("i"), 2);
    struct made first, second;
    static const struct key key_of_new;
    (void)state;
    make(&first, 'a', 100, "x", NOW_S + 60);
    make(&second, 'b', 100, "x", NOW_S + 60);
    add(verified, &first, old, NOW_S);
    add(verified, &second, old, NOW_S);
    assert_int_equal(old->references, 3);

    verified_drop(verified, first.token.raw);
    verified_drop(verified, first.token.raw);
    assert_null(verified_find(verified, first.token.raw, NOW_S));
    assert_int_equal(old->references, 2);

    verified_rebind(verified, verified_find(verified, second.token.raw, NOW_S), &key_of_new, new);
    assert_int_equal(old->references, 1);
    assert_int_equal(new->references, 2);
    const struct verified_entry *entry = verified_find(verified, second.token.raw, NOW_S);
    assert_ptr_equal(entry->keys, new);
    assert_ptr_equal(entry->key, &key_of_new);

    verified_free(verified);
    assert_int_equal(new->references, 1);
    arena_fini(&first.arena);
    arena_fini(&second.arena);
    keyset_release(old);
    keyset_release(new);
}

static struct keyset *set_of(const char *jwk)
{
    struct err err;
    struct keyset *set = keyset_new(SPAN("i"), 1);
    AUTO_PTR(jsondoc) document = jsondoc_read(span_str(jwk), 8, &err);
    assert_non_null(set);
    assert_true(keyset_add_jwks(set, jsondoc_root(document), &err));
    return set;
}

/* RFC 7515 A.3.1, RFC 8037 A.2 */
#define P256                                                                                                           \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_" \
    "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define ED25519 \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"b\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

static void remember(struct verified *verified, struct made *made, char fill, enum alg alg, struct keyset *keys,
                     size_t key)
{
    make(made, fill, 100, "x", NOW_S + 60);
    made->token.alg = alg;
    verified_add(verified, &made->token, &made->claims, keys->keys[key], keys, NOW_S);
}

/* A token of a key that stays goes over to the new set, one of a key that went is forgotten, and nothing holds the old set. */
static void what_is_remembered_follows_its_keys_into_the_next_set(void **state)
{
    struct verified *verified = verified_new(64, 1 << 20);
    struct keyset *old = set_of("{\"keys\":[" P256 "," ED25519 "]}"), *next = set_of("{\"keys\":[" ED25519 "]}");
    struct keyset *others = set_of("{\"keys\":[" P256 "]}");
    struct made stays, goes, other;
    (void)state;
    remember(verified, &goes, 'a', ALG_ES256, old, 0);
    remember(verified, &stays, 'b', ALG_EDDSA, old, 1);
    remember(verified, &other, 'c', ALG_ES256, others, 0);

    verified_follow(verified, old, next);
    assert_int_equal(old->references, 1);
    assert_null(verified_find(verified, goes.token.raw, NOW_S));
    assert_ptr_equal(verified_find(verified, stays.token.raw, NOW_S)->key, next->keys[0]);
    assert_ptr_equal(verified_find(verified, other.token.raw, NOW_S)->keys, others);

    verified_follow(verified, next, NULL);
    assert_int_equal(next->references, 1);
    assert_int_equal(verified_count(verified), 1);

    verified_free(verified);
    struct made *all[] = {&stays, &goes, &other};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        arena_fini(&all[i]->arena);
    keyset_release(old);
    keyset_release(next);
    keyset_release(others);
}

static void the_same_token_again_replaces_itself(void **state)
{
    AUTO_PTR(verified) verified = verified_new(64, 1 << 20);
    struct keyset *old = keyset_new(SPAN("i"), 1);
    struct keyset *new = keyset_new(SPAN("i"), 2);
    struct made made;
    (void)state;
    make(&made, 'a', 100, "x", NOW_S + 60);
    add(verified, &made, old, NOW_S);
    add(verified, &made, new, NOW_S);
    assert_int_equal(verified_count(verified), 1);
    assert_int_equal(old->references, 1);
    assert_ptr_equal(verified_find(verified, made.token.raw, NOW_S)->keys, new);
    arena_fini(&made.arena);
    keyset_release(old);
    keyset_release(new);
}

static void a_flood_stays_within_slots_and_bytes(void **state)
{
    static const struct {
        size_t slots, bytes_max, token_bytes_max;
    } cases[] = {{64, 1 << 20, 2000}, {1024, 64 << 10, 9000}, {8, 1 << 20, 300}, {256, 700000, 16384}};
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_PTR(verified) verified = verified_new(cases[i].slots, cases[i].bytes_max);
        for (unsigned n = 0; n < 4000; n++) {
            char tail[32];
            struct made made;
            snprintf(tail, sizeof tail, "%u", n);
            make(&made, (char)('a' + n % 26), 40 + n * 7919 % cases[i].token_bytes_max, tail, NOW_S + 60);
            add(verified, &made, keys, NOW_S);
            assert_non_null(verified_find(verified, made.token.raw, NOW_S)); /* the newest is always there */
            assert_true(verified_count(verified) <= cases[i].slots);
            assert_true(verified_bytes(verified) <= cases[i].bytes_max);
            assert_int_equal(keys->references, verified_count(verified) + 1);
            arena_fini(&made.arena);
        }
        assert_true(verified_count(verified) > 0);
    }
    assert_int_equal(keys->references, 1);
    keyset_release(keys);
}

static void a_token_beyond_every_block_is_not_remembered_and_costs_no_other(void **state)
{
    AUTO_PTR(verified) verified = verified_new(64, 8 << 10);
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    struct made small, large;
    (void)state;
    make(&small, 'a', 100, "x", NOW_S + 60);
    make(&large, 'b', 14000, "y", NOW_S + 60);
    add(verified, &small, keys, NOW_S);
    add(verified, &large, keys, NOW_S);
    assert_null(verified_find(verified, large.token.raw, NOW_S));
    assert_non_null(verified_find(verified, small.token.raw, NOW_S));
    arena_fini(&small.arena);
    arena_fini(&large.arena);
    keyset_release(keys);
}

static void a_span_that_points_elsewhere_is_not_kept(void **state)
{
    AUTO_PTR(verified) verified = verified_new(64, 1 << 20);
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    struct made made;
    (void)state;
    make(&made, 'a', 100, "x", NOW_S + 60);
    made.token.typ = SPAN("JWT");
    add(verified, &made, keys, NOW_S);
    assert_int_equal(verified_count(verified), 0);
    assert_int_equal(verified_bytes(verified), 0);
    made.token.typ = SPAN("");
    add(verified, &made, keys, NOW_S);
    assert_int_equal(verified_count(verified), 1);
    arena_fini(&made.arena);
    keyset_release(keys);
}

/* Printed, not judged: machines differ.  The aim is half a microsecond for a token of 1.3 KB.  The token asked for is warm, as one
 * just read from a socket is; those remembered are not when there are many.
 */
static void the_cost_of_a_hit_is_told(void **state)
{
    enum { TOKENS = 4096, HITS = 400000, TAIL = 43 };
    AUTO_PTR(verified) verified = verified_new(VERIFIED_SLOTS, VERIFIED_BYTES_MAX);
    struct keyset *keys = keyset_new(SPAN("i"), 1);
    static char tails[TOKENS][TAIL];
    char raw[2000];
    size_t len = 0;
    struct timespec begin, end;
    size_t found = 0;
    (void)state;
    for (unsigned i = 0; i < TOKENS; i++) {
        struct made made;
        char tail[16];
        snprintf(tail, sizeof tail, "%08u", i);
        make(&made, 'a', 1200, tail, NOW_S + 60);
        add(verified, &made, keys, NOW_S);
        len = made.token.raw.len;
        assert_true(len < sizeof raw);
        memcpy(raw, made.token.raw.at, len);
        memcpy(tails[i], raw + len - TAIL, TAIL);
        arena_fini(&made.arena);
    }
    for (unsigned batch = 1; batch <= TOKENS; batch *= 64) {
        clock_gettime(CLOCK_MONOTONIC, &begin);
        found = 0;
        for (unsigned i = 0; i < HITS; i++) {
            memcpy(raw + len - TAIL, tails[i * 7919 % batch], TAIL);
            found += verified_find(verified, span_of(raw, len), NOW_S) != NULL;
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        double ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
        print_message("a hit among %u tokens: %.0f ns\n", batch, ns / (double)HITS);
    }
    assert_true(found >= HITS / 100 * 99);
    keyset_release(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_is_a_copy_that_points_into_itself),
        cmocka_unit_test(every_differing_byte_is_a_miss),
        cmocka_unit_test(the_same_tail_under_another_body_is_another_token),
        cmocka_unit_test(exp_equal_to_now_is_not_found_and_a_second_before_is),
        cmocka_unit_test(an_entry_holds_its_keys_until_it_goes),
        cmocka_unit_test(what_is_remembered_follows_its_keys_into_the_next_set),
        cmocka_unit_test(the_same_token_again_replaces_itself),
        cmocka_unit_test(a_flood_stays_within_slots_and_bytes),
        cmocka_unit_test(a_token_beyond_every_block_is_not_remembered_and_costs_no_other),
        cmocka_unit_test(a_span_that_points_elsewhere_is_not_kept),
        cmocka_unit_test(the_cost_of_a_hit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
