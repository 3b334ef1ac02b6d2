/* SPDX-License-Identifier: Apache-2.0 */
/* What a client's certificate says.  It is there only where the client proved to have its key and its chain ends at a CA of the
 * listener's client_ca: an unverified one never gets this far.
 */
#ifndef SERVER_CERTIFICATE_H
#define SERVER_CERTIFICATE_H

#include "base/span.h"

enum { CERTIFICATE_SHA256_BYTES = 32 };

struct client_certificate {
    unsigned char sha256[CERTIFICATE_SHA256_BYTES]; /* of the DER: what cnf.x5t#S256 names (RFC 8705 3.1) */
    struct span thumbprint;            /* SHA-1 of the DER in capital hex digits, as API Management shows it */
    struct span subject, issuer;       /* as `CN=name, O=org`, from the most specific on */
    struct span serial;                /* capital hex digits, two for each byte */
    int64_t not_before_s, not_after_s; /* wall time */
};

#endif
