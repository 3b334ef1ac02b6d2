/* SPDX-License-Identifier: Apache-2.0 */
/* One token judged in all detail, by each rule of a route in turn: what the command `explain` prints, as text or as JSON.
 *
 * Pure like judge(): keys and time come from the caller.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy/plan.h"
#include "policy/report.h"

/* A query parameter, percent-decoded. */
struct explain_parameter {
    struct span name, value;
};

/* What expressions are told of the request: a GET without fields and variables. */
struct explain_request {
    bool is_given;    /* by who asks; else made up */
    bool is_plain;    /* http, else https */
    struct span host; /* without port; at NULL: not known */
    unsigned port;    /* 0: that of the scheme */
    struct span path;
    struct span query; /* with its `?`, or empty */
    const struct explain_parameter *parameters;
    size_t parameter_count;
};

/* A rule, and what it is judged with. */
struct explain_rule {
    const struct rule *rule;       /* as configured: its expressions are evaluated here */
    const char *place;             /* in its section, as struct plan_step has it; NULL: not known */
    bool is_alternative;           /* it stands in a branch of choose: it judges only requests that get there */
    const struct trust *trusts;    /* as struct judge_input wants them */
    const struct span *urls;       /* by provider: the URL it is known by; NULL: as the rule names them */
    const int64_t *clocks_ahead_s; /* by provider, as issuer_describe() says; NULL: not known */
    const char *const *troubles;   /* by trust: why it has no keys, where that is known; NULL: nothing is */
    bool is_issuer_assumed;        /* the trusts' issuers were made out of URLs */
};

struct explain_input {
    struct span pasted; /* the token, perhaps with `Bearer ` before it and blanks around */
    const struct explain_rule *rules;
    size_t rule_count; /* at least 1 */
    struct span route; /* name; at NULL: none */
    bool tells_scope;  /* the route's: 403 where only required claims failed */
    struct explain_request request;
    int64_t at_s;
    struct token_limits limits;
    enum cnf_mode cnf;                   /* of the route */
    const struct revocation *revocation; /* NULL: nothing is revoked */
    bool is_brief;                       /* the verdict is all that is wanted: libjwt is not asked */
    struct arena *arena;                 /* all that is found lives here */
};

enum { EXPLAIN_NOTES_MAX = 16 };

/* An expression of a rule that needs more than is known of the request. */
struct explain_unknown {
    const struct rule_dynamic *dynamic;
    struct span why;
};

/* What came of one rule. */
struct explained {
    const struct explain_rule *with;
    struct rule rule; /* evaluated; not for rule_fini */
    struct explain_unknown *unknown;
    size_t unknown_count;
    struct judgement judgement;
    struct second_opinion opinion;
    struct tape outer; /* header of the encryption, where there is one that can be read */
    struct span notes[EXPLAIN_NOTES_MAX];
    struct report_input report;
};

struct explanation {
    struct explained *each; /* rule after rule */
    size_t count;
    const struct explained *decisive; /* as explain_decide() says */
};

/* How one of several rules judged. */
struct explain_vote {
    bool is_alternative, has_passed;
    bool is_unknown; /* where it has not passed: there is no verdict either */
};

/* The rule whose verdict is that of all, without a request to choose branches by: the first that stands in no branch and does not
 * pass; else, where all stand in branches, the first that passes, else the last without a verdict, else the last; else the first
 * in a branch that passes, else the last in none.  `count` is at least 1.
 */
size_t explain_decide(const struct explain_vote *votes, size_t count);

/* Where plan->rules[rule] stands, as struct plan_step has it, NULL where no step holds it; whether that is within choose. */
const char *explain_place(const struct plan *plan, size_t rule, bool *is_alternative);

/* The token in what was pasted: blanks and line breaks around it, `Bearer ` (or `DPoP `) before it taken off; whether
 * there was such a scheme in `*had_scheme`.  Empty: there is none.
 */
struct span explain_token(struct span pasted, bool *had_scheme);

/* The rule as it is for the request, at `at_s`; nothing else of the input counts but the arena, in which it lives.  False as
 * rule_evaluate().
 */
bool explain_evaluate(const struct explain_input *input, const struct rule *from, struct rule *rule,
                      struct err *err) MUST_CHECK;

/* Judges by all rules.  The scheme does not count: the token is judged as if it had been sent in the way that each rule wants.
 * A check that depends on an expression which needs more than is known of the request is skipped unless it holds without; where
 * nothing else refuses, the reason is EXPRESSION_FAILED.  False with OUT_OF_MEMORY.
 */
bool explain_judge(const struct explain_input *input, struct explanation *explanation, struct err *err) MUST_CHECK;

/* All of it as lines, the decisive verdict first.  False: no memory. */
bool explain_text(const struct explanation *explanation, bool has_colour, struct buf *out);

/* The decisive judgement as report_json() gives it. */
bool explain_json(const struct explanation *explanation, struct buf *out);

#endif
