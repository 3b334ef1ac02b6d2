/* SPDX-License-Identifier: Apache-2.0 */
/* A table of sets of eight slots.  A slot is a 32-bit tag and the number of a block; a set is one cache line, so that a look-up
 * touches that line and the entry.
 *
 * The hash takes the token's length and last 32 bytes: of tokens that were verified these are bytes of a signature, as good as
 * random, and the key keeps others from choosing collisions.  It only finds; equality of all bytes decides.
 */
#include "oidc/verified.h"

#include "base/siphash.h"
#include "jose/b64url.h"
#include "vault_int.h"

#include <string.h>
#include <sys/random.h>

enum { WAYS = 8, TAIL_BYTES = 32, ALIGNMENT = 16 };

struct set {
    uint32_t tag[WAYS];
    uint32_t number[WAYS]; /* of the entry's block, plus 1; 0: empty */
};
_Static_assert(sizeof(struct set) == 64, "a set is one cache line");

/* Behind it in the same block: tape of the header, tape of the claims, signature.  The token's text is not kept: it is these parts
 * in base64url, which has one spelling for one byte string.
 */
struct entry {
    struct verified_entry known;
    int64_t ends_at_s;
    uint32_t slot;                    /* set * WAYS + way */
    uint32_t header_len, payload_len; /* bytes of the JSON texts in front of the tapes' texts */
};

struct verified {
    struct set *sets;
    size_t sets_count;
    size_t count;
    uint64_t random;
    struct vault *vault;
};

/* Where a token belongs. */
struct place {
    size_t set;
    uint32_t tag;
};

static uint64_t random_next(struct verified *verified)
{
    /* xorshift (Marsaglia 2003): victims need to be hard to foretell for habits, not for adversaries */
    verified->random ^= verified->random << 13;
    verified->random ^= verified->random >> 7;
    verified->random ^= verified->random << 17;
    return verified->random;
}

struct verified *verified_new(size_t slots, size_t bytes_max)
{
    assert(slots >= WAYS && (slots & (slots - 1)) == 0 && slots / WAYS <= UINT32_MAX / WAYS);
    AUTO_PTR(verified) verified = calloc(1, sizeof *verified);
    if (verified == NULL)
        return NULL;
    verified->sets_count = slots / WAYS;
    verified->sets = aligned_alloc(sizeof(struct set), verified->sets_count * sizeof(struct set));
    verified->vault = vault_new(bytes_max);
    if (verified->sets == NULL || verified->vault == NULL)
        return NULL;
    memset(verified->sets, 0, verified->sets_count * sizeof(struct set));
    if (getrandom(&verified->random, sizeof verified->random, 0) != sizeof verified->random)
        return NULL;
    verified->random |= 1; /* zero would stay zero */
    return STEAL(verified);
}

static void entry_evict(struct verified *verified, struct entry *entry)
{
    verified->sets[entry->slot / WAYS].number[entry->slot % WAYS] = 0;
    verified->count--;
    keyset_release(entry->known.keys);
    vault_give(verified->vault, entry);
}

static struct entry *slot_entry(const struct verified *verified, size_t set, size_t way)
{
    uint32_t number = verified->sets[set].number[way];
    return number == 0 ? NULL : vault_block(verified->vault, number - 1);
}

void verified_free(struct verified *verified)
{
    if (verified == NULL)
        return;
    for (size_t set = 0; verified->vault != NULL && verified->count > 0 && set < verified->sets_count; set++) {
        for (size_t way = 0; way < WAYS; way++) {
            struct entry *entry = slot_entry(verified, set, way);
            if (entry != NULL)
                entry_evict(verified, entry);
        }
    }
    vault_free(verified->vault);
    free(verified->sets);
    free(verified);
}

static struct place place_of(const struct verified *verified, struct span raw)
{
    unsigned char text[sizeof(uint64_t) + TAIL_BYTES] = {0};
    uint64_t len = raw.len;
    size_t tail = raw.len < TAIL_BYTES ? raw.len : TAIL_BYTES;
    memcpy(text, &len, sizeof len);
    if (tail > 0)
        memcpy(text + sizeof len, raw.at + raw.len - tail, tail);
    uint64_t hash = siphash13(siphash_process_key(), text, sizeof text);
    return (struct place){(size_t)hash & (verified->sets_count - 1), (uint32_t)(hash >> 32)};
}

/* Where the parts of a text lie that could be the entry's token. */
struct parts {
    struct span header, payload, signature;
};

static struct parts parts_of(const struct entry *entry, struct span raw)
{
    size_t header = b64url_chars(entry->header_len);
    size_t payload = b64url_chars(entry->payload_len);
    return (struct parts){span_cut(raw, header), span_cut(span_from(raw, header + 1), payload),
                          span_from(raw, header + payload + 2)};
}

static bool is_token(const struct entry *entry, struct span raw)
{
    const struct token *token = &entry->known.token;
    struct parts parts = parts_of(entry, raw);
    if (raw.len != parts.header.len + parts.payload.len + parts.signature.len + 2 || raw.at[parts.header.len] != '.' ||
        raw.at[raw.len - parts.signature.len - 1] != '.')
        return false;
    return b64url_is_of(parts.signature, token->signature) &&
           b64url_is_of(parts.payload, span_of(entry->known.claims.tape.text, entry->payload_len)) &&
           b64url_is_of(parts.header, span_of(token->header.text, entry->header_len));
}

static struct entry *entry_find(const struct verified *verified, struct place place, struct span raw)
{
    const struct set *set = &verified->sets[place.set];
    for (size_t way = 0; way < WAYS; way++) {
        if (set->tag[way] != place.tag || set->number[way] == 0)
            continue;
        struct entry *entry = slot_entry(verified, place.set, way);
        if (is_token(entry, raw))
            return entry;
    }
    return NULL;
}

const struct verified_entry *verified_find(struct verified *verified, struct span raw, int64_t now_s)
{
    struct entry *entry = entry_find(verified, place_of(verified, raw), raw);
    if (entry == NULL)
        return NULL;
    if (now_s < entry->ends_at_s)
        return &entry->known;
    entry_evict(verified, entry);
    return NULL;
}

struct token verified_token(const struct verified_entry *known, struct span raw)
{
    const struct entry *entry = CONTAINER_OF(known, entry, known);
    struct token token = known->token;
    struct parts parts = parts_of(entry, raw);
    token.raw = raw;
    token.payload_text = parts.payload;
    token.signing_input = span_cut(raw, parts.header.len + 1 + parts.payload.len);
    return token;
}

/* Making an entry. */

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static size_t entry_bytes(const struct token *token, const struct claims *claims)
{
    return aligned(sizeof(struct entry)) + aligned(tape_bytes(&token->header)) + aligned(claims_bytes(claims)) +
           token->signature.len;
}

/* A stretch of memory and its copy. */
struct copied {
    struct span from;
    const char *to;
};

/* The same bytes in the copy that holds them; false when none does: what points elsewhere could not be kept. */
static bool span_move(struct span *span, const struct copied *copies, size_t count)
{
    if (span->len == 0) {
        *span = (struct span){NULL, 0};
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        uintptr_t begin = (uintptr_t)copies[i].from.at;
        uintptr_t at = (uintptr_t)span->at;
        if (at < begin || at + span->len > begin + copies[i].from.len)
            continue;
        span->at = copies[i].to + (at - begin);
        return true;
    }
    return false;
}

static bool token_move(struct token *copy, const struct copied *copies, size_t count)
{
    struct span *spans[] = {&copy->signature, &copy->alg_text, &copy->kid, &copy->x5t, &copy->typ};
    copy->raw = copy->signing_input = copy->payload_text = (struct span){NULL, 0};
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        if (!span_move(spans[i], copies, count))
            return false;
    }
    return true;
}

/* Bytes that strict base64url of so many characters stands for. */
static uint32_t bytes_of(size_t chars)
{
    return (uint32_t)(chars * 3 / 4);
}

/* `entry` has entry_bytes() of memory. */
static bool entry_fill(struct entry *entry, const struct token *token, const struct claims *claims)
{
    char *at = (char *)entry + aligned(sizeof *entry);
    struct token copy = *token;
    tape_copy(&token->header, at, &copy.header);
    at += aligned(tape_bytes(&token->header));
    claims_copy(claims, at, &entry->known.claims);
    at += aligned(claims_bytes(claims));
    if (token->signature.len > 0)
        memcpy(at, token->signature.at, token->signature.len);
    struct copied copies[] = {{token->signature, at},
                              {span_of(token->header.text, token->header.text_len), copy.header.text}};
    if (!token_move(&copy, copies, COUNT_OF(copies)))
        return false;
    entry->known.token = copy;
    entry->payload_len = bytes_of(token->payload_text.len);
    entry->header_len = bytes_of(token->signing_input.len - token->payload_text.len - 1);
    assert(entry->header_len <= copy.header.text_len && entry->payload_len <= claims->tape.text_len);
    return true;
}

/* A way of the set that is empty, or was emptied for this. */
static size_t way_clear(struct verified *verified, size_t set)
{
    for (size_t way = 0; way < WAYS; way++) {
        if (verified->sets[set].number[way] == 0)
            return way;
    }
    size_t way = (size_t)(random_next(verified) >> 32) % WAYS;
    entry_evict(verified, slot_entry(verified, set, way));
    return way;
}

/* A block of `size` bytes: a free one, or what lies in some random place goes.  NULL when it is larger than any block. */
static struct entry *block_clear(struct verified *verified, size_t size)
{
    struct entry *block = vault_take(verified->vault, size);
    if (block != NULL)
        return block;
    uint64_t place = random_next(verified) >> 16;
    struct entry *victim;
    while ((victim = vault_holder(verified->vault, size, place)) != NULL)
        entry_evict(verified, victim);
    return vault_take(verified->vault, size);
}

static int64_t ends_of(const struct claims *claims, int64_t now_s)
{
    return claims->exp.state == CLAIM_PRESENT ? claims->exp.at_s : now_s + VERIFIED_NO_EXP_TTL_S;
}

void verified_add(struct verified *verified, const struct token *token, const struct claims *claims,
                  const struct key *key, struct keyset *keys, int64_t now_s)
{
    int64_t ends_at_s = ends_of(claims, now_s);
    struct place place = place_of(verified, token->raw);
    struct entry *known = entry_find(verified, place, token->raw);
    if (known != NULL)
        entry_evict(verified, known);
    if (now_s >= ends_at_s)
        return;
    struct entry *entry = block_clear(verified, entry_bytes(token, claims));
    if (entry == NULL)
        return;
    if (!entry_fill(entry, token, claims)) {
        vault_give(verified->vault, entry);
        return;
    }
    size_t way = way_clear(verified, place.set);
    entry->known.key = key;
    entry->known.keys = keyset_take(keys);
    entry->ends_at_s = ends_at_s;
    entry->slot = (uint32_t)(place.set * WAYS + way);
    verified->sets[place.set].tag[way] = place.tag;
    verified->sets[place.set].number[way] = vault_number(verified->vault, entry) + 1;
    verified->count++;
}

void verified_rebind(struct verified *verified, const struct verified_entry *known, const struct key *key,
                     struct keyset *keys)
{
    const struct entry *held = CONTAINER_OF(known, entry, known);
    struct entry *entry = slot_entry(verified, held->slot / WAYS, held->slot % WAYS);
    assert(entry == held);
    struct keyset *old = entry->known.keys;
    entry->known.keys = keyset_take(keys);
    entry->known.key = key;
    keyset_release(old);
}

static void entry_follow(struct verified *verified, struct entry *entry, struct keyset *next)
{
    const struct key *key = next == NULL ? NULL : keyset_same(next, entry->known.key, entry->known.token.alg);
    if (key == NULL)
        entry_evict(verified, entry);
    else
        verified_rebind(verified, &entry->known, key, next);
}

void verified_follow(struct verified *verified, const struct keyset *old, struct keyset *next)
{
    for (size_t set = 0; verified->count > 0 && set < verified->sets_count; set++) {
        for (size_t way = 0; way < WAYS; way++) {
            struct entry *entry = slot_entry(verified, set, way);
            if (entry != NULL && entry->known.keys == old)
                entry_follow(verified, entry, next);
        }
    }
}

void verified_drop(struct verified *verified, struct span raw)
{
    struct entry *entry = entry_find(verified, place_of(verified, raw), raw);
    if (entry != NULL)
        entry_evict(verified, entry);
}

size_t verified_count(const struct verified *verified)
{
    return verified->count;
}

size_t verified_bytes(const struct verified *verified)
{
    return vault_used(verified->vault);
}
