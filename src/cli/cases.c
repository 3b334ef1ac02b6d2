/* SPDX-License-Identifier: Apache-2.0 */
/* `jwtgate test`: tables read, keys got, each case judged and told. */
#include "cli/cases.h"

#include "cli/check.h"

#include <stdio.h>

enum { FAILED_STATUS = 1, TROUBLE_STATUS = 2 };

struct cases_session {
    struct site *site;
    struct keys *keys;
    struct arena arena;
    struct case_table *tables;
    size_t table_count;
};

static const struct site_route *find_route(const struct site *site, struct span name)
{
    for (size_t i = 0; i < site->route_count; i++)
        if (span_eq(site->routes[i].name, name))
            return &site->routes[i];
    return NULL;
}

static bool check_route(struct cases_session *s, const struct case_row *row, struct problems *problems)
{
    enum { NEAR_MAX = 64 };
    const char *names[NEAR_MAX];
    size_t count = 0;
    if (find_route(s->site, row->route) != NULL)
        return true;
    for (size_t i = 0; i < s->site->route_count && count < NEAR_MAX; i++)
        if ((names[count] = arena_printf(&s->arena, "%.*s", SPAN_ARG(s->site->routes[i].name))) != NULL)
            count++;
    const char *near = schema_nearest(row->route, names, count);
    const struct node *own = node_member(row->node, "route");
    return problem_error(problems, own == NULL ? row->node : own, "there is no route \"%s\"%s%s%s", QUOTED(row->route),
                         near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

static bool read_table(struct cases_session *s, const char *file, struct case_table *table, struct problems *problems)
{
    struct err err = {0};
    struct span text;
    if (!node_read_file(&s->arena, file, NODE_BYTES_MAX, &text, &err))
        return problem_at(problems, PROBLEM_ERROR, file, 0, 0, "%s", err.text);
    bool is_ok = cases_read(table, file, text, &s->arena, problems);
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].node != NULL && table->rows[i].route.at != NULL)
            is_ok = check_route(s, &table->rows[i], problems) && is_ok;
    return is_ok;
}

/* The configuration's own warnings and notes are for `check`; here only what keeps cases from being judged is told. */
static bool read_site(struct cases_session *s, const char *config)
{
    AUTO(problems) problems;
    problems_init(&problems);
    s->site = check_read(config, (struct span){NULL, 0}, &problems);
    if (s->site == NULL)
        check_print(&problems);
    return s->site != NULL;
}

static bool read_tables(struct cases_session *s, const struct cases_options *options)
{
    AUTO(problems) problems;
    bool is_ok = true;
    problems_init(&problems);
    s->tables = arena_zero(&s->arena, options->count * sizeof *s->tables);
    if (s->tables == NULL)
        return false;
    s->table_count = options->count;
    for (size_t i = 0; i < options->count; i++)
        is_ok = read_table(s, options->files[i], &s->tables[i], &problems) && is_ok;
    check_print(&problems);
    return is_ok;
}

/* Calls `visit` for each case of all tables, in order, until it says no. */
static bool each_case(struct cases_session *s,
                      bool (*visit)(struct cases_session *, size_t, const struct case_row *, void *), void *of)
{
    size_t number = 0;
    for (size_t i = 0; i < s->table_count; i++)
        for (size_t k = 0; k < s->tables[i].count; k++)
            if (!visit(s, ++number, &s->tables[i].rows[k], of))
                return false;
    return true;
}

static bool want_keys(struct cases_session *s, size_t number, const struct case_row *row, void *of)
{
    (void)number;
    return cases_want(row, find_route(s->site, row->route), s->keys, of);
}

static void complain(void *of, const char *url, const struct err *why)
{
    (void)of;
    fprintf(stderr, "jwtgate test: no keys of %s: %s\n", url, why->text);
}

/* Judges and tells one; the count of those that do not hold is at `of`. */
static bool run_case(struct cases_session *s, size_t number, const struct case_row *row, void *of)
{
    AUTO(arena) arena = {0};
    AUTO(buf) line = {0};
    struct err err = {0};
    struct case_outcome outcome;
    size_t *failed = of;
    if (!cases_judge(row, find_route(s->site, row->route), s->site, s->keys, &arena, &outcome, &err)) {
        fprintf(stderr, "%s:%u:%u: error: %s\n", row->node->file, row->node->line, row->node->column, err.text);
        printf("Bail out! a case could not be judged\n");
        return false;
    }
    cases_tap_line(&line, number, row, &outcome);
    fwrite(buf_span(&line).at, 1, buf_len(&line), stdout);
    *failed += !outcome.holds;
    return !line.is_broken;
}

static int run(struct cases_session *s, const struct cases_options *options)
{
    AUTO(buf) head = {0};
    struct err err = {0};
    size_t count = 0;
    size_t failed = 0;
    if (!read_site(s, options->config) || !read_tables(s, options))
        return TROUBLE_STATUS;
    s->keys = keys_new(s->site);
    if (s->keys == NULL || !each_case(s, want_keys, &err) || !keys_fetch(s->keys, complain, NULL, &err)) {
        fprintf(stderr, "jwtgate test: %s\n", s->keys == NULL ? "out of memory" : err.text);
        return TROUBLE_STATUS;
    }
    for (size_t i = 0; i < s->table_count; i++)
        count += s->tables[i].count;
    cases_tap_plan(&head, count);
    fwrite(buf_span(&head).at, 1, buf_len(&head), stdout);
    bool is_whole = each_case(s, run_case, &failed);
    /* What holds and was not told has not been shown. */
    if (!check_flush("test"))
        return FAILED_STATUS;
    if (!is_whole)
        return TROUBLE_STATUS;
    return failed == 0 ? 0 : FAILED_STATUS;
}

int cases_run(const struct cases_options *options)
{
    struct cases_session session = {.site = NULL};
    int status = run(&session, options);
    keys_free(session.keys);
    site_release(session.site);
    arena_fini(&session.arena);
    return status;
}
