/* SPDX-License-Identifier: Apache-2.0 */
/* A route's plan at work on one exchange: what its policies have changed so far, and what its expressions see. */
#ifndef PROXY_PIPELINE_INT_H
#define PROXY_PIPELINE_INT_H

#include "exchange_int.h"
#include "proxy/edit.h"

enum { PIPELINE_MAGIC = 0x51c0d37b };

/* context.LastError */
struct pipeline_error {
    bool is_set;
    const char *source, *reason, *section, *path;
    struct span message, id;
};

/* An answer that a policy made: return-response. */
struct pipeline_answer {
    bool is_set;
    unsigned status;
    struct span phrase, body;
    struct edit_fields fields;
};

struct pipeline {
    uint32_t magic;
    struct exchange *x;
    const struct plan *plan;
    size_t at;                    /* the inbound step that is next, or waits for keys */
    const struct plan_step *step; /* running now */
    enum plan_section section;
    struct variables variables;
    bool lacks_memory; /* an expression was told that something is not there because there was no memory for it */
    /* the request for the backend */
    bool has_fields;
    struct edit_fields fields; /* with has_fields; else the head's */
    struct span path;          /* whole, set by rewrite-uri; at NULL: as routed */
    struct span prefix;        /* path of the chosen backend's base URL */
    struct span token_value;   /* of the rule being judged */
    struct span query;         /* with `?`; at NULL: none */
    /* the answer for the client */
    unsigned status; /* 0: there is none yet */
    struct span phrase;
    bool has_answer_fields;
    struct edit_fields answer_fields;
    struct pipeline_answer own;
    struct pipeline_error error;
};

/* The context of expressions now. */
struct expression_context pipeline_context(struct pipeline *pipeline);

/* The request's path and query as they go to the backend so far; false: no memory. */
bool pipeline_path(struct pipeline *pipeline, struct span *path) MUST_CHECK;

/* The client's address, as far as it is known. */
struct span pipeline_address(const struct pipeline *pipeline);

/* Whether policies see the client's field: what stops at the gateway whatever they say (hop-by-hop fields, those that Connection
 * names, headers that only claims may make) must not speak for the request.
 */
bool pipeline_sees(const struct exchange *x, const struct field *field);

/* Takes out the client's own field where set-header could not put another in its place: what a policy was to say must not be said by
 * the client.
 */
void pipeline_withdraw(struct pipeline *pipeline, const struct plan_assignment *from);

/* Runs one step that changes the request or the answer.  False with EXPRESSION_FAILED or OUT_OF_MEMORY. */
bool pipeline_apply(struct pipeline *pipeline, const struct plan_step *step, struct err *err) MUST_CHECK;
/* check-header and ip-filter.  False with the reason; check-header's status and message for the client are then in
 * x->policy_status and x->policy_message.
 */
bool pipeline_check(struct pipeline *pipeline, const struct plan_step *step, struct err *err) MUST_CHECK;
/* return-response: makes pipeline->own. */
bool pipeline_make_answer(struct pipeline *pipeline, const struct plan_answer *from, struct err *err) MUST_CHECK;

#endif
