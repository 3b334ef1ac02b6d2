/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of session tickets: AES-256-CBC and HMAC-SHA256 as RFC 5077 4 has them, new ones each hour.
 *
 * A ticket serves for an hour at most, so the keys before the newest need to be kept for one hour and no longer: what was recorded
 * cannot be read with what is found in memory later.
 */
#include "tls_int.h"

#include "base/now.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <pthread.h>
#include <stdatomic.h>

enum { NAME_BYTES = 16, KEY_BYTES = 32, IV_BYTES = 16, ROTATE_MS = 3600000 };

struct ticket_key {
    unsigned char name[NAME_BYTES], cipher[KEY_BYTES], mac[KEY_BYTES];
    int64_t made_ms; /* monotonic */
    bool is_set;
};

struct tls_tickets {
    _Atomic(unsigned) references;
    pthread_mutex_t lock;
    struct ticket_key now, before;
};

static bool key_make(struct ticket_key *key, int64_t now_ms)
{
    *key = (struct ticket_key){.made_ms = now_ms};
    key->is_set = RAND_bytes(key->name, NAME_BYTES) == 1 && RAND_priv_bytes(key->cipher, KEY_BYTES) == 1 &&
                  RAND_priv_bytes(key->mac, KEY_BYTES) == 1;
    return key->is_set;
}

struct tls_tickets *tls_tickets_new(struct err *err)
{
    struct tls_tickets *tickets = calloc(1, sizeof *tickets);
    if (tickets == NULL || !key_make(&tickets->now, now_read().mono_ms)) {
        free(tickets);
        fail(err, REASON_OUT_OF_MEMORY, "no keys for session tickets");
        return NULL;
    }
    atomic_init(&tickets->references, 1);
    pthread_mutex_init(&tickets->lock, NULL);
    return tickets;
}

struct tls_tickets *tls_tickets_take(struct tls_tickets *tickets)
{
    atomic_fetch_add_explicit(&tickets->references, 1, memory_order_relaxed);
    return tickets;
}

void tls_tickets_release(struct tls_tickets *tickets)
{
    if (tickets == NULL || atomic_fetch_sub_explicit(&tickets->references, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&tickets->lock);
    OPENSSL_cleanse(tickets, sizeof *tickets);
    free(tickets);
}

/* The newest key steps back; the one before it is forgotten. */
static void turn(struct tls_tickets *tickets, int64_t now_ms)
{
    struct ticket_key fresh;
    if (key_make(&fresh, now_ms)) {
        tickets->before = tickets->now;
        tickets->now = fresh;
    }
    OPENSSL_cleanse(&fresh, sizeof fresh);
}

void tls_tickets_rotate(struct tls_tickets *tickets)
{
    pthread_mutex_lock(&tickets->lock);
    turn(tickets, now_read().mono_ms);
    pthread_mutex_unlock(&tickets->lock);
}

/* Keys that are too old go when somebody looks: twice after a long silence. */
static void keep_fresh(struct tls_tickets *tickets, int64_t now_ms)
{
    if (now_ms - tickets->now.made_ms >= 2 * ROTATE_MS)
        turn(tickets, now_ms - ROTATE_MS);
    if (now_ms - tickets->now.made_ms >= ROTATE_MS)
        turn(tickets, now_ms);
}

/* The key of that name, the newest for none; `is_old`: not the newest. */
static bool pick(struct tls_tickets *tickets, const unsigned char *name, struct ticket_key *key, bool *is_old)
{
    pthread_mutex_lock(&tickets->lock);
    keep_fresh(tickets, now_read().mono_ms);
    bool is_newest = name == NULL || CRYPTO_memcmp(name, tickets->now.name, NAME_BYTES) == 0;
    *is_old = !is_newest;
    *key = is_newest ? tickets->now : tickets->before;
    pthread_mutex_unlock(&tickets->lock);
    return key->is_set && (name == NULL || CRYPTO_memcmp(name, key->name, NAME_BYTES) == 0);
}

static bool use(struct ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool is_new)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, KEY_BYTES),
                                 OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, is_new) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* 0: no such key, so a whole handshake; 2: the client shall get a new ticket, as it always does where one may be used but once
 * (RFC 8446 C.4).
 */
int tls_tickets_keys(struct tls_tickets *tickets, bool is_tls13, unsigned char name[16], unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool is_new)
{
    struct ticket_key key;
    bool is_old;
    int result = 0;
    if (!pick(tickets, is_new ? NULL : name, &key, &is_old))
        return 0;
    if (is_new) {
        memcpy(name, key.name, NAME_BYTES);
        result = RAND_bytes(iv, IV_BYTES) == 1 ? 1 : -1;
    } else {
        result = is_old || is_tls13 ? 2 : 1;
    }
    if (result > 0 && !use(&key, iv, cipher, mac, is_new))
        result = -1;
    OPENSSL_cleanse(&key, sizeof key);
    return result;
}
