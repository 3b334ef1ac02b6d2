/* SPDX-License-Identifier: Apache-2.0 */
/* cors, of policy XML and of a YAML route: which pages of other origins may use what the route answers.
 *
 * Both are read into one draft and checked together.  What is not understood is an error: an origin that never matches would
 * only look safe, and one that is read too widely would hand a user's answers to any page.
 */
#include "plan_int.h"

#include "base/ascii.h"

struct plan_cors_draft {
    struct schema_texts allowed_origins, allowed_methods, allowed_headers, expose_headers;
    bool allow_credentials, terminate_unmatched;
    int64_t max_age_ms;
    const struct node *node;
};

#define ROW(field, what) .name = #field, .kind = SCHEMA_##what, .offset = offsetof(struct plan_cors_draft, field)

static const struct schema_row cors_rows[] = {
    {ROW(allowed_origins, TEXTS), .one_is_list = true, .is_required = true,
     .help = "origins whose pages may use the answers, as scheme://host[:port]; * is any"},
    {ROW(allowed_methods, TEXTS), .one_is_list = true,
     .help = "methods they may use; left out: GET and POST; * is any"},
    {ROW(allowed_headers, TEXTS), .one_is_list = true, .help = "request header fields they may send; * is any"},
    {ROW(expose_headers, TEXTS), .one_is_list = true, .help = "response header fields they may read"},
    {ROW(allow_credentials, BOOL), .preset = "false", .help = "with cookies and other credentials of the browser"},
    {.name = "max_age",
     .kind = SCHEMA_DURATION,
     .offset = offsetof(struct plan_cors_draft, max_age_ms),
     .none_is_zero = true,
     .help = "how long a browser may remember the answer to a preflight; left out: as it likes"},
    {ROW(terminate_unmatched, BOOL), .preset = "true",
     .help = "answer requests of other origins without asking the backend"},
};

static const struct schema cors_table = {.name = "cors",
                                         .rows = cors_rows,
                                         .count = COUNT_OF(cors_rows),
                                         .node_offset = offsetof(struct plan_cors_draft, node) + 1};

const struct schema *plan_cors_schema(void)
{
    return &cors_table;
}

/* ---- what both have to hold to ---- */

static bool is_host(struct span host)
{
    const char *bracket = span_chr(host, ']');
    const char *colon = span_chr(bracket == NULL ? host : span_from(host, (size_t)(bracket - host.at)), ':');
    size_t len = colon == NULL ? host.len : (size_t)(colon - host.at);
    uint64_t port;
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_letter(host.at[i]) && !ascii_is_digit(host.at[i]) && strchr("-._[]:", host.at[i]) == NULL)
            return false;
    return len > 0 && (colon == NULL || span_u64(span_from(host, len + 1), 65535, &port));
}

static bool is_origin(struct span text)
{
    const char *mark = text.len == 0 ? NULL : memmem(text.at, text.len, "://", 3);
    size_t len = mark == NULL ? 0 : (size_t)(mark - text.at);
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_letter(text.at[i]) && !(i > 0 && (ascii_is_digit(text.at[i]) || strchr("+-.", text.at[i]))))
            return false;
    return len > 0 && is_host(span_from(text, len + 3));
}

/* As browsers send it: small letters, the scheme's own port left out (RFC 6454 6.2). */
static struct span settle_origin(struct arena *arena, struct span text)
{
    struct span origin = arena_lower(arena, text);
    bool is_https = span_starts(origin, SPAN("https://")) && span_ends(origin, SPAN(":443"));
    bool is_http = span_starts(origin, SPAN("http://")) && span_ends(origin, SPAN(":80"));
    return span_cut(origin, origin.len - (is_https ? 4 : is_http ? 3 : 0));
}

struct cors_maker {
    const struct plan_cors_draft *draft;
    struct arena *arena;
    struct problems *problems;
    struct plan_cors *out;
};

/* Origins are often written as URLs, with the slash that a URL ends with; browsers never send it. */
static void cut_slash(struct cors_maker *m, const struct node *node, struct span *origin)
{
    if (!span_ends(*origin, SPAN("/")) || !is_origin(span_cut(*origin, origin->len - 1)))
        return;
    origin->len--;
    problem_warning(m->problems, node,
                    "no browser sends an origin with a slash at the end: it is taken without the slash");
}

static bool check_origin(struct cors_maker *m, const struct node *node, struct span *origin)
{
    cut_slash(m, node, origin);
    if (is_origin(*origin)) {
        *origin = settle_origin(m->arena, *origin);
        return origin->at != NULL || problem_error(m->problems, node, "out of memory");
    }
    if (span_eq(*origin, SPAN("null")))
        return problem_error(m->problems, node, "the origin null is that of every sandboxed page: anybody's");
    return problem_error(m->problems, node, "an origin is scheme://host[:port] without a path, or *; found \"%s\"",
                         QUOTED_UNLESS(node->is_secret, *origin));
}

static bool make_origins(struct cors_maker *m)
{
    const struct schema_texts *from = &m->draft->allowed_origins;
    struct span *origins = arena_take(m->arena, from->count * sizeof *origins);
    bool is_good = origins != NULL || problem_error(m->problems, m->draft->node, "out of memory");
    if (from->count == 0)
        return problem_error(m->problems, m->draft->node, "cors names no allowed origin");
    for (size_t i = 0; origins != NULL && i < from->count; i++) {
        struct span *origin = &origins[m->out->origin_count];
        *origin = from->at[i];
        bool is_any = span_eq(*origin, SPAN("*"));
        m->out->takes_any_origin = m->out->takes_any_origin || is_any;
        if (is_any && m->draft->allow_credentials)
            is_good =
                problem_error(m->problems, from->nodes[i],
                              "any origin, *, with credentials: every page could act and read as its visitor; list "
                              "the origins");
        is_good = (is_any || check_origin(m, from->nodes[i], origin)) && is_good;
        m->out->origin_count += is_any ? 0 : 1;
    }
    m->out->origins = origins;
    return is_good;
}

/* Names of methods or header fields; `*` is none of them but sets `*takes_any`; where that is NULL it goes on as it is. */
static bool make_names(struct cors_maker *m, const struct schema_texts *from, const struct span **to, size_t *count,
                       bool *takes_any)
{
    struct span *names = arena_take(m->arena, from->count * sizeof *names);
    bool is_good = names != NULL || problem_error(m->problems, m->draft->node, "out of memory");
    for (size_t i = 0; names != NULL && i < from->count; i++) {
        bool is_any = takes_any != NULL && span_eq(from->at[i], SPAN("*"));
        if (is_any)
            *takes_any = true;
        else if (rule_is_token_text(from->at[i]))
            names[(*count)++] = from->at[i];
        else
            is_good = problem_error(m->problems, from->nodes[i], "a name or * is expected, found \"%s\"",
                                    QUOTED_UNLESS(from->nodes[i]->is_secret, from->at[i]));
    }
    *to = names;
    return is_good;
}

static const struct plan_cors *make_cors(const struct plan_cors_draft *draft, struct arena *arena,
                                         struct problems *problems)
{
    struct plan_cors *out = arena_zero(arena, sizeof *out);
    struct cors_maker m = {draft, arena, problems, out};
    if (out == NULL) {
        problem_error(problems, draft->node, "out of memory");
        return NULL;
    }
    bool is_good = make_origins(&m);
    is_good =
        make_names(&m, &draft->allowed_methods, &out->methods, &out->method_count, &out->takes_any_method) && is_good;
    is_good =
        make_names(&m, &draft->allowed_headers, &out->headers, &out->header_count, &out->takes_any_header) && is_good;
    is_good = make_names(&m, &draft->expose_headers, &out->exposed, &out->exposed_count, NULL) && is_good;
    out->allows_credentials = draft->allow_credentials;
    out->terminates_unmatched = draft->terminate_unmatched;
    out->max_age_s = draft->max_age_ms / 1000;
    return is_good ? out : NULL;
}

const struct plan_cors *plan_read_cors(const struct node *map, struct arena *arena, struct problems *problems)
{
    struct plan_cors_draft draft = {.node = map};
    if (!schema_read(&cors_table, map, &draft, arena, problems))
        return NULL;
    return make_cors(&draft, arena, problems);
}

/* ---- XML ---- */

static bool take_name(struct plan_reader *r, const struct node *element, const char *item, struct span *name,
                      const struct node **at)
{
    const struct plan_shape shape = {item, NULL, 0, false};
    const struct node *none[PLAN_ATTRIBUTES_MAX];
    const struct node *content;
    if (!xml_is(element, item))
        return plan_unknown(r, element, item);
    if (!plan_attributes(r, &shape, element, none) || !plan_content(r, element, &content))
        return false;
    if (content == NULL)
        return problem_error(r->problems, element, "<%s> is empty", item);
    *name = content->text;
    *at = content;
    return !rule_is_bad(&r->rule, content) &&
           (!rule_holds_expression(content->text) ||
            problem_error(r->problems, content, "<%s> takes no expression: write the value, or a named value, {{name}}",
                          item));
}

/* The texts of a container's items. */
static bool take_names(struct plan_reader *r, const struct node *element, const char *item, struct schema_texts *texts)
{
    size_t count = node_count(element);
    struct span *names = plan_take(r, element, count * sizeof *names);
    const struct node **nodes = plan_take(r, element, count * sizeof *nodes);
    bool is_good = true;
    if (names == NULL || nodes == NULL)
        return false;
    if (texts->nodes != NULL)
        return problem_error(r->problems, element, "<%.*s> is given twice", SPAN_ARG(element->key));
    *texts = (struct schema_texts){names, nodes, 0};
    for (const struct node *child = plan_element(r, element->children); child != NULL;
         child = plan_element(r, child->next)) {
        is_good = take_name(r, child, item, &names[texts->count], &nodes[texts->count]) && is_good;
        texts->count++;
    }
    return is_good;
}

static bool take_max_age(struct plan_reader *r, const struct node *node, struct plan_cors_draft *draft)
{
    uint64_t seconds = 0;
    if (node == NULL)
        return true;
    if (!span_u64(node->text, INT32_MAX, &seconds))
        return problem_error(r->problems, node, "\"%.*s\": a whole number of seconds is expected, found \"%s\"",
                             SPAN_ARG(node->key), QUOTED_UNLESS(node->is_secret, node->text));
    draft->max_age_ms = (int64_t)seconds * 1000;
    return true;
}

static bool take_container(struct plan_reader *r, const struct node *element, struct plan_cors_draft *draft)
{
    static const struct plan_attribute age[] = {{"preflight-result-max-age", false, false}};
    static const char *const known[] = {"allowed-origins", "allowed-methods", "allowed-headers", "expose-headers"};
    struct schema_texts *const texts[] = {&draft->allowed_origins, &draft->allowed_methods, &draft->allowed_headers,
                                          &draft->expose_headers};
    static const char *const items[] = {"origin", "method", "header", "header"};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    size_t i = 0;
    while (i < COUNT_OF(known) && !xml_is(element, known[i]))
        i++;
    if (i == COUNT_OF(known))
        return xml_unknown(&r->rule, element, "element in <cors>", known, COUNT_OF(known));
    const struct plan_shape shape = {known[i], age, i == 1 ? COUNT_OF(age) : 0, false};
    bool is_good = plan_attributes(r, &shape, element, found) && take_max_age(r, found[0], draft);
    return take_names(r, element, items[i], texts[i]) && is_good;
}

/* As in API Management; in YAML, headers that are left out are none. */
static bool check_containers(struct plan_reader *r, const struct node *element, const struct plan_cors_draft *cors)
{
    const char *missing = cors->allowed_origins.nodes == NULL   ? "allowed-origins"
                          : cors->allowed_headers.nodes == NULL ? "allowed-headers"
                                                                : NULL;
    return missing == NULL || problem_error(r->problems, element, "<cors> needs <%s>", missing);
}

bool plan_read_cors_xml(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_attribute attributes[] = {{"allow-credentials", false, false},
                                                       {"terminate-unmatched-request", false, false}};
    static const struct plan_shape shape = {"cors", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_cors_draft cors = {.node = element, .terminate_unmatched = true};
    bool is_good = plan_attributes(r, &shape, element, found) && plan_bool(r, found[0], &cors.allow_credentials) &&
                   plan_bool(r, found[1], &cors.terminate_unmatched);
    for (const struct node *child = plan_element(r, element->children); child != NULL;
         child = plan_element(r, child->next))
        is_good = take_container(r, child, &cors) && is_good;
    if (!is_good || !check_containers(r, element, &cors))
        return false;
    draft->step.cors = make_cors(&cors, r->arena, r->problems);
    return draft->step.cors != NULL;
}
