/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS side of a listener, made from the files that its settings name. */
#ifndef PROXY_LISTENER_TLS_H
#define PROXY_LISTENER_TLS_H

#include "proxy/settings.h"
#include "server/tls_server.h"

enum { LISTENER_TLS_DIGEST_BYTES = 32 };

/* How long before its end a certificate is warned of. */
enum { CERTIFICATE_SOON_S = 14 * 86400 };

/* Reads the files and makes a tls_server of them, without tickets.  `settings` are those of a site, with paths as seen from here.  NULL:
 * every problem is added, with the place in the configuration.
 */
struct tls_server *listener_tls_make(const struct listener_settings *settings, struct problems *problems) MUST_CHECK;

/* The files that it is made from: index from 0 to listener_tls_files - 1; at NULL where nothing is named there. */
struct span listener_tls_file(const struct listener_settings *settings, size_t index);
size_t listener_tls_files(const struct listener_settings *settings);

/* What the files hold now, in short: another value where any of them changed.  False: one cannot be read. */
bool listener_tls_digest(const struct listener_settings *settings, unsigned char digest[LISTENER_TLS_DIGEST_BYTES],
                         struct err *err) MUST_CHECK;

/* The file of the certificate that tls_server_end_s(server, index) tells of. */
struct span listener_tls_certificate(const struct listener_settings *settings, size_t index);

#endif
