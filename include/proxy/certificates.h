/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners' certificates while the gateway runs: the files are looked at once a second, and what changed is taken up for new
 * connections.
 *
 * A file that is half written, or a key without its certificate, changes nothing: the ones read before stay until all of a
 * listener's files fit again.  Also keeps what sessions of clients are resumed by.  Control thread.
 */
#ifndef PROXY_CERTIFICATES_H
#define PROXY_CERTIFICATES_H

#include "proxy/site.h"

enum { CERTIFICATES_LOOK_MS = 1000 };

struct certificates;
struct event_base;

/* Who is told that the listener at `index` of the site in use has a new tls_server, as site_tls_settings counts them; it is borrowed. */
struct certificates_user {
    void (*renewed)(void *context, size_t index, struct tls_server *server);
    void *context;
};

/* Looks at nothing yet.  `shard`: of the counters. */
struct certificates *certificates_new(struct event_base *base, struct metrics *metrics, unsigned shard,
                                      const struct certificates_user *user, struct err *err) MUST_CHECK;
/* No callback comes after it; NULL is let through. */
void certificates_free(struct certificates *certificates);

/* From now on the files of this site's listeners are looked at, and its tls_servers resume sessions; to be called before any of these is
 * shared.  Takes a reference of `site`.
 */
bool certificates_use(struct certificates *certificates, struct site *site, struct err *err) MUST_CHECK;

/* What new connections of that listener get, borrowed until the control thread's next turn; NULL: plain. */
const struct tls_server *certificates_server(const struct certificates *certificates, size_t index);

#endif
