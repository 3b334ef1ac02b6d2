/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that keeps one file for each provider across restarts.
 *
 * Who can write there decides whose tokens pass after the next start, so nothing is read from a directory or file that another
 * user (root excepted, for the directory) could have written.  Reading and writing block: control thread, small files.
 */
#ifndef OIDC_STORE_H
#define OIDC_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

/* Whether `dir` can serve: there, a directory, not writable by group or others, of this user or root (any owner where root asks:
 * who checks a configuration may be another than who runs it), and we may write to it.  Reason CONFIG.
 */
bool store_check(const char *dir, struct err *err) MUST_CHECK;

/* The file kept for `url` into `arena`; `at` NULL where there is none.  False with why it is not read: the directory or file could
 * have been written by another, no regular file, more than `bytes_max` bytes, or it cannot be read.  Reason SYSTEM.
 */
bool store_read(const char *dir, struct span url, size_t bytes_max, struct arena *arena, struct span *text,
                struct err *err) MUST_CHECK;

/* Puts `text` in place of the file kept for `url`: whole or not at all, also when the machine fails meanwhile; mode 0600. */
bool store_write(const char *dir, struct span url, struct span text, struct err *err) MUST_CHECK;

/* Removes the file kept for `url`; fine when there is none. */
bool store_drop(const char *dir, struct span url, struct err *err) MUST_CHECK;

#endif
