/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of the admin surface's table, each in the file that is named after what it is about. */
#ifndef ADMIN_ADMIN_INT_H
#define ADMIN_ADMIN_INT_H

#include "admin/admin.h"

typedef void admin_answer(const struct admin_call *call, struct reply *reply);

/* admission.c: false where the request was refused.  Whether its Host is known here; then, once its row is known, all else: sets
 * call->is_trusted.
 */
bool admission_knows_host(const struct admin_door *door, const struct admin_call *call, struct reply *reply);
bool admission_judge(const struct admin_door *door, struct admin_call *call, enum admin_access access,
                     struct reply *reply);

/* health.c */
admin_answer health_live, health_ready, health_metrics;

/* status.c, reload.c, level.c */
admin_answer status_answer, reload_answer, level_answer, level_set_answer;

/* explain.c */
admin_answer explain_answer, explain_all_answer;

/* Wipes and frees what the token console keeps; none of its requests may be under way.  NULL is let through. */
void console_free(struct console *console);
/* console.c, login.c, callback.c, send.c: the token console */
admin_answer console_settings_answer, login_answer, callback_answer, ticket_answer, send_answer;

/* assets.c: `/` is the page of the token console, /console/NAME one of its files */
admin_answer assets_answer;

#endif
