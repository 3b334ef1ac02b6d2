/* SPDX-License-Identifier: Apache-2.0 */
/* Marks of files, by stat. */
#include "base/file_mark.h"

#include <sys/stat.h>

enum { SETTLED_S = 3 };

struct file_mark file_mark_of(const char *path)
{
    struct stat at;
    if (stat(path, &at) != 0 || !S_ISREG(at.st_mode))
        return (struct file_mark){.is_there = false};
    return (struct file_mark){.is_there = true,
                              .device = at.st_dev,
                              .inode = at.st_ino,
                              .size = at.st_size,
                              .modified = at.st_mtim,
                              .changed = at.st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_mark_is_same(const struct file_mark *a, const struct file_mark *b)
{
    if (!a->is_there || !b->is_there)
        return a->is_there == b->is_there;
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           is_same_time(&a->modified, &b->modified) && is_same_time(&a->changed, &b->changed);
}

bool file_mark_is_settled(const struct file_mark *mark, int64_t now_s)
{
    int64_t age_s = now_s - (int64_t)mark->changed.tv_sec;
    return !mark->is_there || age_s >= SETTLED_S || age_s < 0;
}
