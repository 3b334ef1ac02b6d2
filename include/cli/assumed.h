/* SPDX-License-Identifier: Apache-2.0 */
/* Whose keys a provider's are, as far as its URL tells: for commands that are given keys without asking anybody. */
#ifndef CLI_ASSUMED_H
#define CLI_ASSUMED_H

#include "base/arena.h"
#include "base/span.h"

/* The issuer that the document at `url`, a discovery URL, likely publishes: its authority (OpenID Connect Discovery 1.0 4.1), but
 * of Entra what its documents are known to say: https://sts.windows.net/TENANT/ in those of version 1,
 * https://login.microsoftonline.com/TENANT/v2.0 in those of version 2, `{tenantid}` for the tenant where it is common or
 * organizations.  Part of `url`, or memory of the arena; `at` NULL when that is out.
 */
struct span assumed_issuer(struct arena *arena, struct span url);

#endif
