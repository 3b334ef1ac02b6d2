/* SPDX-License-Identifier: Apache-2.0 */
/* POST /reload: the configuration is read again, and either all of it is taken up or nothing. */
#include "admin_int.h"
#include "say_int.h"

/* Nothing is asked for: an empty object says as much as no body. */
static bool is_empty(struct span body)
{
    struct span rest = span_trim(body);
    return rest.len == 0 || (rest.at[0] == '{' && rest.at[rest.len - 1] == '}' && rest.len >= 2 &&
                             span_trim(span_of(rest.at + 1, rest.len - 2)).len == 0);
}

static void say_position(struct buf *out, const char *key, unsigned position)
{
    if (position == 0)
        say_null(out, key);
    else
        say_number(out, key, position);
}

static void say_error(struct buf *out, const struct problem *problem)
{
    say_open(out, NULL, '{');
    say_text(out, "file", span_str(problem->file));
    say_position(out, "line", problem->line);
    say_position(out, "column", problem->column);
    say_text(out, "message", span_str(problem->text));
    say_close(out, '}');
}

static void say_errors(struct buf *out, const struct admin_reload *reload)
{
    const struct problem system = {.kind = PROBLEM_ERROR, .text = (char *)(uintptr_t)reload->err.text};
    say_open(out, NULL, '{');
    say_open(out, "errors", '[');
    for (const struct problem *problem = reload->problems.first; problem != NULL; problem = problem->next)
        if (problem->kind == PROBLEM_ERROR)
            say_error(out, problem);
    if (reload->err.reason != REASON_NONE)
        say_error(out, &system);
    say_close(out, ']');
    say_close(out, '}');
}

static void say_changes(struct buf *out, const struct admin_reload *reload)
{
    say_open(out, NULL, '{');
    say_raw(out, "changes", buf_span(&reload->changes));
    say_close(out, '}');
}

static void answer(const struct admin_call *call, struct admin_reload *reload, struct reply *reply)
{
    switch (call->admin->hooks.reload(call->admin->hooks.context, reload)) {
    case ADMIN_RELOADED:
        admin_say_json(reply);
        say_changes(&reply->body, reload);
        return;
    case ADMIN_RELOAD_REFUSED:
        admin_say_json(reply);
        reply->status = 422;
        say_errors(&reply->body, reload);
        return;
    case ADMIN_RELOAD_DRAINING: admin_refuse(reply, 409, "the gateway is ending: nothing is reloaded any more"); return;
    }
}

void reload_answer(const struct admin_call *call, struct reply *reply)
{
    struct admin_reload reload = {.err = {.reason = REASON_NONE}};
    if (!is_empty(call->request->body)) {
        admin_refuse(reply, 400, "a reload takes no members: send {} or nothing");
        return;
    }
    problems_init(&reload.problems);
    answer(call, &reload, reply);
    problems_fini(&reload.problems);
    reply->body.is_broken = reply->body.is_broken || reload.changes.is_broken;
    buf_fini(&reload.changes);
}
