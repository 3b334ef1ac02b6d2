/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of cases: tokens and claims, routes, and the verdicts that they must get.  Read, judged, told as TAP 14. */
#ifndef CLI_CASES_H
#define CLI_CASES_H

#include "base/schema.h"
#include "cli/keys.h"
#include "policy/explain.h"

enum case_expectation { EXPECT_PASS, EXPECT_REFUSE };

/* A case as the table has it, gaps filled by its defaults.  Texts live as long as the arena given to the reader. */
struct case_row {
    struct span name, route;
    struct span token, token_file; /* one of these two, or claims */
    const struct node *claims;
    struct span jwks;   /* file name as written; at NULL: none */
    struct span issuer; /* at NULL: none */
    struct span at;     /* at NULL: now */
    struct span url;    /* of the request; at NULL: what the route says */
    int expect;         /* enum case_expectation */
    struct span reason; /* at NULL: any */
    int64_t status;     /* 0: any */
    const struct node *node;

    /* Made of the above. */
    struct span credential; /* the token without scheme and blanks; empty: none */
    struct span claims_json;
    struct span jwks_bytes;         /* at NULL: none given */
    struct explain_request request; /* where a url is given */
    int64_t at_s;
    bool has_at;
};

struct case_table {
    struct case_row *rows;
    size_t count;
};

/* Reads a table and the files it names, which are relative to it.  All problems are added; false when one was an error. */
bool cases_read(struct case_table *table, const char *file, struct span text, struct arena *arena,
                struct problems *problems) MUST_CHECK;

/* What came of a case. */
struct case_outcome {
    bool holds;
    const char *verdict; /* as report_verdict() */
    enum reason reason;  /* NONE: passed */
    unsigned status;     /* that the route would answer with; 200: passed */
    size_t rule;         /* of the route's policy, from 0: the one that decided */
    size_t rule_count;
    const struct check *failed; /* NULL: none */
    const char *advice;
};

/* Whether verdict, reason and status are what the row expects.  No verdict is a refusal only to who expects its reason. */
bool cases_holds(const struct case_row *row, const struct case_outcome *outcome);

/* Judges the case on its route of `site`, by each of the route's rules in turn until one refuses.  False: no memory, or keys
 * given that cannot be used; a case that does not hold is no failure.
 */
bool cases_judge(const struct case_row *row, const struct site_route *route, const struct site *site, struct keys *keys,
                 struct arena *arena, struct case_outcome *outcome, struct err *err) MUST_CHECK;

/* Makes the keys wanted that the case needs of providers: none where it brings its own. */
bool cases_want(const struct case_row *row, const struct site_route *route, struct keys *keys,
                struct err *err) MUST_CHECK;

/* The plan of a TAP document, then a line for a case, with what was expected and found where it does not hold. */
void cases_tap_plan(struct buf *out, size_t count);
/* `number` counts from 1. */
void cases_tap_line(struct buf *out, size_t number, const struct case_row *row, const struct case_outcome *outcome);

enum { CASES_FILES_MAX = 1000 };

struct cases_options {
    const char *config;
    char *const *files;
    size_t count;
};

/* The command `test`: returns the exit status, 0 when all cases hold, 1 when some do not, 2 when there was nothing to be judged. */
int cases_run(const struct cases_options *options);

#endif
