/* SPDX-License-Identifier: Apache-2.0 */
/* What `check --online` sees: every provider of a site asked once, its answers told, what is wrong with them noted. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "oidc/probe.h"
#include "proxy/site.h"

/* A provider, and which rules name it. */
struct patient {
    struct probe probe;
    const struct node *node; /* where a policy first names it */
    struct site_rule const *const *rules;
    size_t rule_count;
};

/* What is known when a patient is examined. */
struct doctor {
    const struct site *site;
    struct issuers_settings settings;
    int64_t now_s; /* wall clock */
    struct problems *problems;
};

/* Asks all providers of the site, writes a block for each to standard output and adds what is wrong to `problems`: errors where a
 * provider gives no usable keys.  False where nothing could be asked, which is told among the problems as well.
 */
bool doctor_run(const struct site *site, struct problems *problems) MUST_CHECK;

/* Adds what is wrong with one, probed before. */
void doctor_examine(const struct doctor *doctor, const struct patient *patient);

/* Appends its block: lines, the first its URL. */
void doctor_tell(const struct doctor *doctor, const struct patient *patient, struct buf *out);

/* Whether the key set came from a server that showed the certificate that the discovery document's had shown. */
bool doctor_is_same_server(const struct probe *probe);

/* Whole days from `now_s` to `end_s`; negative when it has passed. */
int64_t doctor_days(int64_t now_s, int64_t end_s);

#endif
