/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions in the texts of a rule, found before the tables read it.
 *
 * A constant one is put in as if it had been written so.  Others leave something harmless in their place (a default, or their
 * own text, which no token holds) and are evaluated for each request.  Where a request must not decide (keys, what is compared
 * with what), an expression is an error.
 */
#include "rule_int.h"

/* What a place takes. */
enum want { WANT_TEXT, WANT_BOOL, WANT_INT };

static const struct {
    const char *name;
    enum rule_place place;
    enum want want;
    bool is_kept; /* the node stays, for the checks of the whole; else the default counts */
} places[] = {
    {"header_name", PLACE_HEADER, WANT_TEXT, true},
    {"query_parameter_name", PLACE_QUERY, WANT_TEXT, true},
    {"failed_validation_httpcode", PLACE_STATUS, WANT_INT, false},
    {"failed_validation_error_message", PLACE_MESSAGE, WANT_TEXT, false},
    {"require_expiration_time", PLACE_EXPIRATION, WANT_BOOL, false},
    {"require_signed_tokens", PLACE_SIGNED, WANT_BOOL, false},
    {"require_scheme", PLACE_SCHEME, WANT_TEXT, false},
    {"clock_skew", PLACE_SKEW, WANT_INT, false},
};

/* What is known of one expression's place. */
struct site {
    struct rule_dynamic dynamic;
    enum want want;
    bool is_kept;
};

/* ---- reading ---- */

/* Where `offset` bytes into the text of `node` stand in the file. */
static bool problem_within(struct rule_reader *reader, const struct node *node, size_t offset, const char *text)
{
    unsigned line = node->line;
    unsigned column = node->column;
    for (size_t i = 0; i < offset && i < node->text.len; i++) {
        if (node->text.at[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)node->text.at[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return problem_at(reader->problems, PROBLEM_ERROR, node->file, line, column, "%s", text);
}

bool rule_read_expression(struct rule_reader *reader, const struct node *node, const struct expression **expression)
{
    struct err err;
    size_t offset = 0;
    if (rule_is_bad(reader, node))
        return false;
    const struct expression_source source = {node->text, node->is_secret};
    if (expression_read(&source, reader->arena, expression, &offset, &err))
        return true;
    problem_within(reader, node, offset, err.text);
    return rule_mark_bad(reader, node);
}

/* ---- constants ---- */

static bool put_constant(struct node *node, struct span text, enum want want)
{
    uint64_t number;
    bool is_true = span_eq_nocase(text, SPAN("true"));
    switch (want) {
    case WANT_TEXT: node->text = text; return true;
    case WANT_BOOL:
        node->kind = NODE_BOOL;
        node->text = is_true ? SPAN("true") : SPAN("false");
        return is_true || span_eq_nocase(text, SPAN("false"));
    case WANT_INT:
        node->kind = NODE_NUMBER;
        node->text = text;
        return span_u64(text, INT64_MAX, &number);
    }
    return false;
}

static bool fold(struct rule_reader *reader, struct node *node, const struct value *value, enum want want)
{
    static const char *const names[] = {"a text", "true or false", "a whole number"};
    struct err err = {.text = "nothing"};
    struct span text = {NULL, 0};
    bool is_text = value->kind != VALUE_NULL && value_text(value, reader->arena, &text, &err);
    if (is_text && put_constant(node, text, want))
        return true;
    problem_error(reader->problems, node, "%s is expected, and the expression always gives %s%s%s", names[want],
                  is_text ? "\"" : "", is_text ? QUOTED_UNLESS(node->is_secret, text) : err.text, is_text ? "\"" : "");
    return rule_mark_bad(reader, node);
}

bool rule_fold_text(struct rule_reader *reader, struct node *node, bool *is_constant)
{
    const struct expression *expression;
    struct value value;
    *is_constant = false;
    if (!rule_read_expression(reader, node, &expression))
        return false;
    *is_constant = expression_is_constant(expression, reader->arena, &value);
    return !*is_constant || fold(reader, node, &value, WANT_TEXT);
}

/* ---- places ---- */

/* Which child of its parent. */
static size_t index_of(const struct node *node)
{
    size_t index = 0;
    for (const struct node *at = node->parent->children; at != node; at = at->next)
        index++;
    return index;
}

static bool is_called(const struct rule_reader *reader, const struct node *node, const char *name)
{
    return node != NULL && span_eq(node->key, span_str(rule_spell(reader, name)));
}

/* An item of a list under `name`, or the one text that stands for such a list. */
static bool is_in_list(const struct rule_reader *reader, const struct node *node, const struct node *map,
                       const char *name, size_t *index)
{
    bool is_item = node->parent != map && node->parent->kind == NODE_LIST;
    const struct node *list = is_item ? node->parent : node;
    if (list->parent != map || !is_called(reader, list, name))
        return false;
    *index = is_item ? index_of(node) : 0;
    return true;
}

static bool is_claim_value(const struct rule_reader *reader, const struct node *node, const struct node *map,
                           struct site *site)
{
    const struct node *claim = node->parent->kind == NODE_LIST ? node->parent->parent : node->parent;
    const struct node *claims = claim == NULL ? NULL : claim->parent;
    if (claims == NULL || claims->parent != map || !is_called(reader, claims, "required_claims"))
        return false;
    site->dynamic.place = PLACE_CLAIM;
    site->dynamic.at = index_of(claim);
    return is_in_list(reader, node, claim, "values", &site->dynamic.value);
}

/* Whether an expression may stand there. */
static bool find_place(const struct rule_reader *reader, const struct node *node, const struct node *map,
                       struct site *site)
{
    *site = (struct site){.is_kept = true};
    for (size_t i = 0; node->parent == map && i < COUNT_OF(places); i++)
        if (is_called(reader, node, places[i].name)) {
            *site = (struct site){{.place = places[i].place}, places[i].want, places[i].is_kept};
            return true;
        }
    site->dynamic.place = PLACE_AUDIENCE;
    if (is_in_list(reader, node, map, "audiences", &site->dynamic.at))
        return true;
    site->dynamic.place = PLACE_ISSUER;
    return is_in_list(reader, node, map, "issuers", &site->dynamic.at) || is_claim_value(reader, node, map, site);
}

static bool is_provider_url(const struct rule_reader *reader, const struct node *node, const struct node *map)
{
    size_t index;
    const struct node *item = node->parent;
    return is_in_list(reader, node, map, "openid_config", &index) ||
           (item != map && is_called(reader, node, "url") && is_in_list(reader, item, map, "openid_config", &index));
}

static void refuse_place(struct rule_reader *reader, const struct node *node, const struct node *map)
{
    const struct node *top = node;
    const struct node *named = node;
    while (top->parent != map)
        top = top->parent;
    while (named->key.len == 0)
        named = named->parent;
    bool is_key = is_called(reader, top, "issuer_signing_keys") || is_called(reader, top, "decryption_keys");
    const char *reason = "write the value, or a named value, {{name}}";
    if (is_called(reader, top, "openid_config"))
        reason = "a key URL made of a request would let its sender choose whom to trust; write it, or a named value, "
                 "{{name}}";
    else if (is_key)
        reason = "a key made of a request would let its sender choose it; write it, or a named value, {{name}}";
    else if (is_called(reader, top, "required_claims"))
        reason = "only the values of a required claim do";
    problem_error(reader->problems, node, "\"%.*s\" takes no expression: %s", SPAN_ARG(is_key ? top->key : named->key),
                  reason);
    rule_mark_bad(reader, node);
}

static bool note_dynamic(struct rule_reader *reader, struct node *node, const struct site *site)
{
    struct draft_dynamic *draft = arena_take(reader->arena, sizeof *draft);
    if (draft == NULL)
        return problem_error(reader->problems, node, "out of memory");
    *draft = (struct draft_dynamic){site->dynamic, node, reader->dynamics};
    reader->dynamics = draft;
    if (!site->is_kept)
        rule_node_remove(node);
    return true;
}

/* What takes no request's expression: a URL of keys may still be put together of constants. */
static void settle_fixed(struct rule_reader *reader, struct node *node, const struct node *map)
{
    bool is_constant = false;
    if (is_provider_url(reader, node, map) && !rule_fold_text(reader, node, &is_constant))
        return;
    if (!is_constant)
        refuse_place(reader, node, map);
}

static void settle(struct rule_reader *reader, struct node *node, const struct node *map)
{
    struct site site;
    struct value value;
    if (is_called(reader, node, "token_value") && node->parent == map)
        return;
    if (!find_place(reader, node, map, &site)) {
        settle_fixed(reader, node, map);
        return;
    }
    if (!rule_read_expression(reader, node, &site.dynamic.expression))
        return;
    if (expression_is_constant(site.dynamic.expression, reader->arena, &value))
        fold(reader, node, &value, site.want);
    else if (!note_dynamic(reader, node, &site))
        rule_mark_bad(reader, node);
}

void rule_settle_expressions(struct rule_reader *reader, struct node *map)
{
    struct node *behind = NULL;
    for (struct node *at = map; at != NULL; at = behind) {
        behind = node_behind(at, map);
        if (at->kind == NODE_TEXT && !rule_is_bad(reader, at) && rule_holds_expression(at->text))
            settle(reader, at, map);
    }
}

bool rule_is_dynamic(const struct rule_reader *reader, const struct node *node)
{
    for (const struct draft_dynamic *at = reader->dynamics; at != NULL; at = at->next)
        if (at->node == node)
            return true;
    return false;
}

unsigned rule_reads(const struct rule *rule, bool is_parties)
{
    unsigned reads = rule->token_value == NULL || is_parties ? 0 : expression_reads(rule->token_value);
    for (size_t i = 0; i < rule->dynamic_count; i++) {
        enum rule_place place = rule->dynamics[i].place;
        if (!is_parties || place == PLACE_AUDIENCE || place == PLACE_ISSUER)
            reads |= expression_reads(rule->dynamics[i].expression);
    }
    return reads;
}

bool rule_may_take_unsigned(const struct rule *rule)
{
    bool is_asked = !rule->requires_signature;
    for (size_t i = 0; i < rule->dynamic_count; i++)
        is_asked = is_asked || rule->dynamics[i].place == PLACE_SIGNED;
    return is_asked && !rule->takes_signed_only;
}

bool rule_keep_dynamics(struct rule_reader *reader, const struct node *map, struct rule *rule)
{
    size_t count = 0;
    for (const struct draft_dynamic *at = reader->dynamics; at != NULL; at = at->next)
        count++;
    struct rule_dynamic *dynamics = arena_take(reader->arena, count * sizeof *dynamics);
    if (dynamics == NULL)
        return problem_error(reader->problems, map, "out of memory");
    rule->dynamics = dynamics;
    rule->dynamic_count = count;
    for (const struct draft_dynamic *at = reader->dynamics; at != NULL; at = at->next)
        dynamics[--count] = at->dynamic;
    return true;
}
