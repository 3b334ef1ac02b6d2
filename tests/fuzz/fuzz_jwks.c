/* SPDX-License-Identifier: Apache-2.0 */
/* Key set documents: whatever stands in them, the keys that are kept obey the rules, and OpenSSL's error queue stays empty. */
#include "jose/keyset.h"

#include <openssl/err.h>

#include <string.h>

enum { DEPTH = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_key(const struct key *key)
{
    need(key->pkey != NULL && key->secret == NULL && key->family != KEY_OCT);
    need(key->algs.bits != 0 && strlen(key->thumbprint) == KEY_THUMBPRINT_BYTES - 1);
    for (unsigned alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++)
        need(!alg_set_has(key->algs, (enum alg)alg) || alg_info((enum alg)alg)->family == key->family);
    need(key->family != KEY_RSA || (key->bits >= KEY_RSA_BITS_MIN && key->bits <= KEY_RSA_BITS_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_of(data, size), DEPTH, &err);
    if (doc == NULL)
        return 0;
    struct keyset *set = keyset_new(SPAN("https://issuer.example"), 0);
    need(set != NULL);
    bool is_filled = keyset_add_jwks(set, jsondoc_root(doc), &err);
    need(is_filled == (set->count > 0) && ERR_peek_error() == 0);
    for (size_t i = 0; i < set->count; i++)
        check_key(set->keys[i]);
    for (size_t i = 0; i < set->skipped_count; i++)
        need(set->skipped[i].why != NULL);
    keyset_release(set);
    return 0;
}
