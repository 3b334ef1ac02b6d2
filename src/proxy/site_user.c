/* SPDX-License-Identifier: Apache-2.0 */
/* The user that `user` names, looked up when the configuration is read: a name that is wrong is told with its place, not found out
 * after the sockets are open.
 */
#include "site_int.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

static bool find_group(struct site_build *build, const struct node *node, struct span name, gid_t *group)
{
    const char *text = arena_printf(&build->site->arena, "%.*s", SPAN_ARG(name));
    errno = 0;
    const struct group *found = text == NULL ? NULL : getgrnam(text);
    if (found == NULL)
        return problem_error(build->problems, node, "there is no group \"%s\"", QUOTED(name));
    *group = found->gr_gid;
    return true;
}

bool site_build_user(struct site_build *build)
{
    struct span rest = build->site->settings.user;
    struct site_user *user = &build->site->user;
    struct span name;
    if (!site_has(rest))
        return true;
    const struct node *node = site_place(build->site->settings.node, "user");
    if (!span_split(&rest, ':', &name) || name.len == 0 || (rest.at != NULL && rest.len == 0))
        return problem_error(build->problems, node, "\"user\" is NAME or NAME:GROUP");
    user->name = arena_printf(&build->site->arena, "%.*s", SPAN_ARG(name));
    const struct passwd *found = user->name == NULL ? NULL : getpwnam(user->name);
    if (found == NULL)
        return problem_error(build->problems, node, "there is no user \"%s\"", QUOTED(name));
    user->user = found->pw_uid;
    user->group = found->pw_gid;
    if (found->pw_uid == 0)
        return problem_error(build->problems, node, "\"user\" names root: leave it out to stay root");
    return rest.at == NULL || find_group(build, node, rest, &user->group);
}
