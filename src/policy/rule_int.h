/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of a rule share: one policy as the tables read it, before it is checked as a whole. */
#ifndef POLICY_RULE_INT_H
#define POLICY_RULE_INT_H

#include "base/schema.h"
#include "policy/expression.h"
#include "policy/rule.h"

/* The namespace of our additions to policy XML. */
#define RULE_XML_SPACE "urn:jwtgate:policy"

struct draft_config {
    struct span url;
    bool validate_connectivity;
    const struct node *host;
};

struct draft_key {
    struct span id, base64, certificate_id, n, e;
};

struct draft_decryption_key {
    struct span base64, certificate_id;
    const struct node *id, *n, *e;
};

struct draft_claim {
    struct span name, path, separator;
    int match;
    struct schema_texts values;
};

/* Members in the order of the table in rule_read.c. */
struct rule_draft {
    const struct node *node;
    struct span id, header_name, query_parameter_name;
    const struct node *token_value;
    int64_t failed_validation_httpcode;
    struct span failed_validation_error_message;
    bool require_expiration_time, require_signed_tokens;
    struct span require_scheme;
    int64_t clock_skew_s;
    struct span output_token_variable_name;
    struct schema_list openid_config, issuer_signing_keys, decryption_keys, required_claims;
    struct schema_texts audiences, issuers;
    struct span typ;
    int64_t max_age_ms;
};

/* A node that was found bad before the tables read it: what they say about it too is left out. */
struct bad_node {
    const struct node *node;
    struct bad_node *next;
};

/* Where a rule takes an expression that is evaluated for each request. */
enum rule_place {
    PLACE_HEADER, /* header-name and query-parameter-name: one or the other is there */
    PLACE_QUERY,
    PLACE_STATUS,
    PLACE_MESSAGE,
    PLACE_EXPIRATION,
    PLACE_SIGNED,
    PLACE_SCHEME,
    PLACE_SKEW,
    PLACE_AUDIENCE,
    PLACE_ISSUER,
    PLACE_CLAIM,
    PLACE_COUNT
};

struct rule_dynamic {
    enum rule_place place;
    size_t at;    /* which audience, issuer or claim */
    size_t value; /* which of the claim's values */
    const struct expression *expression;
};

/* One found while reading. */
struct draft_dynamic {
    struct rule_dynamic dynamic;
    const struct node *node;
    struct draft_dynamic *next;
};

struct rule_reader {
    const struct rule_settings *settings;
    struct arena *arena;
    struct problems *problems;
    bool is_xml;
    unsigned errors; /* of `problems` before this policy */
    struct bad_node *bad;
    struct draft_dynamic *dynamics;
    const struct rule_claim *caller; /* a required claim that no table reads; NULL: none */
};

/* rule_named.c: a copy of `root` with {{name}} replaced in every scalar; expressions within other text and unknown names are
 * problems, their nodes noted in reader->bad, and so are those whose value is lost.  A text that is an expression is placed at
 * its `@`.  NULL only when out of memory.
 */
struct node *rule_resolve(struct rule_reader *reader, const struct node *root) MUST_CHECK;

/* Whether the text holds a policy expression, `@(` or `@{`. */
bool rule_holds_expression(struct span text);

/* Notes `node` as found bad; returns false. */
bool rule_mark_bad(struct rule_reader *reader, const struct node *node);

/* Whether it is noted as found bad. */
bool rule_is_bad(const struct rule_reader *reader, const struct node *node);

/* A node of our own at the place of `from`, under the key `key`; NULL with a problem. */
struct node *rule_node_like(struct rule_reader *reader, const struct node *from, enum node_kind kind,
                            struct span key) MUST_CHECK;
/* Puts `child` at the end of the parent's children. */
void rule_node_append(struct node *parent, struct node *child);
/* Takes a child out of its parent's children. */
void rule_node_remove(struct node *child);

/* rule_read.c: reads the map (of either dialect) into the rule; expressions in it are replaced by what they always give, or
 * by something harmless.
 */
bool rule_read_map(struct rule_reader *reader, struct node *map, struct rule *rule) MUST_CHECK;

/* rule_dynamic.c: reads the expression in `node`.  False with a problem at the place of its fault, the node noted as bad. */
bool rule_read_expression(struct rule_reader *reader, const struct node *node,
                          const struct expression **expression) MUST_CHECK;

/* Puts in what the expression in `node` always gives, as a text; `*is_constant` false where that depends on the request.  False
 * with a problem, the node noted as bad.
 */
bool rule_fold_text(struct rule_reader *reader, struct node *node, bool *is_constant) MUST_CHECK;

/* Settles the expressions in the map: constant ones are put in, others noted in reader->dynamics, those in places that take
 * none are problems.
 */
void rule_settle_expressions(struct rule_reader *reader, struct node *map);

/* Whether the node holds an expression that is evaluated for each request. */
bool rule_is_dynamic(const struct rule_reader *reader, const struct node *node);

/* reader->dynamics as the rule keeps them.  False with a problem: no memory. */
bool rule_keep_dynamics(struct rule_reader *reader, const struct node *map, struct rule *rule) MUST_CHECK;

/* rule_azure.c: the map of a <validate-azure-ad-token> made that of a <validate-jwt>; reader->caller set.  False with
 * problems.
 */
bool rule_azure_map(struct rule_reader *reader, struct node *map) MUST_CHECK;

/* Whether `status` is one that an answer with a body may have, by policy. */
bool rule_is_status(uint64_t status);

/* Whether `text` is a token (RFC 9110 5.6.2) as names of fields and schemes are. */
bool rule_is_token_text(struct span text);

/* Whether no error was found in the policy so far, and all its values are known. */
bool rule_is_clean(const struct rule_reader *reader);

/* `name`, written with `_`, as the document's dialect spells it. */
const char *rule_spell(const struct rule_reader *reader, const char *name);

/* The value of the key `name` in a map, `name` written with `_`; NULL when absent. */
const struct node *rule_member(const struct rule_reader *reader, const struct node *map, const char *name);

/* rule_keys.c: the inline keys into rule->inline_keys. */
bool rule_read_keys(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule) MUST_CHECK;

/* rule_decrypt.c: the keys that open tokens into rule->decryption_keys. */
bool rule_read_decryption_keys(struct rule_reader *reader, const struct rule_draft *draft,
                               struct rule *rule) MUST_CHECK;

/* rule_url.c: whether keys may be fetched from this URL: absolute, https (http for loopback or with allow_http), no user,
 * no fragment.
 */
bool rule_check_url(struct span url, bool allow_http, struct err *err) MUST_CHECK;

/* rule_lint.c: warnings about a rule that was read without errors. */
void rule_lint(const struct rule_reader *reader, const struct rule_draft *draft, const struct rule *rule);

#endif
