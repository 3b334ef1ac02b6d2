/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of verified tokens against a model: a plain list of what each token was last put in with.
 *
 * The memory may forget what the model knows, at any time, but only when something is put in; it never knows what the model does
 * not, never past its end, and never takes more than its share.  Each operation is three bytes: what, which token, how much.
 */
#include "oidc/verified.h"

#include "jose/b64url.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    TOKENS = 96,
    SLOTS = 32,
    BYTES_MAX = 48 << 10,
    PAYLOAD_BYTES = 4000,
    TOKEN_BYTES = 6000,
    SIGNATURE_BYTES = 48,
    EXP_MODULUS = 7
};

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

static size_t part_put(char *at, struct span bytes)
{
    return b64url_encode(bytes.at, bytes.len, at);
}

/* The text of a token into raw_bytes.  Tokens share their signatures in groups of four, so that tags and sets collide. */
static void raw_write(struct token *token, unsigned index, struct span header, struct span payload)
{
    static char signature[SIGNATURE_BYTES];
    memset(signature, 'A' + (int)(index / 4 % 26), sizeof signature);
    char *raw = raw_bytes[index];
    size_t header_len = part_put(raw, header);
    raw[header_len] = '.';
    size_t payload_len = part_put(raw + header_len + 1, payload);
    size_t len = header_len + 1 + payload_len;
    raw[len] = '.';
    token->signing_input = span_of(raw, len);
    token->payload_text = span_of(raw + header_len + 1, payload_len);
    token->signature = span_of(signature, sizeof signature);
    token->raw = span_of(raw, len + 1 + part_put(raw + len + 1, token->signature));
}

static struct span raw_of(const struct model *model, unsigned index)
{
    return span_of(raw_bytes[index], model->len[index]);
}

static void add(struct run *run, unsigned index, unsigned amount)
{
    static char header_text[] = "{\"alg\":\"RS256\"}";
    static struct tape_item header_items[] = {{0, 15, 3, TAPE_OBJECT}, {2, 3, 2, TAPE_STRING}, {8, 5, 3, TAPE_STRING}};
    AUTO(arena) arena = {0};
    struct model *model = &run->model;
    struct claims claims;
    char payload[PAYLOAD_BYTES], exp[32] = "";
    int filling = (int)(amount * 17 % (PAYLOAD_BYTES - 100));
    bool has_exp = amount % 5 != 0;
    int64_t exp_s = run->now_s + (int64_t)(amount % EXP_MODULUS) - 1;
    struct span header = span_of(header_text, sizeof header_text - 1);
    struct token token = {.alg_text = span_of(header_text + 8, 5)};
    token.header = (struct tape){header_text, header.len, header_items, 3};
    if (has_exp)
        snprintf(exp, sizeof exp, ",\"exp\":%lld", (long long)exp_s);
    snprintf(payload, sizeof payload, "{\"sub\":\"%u\"%s,\"more\":\"%0*d\"}", index, exp, filling, 0);
    must(claims_read_json(&claims, &arena, span_str(payload), 4, NULL));
    raw_write(&token, index, header, span_str(payload));
    verified_add(run->verified, &token, &claims, &keys_of_test[amount % 2], run->sets[amount % 2], run->now_s);
    model->is_known[index] = true;
    model->ends_at_s[index] = has_exp ? exp_s : run->now_s + VERIFIED_NO_EXP_TTL_S;
    model->len[index] = token.raw.len;
    model->set[index] = amount % 2;
    must(exp_s <= run->now_s || !has_exp || verified_find(run->verified, token.raw, run->now_s) != NULL);
}

static const struct verified_entry *find(struct run *run, unsigned index)
{
    const struct model *model = &run->model;
    if (model->len[index] == 0)
        return NULL;
    struct span raw = raw_of(model, index);
    const struct verified_entry *entry = verified_find(run->verified, raw, run->now_s);
    if (entry == NULL)
        return NULL;
    must(model->is_known[index] && run->now_s < model->ends_at_s[index]);
    struct token token = verified_token(entry, raw);
    must(entry->token.raw.at == NULL && token.raw.at == raw.at &&
         token.payload_text.at + token.payload_text.len < raw.at + raw.len);
    must(entry->keys == run->sets[model->set[index]] && entry->key == &keys_of_test[model->set[index]]);
    must(token.signature.len == SIGNATURE_BYTES && token.signature.at[0] == 'A' + (int)(index / 4 % 26));
    must(span_eq(token.alg_text, SPAN("RS256")));
    must((unsigned)strtoul(entry->claims.sub.text.at, NULL, 10) == index);
    return entry;
}

static void drop(struct run *run, unsigned index)
{
    if (run->model.len[index] == 0)
        return;
    verified_drop(run->verified, raw_of(&run->model, index));
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
