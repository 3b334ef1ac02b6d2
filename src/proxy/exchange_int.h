/* SPDX-License-Identifier: Apache-2.0 */
/* One request on its way through the gateway, for the files of this folder. */
#ifndef PROXY_EXCHANGE_INT_H
#define PROXY_EXCHANGE_INT_H

#include "base/log.h"
#include "proxy/gateway.h"
#include "proxy/route.h"

enum { EXCHANGE_MAGIC = 0x2e8c4a6e, REQUEST_ID_BYTES = 64, REFUSAL_FIELDS_MAX = 8 };

enum step {
    STEP_ROUTE,
    STEP_DESCRIBE, /* resource metadata was asked for */
    STEP_JUDGE,
    STEP_AWAIT_KEYS,
    STEP_FORWARD, /* the request's head for the backend is written */
    STEP_GATHER,  /* what came with the head is gathered, so that it goes out in one write */
    STEP_CONNECT,
    STEP_RELAY,
    STEP_REFUSE,
    STEP_ENDED
};

enum turn { GO_ON, WAIT, ENDED };

struct exchange {
    uint32_t magic;
    enum step step;
    struct gate *gate;
    struct gate_site *site;
    struct stream *stream;
    const struct site_route *route;    /* NULL: none was found */
    const struct site_backend *target; /* where the request goes: the route's backend, or what its policy chose */
    struct span request_id;
    char request_id_text[REQUEST_ID_BYTES];
    /* judging */
    const struct site_rule *rule; /* judged last, or now */
    const struct rule *rule_now;  /* the same with its expressions evaluated */
    struct judgement judgement;
    struct list parked; /* in the gate's list */
    struct deadline deadline;
    bool has_waited, was_judged;
    bool is_token_too_long;      /* past limits.token */
    const char *keys_note;       /* why keys that might have helped were not waited for, for the log; NULL: nothing */
    struct span forgotten;       /* the token whose remembered key is gone; at NULL: none */
    const struct span *identity; /* values of the route's identity headers; NULL: none, the token did not pass */
    /* let pass in report-only mode */
    bool was_let_pass;
    bool is_credential_repeated; /* ambiguous: none of them was judged, so none goes on */
    struct log_field *refusal;   /* what would have been told, copied; NULL: no memory for it */
    size_t refusal_count;
    /* describing */
    const struct site_resource *resource;
    /* refusing */
    enum reason reason; /* NONE: not refused */
    struct err err;     /* what exactly */
    /* forwarding */
    struct buf request; /* for the backend, until it is sent; kept while it could be sent again */
    size_t request_head_bytes;
    struct backend *backend;
    size_t server, servers_tried;
    bool has_batch, is_reused, was_resent, is_replayable, is_request_sent, is_first_chunk_out, is_body_paused;
    bool wants_fresh;
    bool has_sent; /* something of the request may have reached the server */
    int64_t sent_us, answered_us;
};

/* Writes the request's head for the server into x->request; again for another server, before the body gathered there. */
bool forward_head(struct exchange *x);

/* Runs the steps until one waits or the exchange ended. */
void exchange_run(struct exchange *x);
enum turn exchange_enter(struct exchange *x, enum step step);
/* Refuses with `reason`; x->err tells what exactly. */
enum turn exchange_refuse(struct exchange *x, enum reason reason);
/* The one way to end. */
void exchange_end(struct exchange *x, enum reason why);

/* How the request fared under one rule. */
enum trial { TRIAL_PASSED, TRIAL_REFUSED, TRIAL_LET_PASS, TRIAL_PARKED };

/* Judges the request by x->rule_now, which is x->rule's; a pass sets x->identity. */
void exchange_judge(struct exchange *x);
/* The same, and what follows from it: parked where keys are to be waited for, let pass in report-only mode. */
enum trial exchange_try(struct exchange *x, const struct site_rule *rule, const struct rule *now);
/* Lets a refused request pass: what is to be told of it is kept, nothing else of the judgement. */
void exchange_let_pass(struct exchange *x);
/* Drops the remembered token whose key is gone, if there is one. */
void exchange_forget(struct exchange *x);

/* The steps of relaying. */
enum turn step_connect(struct exchange *x);
void relay_body(struct exchange *x, struct span piece);
void relay_batch(struct exchange *x);
void relay_drained(struct exchange *x);

/* Sends the refusal that x->reason and x->judgement call for. */
void refuse_send(struct exchange *x);
/* Sends the metadata of x->resource. */
void refuse_describe(struct exchange *x);

/* Why the judgement refused, as fields for the access line; texts may point into what was judged.  Returns how many. */
size_t account_refusal(struct exchange *x, struct log_field out[REFUSAL_FIELDS_MAX]);
/* The access line, the refusal's line, and the counts. */
void account_end(struct exchange *x, enum reason why);

#endif
