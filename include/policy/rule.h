/* SPDX-License-Identifier: Apache-2.0 */
/* One validate-jwt policy as data: what API Management's element says, XML or YAML, and our additions.
 *
 * Immutable once made; texts live in the arena given to the reader.
 */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "base/node.h"
#include "base/schema.h"
#include "base/span.h"
#include "jose/alg.h"
#include "jose/decrypt.h"
#include "jose/keyset.h"

enum {
    RULE_PROVIDERS_MAX = 32,
    RULE_CLAIMS_MAX = 64, /* so that every check of a judgement has its place, see JUDGE_CHECKS_MAX */
};

enum token_source { TOKEN_FROM_HEADER, TOKEN_FROM_QUERY, TOKEN_FROM_VALUE };

struct expression;
struct expression_context;
struct rule_dynamic;

struct rule_provider {
    struct span url; /* as configured; discovery URL or authority */
    bool validates_connectivity;
    const struct node *node;
};

enum claim_match { MATCH_ALL, MATCH_ANY };

struct rule_claim {
    struct span name;
    struct span other_name; /* says the same in other tokens; each of the two that is there must hold.  Empty: none */
    bool is_path;           /* `path`: names separated by `/` */
    enum claim_match match;
    struct span separator; /* empty: none */
    const struct span *values;
    size_t count; /* 0: the claim must be there */
};

struct rule {
    enum token_source source;
    struct span source_name;    /* header or query parameter */
    bool is_authorization;      /* source is the Authorization field: a scheme is expected */
    struct span scheme;         /* require-scheme; empty: Bearer is */
    unsigned failed_status;     /* failed-validation-httpcode */
    struct span failed_message; /* failed-validation-error-message; empty: the reason's own */
    bool requires_expiration;
    bool requires_signature;
    bool takes_signed_only; /* requires_signature holds whatever its expression gives */
    int64_t clock_skew_s;
    int64_t max_age_s; /* ours: greatest now - iat; 0: none */
    struct span typ;   /* ours: required header or payload typ; empty: none */
    struct span output_variable;
    const struct rule_provider *providers;
    size_t provider_count;
    struct keyset *inline_keys;           /* NULL: none; the rule holds a reference */
    struct decrypt_keys *decryption_keys; /* NULL: none, and encrypted tokens are refused; the rule owns them */
    const struct span *audiences;
    size_t audience_count; /* 0: not checked */
    const struct span *issuers;
    size_t issuer_count;
    const struct rule_claim *claims;
    size_t claim_count;
    struct alg_set algs;                  /* what may sign: the configuration's list, else every algorithm */
    const struct expression *token_value; /* TOKEN_FROM_VALUE */
    const struct rule_dynamic *dynamics;  /* what is evaluated for each request, see rule_evaluate */
    size_t dynamic_count;
    const char *source_policy; /* "validate-jwt" or "validate-azure-ad-token" */
};

/* A certificate of the configuration's `certificates` section, by its name there. */
struct rule_certificate {
    struct span id;
    struct span bytes; /* of the file; at NULL: could not be read, which was told */
};

struct rule_settings {
    const struct span *named_names;  /* named values, in step: {{name}} -> value */
    const struct span *named_values; /* at NULL: could not be read, which was told */
    const bool *named_secrets;       /* in step too: its text must not be shown; NULL: none of them */
    size_t named_count;
    const char *named_hint; /* what to do about a name that is not there; NULL: to add it */
    const struct rule_certificate *certificates;
    size_t certificate_count;
    struct alg_set algs; /* what `algorithms` leaves */
    int64_t now_s;       /* wall clock at load, for warnings on certificates that end */
    bool allow_http;     /* provider URLs by plain http elsewhere than loopback */
};

/* Reads policy XML that holds one rule and nothing else: a bare <validate-jwt> or <validate-azure-ad-token>, or an API
 * Management document; other documents are read by plan_read_xml.  Named values are put in before reading.  All problems are
 * added; false when one was an error, or where a value is missing that could not be read, which was told before.  `*rule` ends
 * with rule_fini; its memory with `arena`.
 */
bool rule_read_xml(struct rule *rule, const struct node *root, const struct rule_settings *settings,
                   struct arena *arena, struct problems *problems) MUST_CHECK;

/* The same from the value of `validate_jwt`, where header_name Authorization with require_scheme Bearer is the default. */
bool rule_read_yaml(struct rule *rule, const struct node *map, const struct rule_settings *settings,
                    struct arena *arena, struct problems *problems) MUST_CHECK;

/* The table that reads `validate_jwt`, for reference and JSON Schema; XML is read by the same rows with `-` for `_`. */
const struct schema *rule_schema(void);

/* Whether `path` can name a nested claim: names separated by `/`; `a//b`, `/a` and `a/` name nothing. */
bool rule_is_claim_path(struct span path);

/* The rule as it is for one request: a copy with every expression evaluated, which lives as long as the context's arena and must
 * not be given to rule_fini.  A rule with dynamic_count 0 needs no call.  False with EXPRESSION_FAILED, also where a value is not
 * what its place takes (a status that is no number); or OUT_OF_MEMORY.
 */
bool rule_evaluate(const struct rule *rule, const struct expression_context *context, struct rule *evaluated,
                   struct err *err) MUST_CHECK;

/* Whether unsigned tokens are taken, or an expression may say so. */
bool rule_may_take_unsigned(const struct rule *rule);

/* What its expressions look at, as expression_reads() says; with `is_parties` only those that say which audience or issuer. */
unsigned rule_reads(const struct rule *rule, bool is_parties);

/* Releases the keys. */
void rule_fini(struct rule *rule);

/* A cloud of Entra: where it answers, and the host in the issuer of its tokens of version 1. */
struct entra_cloud {
    struct span host, issuer;
};

/* The cloud that answers at that host, or NULL. */
const struct entra_cloud *rule_entra_cloud(struct span host);

/* Whether the issuer, published or listed, holds `{tenantid}`, letter case not counted: it stands for every tenant then, each
 * token held to its own tid.  What stands before and behind the placeholder is set when it does.
 */
bool rule_issuer_is_template(struct span issuer, struct span *before, struct span *behind);

/* Whether nothing holds a token to a tenant or an audience: no audiences, and no required claim tid, aud or iss with values.
 * With keys of a document whose issuer is a template such a rule takes tokens of every tenant there is.  rule->issuers do not
 * count: they add to what documents publish and narrow nothing.
 */
bool rule_takes_any_tenant(const struct rule *rule);

#endif
