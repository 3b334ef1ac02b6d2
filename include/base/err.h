/* SPDX-License-Identifier: Apache-2.0 */
/* How every function says no: it returns false or NULL and leaves a reason and one sentence in a struct err.
 *
 * The sentence states facts (expected, found, what to do), lower case, without a final stop, foreign bytes escaped; never
 * a token, key, secret or cookie.  Who notices writes it; those above pass it on or prefix context with err_prefix().
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"
#include "base/reason.h"
#include "base/span.h"

enum { ERR_TEXT_BYTES = 320 };

struct err {
    enum reason reason;
    char text[ERR_TEXT_BYTES];
};

/* Fills `err` (which may be NULL) and returns false, so that `return fail(err, ...)` leaves a function. */
bool fail(struct err *err, enum reason reason, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "CONTEXT: " before the text of `err` (which may be NULL) and returns false. */
bool err_prefix(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Text for messages out of foreign bytes: printable ASCII as is, all else and `"` and `\` as \xNN, cut at 200 bytes with
 * "..." behind.  Writes at most `size` bytes with the final NUL; returns `out`, for use as a printf argument.
 */
const char *err_quote(char *out, size_t size, struct span bytes);

/* What makes a plural of the noun behind `count`. */
#define PLURAL(count) ((count) == 1 ? "" : "s")

/* A buffer for err_quote in an expression: `fail(err, R, "unknown key %s", QUOTED(name))`. */
enum { QUOTED_BYTES = 212 };
#define QUOTED(bytes) err_quote((char[QUOTED_BYTES]){0}, QUOTED_BYTES, (bytes))

/* The same, but nothing of bytes that are secret. */
#define QUOTED_UNLESS(is_secret, bytes) ((is_secret) ? "(not shown)" : QUOTED(bytes))

#endif
