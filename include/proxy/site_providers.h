/* SPDX-License-Identifier: Apache-2.0 */
/* What a site says of the providers that its policies name: the sections `providers` and `keys`. */
#ifndef PROXY_SITE_PROVIDERS_H
#define PROXY_SITE_PROVIDERS_H

#include "oidc/issuer.h"
#include "proxy/site.h"

/* The settings for issuers_new and issuers_configure; callback and metrics are left to the caller.  Borrows from the site. */
struct issuers_settings site_issuers_settings(const struct site *site);

/* What the entry of `providers` for that discovery URL says; zeroed where there is none.  Texts are the site's. */
struct issuer_provider site_provider(const struct site *site, struct span url);

/* Whether the rule at index `rule` is the first to name the issuer of its provider at index `provider`: who tells of all issuers tells
 * of each once.
 */
bool site_names_first(const struct site *site, size_t rule, size_t provider);

/* Gives each issuer of a site that has taken them its entry of `providers`, or none, and takes up what the store holds of it.
 * Control thread; reads files.
 */
bool site_provide(const struct site *site, struct err *err) MUST_CHECK;

#endif
