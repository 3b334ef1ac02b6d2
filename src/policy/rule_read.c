/* SPDX-License-Identifier: Apache-2.0 */
/* One validate-jwt read from nodes: the tables, and what they cannot say.
 *
 * The tables spell names as YAML does; for XML the same rows are spelled with `-`, so that messages name what the user wrote.
 */
#include "rule_int.h"

/* ---- tables ---- */

#define ROW(type, field, what) .name = #field, .kind = SCHEMA_##what, .offset = offsetof(struct type, field)

static const struct schema_row config_rows[] = {
    {ROW(draft_config, url, TEXT), .is_required = true, .help = "discovery URL, or the authority before /.well-known/"},
    {ROW(draft_config, validate_connectivity, BOOL), .preset = "true",
     .help = "read, without effect: nothing is fetched at load"},
    {ROW(draft_config, host, NODE), .help = "legacy, refused"},
};

static const struct schema_row key_rows[] = {
    {ROW(draft_key, id, TEXT), .help = "compared with the token's kid"},
    {ROW(draft_key, base64, TEXT), .help = "shared secret for HS*, in base64 (in XML the element's text)"},
    {ROW(draft_key, certificate_id, TEXT), .help = "a name of the certificates section"},
    {ROW(draft_key, n, TEXT), .help = "RSA modulus, base64url or base64"},
    {ROW(draft_key, e, TEXT), .help = "RSA exponent"},
};

static const struct schema_row decryption_key_rows[] = {
    {ROW(draft_decryption_key, base64, TEXT),
     .help = "symmetric key in base64 (in XML the element's text): 16, 24, 32, 48 or 64 bytes"},
    {ROW(draft_decryption_key, certificate_id, TEXT),
     .help = "a name of the certificates section, with its private key"},
    {ROW(draft_decryption_key, id, NODE), .help = "for signing keys only, refused"},
    {ROW(draft_decryption_key, n, NODE), .help = "for signing keys only, refused"},
    {ROW(draft_decryption_key, e, NODE), .help = "for signing keys only, refused"},
};

static const char *const match_words[] = {"all", "any", NULL};

static const struct schema_row claim_rows[] = {
    {ROW(draft_claim, name, TEXT), .help = "claim at the top level, letter case counted"},
    {ROW(draft_claim, path, TEXT), .help = "instead of name, a nested claim: names separated by /"},
    {ROW(draft_claim, match, ENUM), .words = match_words, .preset = "all", .help = "all of the values, or any of them"},
    {ROW(draft_claim, separator, TEXT), .help = "splits the token's texts, usually one blank for scp and scope"},
    {ROW(draft_claim, values, TEXTS), .one_is_list = true, .help = "what must be there; left out: any value will do"},
};

static bool config_from_text(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct draft_config *provider = out;
    (void)arena;
    if (node->kind != NODE_TEXT)
        return problem_error(problems, node, "a map with url is expected, found %s", node_kind_name(node->kind));
    *provider = (struct draft_config){.url = node->text, .validate_connectivity = true};
    return true;
}

static const struct schema config_table = {
    .name = "openid_config", .rows = config_rows, .count = COUNT_OF(config_rows), .read_short = config_from_text};
static const struct schema key_table = {.name = "issuer_signing_keys", .rows = key_rows, .count = COUNT_OF(key_rows)};
static const struct schema decryption_key_table = {
    .name = "decryption_keys", .rows = decryption_key_rows, .count = COUNT_OF(decryption_key_rows)};
static const struct schema claim_table = {.name = "required_claims", .rows = claim_rows, .count = COUNT_OF(claim_rows)};

#define LIST_ROW(field, type) \
    ROW(rule_draft, field, LIST), .table = &type##_table, .item_bytes = sizeof(struct draft_##type)

static const struct schema_row rule_rows[] = {
    {ROW(rule_draft, id, TEXT), .help = "of the policy: what context.LastError.PolicyId gives"},
    {ROW(rule_draft, header_name, TEXT), .help = "header field that holds the token"},
    {ROW(rule_draft, query_parameter_name, TEXT), .help = "query parameter that holds the token"},
    {ROW(rule_draft, token_value, NODE), .help = "an expression that gives the token"},
    {ROW(rule_draft, failed_validation_httpcode, INT), .preset = "401", .min = 200, .max = 599,
     .help = "status of refusals"},
    {ROW(rule_draft, failed_validation_error_message, TEXT),
     .help = "message of refusals, instead of each reason's own"},
    {ROW(rule_draft, require_expiration_time, BOOL), .preset = "true", .help = "refuse tokens without exp"},
    {ROW(rule_draft, require_scheme, TEXT), .help = "scheme before the token in Authorization; default Bearer"},
    {ROW(rule_draft, require_signed_tokens, BOOL), .preset = "true", .help = "refuse unsigned tokens (alg none)"},
    {.name = "clock_skew",
     .kind = SCHEMA_INT,
     .offset = offsetof(struct rule_draft, clock_skew_s),
     .preset = "0",
     .max = INT32_MAX,
     .help = "seconds that clocks may differ"},
    {ROW(rule_draft, output_token_variable_name, TEXT), .help = "variable for the verified token, for expressions"},
    {LIST_ROW(openid_config, config), .help = "providers whose published keys sign"},
    {LIST_ROW(issuer_signing_keys, key), .help = "keys written here"},
    {LIST_ROW(decryption_keys, decryption_key),
     .help = "keys that open encrypted tokens; none: such tokens are refused"},
    {ROW(rule_draft, audiences, TEXTS), .one_is_list = true, .help = "accepted aud; left out: not checked"},
    {ROW(rule_draft, issuers, TEXTS), .one_is_list = true, .help = "accepted iss beside those the providers publish"},
    {LIST_ROW(required_claims, claim), .help = "claims that must all hold"},
    {ROW(rule_draft, typ, TEXT), .help = "required typ of header or payload, as at+jwt"},
    {.name = "max_age",
     .kind = SCHEMA_DURATION,
     .offset = offsetof(struct rule_draft, max_age_ms),
     .min = 1000,
     .max = INT64_C(315360000000),
     .help = "greatest age of a token by its iat"},
};

static const struct schema rule_table = {.name = "validate_jwt",
                                         .rows = rule_rows,
                                         .count = COUNT_OF(rule_rows),
                                         .node_offset = offsetof(struct rule_draft, node) + 1};

const struct schema *rule_schema(void)
{
    return &rule_table;
}

const char *rule_spell(const struct rule_reader *reader, const char *name)
{
    if (!reader->is_xml)
        return name;
    char *spelled = arena_printf(reader->arena, "%s", name);
    for (char *at = spelled; at != NULL && *at != '\0'; at++)
        *at = *at == '_' ? '-' : *at;
    if (spelled == NULL)
        problem_at(reader->problems, PROBLEM_ERROR, NULL, 0, 0, "out of memory");
    return spelled == NULL ? name : spelled;
}

const struct node *rule_member(const struct rule_reader *reader, const struct node *map, const char *name)
{
    return node_member(map, rule_spell(reader, name));
}

/* The table with its names in XML's spelling; two levels deep, as the tables above are. */
static const struct schema *spelled_table(const struct rule_reader *reader, const struct schema *table)
{
    struct schema *copy = arena_take(reader->arena, sizeof *copy);
    struct schema_row *rows = arena_take(reader->arena, table->count * sizeof *rows);
    if (copy == NULL || rows == NULL)
        return NULL;
    memcpy(rows, table->rows, table->count * sizeof *rows);
    *copy = *table;
    copy->rows = rows;
    for (size_t i = 0; i < table->count; i++) {
        rows[i].name = rule_spell(reader, rows[i].name);
        if (rows[i].table != NULL && (rows[i].table = spelled_table(reader, rows[i].table)) == NULL)
            return NULL;
    }
    return copy;
}

/* ---- what the tables cannot say ---- */

bool rule_is_token_text(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
            return false;
    }
    return text.len > 0;
}

static void check_token_text(struct rule_reader *reader, const struct rule_draft *draft, const char *name,
                             struct span text)
{
    const struct node *node = rule_member(reader, draft->node, name);
    if (node != NULL && !rule_is_dynamic(reader, node) && !rule_is_token_text(text))
        problem_error(reader->problems, node, "%s: letters, digits and -._ are expected, without blanks",
                      rule_spell(reader, name));
}

static void check_source_count(struct rule_reader *reader, const struct rule_draft *draft)
{
    const struct node *header = rule_member(reader, draft->node, "header_name");
    const struct node *query = rule_member(reader, draft->node, "query_parameter_name");
    const struct node *value = draft->token_value;
    int count = (header != NULL) + (query != NULL) + (value != NULL);
    if (count > 1 || (count == 0 && reader->is_xml))
        problem_error(reader->problems,
                      count == 0      ? draft->node
                      : value != NULL ? value
                                      : query,
                      "exactly one of %s, %s and %s says where the token is", rule_spell(reader, "header_name"),
                      rule_spell(reader, "query_parameter_name"), rule_spell(reader, "token_value"));
}

/* A token written into the policy would be no credential of the caller. */
static void read_token_value(struct rule_reader *reader, const struct node *node, struct rule *rule)
{
    struct value value;
    bool is_expression = node->kind == NODE_TEXT && rule_holds_expression(node->text);
    rule->source = TOKEN_FROM_VALUE;
    if (is_expression && !rule_read_expression(reader, node, &rule->token_value))
        return;
    if (!is_expression || expression_is_constant(rule->token_value, reader->arena, &value))
        problem_error(reader->problems, node,
                      "%s is an expression that finds the token in the request, as in "
                      "@(context.Request.Headers.GetValueOrDefault(\"X-Token\", \"\"))",
                      rule_spell(reader, "token_value"));
}

static void read_source(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    check_source_count(reader, draft);
    check_token_text(reader, draft, "header_name", draft->header_name);
    check_token_text(reader, draft, "require_scheme", draft->require_scheme);
    const struct node *header = rule_member(reader, draft->node, "header_name");
    const struct node *query = rule_member(reader, draft->node, "query_parameter_name");
    if (query != NULL && draft->query_parameter_name.len == 0)
        problem_error(reader->problems, query, "%s is empty", rule_spell(reader, "query_parameter_name"));
    if (draft->token_value != NULL) {
        read_token_value(reader, draft->token_value, rule);
        return;
    }
    rule->source = query == NULL ? TOKEN_FROM_HEADER : TOKEN_FROM_QUERY;
    rule->source_name = query == NULL ? draft->header_name : draft->query_parameter_name;
    if (query == NULL && draft->header_name.len == 0)
        rule->source_name = SPAN("Authorization");
    rule->is_authorization = query == NULL && span_eq_nocase(rule->source_name, SPAN("Authorization"));
    bool may_be_authorization = rule->is_authorization || (header != NULL && rule_is_dynamic(reader, header));
    rule->scheme = may_be_authorization ? draft->require_scheme : (struct span){NULL, 0};
}

bool rule_is_status(uint64_t status)
{
    return status >= 200 && status <= 599 && status != 204 && status != 205 && status != 304;
}

static void read_answers(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    unsigned status = (unsigned)draft->failed_validation_httpcode;
    const struct node *node = rule_member(reader, draft->node, "failed_validation_httpcode");
    if (!rule_is_status(status) && status >= 200 && status <= 599)
        problem_error(reader->problems, node, "%s: %s has no body; 400 to 599 is usual",
                      rule_spell(reader, "failed_validation_httpcode"), QUOTED_UNLESS(node->is_secret, node->text));
    rule->failed_status = status;
    rule->failed_message = draft->failed_validation_error_message;
    rule->requires_expiration = draft->require_expiration_time;
    rule->requires_signature = draft->require_signed_tokens;
    rule->clock_skew_s = draft->clock_skew_s;
    rule->max_age_s = draft->max_age_ms / 1000;
    rule->typ = draft->typ;
    rule->output_variable = draft->output_token_variable_name;
    const struct node *typ = rule_member(reader, draft->node, "typ");
    if (typ != NULL && draft->typ.len == 0)
        problem_error(reader->problems, typ, "typ is empty; leave it out to take any");
}

static void check_provider(struct rule_reader *reader, const struct draft_config *draft, const struct node *node)
{
    struct err err;
    const struct node *url = node->kind == NODE_MAP ? rule_member(reader, node, "url") : node;
    if (draft->host != NULL)
        problem_error(reader->problems, draft->host, "host is legacy and not supported; write the whole URL");
    if (url == NULL || rule_check_url(draft->url, reader->settings->allow_http, &err))
        return;
    problem_error(reader->problems, url, "url: %s; found \"%s\"", err.text, QUOTED_UNLESS(url->is_secret, draft->url));
}

static void read_providers(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    const struct schema_list *list = &draft->openid_config;
    const struct draft_config *from = list->at;
    struct rule_provider *to = arena_zero(reader->arena, list->count * sizeof *to);
    if (list->count > RULE_PROVIDERS_MAX) {
        problem_error(reader->problems, list->nodes[RULE_PROVIDERS_MAX], "more than %d %s", RULE_PROVIDERS_MAX,
                      rule_spell(reader, "openid_config"));
        return;
    }
    if (to == NULL) {
        problem_error(reader->problems, draft->node, "out of memory");
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        check_provider(reader, &from[i], list->nodes[i]);
        to[i].url = from[i].url;
        to[i].validates_connectivity = from[i].validate_connectivity;
        to[i].node = list->nodes[i];
    }
    rule->providers = to;
    rule->provider_count = list->count;
}

/* A container that is there must hold something: an empty one would switch its check off. */
static void check_not_empty(struct rule_reader *reader, const struct rule_draft *draft, const char *name, size_t count)
{
    const struct node *node = rule_member(reader, draft->node, name);
    if (node != NULL && count == 0)
        problem_error(reader->problems, node, "%s is empty; leave it out where nothing is to be checked",
                      rule_spell(reader, name));
}

static void check_texts(struct rule_reader *reader, const struct schema_texts *texts, const char *name)
{
    for (size_t i = 0; i < texts->count; i++)
        if (texts->at[i].len == 0)
            problem_error(reader->problems, texts->nodes[i], "%s: an empty text is listed", rule_spell(reader, name));
}

bool rule_is_claim_path(struct span path)
{
    struct span piece;
    if (path.len == 0)
        return false;
    while (span_split(&path, '/', &piece))
        if (piece.len == 0)
            return false;
    return true;
}

static void read_claim(struct rule_reader *reader, const struct draft_claim *draft, const struct node *node,
                       struct rule_claim *claim)
{
    const struct node *path = rule_member(reader, node, "path");
    const struct node *separator = rule_member(reader, node, "separator");
    const struct node *values = rule_member(reader, node, "values");
    if (path == NULL && draft->name.len == 0)
        problem_error(reader->problems, node, "a required claim needs a name");
    if (path != NULL && draft->name.len > 0)
        problem_error(reader->problems, path, "a required claim has a name or a path, not both");
    else if (path != NULL && !rule_is_claim_path(draft->path))
        problem_error(reader->problems, path, "path: names separated by / are expected");
    if (separator != NULL && draft->separator.len == 0)
        problem_error(reader->problems, separator, "separator is empty; leave it out where texts are not split");
    if (values != NULL && draft->values.count == 0)
        problem_error(reader->problems, values, "values is empty; leave it out to ask only that the claim is there");
    claim->is_path = path != NULL;
    claim->name = path != NULL ? draft->path : draft->name;
    claim->match = draft->match == 0 ? MATCH_ALL : MATCH_ANY;
    claim->separator = draft->separator;
    claim->values = draft->values.at;
    claim->count = draft->values.count;
}

static void read_claims(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    const struct schema_list *list = &draft->required_claims;
    const struct draft_claim *from = list->at;
    size_t extra = reader->caller != NULL ? 1 : 0;
    struct rule_claim *to = arena_zero(reader->arena, (list->count + extra) * sizeof *to);
    if (list->count + extra > RULE_CLAIMS_MAX) {
        problem_error(reader->problems, list->nodes[RULE_CLAIMS_MAX - extra], "more than %zu required claims",
                      RULE_CLAIMS_MAX - extra);
        return;
    }
    if (to == NULL) {
        problem_error(reader->problems, draft->node, "out of memory");
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        read_claim(reader, &from[i], list->nodes[i], &to[i]);
    if (extra > 0)
        to[list->count] = *reader->caller;
    rule->claims = to;
    rule->claim_count = list->count + extra;
}

static void read_lists(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    check_not_empty(reader, draft, "openid_config", draft->openid_config.count);
    check_not_empty(reader, draft, "issuer_signing_keys", draft->issuer_signing_keys.count);
    check_not_empty(reader, draft, "decryption_keys", draft->decryption_keys.count);
    check_not_empty(reader, draft, "audiences", draft->audiences.count);
    check_not_empty(reader, draft, "issuers", draft->issuers.count);
    check_not_empty(reader, draft, "required_claims", draft->required_claims.count);
    check_texts(reader, &draft->audiences, "audiences");
    check_texts(reader, &draft->issuers, "issuers");
    read_providers(reader, draft, rule);
    read_claims(reader, draft, rule);
    rule->audiences = draft->audiences.at;
    rule->audience_count = draft->audiences.count;
    rule->issuers = draft->issuers.at;
    rule->issuer_count = draft->issuers.count;
}

/* ---- reading ---- */

static bool stands_at(const struct problem *problem, const struct node *node)
{
    return (problem->line == node->line && problem->column == node->column) ||
           (problem->line == node->key_line && problem->column == node->key_column);
}

/* Whether an error about that place was told before: the first one says what is wrong, the others follow from it. */
static bool is_told(const struct rule_reader *reader, const struct problems *found, const struct problem *problem)
{
    if (problem->kind != PROBLEM_ERROR)
        return false;
    for (const struct bad_node *bad = reader->bad; bad != NULL; bad = bad->next)
        if (stands_at(problem, bad->node))
            return true;
    for (const struct problem *p = found->first; p != problem; p = p->next)
        if (p->kind == PROBLEM_ERROR && p->line == problem->line && p->column == problem->column)
            return true;
    return false;
}

static void hand_over(const struct rule_reader *reader, const struct problems *found)
{
    for (const struct problem *p = found->first; p != NULL; p = p->next)
        if (!is_told(reader, found, p))
            problem_at(reader->problems, p->kind, p->file, p->line, p->column, "%s", p->text);
}

static bool read_draft(struct rule_reader *reader, const struct rule_draft *draft, struct rule *rule)
{
    unsigned errors = reader->problems->errors;
    rule->algs = reader->settings->algs.bits == 0 ? alg_set_all() : reader->settings->algs;
    read_source(reader, draft, rule);
    read_answers(reader, draft, rule);
    read_lists(reader, draft, rule);
    return rule_read_keys(reader, draft, rule) && rule_read_decryption_keys(reader, draft, rule) &&
           rule_keep_dynamics(reader, draft->node, rule) && reader->problems->errors == errors;
}

bool rule_is_clean(const struct rule_reader *reader)
{
    return reader->problems->errors == reader->errors && reader->bad == NULL;
}

bool rule_read_map(struct rule_reader *reader, struct node *map, struct rule *rule)
{
    AUTO(problems) found;
    problems_init(&found);
    rule->source_policy = "validate-jwt";
    rule_settle_expressions(reader, map);
    struct rule_reader inner = *reader;
    inner.problems = &found;
    struct rule_draft draft = {.node = map};
    const struct schema *table = reader->is_xml ? spelled_table(&inner, &rule_table) : &rule_table;
    bool is_read = table != NULL && schema_read(table, map, &draft, reader->arena, &found);
    is_read = read_draft(&inner, &draft, rule) && is_read;
    /* What was not read has its default, or is not there: warnings about that would be wrong. */
    if (is_read && rule_is_clean(reader))
        rule_lint(&inner, &draft, rule);
    hand_over(reader, &found);
    return is_read;
}

bool rule_read_yaml(struct rule *rule, const struct node *map, const struct rule_settings *settings,
                    struct arena *arena, struct problems *problems)
{
    struct rule_reader reader = {
        .settings = settings, .arena = arena, .problems = problems, .errors = problems->errors};
    *rule = (struct rule){0};
    if (map->kind != NODE_MAP)
        return problem_error(problems, map, "validate_jwt: a map is expected, found %s", node_kind_name(map->kind));
    struct node *resolved = rule_resolve(&reader, map);
    if (resolved == NULL)
        return problem_error(problems, map, "out of memory");
    bool is_read = rule_read_map(&reader, resolved, rule);
    if (is_read && rule_is_clean(&reader))
        return true;
    rule_fini(rule);
    return false;
}

void rule_fini(struct rule *rule)
{
    if (rule->inline_keys != NULL)
        keyset_release(rule->inline_keys);
    decrypt_keys_free(rule->decryption_keys);
    *rule = (struct rule){0};
}
