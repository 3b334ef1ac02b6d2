/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka with its needs, and comparison of spans.
 *
 * cmocka has a macro fail(); our function of that name is declared before it here and called as `(fail)(err, ...)` in tests.
 */
#ifndef SUPPORT_UNIT_H
#define SUPPORT_UNIT_H

#include "base/err.h"
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After those that it needs. */
#include <cmocka.h>

static inline void assert_span(struct span found, const char *wanted)
{
    if (span_eq(found, span_str(wanted)))
        return;
    print_error("found \"%.*s\", wanted \"%s\"\n", SPAN_ARG(found), wanted);
    fail();
}

#endif
