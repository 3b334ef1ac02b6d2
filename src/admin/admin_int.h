/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of the admin surface's table, each in the file that is named after what it is about. */
#ifndef ADMIN_ADMIN_INT_H
#define ADMIN_ADMIN_INT_H

#include "admin/admin.h"

typedef void admin_answer(const struct admin_call *call, struct reply *reply);

/* health.c */
admin_answer health_live, health_ready, health_metrics;

/* explain.c */
admin_answer explain_answer, explain_all_answer;

#endif
