/* SPDX-License-Identifier: Apache-2.0 */
/* What tells a file from the one before: for those who look at a file once a second, and read it when it changed.
 *
 * Watching directories for renames, bind mounts and symbolic links that are swapped has more ways to miss something than a look
 * has.
 */
#ifndef BASE_FILE_MARK_H
#define BASE_FILE_MARK_H

#include "base/base.h"

#include <sys/types.h>
#include <time.h>

struct file_mark {
    bool is_there; /* a regular file: others could keep the reader waiting */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

/* The file at `path` as it is now. */
struct file_mark file_mark_of(const char *path);
bool file_mark_is_same(const struct file_mark *a, const struct file_mark *b);
/* Whether a change from now on would be seen: a file written twice within a clock tick looks the same, so a young one is read once
 * more.
 */
bool file_mark_is_settled(const struct file_mark *mark, int64_t now_s);

#endif
