/* SPDX-License-Identifier: Apache-2.0 */
/* What the renderings of a judgement share. */
#ifndef POLICY_REPORT_INT_H
#define POLICY_REPORT_INT_H

#include "policy/report.h"
#include "report_shown.h"

/* "pass", "fail", "skip". */
const char *report_check_verdict(enum check_verdict verdict);

/* Of an input with an opinion: whether libjwt "agrees" with our verdict on the signature, "disagrees", or "cannot say". */
const char *report_opinion(const struct report_input *input);

/* The URL of the provider whose key verified; at NULL: the key is the policy's own. */
struct span report_key_source(const struct report_input *input);

#endif
