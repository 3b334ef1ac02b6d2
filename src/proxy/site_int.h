/* SPDX-License-Identifier: Apache-2.0 */
/* Building a site, for the files of this folder. */
#ifndef PROXY_SITE_INT_H
#define PROXY_SITE_INT_H

#include "proxy/site.h"

struct site_build {
    struct site *site;
    const char *file;
    int64_t now_s;
    struct rule_settings rules;
    struct problems *problems;
};

/* Backends out of the settings; problems are added. */
bool site_build_backends(struct site_build *build) MUST_CHECK;
/* Routes with their rules and the entries for lookup. */
bool site_build_routes(struct site_build *build) MUST_CHECK;

#endif
