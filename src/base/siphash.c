/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-c-d for c,d = 1,3 and 2,4; and the random key of the process. */
#include "base/siphash.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

struct sip {
    uint64_t v0, v1, v2, v3;
};

struct sip_rounds {
    unsigned per_word, at_end;
};

static uint64_t rotate_left(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static void sip_mix(struct sip *s, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v1 = rotate_left(s->v1, 13) ^ s->v0;
        s->v0 = rotate_left(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate_left(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate_left(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate_left(s->v1, 17) ^ s->v2;
        s->v2 = rotate_left(s->v2, 32);
    }
}

static void sip_absorb(struct sip *s, uint64_t word, unsigned rounds)
{
    s->v3 ^= word;
    sip_mix(s, rounds);
    s->v0 ^= word;
}

/* Up to eight bytes as a little-endian number. */
static uint64_t word_load(const unsigned char *at, size_t len)
{
    uint64_t word = 0;
    if (len > 0)
        memcpy(&word, at, len);
    return le64toh(word);
}

static uint64_t sip_hash(const uint64_t key[2], const unsigned char *at, size_t len, struct sip_rounds rounds)
{
    struct sip s = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
                    key[1] ^ 0x7465646279746573u};
    size_t left = len;
    for (; left >= 8; left -= 8, at += 8)
        sip_absorb(&s, word_load(at, 8), rounds.per_word);
    sip_absorb(&s, word_load(at, left) | (uint64_t)len << 56, rounds.per_word);
    s.v2 ^= 0xff;
    sip_mix(&s, rounds.at_end);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t len)
{
    return sip_hash(key, bytes, len, (struct sip_rounds){1, 3});
}

uint64_t siphash24(const uint64_t key[2], const void *bytes, size_t len)
{
    return sip_hash(key, bytes, len, (struct sip_rounds){2, 4});
}

static uint64_t process_key[2];
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

/* Without random numbers the tables would be open to chosen names, and TLS would not work either: no process then. */
static void process_key_draw(void)
{
    ssize_t got;
    do
        got = getrandom(process_key, sizeof process_key, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof process_key)
        abort();
}

const uint64_t *siphash_process_key(void)
{
    pthread_once(&process_key_once, process_key_draw);
    return process_key;
}
