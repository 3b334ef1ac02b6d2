/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text for people: what they read is what stands there, and nothing of it acts on a terminal or hides in it. */
#ifndef POLICY_REPORT_SHOWN_H
#define POLICY_REPORT_SHOWN_H

#include "base/span.h"

enum { REPORT_SHOWN_BYTES = 212 };

/* Printable characters of UTF-8 as they are; control characters and those that are not seen or turn the writing's direction as
 * \x1b or \u202e, bytes that are no UTF-8 as \xff; cut at 200 bytes with "..." behind, never within a character.  Writes a final
 * NUL; returns `out`, for use as a printf argument.  `*columns` (may be NULL) is how many characters that are.
 */
const char *report_shown(char out[REPORT_SHOWN_BYTES], struct span bytes, size_t *columns);

/* The same in an expression. */
#define SHOWN(bytes) report_shown((char[REPORT_SHOWN_BYTES]){0}, (bytes), NULL)

#endif
