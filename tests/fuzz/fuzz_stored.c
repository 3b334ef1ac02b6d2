/* SPDX-License-Identifier: Apache-2.0 */
/* Stored keys out of a file that may hold anything.  What is taken, written and read again is the same; what is written as a key
 * set by a provider comes back as the same keys, with public members alone.
 */
#include "jose/jsondoc.h"
#include "jose/keyset.h"
#include "oidc/stored.h"

enum { DEPTH = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

static struct keyset *set_of(struct span text)
{
    struct err err = {0};
    AUTO_PTR(jsondoc) document = jsondoc_read(text, DEPTH, &err);
    struct keyset *set = document == NULL ? NULL : keyset_new(SPAN("i"), 0);
    if (set != NULL && keyset_add_jwks(set, jsondoc_root(document), &err))
        return set;
    if (set != NULL)
        keyset_release(set);
    return NULL;
}

static void public_check(struct span text)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    AUTO_PTR(jsondoc) document = jsondoc_read(text, DEPTH, NULL);
    need(document != NULL);
    const struct jsonval *keys = jsonval_member(jsondoc_root(document), "keys");
    for (size_t i = 0; i < jsonval_count(keys); i++)
        for (size_t j = 0; j < COUNT_OF(members); j++)
            need(jsonval_member(jsonval_element(keys, i), members[j]) == NULL);
}

static void same_check(const struct keyset *a, const struct keyset *b)
{
    need(a->count == b->count && b->skipped_count == 0);
    for (size_t i = 0; i < a->count; i++) {
        need(strcmp(a->keys[i]->thumbprint, b->keys[i]->thumbprint) == 0);
        need(a->keys[i]->algs.bits == b->keys[i]->algs.bits && a->keys[i]->is_x509 == b->keys[i]->is_x509);
        need(span_eq(a->keys[i]->kid, b->keys[i]->kid) && span_eq(a->keys[i]->issuer, b->keys[i]->issuer));
        need(span_eq(a->keys[i]->x5t, b->keys[i]->x5t));
    }
}

static void keys_check(struct span text, const struct stored *stored)
{
    AUTO(buf) out = {0};
    AUTO(arena) arena = {0};
    struct stored again = {0};
    struct keyset *before = set_of(text);
    bool is_written = stored_write(&out, stored, text, NULL);
    need(is_written == (before != NULL));
    if (before == NULL)
        return;
    need(stored_read(&again, &arena, buf_span(&out), true, NULL));
    need(span_eq(again.url, stored->url) && again.fetched_at_s == stored->fetched_at_s);
    need(span_eq(again.ca, stored->ca));
    need(span_eq(again.discovery.issuer, stored->discovery.issuer));
    need(span_eq(again.discovery.jwks_uri, stored->discovery.jwks_uri));
    struct keyset *after = set_of(buf_span(&out));
    need(after != NULL);
    same_check(before, after);
    public_check(buf_span(&out));
    keyset_release(before);
    keyset_release(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct stored sample = {.url = SPAN_INIT("https://i/u"),
                                         .discovery = {SPAN_INIT("https://i"), SPAN_INIT("https://i/k")},
                                         .fetched_at_s = 1};
    AUTO(arena) arena = {0};
    struct span text = span_of(data, size);
    struct stored stored = {0};
    struct err err = {0};
    if (stored_read(&stored, &arena, text, true, &err))
        keys_check(text, &stored);
    else
        need(err.reason == REASON_DOCUMENT_INVALID && err.text[0] != '\0');
    keys_check(text, &sample);
    return 0;
}
