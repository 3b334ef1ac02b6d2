/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the n-th allocation fail, for every n: proof that each way out of memory is a clean one.
 *
 * For tests registered with ALLOC_FAIL, whose malloc, calloc, realloc, strdup and strndup, and those of our libraries, are
 * then looked at here first.  Allocations inside shared libraries are not.  Leaks show under the address sanitizer.
 */
#ifndef SUPPORT_ALLOC_FAIL_H
#define SUPPORT_ALLOC_FAIL_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the `nth` allocation (from 1) fails, once; 0: none. */
void alloc_fail_at(size_t nth);

/* Whether the failure asked for by alloc_fail_at() has come. */
bool alloc_fail_came(void);

/* Calls run(arg) with the first allocation failing, with the second, and so on until one run meets no failure.  `run` sets up
 * and takes down all it uses, checks that a false result came with its error, and returns whether its work was done.
 * Returns how many runs met a failure.  Ends the test when the run without failure did not do its work, when one with a
 * failure did it all the same although `may_survive` is false, or when there is no end.
 */
size_t alloc_fail_each(bool (*run)(void *arg), void *arg, bool may_survive);

#endif
