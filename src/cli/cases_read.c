/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of cases read: keys by tables, then what the tables cannot see, all problems in one run. */
#include "cli/cases.h"

#include "base/ascii.h"
#include "base/now.h"
#include "cli/request.h"
#include "policy/explain.h"

#include <stdio.h>

enum { TOKEN_FILE_BYTES_MAX = 1 << 20, NAMES_MAX = REASON_COUNT };

struct table_settings {
    struct case_row defaults;
    struct schema_list cases;
};

#define ROW(member_, name_, kind_, ...)                                                             \
    {                                                                                               \
        .name = (name_), .kind = (kind_), .offset = offsetof(struct case_row, member_), __VA_ARGS__ \
    }

static const char *const expectations[] = {"pass", "refuse", NULL};

static const struct schema_row default_rows[] = {
    ROW(route, "route", SCHEMA_TEXT, .help = "route of the configuration, by its name"),
    ROW(jwks, "jwks", SCHEMA_TEXT, .help = "file of a JWK Set in place of all key sets; relative to this file"),
    ROW(issuer, "issuer", SCHEMA_TEXT, .help = "issuer of the keys in jwks, or of claims; default: that of the URL"),
    ROW(at, "at", SCHEMA_TEXT, .help = "time of the judgement: RFC 3339, or seconds since 1970; default: now"),
};
static const struct schema defaults_schema = {"defaults", default_rows, COUNT_OF(default_rows), 0, NULL};

static const struct schema_row case_rows[] = {
    ROW(name, "name", SCHEMA_TEXT, .is_required = true, .help = "what the case shows"),
    ROW(route, "route", SCHEMA_TEXT, .help = "route of the configuration, by its name"),
    ROW(token, "token", SCHEMA_TEXT, .help = "the token; empty: a request without one"),
    ROW(token_file, "token_file", SCHEMA_TEXT, .help = "file that holds the token; relative to this file"),
    ROW(claims, "claims", SCHEMA_NODE, .help = "claims, judged as if a key of the set had signed them"),
    ROW(jwks, "jwks", SCHEMA_TEXT, .help = "file of a JWK Set in place of all key sets; relative to this file"),
    ROW(issuer, "issuer", SCHEMA_TEXT, .help = "issuer of the keys in jwks, or of claims; default: that of the URL"),
    ROW(at, "at", SCHEMA_TEXT, .help = "time of the judgement: RFC 3339, or seconds since 1970; default: now"),
    ROW(url, "url", SCHEMA_TEXT, .help = "URL of the request, for expressions; default: host and path of the route"),
    ROW(expect, "expect", SCHEMA_ENUM, .words = expectations, .is_required = true, .help = "pass or refuse"),
    ROW(reason, "reason", SCHEMA_TEXT, .help = "public name of the reason of the refusal; default: any"),
    ROW(status, "status", SCHEMA_INT, .min = 100, .max = 599, .help = "status of the answer; default: any"),
};
static const struct schema case_schema = {"cases", case_rows, COUNT_OF(case_rows), offsetof(struct case_row, node) + 1,
                                          NULL};

static const struct schema_row table_rows[] = {
    {.name = "defaults",
     .kind = SCHEMA_STRUCT,
     .offset = offsetof(struct table_settings, defaults),
     .table = &defaults_schema,
     .help = "what a case gets that does not say otherwise"},
    {.name = "cases",
     .kind = SCHEMA_LIST,
     .offset = offsetof(struct table_settings, cases),
     .table = &case_schema,
     .item_bytes = sizeof(struct case_row),
     .is_required = true,
     .help = "the cases, in the order in which they are told"},
};
static const struct schema table_schema = {"table", table_rows, COUNT_OF(table_rows), 0, NULL};

/* ---- claims ---- */

/* RFC 8259 6, which YAML's numbers go beyond: 0x1f, .inf, +1, 1., 007. */
static bool is_json_number(struct span s)
{
    size_t at = s.len > 0 && s.at[0] == '-';
    size_t begin = at;
    while (at < s.len && ascii_is_digit(s.at[at]))
        at++;
    if (at == begin || (s.at[begin] == '0' && at > begin + 1))
        return false;
    if (at < s.len && s.at[at] == '.') {
        begin = ++at;
        while (at < s.len && ascii_is_digit(s.at[at]))
            at++;
        if (at == begin)
            return false;
    }
    if (at < s.len && (s.at[at] == 'e' || s.at[at] == 'E')) {
        at += at + 1 < s.len && (s.at[at + 1] == '+' || s.at[at + 1] == '-') ? 2 : 1;
        begin = at;
        while (at < s.len && ascii_is_digit(s.at[at]))
            at++;
        if (at == begin)
            return false;
    }
    return at == s.len;
}

static bool write_scalar(struct buf *out, const struct node *node, struct problems *problems)
{
    switch (node->kind) {
    case NODE_NULL: buf_add_str(out, "null"); return true;
    case NODE_BOOL: buf_add_str(out, span_starts(node->text, SPAN("t")) ? "true" : "false"); return true;
    case NODE_NUMBER:
        buf_add_span(out, node->text);
        return is_json_number(node->text) || problem_error(problems, node,
                                                           "a claim's number is one of JSON, such as 12, -1 or 1.5e3; "
                                                           "found %s",
                                                           QUOTED(node->text));
    case NODE_TEXT: buf_add_json_text(out, node->text); return true;
    case NODE_LIST:
    case NODE_MAP:
    case NODE_ELEMENT: break;
    }
    return true;
}

static bool is_container(const struct node *node)
{
    return node->kind == NODE_LIST || node->kind == NODE_MAP;
}

static void write_key(struct buf *out, const struct node *node)
{
    if (node->parent == NULL || node->parent->kind != NODE_MAP)
        return;
    buf_add_json_text(out, node->key);
    buf_add_char(out, ':');
}

static void write_end(struct buf *out, const struct node *node)
{
    buf_add_char(out, node->kind == NODE_MAP ? '}' : ']');
}

/* The node behind `node` in the order of the document, ends of containers written on the way; NULL behind the last. */
static const struct node *write_on(struct buf *out, const struct node *node, const struct node *root)
{
    while (node != root && node->next == NULL) {
        node = node->parent;
        write_end(out, node);
    }
    if (node == root)
        return NULL;
    buf_add_char(out, ',');
    return node->next;
}

/* Nodes as JSON, without recursion. */
static bool write_json(struct buf *out, const struct node *root, struct problems *problems)
{
    bool is_ok = true;
    for (const struct node *at = root; at != NULL;) {
        if (at != root)
            write_key(out, at);
        if (!is_container(at)) {
            is_ok = write_scalar(out, at, problems) && is_ok;
            at = write_on(out, at, root);
            continue;
        }
        buf_add_char(out, at->kind == NODE_MAP ? '{' : '[');
        if (at->children != NULL) {
            at = at->children;
        } else {
            write_end(out, at);
            at = write_on(out, at, root);
        }
    }
    return is_ok;
}

static bool read_claims(struct case_row *row, struct arena *arena, struct problems *problems)
{
    AUTO(buf) json = {0};
    if (row->claims->kind != NODE_MAP)
        return problem_error(problems, row->claims, "\"claims\" is a map of names to values");
    if (!write_json(&json, row->claims, problems))
        return false;
    row->claims_json = arena_copy(arena, buf_span(&json));
    return (!json.is_broken && row->claims_json.at != NULL) || problem_error(problems, row->claims, "out of memory");
}

/* ---- tokens and keys ---- */

static bool read_beside(const struct case_row *row, const char *key, struct span name, struct arena *arena,
                        struct span *bytes, struct problems *problems)
{
    struct err err = {0};
    const struct node *own = node_member(row->node, key);
    const struct node *place = own == NULL ? row->node : own;
    char *path = node_resolve_path(arena, place->file, name);
    if (path == NULL)
        return problem_error(problems, place, "out of memory");
    return node_read_file(arena, path, TOKEN_FILE_BYTES_MAX, bytes, &err) ||
           problem_error(problems, place, "%s: %s", key, err.text);
}

/* A number or a boolean is no token: YAML took what was meant as text for something else, or something was left out. */
static bool check_text(const struct case_row *row, const char *key, struct problems *problems)
{
    const struct node *own = node_member(row->node, key);
    return own == NULL || own->kind == NODE_TEXT || own->kind == NODE_NULL ||
           problem_error(problems, own, "\"%s\" is a text; found %s: put quotes around it", key, QUOTED(own->text));
}

static bool read_token(struct case_row *row, struct arena *arena, struct problems *problems)
{
    struct span bytes = row->token;
    bool had_scheme;
    int count = (row->token.at != NULL) + (row->token_file.at != NULL) + (row->claims != NULL);
    if (count != 1)
        return problem_error(problems, row->node, "a case has one of \"token\", \"token_file\" and \"claims\"%s",
                             count == 0 ? "" : ", not several");
    if (row->claims != NULL)
        return read_claims(row, arena, problems);
    if (!check_text(row, "token", problems))
        return false;
    if (row->token_file.at != NULL && !read_beside(row, "token_file", row->token_file, arena, &bytes, problems))
        return false;
    row->credential = explain_token(bytes, &had_scheme);
    return true;
}

/* ---- a row ---- */

static const struct node *place_of(const struct case_row *row, const char *key)
{
    const struct node *own = node_member(row->node, key);
    return own == NULL ? row->node : own;
}

static bool read_at(struct case_row *row, struct problems *problems)
{
    struct err err = {0};
    if (row->at.at == NULL)
        return true;
    row->has_at = true;
    return now_from_text(row->at, &row->at_s, &err) || problem_error(problems, place_of(row, "at"), "at: %s", err.text);
}

static bool read_url(struct case_row *row, struct arena *arena, struct problems *problems)
{
    struct err err = {0};
    return row->url.at == NULL || request_of_url(arena, row->url, &row->request, &err) ||
           problem_error(problems, place_of(row, "url"), "url: %s", err.text);
}

static bool check_reason(const struct case_row *row, struct problems *problems)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    if (row->reason.at == NULL)
        return true;
    if (row->expect == EXPECT_PASS)
        return problem_error(problems, place_of(row, "reason"), "what passes has no reason");
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        if (!reason_is_verdict((enum reason)reason))
            continue;
        names[count++] = reason_name((enum reason)reason);
        if (span_eq(row->reason, span_str(names[count - 1])))
            return true;
    }
    const char *near = schema_nearest(row->reason, names, count);
    return problem_error(problems, place_of(row, "reason"), "there is no reason \"%s\"%s%s%s", QUOTED(row->reason),
                         near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

static bool check_status(const struct case_row *row, struct problems *problems)
{
    bool is_right = row->expect != EXPECT_PASS || row->status == 0 || row->status == 200;
    return is_right || problem_error(problems, place_of(row, "status"), "what passes has the status 200");
}

static bool read_row(struct case_row *row, struct arena *arena, struct problems *problems)
{
    bool is_ok = true;
    if (row->name.at != NULL && row->name.len == 0)
        is_ok = problem_error(problems, place_of(row, "name"), "a case's name is not empty");
    if (row->route.at == NULL)
        is_ok = problem_error(problems, row->node, "\"route\" is missing, and \"defaults\" has none");
    is_ok = read_token(row, arena, problems) && is_ok;
    is_ok = read_at(row, problems) && is_ok;
    is_ok = read_url(row, arena, problems) && is_ok;
    is_ok = check_reason(row, problems) && is_ok;
    is_ok = check_status(row, problems) && is_ok;
    return is_ok;
}

/* Cases that name the same file share its bytes, so that its keys are read once. */
static bool read_jwks(struct case_table *table, size_t index, struct arena *arena, struct problems *problems)
{
    struct case_row *row = &table->rows[index];
    if (row->jwks.at == NULL)
        return true;
    for (size_t i = 0; i < index; i++) {
        if (table->rows[i].jwks.at == NULL || !span_eq(table->rows[i].jwks, row->jwks))
            continue;
        row->jwks_bytes = table->rows[i].jwks_bytes;
        return row->jwks_bytes.at != NULL; /* else it was told there */
    }
    return read_beside(row, "jwks", row->jwks, arena, &row->jwks_bytes, problems);
}

static void fill(struct span *text, struct span preset)
{
    if (text->at == NULL)
        *text = preset;
}

bool cases_read(struct case_table *table, const char *file, struct span text, struct arena *arena,
                struct problems *problems)
{
    struct table_settings settings = {.cases = {.count = 0}};
    *table = (struct case_table){.rows = NULL};
    struct node *root = node_read_yaml(arena, file, text, problems);
    if (root == NULL)
        return false;
    bool is_ok = schema_read(&table_schema, root, &settings, arena, problems);
    table->rows = settings.cases.at;
    table->count = settings.cases.count;
    if (is_ok && table->count == 0)
        is_ok = problem_error(problems, node_member(root, "cases"), "\"cases\" is empty: nothing would be shown");
    for (size_t i = 0; i < table->count; i++) {
        struct case_row *row = &table->rows[i];
        if (row->node == NULL) /* no map, which the table has told */
            continue;
        fill(&row->route, settings.defaults.route);
        fill(&row->jwks, settings.defaults.jwks);
        fill(&row->issuer, settings.defaults.issuer);
        fill(&row->at, settings.defaults.at);
        is_ok = read_row(row, arena, problems) && is_ok;
        is_ok = read_jwks(table, i, arena, problems) && is_ok;
    }
    return is_ok;
}
