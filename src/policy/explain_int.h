/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of explain share. */
#ifndef POLICY_EXPLAIN_INT_H
#define POLICY_EXPLAIN_INT_H

#include "policy/explain.h"

/* explain_request.c: the rule with every expression that can be evaluated; the others are put into one->unknown, and their places
 * hold what is harmless.  False with OUT_OF_MEMORY.
 */
bool explain_evaluate_known(const struct explain_input *input, const struct rule *from, struct explained *one,
                            struct err *err) MUST_CHECK;

/* Skips the checks of one->judgement that failed for what is not known, and leaves it without a verdict if none failed besides. */
void explain_leave_open(struct explained *one);

/* explain_notes.c: what should be known to read one of the judgements; the decisive one tells of all. */
void explain_note(const struct explain_input *input, const struct explanation *explanation, struct explained *one);

#endif
