/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions that give a value, each way to be refused beside a neighbour that is taken, over one made-up request. */
#ifndef UNIT_POLICY_EXPRESSION_CASE_H
#define UNIT_POLICY_EXPRESSION_CASE_H

#include "policy/expression.h"
#include "unit.h"

/* The request: POST https://api.example:8443/v1/items?q=a%2Cb&q=c from 192.0.2.7; see expression_case.c for the rest. */
struct expression_world {
    struct arena arena;
    struct claims claims;
    struct token token;
    struct value_token jwt;
    struct variables variables;
    struct expression_host host;
    bool has_error;    /* context.LastError is there */
    bool has_response; /* context.Response is there */
    bool has_certificate;
    size_t long_bytes; /* of the field X-Long */
    char *long_text;
};

void expression_world_init(struct expression_world *world);
void expression_world_fini(struct expression_world *world);
struct expression_context expression_world_context(struct expression_world *world);

/* "int 3", "text a", "bool True", "null", "list a|b", "time MS", "token RAW"; "read OFFSET: why" or "run: why" when refused. */
const char *expression_outcome(struct expression_world *world, const char *text);

struct expression_value_case {
    const char *text;
    const char *outcome;
};
void expression_values_run(const struct expression_value_case *cases, size_t count);

struct expression_refusal_case {
    const char *text;
    size_t offset;     /* where the reading stops; RUNS: it is read, and fails when it runs */
    const char *holds; /* in what is said */
    const char *good;  /* gives a value */
};
#define RUNS SIZE_MAX
void expression_refusals_run(const struct expression_refusal_case *cases, size_t count);

#endif
