/* SPDX-License-Identifier: Apache-2.0 */
/* Problems of documents, collected. */
#include "base/node.h"

#include <stdarg.h>
#include <stdio.h>

void problems_init(struct problems *problems)
{
    *problems = (struct problems){0};
}

void problems_fini(struct problems *problems)
{
    arena_fini(&problems->arena);
    problems_init(problems);
}

static void problem_link(struct problems *problems, struct problem *problem)
{
    if (problems->last == NULL)
        problems->first = problem;
    else
        problems->last->next = problem;
    problems->last = problem;
}

static void problem_count(struct problems *problems, enum problem_kind kind)
{
    switch (kind) {
    case PROBLEM_ERROR: problems->errors++; break;
    case PROBLEM_WARNING: problems->warnings++; break;
    case PROBLEM_NOTE: problems->notes++; break;
    }
}

/* A copy of the file's name that lives as long as the problems; that of the problem before, when it is the same. */
static const char *file_keep(struct problems *problems, const char *file)
{
    const struct problem *last = problems->last;
    if (file == NULL || (last != NULL && last->file != NULL && strcmp(last->file, file) == 0))
        return file == NULL ? NULL : last->file;
    return arena_copy(&problems->arena, span_str(file)).at;
}

static char *text_format(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int need = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = need < 0 ? NULL : arena_take(arena, (size_t)need + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)need + 1, format, arguments);
    return text;
}

static bool problem_add(struct problems *problems, struct problem problem, const char *format, va_list arguments)
{
    static char no_memory[] = "out of memory";
    problem_count(problems, problem.kind);
    const char *file = file_keep(problems, problem.file);
    bool is_lost = problem.file != NULL && file == NULL;
    problem.file = file;
    problem.text = text_format(&problems->arena, format, arguments);
    struct problem *kept = arena_take(&problems->arena, sizeof *kept);
    if (!is_lost && problem.text != NULL && kept != NULL) {
        *kept = problem;
        problem_link(problems, kept);
    } else if (problems->spare.text == NULL) {
        problems->spare = (struct problem){.kind = PROBLEM_ERROR, .text = no_memory};
        problem_link(problems, &problems->spare);
    }
    return false;
}

bool problem_error(struct problems *problems, const struct node *node, const char *format, ...)
{
    if (node->is_lost)
        return false;
    struct problem problem = {PROBLEM_ERROR, node->file, node->line, node->column, NULL, NULL};
    va_list arguments;
    va_start(arguments, format);
    problem_add(problems, problem, format, arguments);
    va_end(arguments);
    return false;
}

bool problem_key(struct problems *problems, const struct node *node, const char *format, ...)
{
    struct problem problem = {PROBLEM_ERROR, node->file, node->key_line, node->key_column, NULL, NULL};
    va_list arguments;
    va_start(arguments, format);
    problem_add(problems, problem, format, arguments);
    va_end(arguments);
    return false;
}

void problem_warning(struct problems *problems, const struct node *node, const char *format, ...)
{
    if (node->is_lost)
        return;
    struct problem problem = {PROBLEM_WARNING, node->file, node->line, node->column, NULL, NULL};
    va_list arguments;
    va_start(arguments, format);
    problem_add(problems, problem, format, arguments);
    va_end(arguments);
}

void problem_note(struct problems *problems, const struct node *node, const char *format, ...)
{
    if (node->is_lost)
        return;
    struct problem problem = {PROBLEM_NOTE, node->file, node->line, node->column, NULL, NULL};
    va_list arguments;
    va_start(arguments, format);
    problem_add(problems, problem, format, arguments);
    va_end(arguments);
}

bool problem_at(struct problems *problems, enum problem_kind kind, const char *file, unsigned line, unsigned column,
                const char *format, ...)
{
    struct problem problem = {kind, file, line, column, NULL, NULL};
    va_list arguments;
    va_start(arguments, format);
    problem_add(problems, problem, format, arguments);
    va_end(arguments);
    return false;
}
