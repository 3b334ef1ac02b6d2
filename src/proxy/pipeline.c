/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a plan's sections: inbound and backend before the request goes on, outbound over the answer, on-error over a refusal.
 *
 * A step either does its part or the request is refused: none is passed over.  Only inbound can wait, at a rule whose keys
 * are being fetched; it goes on at that very step.  In report-only mode what would refuse is told, and the next step runs.
 */
#include "pipeline_int.h"

bool pipeline_make(struct exchange *x)
{
    struct pipeline *pipeline = arena_zero(&x->stream->arena, sizeof *pipeline);
    size_t rules = x->route->plan.rule_count;
    x->judged = arena_zero(&x->stream->arena, rules * sizeof *x->judged);
    x->judged_values = arena_zero(&x->stream->arena, rules * sizeof *x->judged_values);
    if (pipeline == NULL || x->judged == NULL || x->judged_values == NULL)
        return false;
    pipeline->magic = PIPELINE_MAGIC;
    pipeline->x = x;
    pipeline->plan = &x->route->plan;
    pipeline->at = x->route->plan.first[SECTION_INBOUND];
    pipeline->query = x->stream->head.query;
    x->pipeline = pipeline;
    return true;
}

/* What an expression could not read for lack of memory must not pass for what is not there. */
static bool had_memory(const struct pipeline *pipeline, struct err *err)
{
    return !pipeline->lacks_memory || fail(err, REASON_OUT_OF_MEMORY, "no memory for what a policy reads");
}

/* ---- conditions ---- */

static bool decide(struct pipeline *pipeline, const struct plan_step *step, bool *holds, struct err *err)
{
    const struct plan_text *condition = &step->when.condition;
    struct value value;
    if (condition->expression == NULL) {
        *holds = span_eq_nocase(condition->literal, SPAN("true"));
        return true;
    }
    const struct expression_context context = pipeline_context(pipeline);
    if (!expression_evaluate(condition->expression, &context, &value, err))
        return false;
    *holds = value.kind == VALUE_BOOL && value.boolean;
    return value.kind == VALUE_BOOL || fail(err, REASON_EXPRESSION_FAILED, "a condition is neither true nor false");
}

/* Where to go on behind a step that only says where; `*next` is set. */
static bool branch(struct pipeline *pipeline, const struct plan_step *step, size_t *next, struct err *err)
{
    bool holds = false;
    if (step->kind == PLAN_JUMP) {
        *next = step->jump;
        return true;
    }
    bool is_decided = decide(pipeline, step, &holds, err);
    if (!holds) /* nor what could not be decided, where report-only goes on */
        *next = step->when.otherwise;
    return is_decided;
}

/* ---- refusals ---- */

static void note_error(struct pipeline *pipeline, const struct plan_step *step, enum reason reason)
{
    pipeline->error = (struct pipeline_error){.is_set = true,
                                              .source = step->source,
                                              .reason = reason_name(reason),
                                              .section = plan_section_name(pipeline->section),
                                              .path = step->path,
                                              .id = step->id};
}

/* A policy refused for another reason than the token.  In report-only mode that is told and nothing of it is left: what comes
 * later has its own answer.
 */
static bool is_let_pass(struct exchange *x, const struct plan_step *step, const struct err *err)
{
    if (x->route->mode != MODE_REPORT_ONLY || err->reason == REASON_OUT_OF_MEMORY)
        return false;
    if (step->kind == PLAN_SET_HEADER)
        pipeline_withdraw(x->pipeline, step->assignment);
    x->err = *err;
    x->policy_status = 0;
    exchange_report(x);
    return true;
}

static bool refuses(struct exchange *x, const struct plan_step *step, const struct err *err)
{
    if (is_let_pass(x, step, err))
        return false;
    note_error(x->pipeline, step, err->reason);
    x->err = *err;
    exchange_refuse(x, err->reason);
    return true;
}

/* ---- tokens ---- */

/* What an output variable holds lives as long as the exchange: what was remembered is read again, for the entry may go. */
static bool keep_token(struct exchange *x, struct value *value)
{
    struct arena *arena = &x->stream->arena;
    struct value_token *kept = arena_take(arena, sizeof *kept);
    const struct token *token = x->judgement.token;
    struct token *copy = arena_take(arena, sizeof *copy);
    struct claims *claims = arena_take(arena, sizeof *claims);
    struct err err;
    if (kept == NULL || copy == NULL || claims == NULL || token == NULL)
        return false;
    struct span raw = arena_copy(arena, token->raw);
    const struct token_limits *limits = &x->site->site->token_limits;
    if (raw.at == NULL || !token_read(copy, arena, raw, limits, &err) ||
        !claims_read(claims, arena, copy->payload_text, limits->json_depth_max, &err))
        return false;
    *kept = (struct value_token){.token = copy, .claims = claims};
    *value = (struct value){.kind = VALUE_TOKEN, .token = kept};
    return true;
}

static bool set_output(struct exchange *x)
{
    struct value value;
    struct span name = x->rule_now->output_variable;
    return name.len == 0 ||
           (keep_token(x, &value) && variables_set(&x->pipeline->variables, &x->stream->arena, name, value));
}

/* The rule as it is for this request. */
static const struct rule *rule_for(struct pipeline *pipeline, const struct rule *rule, struct err *err)
{
    if (rule->dynamic_count == 0)
        return rule;
    const struct expression_context context = pipeline_context(pipeline);
    struct rule *now = arena_take(context.arena, sizeof *now);
    if (now == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the policy");
        return NULL;
    }
    return rule_evaluate(rule, &context, now, err) ? now : NULL;
}

/* What token-value gives: no text is no token. */
static bool read_token_value(struct pipeline *pipeline, const struct rule *now, struct err *err)
{
    struct value value;
    pipeline->token_value = (struct span){NULL, 0};
    if (now->source != TOKEN_FROM_VALUE)
        return true;
    const struct expression_context context = pipeline_context(pipeline);
    return expression_evaluate(now->token_value, &context, &value, err) &&
           value_text(&value, context.arena, &pipeline->token_value, err);
}

struct span pipeline_query(const struct exchange *x)
{
    return x->pipeline == NULL ? x->stream->head.query : x->pipeline->query;
}

void pipeline_credential(struct exchange *x, struct span *credential, bool *is_repeated)
{
    const struct rule *rule = x->rule_now;
    const struct pipeline *pipeline = x->pipeline;
    const struct head *head = &x->stream->head;
    if (rule->source == TOKEN_FROM_VALUE) {
        *credential = pipeline->token_value;
    } else if (pipeline->has_fields) {
        const struct edit_field *field = edit_find(&pipeline->fields, rule->source_name, NULL);
        *credential = field == NULL ? (struct span){NULL, 0} : field->field.value;
        *is_repeated = field != NULL && edit_find(&pipeline->fields, rule->source_name, field) != NULL;
    } else {
        const struct field *field = head_find(head, rule->source_name, NULL);
        *credential = field == NULL ? (struct span){NULL, 0} : field->value;
        *is_repeated = field != NULL && head_find(head, rule->source_name, field) != NULL;
    }
}

static void note_judged(struct exchange *x)
{
    x->judged[x->judged_count] = x->rule_now;
    x->judged_values[x->judged_count++] = x->pipeline->token_value;
}

/* The token judged by the step's rule.  GO_ON with the step behind it next; else parked or refused. */
static enum turn validate(struct exchange *x, const struct plan_step *step)
{
    struct err err = {.reason = REASON_NONE};
    const struct site_rule *rule = &x->route->rules[step->rule];
    const struct rule *now = rule_for(x->pipeline, rule->rule, &err);
    if (now == NULL || !read_token_value(x->pipeline, now, &err) || !had_memory(x->pipeline, &err))
        return refuses(x, step, &err) ? ENDED : GO_ON;
    switch (exchange_try(x, rule, now)) {
    case TRIAL_PARKED: return WAIT;
    case TRIAL_REFUSED:
        note_error(x->pipeline, step, x->judgement.reason);
        exchange_refuse(x, x->judgement.reason);
        return ENDED;
    case TRIAL_LET_PASS: note_judged(x); return GO_ON;
    case TRIAL_PASSED: break;
    }
    note_judged(x);
    bool is_kept = set_output(x);
    exchange_detach(x);
    if (is_kept)
        return GO_ON;
    fail(&err, REASON_OUT_OF_MEMORY, "no memory for the token");
    refuses(x, step, &err);
    return ENDED;
}

/* ---- sections ---- */

/* One step that decides nothing about where to go on. */
static bool act(struct pipeline *pipeline, const struct plan_step *step, struct err *err)
{
    switch (step->kind) {
    case PLAN_CHECK_HEADER:
    case PLAN_IP_FILTER: return pipeline_check(pipeline, step, err);
    case PLAN_RETURN: return pipeline_make_answer(pipeline, step->answer, err);
    case PLAN_SET_HEADER:
    case PLAN_SET_QUERY:
    case PLAN_SET_VARIABLE:
    case PLAN_REWRITE_URI:
    case PLAN_SET_BACKEND: return pipeline_apply(pipeline, step, err);
    case PLAN_CORS: return true; /* done when the route was found */
    case PLAN_VALIDATE:
    case PLAN_WHEN:
    case PLAN_JUMP:
    case PLAN_KIND_COUNT: break;
    }
    return fail(err, REASON_EXPRESSION_FAILED, "a step has no place here");
}

/* Any step but one that validates; `*next` is where to go on. */
static bool take_step(struct pipeline *pipeline, const struct plan_step *step, size_t *next, struct err *err)
{
    bool is_branch = step->kind == PLAN_WHEN || step->kind == PLAN_JUMP;
    bool is_taken = is_branch ? branch(pipeline, step, next, err) : act(pipeline, step, err);
    bool is_whole = had_memory(pipeline, err);
    pipeline->own.is_set = pipeline->own.is_set && is_whole;
    return is_whole && is_taken;
}

/* Runs the steps of a section that cannot wait (all but inbound), until one makes an answer of its own.  False: one refused, or could
 * not do its part; pipeline->step is that step.
 */
static bool run_section(struct pipeline *pipeline, enum plan_section section, struct err *err)
{
    size_t at = pipeline->plan->first[section];
    pipeline->section = section;
    while (at < pipeline->plan->end[section] && !pipeline->own.is_set) {
        const struct plan_step *step = &pipeline->plan->steps[at++];
        pipeline->step = step;
        if (!take_step(pipeline, step, &at, err) &&
            (section == SECTION_ON_ERROR || !is_let_pass(pipeline->x, step, err)))
            return false;
    }
    return true;
}

/* A step of the inbound section; the next one is in pipeline->at unless it waits or the exchange is refused. */
static enum turn run_inbound(struct exchange *x)
{
    struct pipeline *pipeline = x->pipeline;
    const struct plan_step *step = &pipeline->plan->steps[pipeline->at];
    size_t next = pipeline->at + 1;
    struct err err = {.reason = REASON_NONE};
    enum turn turn = GO_ON;
    pipeline->step = step;
    if (step->kind == PLAN_VALIDATE)
        turn = validate(x, step);
    else if (!take_step(pipeline, step, &next, &err) && refuses(x, step, &err))
        turn = ENDED;
    if (turn == GO_ON)
        pipeline->at = next;
    return turn;
}

static enum turn answer_own(struct exchange *x)
{
    pipeline_send_own(x, false);
    exchange_end(x, REASON_NONE);
    return ENDED;
}

enum turn pipeline_inbound(struct exchange *x)
{
    struct pipeline *pipeline = x->pipeline;
    struct err err = {.reason = REASON_NONE};
    pipeline->section = SECTION_INBOUND;
    while (pipeline->at < pipeline->plan->end[SECTION_INBOUND] && !pipeline->own.is_set) {
        enum turn turn = run_inbound(x);
        if (turn == WAIT)
            return exchange_enter(x, STEP_AWAIT_KEYS);
        if (turn == ENDED)
            return GO_ON; /* to STEP_REFUSE */
    }
    if (!pipeline->own.is_set && !run_section(pipeline, SECTION_BACKEND, &err) && refuses(x, pipeline->step, &err))
        return GO_ON;
    return pipeline->own.is_set ? answer_own(x) : exchange_enter(x, STEP_FORWARD);
}

/* ---- the answer ---- */

static bool begin_answer(struct pipeline *pipeline, unsigned status, struct span phrase, const struct field *fields,
                         size_t count)
{
    pipeline->status = status;
    pipeline->phrase = phrase;
    pipeline->has_answer_fields = edit_begin(&pipeline->answer_fields, &pipeline->x->stream->arena, fields, count);
    return pipeline->has_answer_fields;
}

bool pipeline_outbound(struct exchange *x, const struct head *head)
{
    struct pipeline *pipeline = x->pipeline;
    const struct plan *plan = pipeline->plan;
    if (plan->first[SECTION_OUTBOUND] == plan->end[SECTION_OUTBOUND])
        return true;
    if (!begin_answer(pipeline, head->status, head->phrase, head->fields, head->count))
        return fail(&x->err, REASON_OUT_OF_MEMORY, "no memory for the answer");
    if (run_section(pipeline, SECTION_OUTBOUND, &x->err))
        return true;
    note_error(pipeline, pipeline->step, x->err.reason);
    pipeline->has_answer_fields = false;
    return false;
}

/* What went wrong behind the policies, in API Management's words. */
static void note_backend_error(struct exchange *x)
{
    bool is_late = x->reason == REASON_BACKEND_TIMEOUT;
    x->pipeline->error = (struct pipeline_error){.is_set = true,
                                                 .source = "forward-request",
                                                 .reason = is_late ? "Timeout" : "BackendConnectionFailure",
                                                 .section = "backend",
                                                 .path = "forward-request"};
}

/* Refusals of the policies' own, and failures of the backend; not what is wrong with the request as such. */
static bool is_for_on_error(struct exchange *x)
{
    bool is_backends = x->reason == REASON_BACKEND_UNREACHABLE || x->reason == REASON_BACKEND_BROKEN ||
                       x->reason == REASON_BACKEND_TIMEOUT || x->reason == REASON_BACKEND_BUSY;
    if (is_backends)
        note_backend_error(x);
    return x->pipeline->error.is_set;
}

void pipeline_on_error(struct exchange *x, const struct answer *refusal, struct span message)
{
    struct pipeline *pipeline = x->pipeline;
    struct err err = {.reason = REASON_NONE};
    if (pipeline == NULL || pipeline->plan->first[SECTION_ON_ERROR] == pipeline->plan->end[SECTION_ON_ERROR] ||
        !is_for_on_error(x))
        return;
    pipeline->error.message = message;
    pipeline->own = (struct pipeline_answer){.is_set = false};
    bool is_done = begin_answer(pipeline, refusal->status, (struct span){NULL, 0}, refusal->fields, refusal->count) &&
                   run_section(pipeline, SECTION_ON_ERROR, &err);
    if (is_done)
        return;
    /* What on-error could not make of it is not told: the refusal goes out as it was. */
    pipeline->has_answer_fields = false;
    pipeline->own.is_set = false;
}
