/* SPDX-License-Identifier: Apache-2.0 */
/* A policy document as steps: what API Management's policies other than validate-jwt do with a request, and in which order.
 *
 * Documents that belong together are joined by <base/> when they are read.  The steps of all sections lie in one flat array;
 * `choose` is conditions and jumps, which only ever go forward, so that a run ends.  Immutable once made; texts live in the
 * arena given to the reader.  Who runs a plan decides nothing itself.
 */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include "policy/expression.h"
#include "policy/rule.h"

enum { PLAN_STEPS_MAX = 1000, PLAN_DOCUMENTS_MAX = 8, PLAN_RULES_MAX = 32 };

enum plan_section { SECTION_INBOUND, SECTION_BACKEND, SECTION_OUTBOUND, SECTION_ON_ERROR, SECTION_COUNT };

/* The element's name: `on-error`. */
const char *plan_section_name(enum plan_section section);

/* A text that is given, or evaluated for each request. */
struct plan_text {
    struct span literal;
    const struct expression *expression; /* NULL: literal */
};

enum plan_kind {
    PLAN_VALIDATE, /* validate-jwt, validate-azure-ad-token */
    PLAN_CHECK_HEADER,
    PLAN_IP_FILTER,
    PLAN_CORS,
    PLAN_SET_HEADER,
    PLAN_SET_QUERY,
    PLAN_SET_VARIABLE,
    PLAN_REWRITE_URI,
    PLAN_SET_BACKEND,
    PLAN_RETURN, /* return-response: ends the plan with its answer */
    PLAN_WHEN,   /* goes on with the next step where the condition is true, else at `otherwise` */
    PLAN_JUMP,   /* goes on at `jump` */
    PLAN_KIND_COUNT
};

enum exists_action { EXISTS_OVERRIDE, EXISTS_SKIP, EXISTS_APPEND, EXISTS_DELETE };

/* set-header and set-query-parameter. */
struct plan_assignment {
    struct plan_text name;
    struct plan_text action_text; /* given as an expression; else `action` counts */
    enum exists_action action;
    const struct plan_text *values;
    size_t count; /* 0 only with EXISTS_DELETE, or where the action is an expression */
};

struct plan_check_header {
    struct plan_text name, status, message;
    bool ignores_case;
    struct plan_text ignores_case_text; /* given as an expression; else ignores_case counts */
    const struct plan_text *values;
    size_t count; /* 0: the header must be there */
};

/* Addresses as 16 bytes, IPv4 as ::ffff:a.b.c.d; both ends belong to the range. */
struct plan_range {
    unsigned char first[16], last[16];
};

/* Whether the text is an IPv4 or IPv6 address; IPv4 becomes ::ffff:a.b.c.d, so that both spellings of one address are one, and
 * `*is_ipv4` says so.
 */
bool plan_read_address(struct span text, unsigned char out[16], bool *is_ipv4) MUST_CHECK;
/* Whether the address lies in one of the ranges. */
bool plan_range_holds(const struct plan_range *ranges, size_t count, const unsigned char address[16]);

struct plan_ip_filter {
    bool is_allow; /* else forbid */
    const struct plan_range *ranges;
    size_t count;
};

/* Whether a textual address lies in one of the ranges; text that is no address: false, and `*is_address` false. */
bool plan_holds_address(const struct plan_ip_filter *filter, struct span address, bool *is_address);

struct plan_cors {
    const struct span *origins;
    size_t origin_count;
    bool takes_any_origin; /* `*` */
    const struct span *methods;
    size_t method_count; /* 0: GET and POST */
    bool takes_any_method;
    const struct span *headers;
    size_t header_count;
    bool takes_any_header;
    const struct span *exposed;
    size_t exposed_count;
    bool allows_credentials;
    bool terminates_unmatched;
    int64_t max_age_s; /* 0: none is sent */
};

struct plan_variable {
    struct span name;
    struct plan_text value;
};

struct plan_rewrite {
    struct plan_text target; /* path, perhaps with a query; begins with `/` */
    bool copies_unmatched;
};

struct plan_backend {
    struct plan_text id;  /* of a configured backend; literal empty where base_url is given */
    struct span base_url; /* absolute; its server must be one of a configured backend */
};

struct plan_answer {
    struct plan_text status; /* literal empty: 200 */
    struct plan_text phrase; /* literal empty: that of the status */
    const struct plan_assignment *headers;
    size_t header_count;
    struct plan_text body;
    bool has_body;
};

struct plan_step {
    enum plan_kind kind;
    const char *source; /* the policy's name: "check-header" */
    struct span id;     /* its attribute `id`; empty: none */
    const char *path;   /* where it stands in its section: "choose[1]/when[2]/check-header[1]" */
    const struct node *node;
    union {
        size_t rule; /* PLAN_VALIDATE: index into the plan's rules */
        const struct plan_check_header *check_header;
        const struct plan_ip_filter *ip_filter;
        const struct plan_cors *cors;
        const struct plan_assignment *assignment;
        const struct plan_variable *variable;
        const struct plan_rewrite *rewrite;
        const struct plan_backend *backend;
        const struct plan_answer *answer;
        struct {
            struct plan_text condition;
            size_t otherwise;
        } when;
        size_t jump;
    };
};

struct plan {
    const struct plan_step *steps;
    size_t count;
    size_t first[SECTION_COUNT], end[SECTION_COUNT]; /* each section's steps */
    struct rule *rules;
    size_t rule_count;
    const struct plan_cors *cors; /* of the inbound section; NULL: none.  It alone answers preflights */
    bool always_validates;        /* no request gets through the inbound section without a token being judged */
    unsigned reads;               /* what its expressions look at, all together, as expression_reads() says */
};

/* A document to be joined; outermost first. */
struct plan_document {
    const struct node *root; /* <policies>, or a bare <validate-jwt> or <validate-azure-ad-token> */
};

/* Reads documents, joined by <base/>: each document's section with the section of the one before it in the place of <base/>.
 * A section that a document does not have is the one before it; a bare validate-jwt stands behind <base/>.  Named values are
 * put in before reading.  All problems are added, with file, line and column; false when one was an error, or where a value
 * is missing that could not be read, which was told before.  The plan ends with plan_fini; its memory with `arena`.
 */
bool plan_read_xml(struct plan *plan, const struct plan_document *documents, size_t count,
                   const struct rule_settings *settings, struct arena *arena, struct problems *problems) MUST_CHECK;

/* A plan of the one rule in `validate_jwt` of a YAML route. */
bool plan_read_yaml(struct plan *plan, const struct node *map, const struct rule_settings *settings,
                    struct arena *arena, struct problems *problems) MUST_CHECK;

/* The table that reads a YAML route's `cors`, into struct plan_cors_draft of plan_cors.c; and the reader. */
const struct schema *plan_cors_schema(void);
/* Reads the map; NULL with problems. */
const struct plan_cors *plan_read_cors(const struct node *map, struct arena *arena,
                                       struct problems *problems) MUST_CHECK;

/* Releases the rules' keys. */
void plan_fini(struct plan *plan);

/* Whether no policy may change the field, letter case not counted: it says where a message ends, or concerns one connection.  Via
 * is the gateway's own in requests; in answers it may be changed.
 */
bool plan_field_is_fixed(struct span name, bool is_answer);

/* The action that a policy names so, in small letters; false: there is none of that name. */
bool plan_action_named(struct span name, enum exists_action *action) MUST_CHECK;

/* The text of an operand now; false as expression_evaluate. */
bool plan_text_now(const struct plan_text *text, const struct expression_context *context, struct span *value,
                   struct err *err) MUST_CHECK;

#endif
