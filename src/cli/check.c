/* SPDX-License-Identifier: Apache-2.0 */
/* `jwtgate check`, and the reading of configuration that `serve` shares with it. */
#include "cli/check.h"

#include "base/now.h"
#include "cli/doctor.h"

#include <stdio.h>
#include <string.h>

struct site *check_read(const char *file, struct span text, struct problems *problems)
{
    AUTO(arena) arena = {0};
    struct err err;
    if (text.at == NULL && !node_read_file(&arena, file, SETTINGS_BYTES_MAX, &text, &err)) {
        problem_at(problems, PROBLEM_ERROR, file, 0, 0, "%s", err.text);
        return NULL;
    }
    return site_read(file, text, now_read().wall_s, problems);
}

static bool stands_before(const struct problem *a, const struct problem *b)
{
    int order = strcmp(a->file == NULL ? "" : a->file, b->file == NULL ? "" : b->file);
    if (order != 0 || a->line == b->line)
        return order == 0 && a->column < b->column;
    return a->line < b->line;
}

static void print(const struct problem *problem)
{
    static const char *const kinds[] = {"error", "warning", "note"};
    const char *file = problem->file == NULL ? "configuration" : problem->file;
    /* What is wrong with a file as a whole is told at its beginning: every line has one form. */
    fprintf(stderr, "%s:%u:%u: %s: %s\n", file, problem->line == 0 ? 1 : problem->line,
            problem->column == 0 ? 1 : problem->column, kinds[problem->kind], problem->text);
}

/* Sorted within each file; files in the order their first problem was found. */
static void sort(const struct problem **all, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct problem *moving = all[i];
        size_t at = i;
        while (at > 0 &&
               strcmp(all[at - 1]->file == NULL ? "" : all[at - 1]->file, moving->file == NULL ? "" : moving->file) ==
                   0 &&
               stands_before(moving, all[at - 1])) {
            all[at] = all[at - 1];
            at--;
        }
        all[at] = moving;
    }
}

void check_print(const struct problems *problems)
{
    size_t count = 0;
    for (const struct problem *at = problems->first; at != NULL; at = at->next)
        count++;
    const struct problem **all = malloc((count + 1) * sizeof(const struct problem *));
    size_t used = 0;
    for (const struct problem *at = problems->first; at != NULL; at = at->next) {
        if (all != NULL)
            all[used++] = at;
        else
            print(at);
    }
    sort(all, used);
    for (size_t i = 0; i < used; i++)
        print(all[i]);
    free(all);
}

bool check_flush(const char *command)
{
    bool is_written = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (!is_written)
        fprintf(stderr, "jwtgate %s: standard output could not be written\n", command);
    return is_written;
}

int check_run(const char *file, bool is_online)
{
    AUTO(problems) problems;
    problems_init(&problems);
    struct site *site = check_read(file, (struct span){NULL, 0}, &problems);
    bool is_asked = site == NULL || !is_online || doctor_run(site, &problems);
    check_print(&problems);
    if (site == NULL || !is_asked || problems.errors > 0)
        printf("%s: %u error%s, %u warning%s\n", file, problems.errors, PLURAL(problems.errors), problems.warnings,
               PLURAL(problems.warnings));
    else
        printf("%s: ok: %zu route%s, %zu backend%s, %u warning%s\n", file, site->route_count, PLURAL(site->route_count),
               site->backend_count, PLURAL(site->backend_count), problems.warnings, PLURAL(problems.warnings));
    bool is_ok = check_flush("check") && site != NULL && is_asked && problems.errors == 0;
    site_release(site);
    return is_ok ? 0 : 1;
}
