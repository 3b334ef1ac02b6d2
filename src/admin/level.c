/* SPDX-License-Identifier: Apache-2.0 */
/* GET and POST /log: the least level that is written, until the next reload or restart. */
#include "admin_int.h"
#include "base/log.h"
#include "input_int.h"
#include "say_int.h"

static void say_level(struct reply *reply)
{
    admin_say_json(reply);
    say_open(&reply->body, NULL, '{');
    say_text(&reply->body, "level", span_str(log_level_name(log_level())));
    say_close(&reply->body, '}');
}

void level_answer(const struct admin_call *call, struct reply *reply)
{
    (void)call;
    say_level(reply);
}

void level_set_answer(const struct admin_call *call, struct reply *reply)
{
    struct tape tape;
    struct err err = {0};
    enum log_level level;
    struct input_member members[] = {{.name = "level", .kinds = INPUT_TEXT, .is_required = true}};
    const struct request *request = call->request;
    if (!input_read(&tape, request->arena, request->body, members, COUNT_OF(members), &err)) {
        admin_refuse(reply, reason_info(err.reason)->status, "%s", err.text);
        return;
    }
    if (!log_level_of(input_text(&tape, &members[0]), &level)) {
        admin_refuse(reply, 400, "\"level\" is debug, info, warning or error");
        return;
    }
    const char *before = log_level_name(log_level());
    log_set_level(level);
    LOG_EVENT(LOG_NOTICE, "log-level", LOG_STR("now", log_level_name(level)), LOG_STR("before", before),
              LOG_STR("by", "admin"));
    say_level(reply);
}
