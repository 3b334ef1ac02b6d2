/* SPDX-License-Identifier: Apache-2.0 */
/* Documents joined by <base/>: the sections of all of them, one in the place of the other's <base/>, as one flat plan.
 *
 * What stands before <base/> comes first, from the innermost document outwards; what stands behind it last, from the outermost
 * inwards.  Jumps never cross a <base/>, since it stands in no <choose>: each part is moved as a whole.
 */
#include "plan_int.h"

struct joining {
    struct plan_reader *r;
    struct plan *plan;
    struct plan_step *steps;
    struct draft_rule *rules[PLAN_RULES_MAX];
    bool is_forwarded; /* <forward-request> was passed */
};

/* A run of a fragment's steps: before its <base/>, or behind it. */
struct part {
    const struct fragment *fragment;
    size_t from, to;
    bool is_behind_base;
};

/* The documents of a section, innermost first, each the <base/> of the one before; their number. */
static size_t chain_of(const struct draft_document *documents, size_t count, enum plan_section section,
                       const struct fragment *chain[PLAN_DOCUMENTS_MAX])
{
    size_t depth = 0;
    for (size_t i = count; i-- > 0;) {
        const struct fragment *fragment = &documents[i].sections[section];
        if (fragment->node == NULL)
            continue;
        chain[depth++] = fragment;
        if (!fragment->has_base)
            break;
    }
    return depth;
}

static bool take_rule(struct joining *j, const struct draft_step *draft, struct plan_step *step)
{
    if (j->plan->rule_count == PLAN_RULES_MAX)
        return problem_error(j->r->problems, step->node, "more than %d policies that validate tokens", PLAN_RULES_MAX);
    step->rule = j->plan->rule_count++;
    j->rules[step->rule] = draft->rule;
    return true;
}

static bool take_cors(struct joining *j, const struct plan_step *step)
{
    if (j->plan->cors != NULL)
        return problem_error(j->r->problems, step->node, "a second <cors>: one document's is enough");
    j->plan->cors = step->cors;
    return true;
}

/* The step in its new place: what counted from `from` in its fragment counts from `start` now. */
static bool settle_step(struct joining *j, const struct draft_step *draft, struct plan_step *step, size_t start,
                        size_t from)
{
    switch (step->kind) {
    case PLAN_VALIDATE: return take_rule(j, draft, step);
    case PLAN_CORS: return take_cors(j, step);
    case PLAN_WHEN: step->when.otherwise = step->when.otherwise - from + start; return true;
    case PLAN_JUMP: step->jump = step->jump - from + start; return true;
    case PLAN_CHECK_HEADER:
    case PLAN_IP_FILTER:
    case PLAN_SET_HEADER:
    case PLAN_SET_QUERY:
    case PLAN_SET_VARIABLE:
    case PLAN_REWRITE_URI:
    case PLAN_SET_BACKEND:
    case PLAN_RETURN:
    case PLAN_KIND_COUNT: break;
    }
    return true;
}

static bool is_forward_at(const struct part *part, size_t index)
{
    const struct fragment *f = part->fragment;
    bool is_here = f->has_forward && (!f->has_base || f->forwards_before_base != part->is_behind_base);
    return is_here && f->forward == index;
}

static bool emit(struct joining *j, const struct part *part)
{
    size_t start = j->plan->count;
    const struct draft_step *draft = part->fragment->first;
    for (size_t i = 0; i < part->from; i++)
        draft = draft->next;
    for (size_t i = part->from; i < part->to; i++, draft = draft->next) {
        j->is_forwarded = j->is_forwarded || is_forward_at(part, i);
        if (j->plan->count == PLAN_STEPS_MAX)
            return problem_error(j->r->problems, draft->step.node, "more than %d steps", PLAN_STEPS_MAX);
        if (j->is_forwarded)
            return problem_error(j->r->problems, draft->step.node,
                                 "this stands behind <forward-request>, when the answer is there: put it into "
                                 "<outbound>, or before");
        struct plan_step *step = &j->steps[j->plan->count++];
        *step = draft->step;
        if (!settle_step(j, draft, step, start, part->from))
            return false;
    }
    j->is_forwarded = j->is_forwarded || is_forward_at(part, part->to);
    return true;
}

static bool emit_section(struct joining *j, const struct fragment *const *chain, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        size_t end = chain[i]->has_base ? chain[i]->base : chain[i]->count;
        if (!emit(j, &(struct part){chain[i], 0, end, false}))
            return false;
    }
    for (size_t i = depth; i-- > 0;)
        if (chain[i]->has_base && !emit(j, &(struct part){chain[i], chain[i]->base, chain[i]->count, true}))
            return false;
    return true;
}

/* An inner document that does without the outer one's policies may have forgotten them. */
static void warn_dropped(struct joining *j, const struct draft_document *documents, size_t count)
{
    size_t i = count - 1;
    while (i > 0 &&
           (documents[i].sections[SECTION_INBOUND].node == NULL || documents[i].sections[SECTION_INBOUND].has_base))
        i--;
    const struct fragment *inner = &documents[i].sections[SECTION_INBOUND];
    while (i-- > 0) {
        const struct fragment *outer = &documents[i].sections[SECTION_INBOUND];
        if (outer->count == 0)
            continue;
        problem_warning(j->r->problems, inner->node,
                        "<inbound> without <base/>: the policies of \"%s\" are not applied", outer->node->file);
        return;
    }
}

static size_t count_steps(const struct draft_document *documents, size_t count)
{
    size_t steps = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < SECTION_COUNT; s++)
            steps += documents[i].sections[s].count;
    return steps < PLAN_STEPS_MAX ? steps : PLAN_STEPS_MAX;
}

/* The rules go over to the plan, and are the reader's no more. */
static bool take_rules(struct joining *j)
{
    struct plan *plan = j->plan;
    struct rule *rules = arena_zero(j->r->arena, plan->rule_count * sizeof *rules);
    if (rules == NULL)
        return false;
    for (size_t i = 0; i < plan->rule_count; i++) {
        rules[i] = j->rules[i]->rule;
        j->rules[i]->rule = (struct rule){.source_name = {NULL, 0}};
    }
    plan->rules = rules;
    return true;
}

bool plan_join(struct plan_reader *r, const struct draft_document *documents, size_t count, struct plan *plan)
{
    const struct fragment *chain[PLAN_DOCUMENTS_MAX];
    const struct node *root = documents[count - 1].root;
    struct joining j = {.r = r, .plan = plan};
    j.steps = arena_zero(r->arena, count_steps(documents, count) * sizeof *j.steps);
    plan->steps = j.steps;
    if (j.steps == NULL)
        return problem_error(r->problems, root, "out of memory");
    for (size_t s = 0; s < SECTION_COUNT; s++) {
        plan->first[s] = plan->count;
        j.is_forwarded = false;
        if (!emit_section(&j, chain, chain_of(documents, count, (enum plan_section)s, chain)))
            return false;
        plan->end[s] = plan->count;
    }
    if (plan->rule_count == 0)
        return problem_error(r->problems, root,
                             "no validate-jwt in <inbound>; for a public route write `policy: none`");
    warn_dropped(&j, documents, count);
    return take_rules(&j) || problem_error(r->problems, root, "out of memory");
}
