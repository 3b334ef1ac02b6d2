/* SPDX-License-Identifier: Apache-2.0 */
/* Loading of policy documents for tests, and a request of few facts. */
#include "plan_case.h"

void plan_load(struct plan_loaded *loaded, const char *const *documents, size_t count)
{
    struct plan_document roots[PLAN_DOCUMENTS_MAX + 1];
    struct rule_settings settings = rule_case_settings();
    *loaded = (struct plan_loaded){.is_read = false};
    problems_init(&loaded->problems);
    assert_true(count <= COUNT_OF(roots));
    for (size_t i = 0; i < count; i++) {
        char name[] = {(char)('1' + (int)i), '.', 'x', 'm', 'l', '\0'};
        roots[i].root = node_read_xml(&loaded->arena, name, span_str(documents[i]), &loaded->problems);
        if (roots[i].root == NULL)
            return;
    }
    loaded->is_read = plan_read_xml(&loaded->plan, roots, count, &settings, &loaded->arena, &loaded->problems);
    assert_int_equal(loaded->is_read, loaded->problems.errors == 0);
}

void plan_unload(struct plan_loaded *loaded)
{
    plan_fini(&loaded->plan);
    problems_fini(&loaded->problems);
    arena_fini(&loaded->arena);
}

static void print_problems(const char *name, const char *document, const struct problems *problems)
{
    static const char *const kinds[] = {"error", "warning", "note"};
    print_error("%s: %s\n", name, document);
    for (const struct problem *p = problems->first; p != NULL; p = p->next)
        print_error("  %s:%u:%u: %s: %s\n", p->file == NULL ? "?" : p->file, p->line, p->column, kinds[p->kind],
                    p->text);
}

void plan_load_good(struct plan_loaded *loaded, const char *document)
{
    plan_load(loaded, &document, 1);
    if (!loaded->is_read)
        print_problems("must load", document, &loaded->problems);
    assert_true(loaded->is_read);
}

bool plan_has_problem(const struct plan_loaded *loaded, enum problem_kind kind, const char *file, unsigned line,
                      unsigned column, const char *text)
{
    for (const struct problem *p = loaded->problems.first; p != NULL; p = p->next)
        if (p->kind == kind && strstr(p->text, text) != NULL && p->file != NULL && strcmp(p->file, file) == 0 &&
            (line == 0 || (p->line == line && p->column == column)))
            return true;
    print_problems("a problem is missing", text, &loaded->problems);
    return false;
}

static bool holds(const struct problems *problems, const struct rule_case *c, bool is_placed)
{
    for (const struct problem *p = problems->first; p != NULL; p = p->next)
        if (p->kind == c->kind && strstr(p->text, c->text) != NULL &&
            (!is_placed || (p->line == c->line && p->column == c->column)))
            return true;
    return false;
}

/* Whether the document, good or bad, is as the case says. */
static bool is_as_told(const struct rule_case *c, const char *document, bool is_good)
{
    struct plan_loaded loaded;
    plan_load(&loaded, &document, 1);
    unsigned errors = !is_good && c->kind == PROBLEM_ERROR ? 1 : 0;
    bool is_told = holds(&loaded.problems, c, !is_good) != is_good && loaded.problems.errors == errors;
    if (!is_told)
        print_problems(c->name, document, &loaded.problems);
    plan_unload(&loaded);
    return is_told;
}

void plan_cases_run(const struct rule_case *cases, size_t count)
{
    size_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !is_as_told(&cases[i], cases[i].document, false) || !is_as_told(&cases[i], cases[i].good, true);
    assert_int_equal(bad, 0);
}

/* ---- a request ---- */

static struct value fact(void *of, enum fact fact)
{
    const struct plan_request *request = of;
    if (fact == FACT_METHOD)
        return (struct value){.kind = VALUE_TEXT, .text = span_str(request->method)};
    return (struct value){.kind = VALUE_NULL};
}

static bool header(void *of, enum message message, struct span name, struct span *joined)
{
    const struct plan_request *request = of;
    *joined = span_str(request->header);
    return message == MESSAGE_REQUEST && span_eq_nocase(name, SPAN("X")) && request->header != NULL;
}

static bool query(void *of, bool is_original, struct span name, struct span *joined)
{
    const struct plan_request *request = of;
    (void)is_original;
    *joined = span_str(request->query);
    return span_eq(name, SPAN("q")) && request->query != NULL;
}

static void random_bytes(void *of, unsigned char out[16])
{
    (void)of;
    memset(out, 7, 16);
}

struct expression_context plan_request_context(struct plan_request *request)
{
    static const struct expression_host host = {fact, header, query, random_bytes};
    return (struct expression_context){.host = &host,
                                       .of = request,
                                       .variables = &request->variables,
                                       .now_ms = INT64_C(1795219200000),
                                       .arena = &request->arena};
}

void plan_request_fini(struct plan_request *request)
{
    arena_fini(&request->arena);
}
