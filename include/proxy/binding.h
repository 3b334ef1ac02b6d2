/* SPDX-License-Identifier: Apache-2.0 */
/* What a process keeps about tokens beyond their own words: proofs that were used, the key of its nonces, the list of revoked tokens.
 */
#ifndef PROXY_BINDING_H
#define PROXY_BINDING_H

#include "jose/digest.h"
#include "proxy/replay.h"
#include "proxy/revocations.h"
#include "proxy/site.h"

struct binding {
    struct replay *replay;
    struct revocations *revocations;
    unsigned char nonce_key[DIGEST_BYTES]; /* of this process alone */
    struct metric_series *entries, *seen, *full, *hits;
};

/* With the settings and the list of `site`.  On the thread of `base`, which counts on metric shard `shard`. */
struct binding *binding_new(struct event_base *base, struct metrics *metrics, unsigned shard, const struct site *site,
                            struct err *err) MUST_CHECK;
/* After all workers; NULL is let through. */
void binding_free(struct binding *binding);

/* From now on with the settings and the list of this site; what was used stays used.  To be called before the site is published. */
bool binding_use(struct binding *binding, const struct site *site, struct err *err) MUST_CHECK;

#endif
