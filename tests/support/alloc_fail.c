/* SPDX-License-Identifier: Apache-2.0 */
/* The linker (--wrap) sends the allocations of a test and of our libraries through here. */
#include "alloc_fail.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

enum { RUNS_MAX = 1000000 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

/* A thread's own, so that helper threads of a test neither fail nor count. */
static _Thread_local size_t left;
static _Thread_local bool has_come;

static bool is_due(void)
{
    if (left == 0 || --left > 0)
        return false;
    has_come = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return is_due() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_due() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
    return is_due() ? NULL : __real_realloc(at, size);
}

char *__wrap_strdup(const char *text)
{
    return is_due() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
    return is_due() ? NULL : __real_strndup(text, len);
}

void alloc_fail_at(size_t nth)
{
    left = nth;
    has_come = false;
}

bool alloc_fail_came(void)
{
    return has_come;
}

size_t alloc_fail_each(bool (*run)(void *arg), void *arg, bool may_survive)
{
    for (size_t nth = 1; nth < RUNS_MAX; nth++) {
        alloc_fail_at(nth);
        bool is_done = run(arg);
        bool has_failed = has_come;
        alloc_fail_at(0);
        if (!has_failed && !is_done)
            fail_msg("the run without a failed allocation did not do its work");
        if (!has_failed)
            return nth - 1;
        if (is_done && !may_survive)
            fail_msg("allocation %zu failed, but the run says that its work was done", nth);
    }
    fail_msg("no end after %d runs", RUNS_MAX);
    return 0;
}
