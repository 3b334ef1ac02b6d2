/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents read into plans for tests: tables of what is refused beside what loads, and requests to run them with. */
#ifndef UNIT_POLICY_PLAN_CASE_H
#define UNIT_POLICY_PLAN_CASE_H

#include "policy/plan.h"
#include "base/buf.h"
#include "rule_case.h"

/* Line 1 ends before the policies: they stand in line 2 and after. */
#define VALIDATE "<validate-jwt header-name='Authorization'>" KEYS_XML "</validate-jwt>"
#define DOCUMENT(inbound, rest) "<policies><inbound>\n" inbound VALIDATE "</inbound>" rest "</policies>"
#define INBOUND(policies) DOCUMENT(policies, "")
#define BACKEND(policies) DOCUMENT("", "<backend>" policies "</backend>")
#define OUTBOUND(policies) DOCUMENT("", "<outbound>" policies "</outbound>")
#define ON_ERROR(policies) DOCUMENT("", "<on-error>" policies "</on-error>")

/* Documents as they were read. */
struct plan_loaded {
    struct arena arena;
    struct problems problems;
    struct plan plan;
    bool is_read;
};

/* Outermost first; they are called 1.xml, 2.xml ... */
void plan_load(struct plan_loaded *loaded, const char *const *documents, size_t count);
void plan_unload(struct plan_loaded *loaded);

/* Ends the test unless the one document loads. */
void plan_load_good(struct plan_loaded *loaded, const char *document);

/* Like rule_cases_run, of plans. */
void plan_cases_run(const struct rule_case *cases, size_t count);

/* Whether there is such a problem about `file`, line and column. */
bool plan_has_problem(const struct plan_loaded *loaded, enum problem_kind kind, const char *file, unsigned line,
                      unsigned column, const char *text);

/* A request for expressions: its method, one header field "X" and one query parameter "q". */
struct plan_request {
    const char *method, *header, *query; /* NULL: is not there */
    struct arena arena;
    struct variables variables;
};

struct expression_context plan_request_context(struct plan_request *request);

/* Ends the request's memory. */
void plan_request_fini(struct plan_request *request);

#endif
