/* SPDX-License-Identifier: Apache-2.0 */
/* One request on its way through the gateway, for the files of this folder. */
#ifndef PROXY_EXCHANGE_INT_H
#define PROXY_EXCHANGE_INT_H

#include "base/log.h"
#include "http/trace.h"
#include "proxy/gateway.h"
#include "proxy/route.h"

enum { EXCHANGE_MAGIC = 0x2e8c4a6e, REQUEST_ID_BYTES = 64, REFUSAL_FIELDS_MAX = 12 };

enum step {
    STEP_ROUTE,
    STEP_DESCRIBE, /* resource metadata was asked for */
    STEP_JUDGE,
    STEP_AWAIT_KEYS,
    STEP_FORWARD, /* the request's head for the backend is written */
    STEP_GATHER,  /* what came with the head is gathered, so that it goes out in one write */
    STEP_CONNECT,
    STEP_AWAIT_CONNECTION, /* all that the backend allows are in use */
    STEP_RELAY,
    STEP_TUNNEL, /* raw bytes both ways */
    STEP_REFUSE,
    STEP_ENDED
};

enum turn { GO_ON, WAIT, ENDED };

/* What cors found. */
enum origin {
    ORIGIN_NONE,    /* the route has no cors, or the request comes from no other origin */
    ORIGIN_ALLOWED, /* the answer says so */
    ORIGIN_UNKNOWN, /* served without a word on it */
};

struct exchange {
    uint32_t magic;
    enum step step;
    struct gate *gate;
    struct gate_site *site;
    struct stream *stream;
    const struct site_route *route;    /* NULL: none was found */
    const struct site_backend *target; /* where the request goes: the route's backend, or what its policy chose */
    /* where it comes from */
    struct span client; /* its address: the peer's, or what a trusted proxy tells; "unknown" where that tells none */
    bool is_https;      /* towards the client */
    bool is_peer_trusted, is_client_told;
    bool is_asked; /* by another proxy, which has the request: it ends with the answer, and goes nowhere */
    struct trace trace;
    struct span traceparent; /* that of a trace that begins with the request; empty: none does */
    struct span request_id;
    char request_id_text[REQUEST_ID_BYTES];
    /* judging */
    const struct site_rule *rule; /* judged last, or now */
    const struct rule *rule_now;  /* the same with its expressions evaluated */
    struct judgement judgement;
    struct list parked;     /* in the gate's list */
    struct list unverified; /* in the gate's list */
    bool has_turn;          /* waited in it */
    struct deadline deadline;
    bool has_waited, was_judged;
    bool is_token_too_long;      /* past limits.token */
    const char *keys_note;       /* why keys that might have helped were not waited for, for the log; NULL: nothing */
    struct span forgotten;       /* the token whose remembered key is gone; at NULL: none */
    const struct span *identity; /* values of the route's identity headers; NULL: none, the token did not pass */
    /* policies */
    struct pipeline *pipeline;  /* NULL: the route's policy is one plain rule, or none */
    const struct rule **judged; /* rules that were judged and passed, or let pass; with a pipeline only */
    struct span *judged_values; /* beside them: the token that a token-value gave; at NULL for the others */
    size_t judged_count;
    const char *answered_by; /* the policy whose own answer the client got; NULL: none did */
    unsigned policy_status; /* answer of a policy that refused for another reason than the token; 0: the reason's own */
    struct span policy_message; /* empty: the reason's own */
    enum reason counted;        /* for the metrics: the first refusal; NONE: what the last judgement says counts */
    enum origin origin;
    struct span origin_text; /* of a request from another origin */
    /* the sender's key */
    bool has_used_proof;
    unsigned char used_proof[REPLAY_NAME_BYTES];
    struct span nonce; /* for the answer; empty: none */
    /* let pass in report-only mode */
    bool was_let_pass;
    bool is_credential_repeated; /* ambiguous: none of them was judged, so none goes on */
    struct log_field *refusal;   /* what would have been told, copied; NULL: no memory for it */
    size_t refusal_count;
    /* describing */
    const struct site_resource *resource;
    /* refusing */
    enum reason reason;     /* NONE: not refused */
    unsigned retry_after_s; /* of TOO_MANY_REFUSALS */
    struct err err;         /* what exactly */
    /* forwarding */
    struct buf request; /* for the backend, until it is sent; kept while it could be sent again */
    size_t request_head_bytes;
    struct backend *backend;
    size_t server;
    uint64_t tried;        /* set of servers */
    struct waiter *waiter; /* for a free connection; NULL: never waited */
    unsigned retries;      /* times another server was asked */
    unsigned repeats;      /* of these after the request may have been seen */
    bool was_granted;
    bool has_batch, is_reused, was_resent, is_replayable, is_request_sent, is_first_chunk_out, is_body_paused;
    bool wants_fresh;
    bool has_sent; /* something of the request may have reached the server */
    int64_t sent_us, answered_us;
    /* tunnelling */
    bool is_handshake;         /* asks to become a tunnel, on a route that lets it */
    struct span websocket_key; /* with is_handshake */
    int64_t token_ends_s;      /* when the first of the tokens that passed expires; 0: none does, or nobody asks */
    struct tunnel *tunnel;     /* NULL: none yet */
};

/* The address that the request counts for: limits, filters and log go by it.  Empty for an untrusted peer on a unix socket. */
static inline struct span exchange_client(const struct exchange *x)
{
    return x->client;
}

/* Writes the request's head for the server into x->request; again for another server, before the body gathered there. */
bool forward_head(struct exchange *x);

/* Runs the steps until one waits or the exchange ended. */
void exchange_run(struct exchange *x);
enum turn exchange_enter(struct exchange *x, enum step step);
/* Refuses with `reason`; x->err tells what exactly. */
enum turn exchange_refuse(struct exchange *x, enum reason reason);
/* The one way to end. */
void exchange_end(struct exchange *x, enum reason why);

/* Whether the client's address is past limits.client_refusals; x->err and x->retry_after_s then tell. */
bool exchange_is_barred(struct exchange *x);
/* Counts the refusal of x->judgement for the client's address, where it is one that counts. */
void exchange_count_refusal(struct exchange *x);

/* How the request fared under one rule. */
enum trial { TRIAL_PASSED, TRIAL_REFUSED, TRIAL_LET_PASS, TRIAL_PARKED };

/* Judges the request by x->rule_now, which is x->rule's; a pass sets x->identity.  The judgement may point into what is
 * remembered: exchange_detach before anything else is judged or forgotten.
 */
void exchange_judge(struct exchange *x);
/* Turns a pass into a refusal by the rule, for a claim: reason, claim, expected and found of `failed` count, and are copied. */
void exchange_overrule(struct exchange *x, const struct check *failed);
/* Lets go of what the judgement points to: it may lie in an entry of the cache, which can go before the exchange does. */
void exchange_detach(struct exchange *x);
/* Whether the token must wait for its turn to be verified: it is then in the gate's list. */
bool exchange_must_queue(struct exchange *x);

/* Judges by `now`, which is `rule` with its expressions evaluated, and does what follows from it: parked where keys are to be waited for, let pass in report-only mode. */
enum trial exchange_try(struct exchange *x, const struct site_rule *rule, const struct rule *now);
/* Lets a request pass whose token was refused: what is to be told of it is kept, nothing else of the judgement. */
void exchange_let_pass(struct exchange *x);
/* Lets a request pass where a policy refused for another reason than the token, which x->err tells. */
void exchange_report(struct exchange *x);
/* Drops the remembered token whose key is gone, if there is one. */
void exchange_forget(struct exchange *x);

/* What the request shows beside its token, for the judge.  `request` is filled and must live as long as `input`. */
void exchange_show(struct exchange *x, struct judge_input *input, struct dpop_request *request);
/* What follows from the judgement made of it: a used proof turns a pass into a refusal, a revoked token is told of. */
void exchange_bind(struct exchange *x, const struct judge_input *input);
/* Adds the nonce that the client is to use from now on, where it changed.  False: no memory. */
bool exchange_add_nonce(struct exchange *x, const struct field **fields, size_t *count) MUST_CHECK;
/* Whether the field of that name holds a proof, for some reader. */
bool exchange_is_proof(struct span field_name);

/* A connection to a server: leased, awaited, or refused. */
enum turn step_connect(struct exchange *x);
/* For who relays: the connection failed, see struct backend_user; the server answered; there was no memory. */
void exchange_disconnected(void *user, const struct err *err, bool is_unanswered);
void exchange_server_worked(struct exchange *x);
void exchange_refuse_memory(struct exchange *x);

/* Relaying.  What leases a connection for an exchange. */
extern const struct backend_user relay_user;
/* Sends what was gathered: head and the body so far, in one write. */
void relay_gathered(struct exchange *x);
void relay_body(struct exchange *x, struct span piece);
void relay_batch(struct exchange *x);
void relay_drained(struct exchange *x);

/* Whether the request asks for a tunnel and may; false where it asks in a wrong way: x->err tells. */
bool tunnel_meet(struct exchange *x) MUST_CHECK;
/* The backend's 101: looks at it, answers the client, and begins.  False: refused, x->err says why, the backend is still leased. */
bool tunnel_begin(struct exchange *x, const struct head *head) MUST_CHECK;
/* What comes while it is open: bytes of either side, and its end; any of these may end the exchange. */
void tunnel_take_client(struct exchange *x, struct span piece);
void tunnel_take_backend(struct exchange *x, struct span piece);
void tunnel_client_ended(struct exchange *x);
void tunnel_backend_ended(struct exchange *x);
/* For exchange_end alone: what a tunnel holds beside the exchange. */
void tunnel_fini(struct exchange *x, enum reason why);
/* Bytes that came from the client. */
uint64_t tunnel_received(const struct exchange *x);

/* A plan that is more than one plain rule: makes x->pipeline.  False: no memory. */
bool pipeline_make(struct exchange *x) MUST_CHECK;
/* Runs the inbound and backend sections, from where they stopped. */
enum turn pipeline_inbound(struct exchange *x);
/* Runs the outbound section over a backend's answer.  False: it failed, x->err says why. */
bool pipeline_outbound(struct exchange *x, const struct head *head) MUST_CHECK;
/* Runs the on-error section over the refusal that is about to be sent; what it makes of it is in x->pipeline. */
void pipeline_on_error(struct exchange *x, const struct answer *refusal, struct span message);
/* The query as it goes to the backend so far. */
struct span pipeline_query(const struct exchange *x);
/* What stands in the field that x->rule_now names, or what its token-value gave, of the request as policies made it so far. */
void pipeline_credential(struct exchange *x, struct span *credential, bool *is_repeated);
/* Whether a policy made an answer of its own, which pipeline_send_own sends. */
bool pipeline_has_own(const struct exchange *x);
/* Sends the answer that a policy made; with `wants_close` the connection ends with it. */
enum flow pipeline_send_own(struct exchange *x, bool wants_close);
/* The fields of the answer for the client: `fields` as policies changed them, and what cors adds.  False: no memory. */
bool pipeline_answer_fields(struct exchange *x, const struct field **fields, size_t *count) MUST_CHECK;
/* The request id, chosen when it is first asked for. */
struct span forward_request_id(struct exchange *x);
/* The same as far as it was chosen, or the client gave it: of requests that went nowhere. */
struct span forward_known_id(const struct exchange *x);
/* Which trace the request belongs to; one begins where the settings say so. */
void forward_meet_trace(struct exchange *x);

/* Whether another proxy asks about a route that lets it: sets x->route and x->is_asked. */
bool forward_auth_meet(struct exchange *x);
/* What proofs are compared with: the request that is asked about, as far as a trusted proxy tells it. */
void forward_auth_describe(struct exchange *x, struct dpop_request *request);
/* Answers that the request passes, with the identity headers; ends the exchange. */
enum turn forward_auth_answer(struct exchange *x);
/* The status of a refusal, or of a policy's own answer: none that the asking proxy takes for a pass. */
unsigned forward_auth_status(unsigned status);
/* What stands in every answer to a question: it is about one request. */
static inline struct field forward_auth_no_store(void)
{
    return (struct field){.name = SPAN("Cache-Control"), .value = SPAN("no-store")};
}

/* The route whose cors answers this preflight, or NULL. */
const struct site_route *cors_preflight_route(struct exchange *x);
/* Answers a preflight of x->route: what it grants, or an empty 200 that grants nothing. */
void cors_answer_preflight(struct exchange *x);
/* Looks at the origin of a request that is no preflight; true: it ends here, with an empty 200. */
bool cors_meet(struct exchange *x);
/* The fields that cors adds to an answer; and those of a backend that it takes the place of. */
enum { CORS_FIELDS_MAX = 4 };
size_t cors_fields(const struct exchange *x, struct field out[CORS_FIELDS_MAX]);
bool cors_is_own(struct span name);

/* Sends the refusal that x->reason and x->judgement call for. */
void refuse_send(struct exchange *x);
/* The challenge that belongs to a 401 of x->route; empty: no memory. */
struct span refuse_challenge(struct exchange *x);
/* Sends the metadata of x->resource. */
void refuse_describe(struct exchange *x);

/* Why the judgement refused, as fields for the access line; texts may point into what was judged.  Returns how many. */
size_t account_refusal(struct exchange *x, struct log_field *out);
/* A claim as a short hash, for the log; NULL where there is none. */
const char *account_hash(struct exchange *x, const struct claim_text *claim);
/* The access line, the refusal's line, and the counts. */
void account_end(struct exchange *x, enum reason why);

#endif
