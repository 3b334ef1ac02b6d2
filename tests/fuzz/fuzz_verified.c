/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of verified tokens against a model: a plain list of what each token was last put in with.
 *
 * The memory may forget what the model knows, at any time, but only when something is put in; it never knows what the model does
 * not, never past its end, and never takes more than its share.  Each operation is three bytes: what, which token, how much.
 */
#include "oidc/verified.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TOKENS = 96, SLOTS = 32, BYTES_MAX = 48 << 10, TOKEN_BYTES = 6000, EXP_MODULUS = 7 };

static const struct key keys_of_test[2];

struct model {
    bool is_known[TOKENS]; /* put in and not dropped since */
    int64_t ends_at_s[TOKENS];
    size_t len[TOKENS];
    unsigned set[TOKENS];
};

struct run {
    struct verified *verified;
    struct keyset *sets[2];
    struct model model;
    int64_t now_s;
};

static char raw_bytes[TOKENS][TOKEN_BYTES];

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

/* Tokens share their tails in groups of four, so that tags and sets collide.  The length is its own for each. */
static struct span raw_of(unsigned index, size_t len)
{
    memset(raw_bytes[index], 'a' + (int)(index % 26), TOKEN_BYTES);
    raw_bytes[index][0] = (char)index;
    memset(raw_bytes[index] + len - 40, 'A' + (int)(index / 4 % 26), 40);
    return span_of(raw_bytes[index], len);
}

static void add(struct run *run, unsigned index, unsigned amount)
{
    static char header_text[] = "{\"alg\":\"RS256\"}";
    static struct tape_item header_items[] = {{0, 15, 3, TAPE_OBJECT}, {2, 3, 2, TAPE_STRING}, {8, 5, 3, TAPE_STRING}};
    AUTO(arena) arena = {0};
    struct model *model = &run->model;
    struct claims claims;
    char payload[64];
    size_t len = 64 + (size_t)amount * 23 % (TOKEN_BYTES - 64);
    bool has_exp = amount % 5 != 0;
    int64_t exp_s = run->now_s + (int64_t)(amount % EXP_MODULUS) - 1;
    struct token token = {.raw = raw_of(index, len), .alg_text = span_of(header_text + 8, 5)};
    token.header = (struct tape){header_text, 15, header_items, 3};
    token.signature = SPAN("signature");
    snprintf(payload, sizeof payload, has_exp ? "{\"sub\":\"%u\",\"exp\":%lld}" : "{\"sub\":\"%u\"}", index,
             (long long)exp_s);
    must(claims_read_json(&claims, &arena, span_str(payload), 4, NULL));
    verified_add(run->verified, &token, &claims, &keys_of_test[amount % 2], run->sets[amount % 2], run->now_s);
    model->is_known[index] = true;
    model->ends_at_s[index] = has_exp ? exp_s : run->now_s + VERIFIED_NO_EXP_TTL_S;
    model->len[index] = len;
    model->set[index] = amount % 2;
    must(exp_s <= run->now_s || !has_exp || verified_find(run->verified, token.raw, run->now_s) != NULL);
}

static const struct verified_entry *find(struct run *run, unsigned index)
{
    const struct model *model = &run->model;
    if (model->len[index] == 0)
        return NULL;
    struct span raw = raw_of(index, model->len[index]);
    const struct verified_entry *entry = verified_find(run->verified, raw, run->now_s);
    if (entry == NULL)
        return NULL;
    must(model->is_known[index] && run->now_s < model->ends_at_s[index]);
    must(span_eq(entry->token.raw, raw) && entry->token.raw.at != raw.at);
    must(entry->keys == run->sets[model->set[index]] && entry->key == &keys_of_test[model->set[index]]);
    must(span_eq(entry->token.signature, SPAN("signature")) && span_eq(entry->token.alg_text, SPAN("RS256")));
    must((unsigned)strtoul(entry->claims.sub.text.at, NULL, 10) == index);
    return entry;
}

static void drop(struct run *run, unsigned index)
{
    if (run->model.len[index] == 0)
        return;
    verified_drop(run->verified, raw_of(index, run->model.len[index]));
    run->model.is_known[index] = false;
    must(find(run, index) == NULL);
}

static void rebind(struct run *run, unsigned index)
{
    const struct verified_entry *entry = find(run, index);
    if (entry == NULL)
        return;
    unsigned set = 1 - run->model.set[index];
    verified_rebind(run->verified, entry, &keys_of_test[set], run->sets[set]);
    run->model.set[index] = set;
    must(find(run, index) == entry);
}

static void step(struct run *run, const uint8_t *at)
{
    unsigned index = at[1] % TOKENS;
    switch (at[0] % 8) {
    case 0:
    case 1:
    case 2:
    case 3: add(run, index, at[2]); break;
    case 4: find(run, index); break;
    case 5: drop(run, index); break;
    case 6: rebind(run, index); break;
    case 7: run->now_s += at[2] % 3; break;
    }
    must(verified_count(run->verified) <= SLOTS && verified_bytes(run->verified) <= BYTES_MAX);
    must(run->sets[0]->references + run->sets[1]->references == verified_count(run->verified) + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;
    run = (struct run){.now_s = 1000, .verified = verified_new(SLOTS, BYTES_MAX)};
    run.sets[0] = keyset_new(SPAN("a"), 1);
    run.sets[1] = keyset_new(SPAN("b"), 1);
    must(run.verified != NULL && run.sets[0] != NULL && run.sets[1] != NULL);
    for (size_t i = 0; i + 3 <= size && i < 3000; i += 3)
        step(&run, data + i);
    verified_free(run.verified);
    must(run.sets[0]->references == 1 && run.sets[1]->references == 1);
    keyset_release(run.sets[0]);
    keyset_release(run.sets[1]);
    return 0;
}
