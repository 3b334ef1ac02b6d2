/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a running gateway how it is, for probes where there is no HTTP client: images of containers. */
#ifndef CLI_HEALTH_H
#define CLI_HEALTH_H

#include "base/base.h"

struct health_options {
    const char *config; /* where the address stands: that of admin.health, else of admin */
    const char *url;    /* asked in its place; NULL: none */
    bool is_readiness;  /* /readyz in place of /livez, where the URL has no path */
};

/* The command `health`: one GET without TLS.  Returns the exit status: 0 for an answer of 200, else 1 and why on standard error.
 *
 * Of the configuration only the address and the token of the admin listener are needed, so that a file which a reload refused
 * does not make a probe fail while the gateway goes on with the one before.  Blocks for some seconds at most.
 */
int health_run(const struct health_options *options);

#endif
