/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of a rule share: one policy as the tables read it, before it is checked as a whole. */
#ifndef POLICY_RULE_INT_H
#define POLICY_RULE_INT_H

#include "base/schema.h"
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

struct rule_reader {
    const struct rule_settings *settings;
    struct arena *arena;
    struct problems *problems;
    bool is_xml;
    unsigned errors; /* of `problems` before this policy */
    struct bad_node *bad;
};

/* rule_named.c: a copy of `root` with {{name}} replaced in every scalar; expressions and unknown names are problems, their
 * nodes noted in reader->bad, and so are those whose value is lost.  NULL only when out of memory.
 */
struct node *rule_resolve(struct rule_reader *reader, const struct node *root) MUST_CHECK;

/* Whether the text holds a policy expression, `@(` or `@{`. */
bool rule_holds_expression(struct span text);

/* Notes `node` as found bad; returns false. */
bool rule_mark_bad(struct rule_reader *reader, const struct node *node);

/* rule_read.c: reads the map (of either dialect) into the rule. */
bool rule_read_map(struct rule_reader *reader, const struct node *map, struct rule *rule) MUST_CHECK;

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
