/* SPDX-License-Identifier: Apache-2.0 */
/* One token judged in all detail, by each rule of a route in turn: what the command `explain` prints, as text or as JSON.
 *
 * Pure like judge(): keys and time come from the caller.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/report.h"

/* A rule, and what it is judged with. */
struct explain_rule {
    const struct rule *rule;       /* as configured: its expressions are evaluated here */
    const struct trust *trusts;    /* as struct judge_input wants them */
    const int64_t *clocks_ahead_s; /* by provider, as issuer_describe() says; NULL: not known */
    const char *const *troubles;   /* by trust: why it has no keys, where that is known; NULL: nothing is */
    bool is_issuer_assumed;        /* the trusts' issuers were made out of URLs */
};

struct explain_input {
    struct span pasted; /* the token, perhaps with `Bearer ` before it and blanks around */
    const struct explain_rule *rules;
    size_t rule_count; /* at least 1 */
    struct span route; /* name; at NULL: none */
    struct span host,
        path; /* what expressions are told of the request, a GET by https without fields; host at NULL: not known */
    int64_t at_s;
    struct token_limits limits;
    enum cnf_mode cnf;                   /* of the route */
    const struct revocation *revocation; /* NULL: nothing is revoked */
    struct arena *arena;                 /* all that is found lives here */
};

enum { EXPLAIN_NOTES_MAX = 8 };

/* What came of one rule. */
struct explained {
    struct rule rule; /* evaluated; not for rule_fini */
    struct judgement judgement;
    struct second_opinion opinion;
    struct span notes[EXPLAIN_NOTES_MAX];
    struct report_input report;
};

struct explanation {
    struct explained *each; /* rule after rule */
    size_t count;
    const struct explained *decisive; /* the first that does not pass, else the last */
};

/* The token in what was pasted: blanks and line breaks around it, `Bearer ` (or `DPoP `) before it taken off; whether
 * there was such a scheme in `*had_scheme`.  Empty: there is none.
 */
struct span explain_token(struct span pasted, bool *had_scheme);

/* The rule as it is for a GET by https of `host` and `path`, at `at_s`; nothing else of the input counts but the arena, in which
 * it lives.  False as rule_evaluate().
 */
bool explain_evaluate(const struct explain_input *input, const struct rule *from, struct rule *rule,
                      struct err *err) MUST_CHECK;

/* Judges by all rules.  The scheme does not count: the token is judged as if it had been sent in the way that each rule wants.
 * False with EXPRESSION_FAILED where an expression of a rule needs more than is known of the request; OUT_OF_MEMORY.
 */
bool explain_judge(const struct explain_input *input, struct explanation *explanation, struct err *err) MUST_CHECK;

/* All of it as lines, the decisive verdict first.  False: no memory. */
bool explain_text(const struct explanation *explanation, bool has_colour, struct buf *out);

/* The decisive judgement as report_json() gives it. */
bool explain_json(const struct explanation *explanation, struct buf *out);

#endif
