/* SPDX-License-Identifier: Apache-2.0 */
/* Who the process is: the user that it becomes, and what is closed to everybody else. */
#include "run_int.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The leak check at the end of a sanitizer's run looks into its own process, as a debugger would. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_CHECKED_FOR_LEAKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_CHECKED_FOR_LEAKS 1
#endif
#endif

void run_harden(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef IS_CHECKED_FOR_LEAKS
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* keys and tokens are in this memory */
#endif
}

static bool failed(struct err *err, const char *what, const struct site_user *user)
{
    return fail(err, REASON_SYSTEM, "cannot become user %s: %s: %s", user->name, what, strerror(errno));
}

/* Whether nothing of root is left, and nothing leads back. */
static bool is_become(const struct site_user *user)
{
    uid_t users[3];
    gid_t groups[3];
    if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(users); i++)
        if (users[i] != user->user || groups[i] != user->group)
            return false;
    return setuid(0) != 0 && seteuid(0) != 0 && (user->group == 0 || setegid(0) != 0);
}

/* Groups first: only root may change them. */
static bool become(const struct site_user *user, struct err *err)
{
    if (initgroups(user->name, user->group) != 0)
        return failed(err, "its groups", user);
    if (setresgid(user->group, user->group, user->group) != 0)
        return failed(err, "its group", user);
    if (setresuid(user->user, user->user, user->user) != 0)
        return failed(err, "setuid", user);
    return is_become(user) || fail(err, REASON_SYSTEM, "became user %s, but could be root again", user->name);
}

bool run_become(const struct site *site, struct err *err)
{
    const struct site_user *user = &site->user;
    if (user->name == NULL) {
        if (geteuid() == 0)
            LOG_EVENT(LOG_WARNING, "running-as-root",
                      LOG_STR("error", "set `user`, or start it as a user of its own with CAP_NET_BIND_SERVICE"));
        return true;
    }
    if (geteuid() != 0)
        return user->user == geteuid() ||
               fail(err, REASON_CONFIG, "\"user\" is %s, but only root can become somebody else: this is user %u",
                    user->name, (unsigned)geteuid());
    if (!become(user, err))
        return false;
    run_harden(); /* the change of user may have opened the memory again (fs.suid_dumpable) */
    LOG_EVENT(LOG_NOTICE, "user-changed", LOG_STR("user", user->name), LOG_NUM("uid", user->user),
              LOG_NUM("gid", user->group));
    return true;
}
