/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the store.  Everything is looked at on the descriptor that is then used, never on the path before: what a path leads
 * to can change between two looks.
 */
#include "oidc/store.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHA256_BYTES = 32, NAME_BYTES = SHA256_BYTES * 2 + 32, WRITABLE_BY_OTHERS = S_IWGRP | S_IWOTH };

static void descriptor_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* An owning local: closed when its scope ends. */
#define DESCRIPTOR __attribute__((cleanup(descriptor_close))) int

/* A hash, since URLs hold what names of files must not, and may be longer. */
static bool name_make(char name[NAME_BYTES], struct span url, struct err *err)
{
    unsigned char hash[SHA256_BYTES];
    if (EVP_Q_digest(NULL, "SHA256", NULL, url.at, url.len, hash, NULL) != 1)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the name of a stored file");
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(name + i * 2, 3, "%02x", hash[i]);
    snprintf(name + sizeof hash * 2, NAME_BYTES - sizeof hash * 2, ".json");
    return true;
}

static bool directory_judge(const struct stat *seen, bool is_owner_free, struct err *err)
{
    uid_t user = geteuid();
    if (!is_owner_free && seen->st_uid != user && seen->st_uid != 0)
        return fail(err, REASON_SYSTEM, "the directory belongs to user %u; to be used it belongs to %u or root",
                    (unsigned)seen->st_uid, (unsigned)user);
    if ((seen->st_mode & WRITABLE_BY_OTHERS) != 0)
        return fail(err, REASON_SYSTEM, "the directory can be written by group or others (mode %04o); use 0700",
                    (unsigned)(seen->st_mode & 07777));
    return true;
}

/* The directory may be a symbolic link, as systemd makes them: whose it leads to is what counts. */
static int directory_open(const char *dir, bool is_owner_free, struct err *err)
{
    struct stat seen;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        fail(err, REASON_SYSTEM, "the directory cannot be opened: %s", strerror(errno));
        return -1;
    }
    if (fstat(fd, &seen) == 0 && directory_judge(&seen, is_owner_free, err))
        return fd;
    close(fd);
    return -1;
}

bool store_check(const char *dir, struct err *err)
{
    DESCRIPTOR at = directory_open(dir, geteuid() == 0, err);
    bool is_good = at >= 0 && (faccessat(at, ".", W_OK | X_OK, AT_EACCESS) == 0 ||
                               fail(err, REASON_CONFIG, "the directory cannot be written: %s", strerror(errno)));
    if (!is_good && err != NULL)
        err->reason = REASON_CONFIG;
    return is_good;
}

/* Reading. */

static bool file_judge(const struct stat *seen, size_t bytes_max, struct err *err)
{
    if (!S_ISREG(seen->st_mode))
        return fail(err, REASON_SYSTEM, "it is no regular file");
    if (seen->st_uid != geteuid())
        return fail(err, REASON_SYSTEM, "it belongs to user %u, not to %u", (unsigned)seen->st_uid,
                    (unsigned)geteuid());
    if ((seen->st_mode & WRITABLE_BY_OTHERS) != 0)
        return fail(err, REASON_SYSTEM, "it can be written by group or others (mode %04o)",
                    (unsigned)(seen->st_mode & 07777));
    return (uint64_t)seen->st_size <= bytes_max ||
           fail(err, REASON_SYSTEM, "it has %lld bytes; at most %zu are read", (long long)seen->st_size, bytes_max);
}

static bool file_read(int fd, size_t size, struct arena *arena, struct span *text, struct err *err)
{
    char *bytes = arena_take(arena, size + 1);
    size_t len = 0;
    if (bytes == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a stored file");
    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return fail(err, REASON_SYSTEM, "it cannot be read: %s", strerror(errno));
        len += got < 0 ? 0 : (size_t)got;
    }
    *text = span_of(bytes, len);
    return true;
}

bool store_read(const char *dir, struct span url, size_t bytes_max, struct arena *arena, struct span *text,
                struct err *err)
{
    char name[NAME_BYTES];
    struct stat seen;
    *text = (struct span){NULL, 0};
    DESCRIPTOR at = directory_open(dir, false, err);
    if (at < 0 || !name_make(name, url, err))
        return false;
    /* Not to hang on a pipe that lies there. */
    DESCRIPTOR fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0 || fstat(fd, &seen) != 0)
        return fail(err, REASON_SYSTEM, "it cannot be opened: %s", strerror(errno));
    return file_judge(&seen, bytes_max, err) && file_read(fd, (size_t)seen.st_size, arena, text, err);
}

/* Writing. */

static bool bytes_write(int fd, struct span text, struct err *err)
{
    while (text.len > 0) {
        ssize_t wrote = write(fd, text.at, text.len);
        if (wrote < 0 && errno != EINTR)
            return fail(err, REASON_SYSTEM, "it cannot be written: %s", strerror(errno));
        text = span_from(text, wrote < 0 ? 0 : (size_t)wrote);
    }
    return fsync(fd) == 0 || fail(err, REASON_SYSTEM, "it cannot be written: %s", strerror(errno));
}

/* Its own name for every write: two processes may share a directory, and none is to rename what the other is writing. */
static bool temporary_write(int at, char name[NAME_BYTES], struct span text, struct err *err)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return fail(err, REASON_SYSTEM, "no random name for a new file");
    snprintf(name, NAME_BYTES, ".%016llx.new", (unsigned long long)random);
    DESCRIPTOR fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(err, REASON_SYSTEM, "no file can be made: %s", strerror(errno));
    if (bytes_write(fd, text, err))
        return true;
    unlinkat(at, name, 0);
    return false;
}

bool store_write(const char *dir, struct span url, struct span text, struct err *err)
{
    char name[NAME_BYTES];
    char temporary[NAME_BYTES];
    DESCRIPTOR at = directory_open(dir, false, err);
    if (at < 0 || !name_make(name, url, err) || !temporary_write(at, temporary, text, err))
        return false;
    if (renameat(at, temporary, at, name) != 0) {
        fail(err, REASON_SYSTEM, "it cannot be put in its place: %s", strerror(errno));
        unlinkat(at, temporary, 0);
        return false;
    }
    return fsync(at) == 0 || fail(err, REASON_SYSTEM, "the directory cannot be written: %s", strerror(errno));
}

bool store_drop(const char *dir, struct span url, struct err *err)
{
    char name[NAME_BYTES];
    DESCRIPTOR at = directory_open(dir, false, err);
    if (at < 0 || !name_make(name, url, err))
        return false;
    return unlinkat(at, name, 0) == 0 || errno == ENOENT ||
           fail(err, REASON_SYSTEM, "it cannot be removed: %s", strerror(errno));
}
