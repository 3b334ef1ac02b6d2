/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement for people and programs: lines of text, JSON, log fields.  The verdict is judge()'s alone. */
#ifndef POLICY_REPORT_H
#define POLICY_REPORT_H

#include "base/buf.h"
#include "base/log.h"
#include "jose/second_opinion.h"
#include "policy/judge.h"

struct report_input {
    const struct judgement *judgement; /* made with wants_every_check to show every check */
    const struct rule *rule;           /* the one it was judged by, evaluated */
    struct span route;                 /* name; at NULL: none */
    bool tells_scope;                  /* the route's: 403 where only required claims failed */
    int64_t at_s;                      /* wall clock of the judgement */
    struct arena *arena;               /* scratch; what is returned lives here */

    /* What more is known; all of it may be left out, and then less is said. */
    struct span pasted;                   /* the token as somebody gave it, scheme taken off */
    bool is_encrypted;                    /* as it came: of five parts, whether it could be opened or not */
    const struct tape *outer;             /* header of the encryption; NULL: it cannot be read */
    const struct trust *trusts;           /* those it was judged by */
    const struct span *urls;              /* by provider: the URL it is known by; NULL: as the rule names them */
    const char *const *troubles;          /* by trust: why it has no keys; NULL where it has, or that is not known */
    bool is_issuer_assumed;               /* the issuers of the trusts were made out of URLs */
    int64_t clock_ahead_s;                /* of the provider's clock, as issuer_describe() says; 0: not known */
    const struct second_opinion *opinion; /* about the judgement's signature */
    const struct span *notes;             /* sentences to be shown beside */
    size_t note_count;
    bool has_colour;  /* text for a terminal that shows colours */
    bool omits_token; /* text without header and claims */
};

/* "pass", "refuse", or "unknown" where no verdict on the token was possible (no keys, an expression
 * that could not be evaluated, no memory). */
const char *report_verdict(const struct judgement *judgement);

/* What a request is answered with: that of the judgement, but for the route's insufficient_scope. */
unsigned report_status(const struct report_input *input);

/* What to do about a failed check: for common mistakes by this very token, else by its reason.  Empty when it did not fail. */
const char *report_advice(const struct report_input *input, const struct check *check);

/* The line for the verdict, "refuse TokenExpired (401) on route calc: exp, expired 3 min 12 s ago". */
bool report_summary(const struct report_input *input, struct buf *out);

/* That line; one for each check with expected, found and advice; the key that verified, the second opinion; header and
 * claims, times in words beside them.  Foreign bytes are escaped and cut.  False: no memory.
 */
bool report_text(const struct report_input *input, struct buf *out);

/* One JSON object, `{"schema":1,...}`, without a newline behind.  Header and claims are embedded as the token spells them. */
bool report_json(const struct report_input *input, struct buf *out);

/* The first failure as fields reason, check, expected, found for log_line(), which quotes and cuts; returns how many.  A
 * `sub` found is given as its short hash.  A
 * judgement that passed gives none.
 */
enum { REPORT_FIELDS_MAX = 4 };
/* Fills `out` from the first failure; memory for texts from `arena`. */
size_t report_fields(const struct judgement *judgement, struct arena *arena, struct log_field out[REPORT_FIELDS_MAX]);

#endif
