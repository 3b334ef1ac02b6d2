/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates that root can read and the user that root is to become cannot: the start goes well, and the reload after the
 * first renewal does not.
 */
#include "site_int.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

struct reader {
    struct site_build *build;
    const struct site_user *user;
    gid_t groups[GROUPS_MAX];
    int group_count;
};

static bool has_group(const struct reader *reader, gid_t group)
{
    for (int i = 0; i < reader->group_count; i++)
        if (reader->groups[i] == group)
            return true;
    return false;
}

/* By owner, group and mode alone. */
static bool may_read(const struct reader *reader, const struct stat *found)
{
    if (found->st_uid == reader->user->user)
        return (found->st_mode & S_IRUSR) != 0;
    return (found->st_mode & (has_group(reader, found->st_gid) ? S_IRGRP : S_IROTH)) != 0;
}

static void look(const struct reader *reader, const struct node *map, const char *key, struct span path)
{
    struct stat found;
    if (!site_has(path) || stat(path.at, &found) != 0 || may_read(reader, &found))
        return;
    problem_warning(reader->build->problems, site_place(map, key),
                    "user \"%s\" cannot read \"%s\": a reload will fail; give it to a group of that user, mode 0640",
                    reader->user->name, QUOTED(path));
}

static void look_at_listener(const struct reader *reader, const struct listener_tls_settings *tls)
{
    const struct tls_identity_settings *more = tls->certificates.at;
    look(reader, tls->node, "certificate", tls->certificate);
    look(reader, tls->node, "key", tls->key);
    look(reader, tls->node, "client_ca", tls->client_ca);
    for (size_t i = 0; i < tls->certificates.count; i++) {
        look(reader, more[i].node, "certificate", more[i].certificate);
        look(reader, more[i].node, "key", more[i].key);
    }
}

void site_warn_unreadable(struct site_build *build)
{
    const struct site *site = build->site;
    const struct backend_settings *backends = site->settings.backends.at;
    const struct provider_settings *providers = site->settings.providers.at;
    struct reader reader = {.build = build, .user = &site->user, .group_count = GROUPS_MAX};
    if (geteuid() != 0 || site->user.name == NULL)
        return;
    if (getgrouplist(site->user.name, site->user.group, reader.groups, &reader.group_count) < 0)
        return;
    for (size_t i = 0; i <= site->listener_count; i++)
        look_at_listener(&reader, &site_tls_settings(site, i)->tls);
    for (size_t i = 0; i < site->settings.backends.count; i++) {
        look(&reader, backends[i].tls.node, "ca", backends[i].tls.ca);
        look(&reader, backends[i].tls.node, "client_certificate", backends[i].tls.client_certificate);
        look(&reader, backends[i].tls.node, "client_key", backends[i].tls.client_key);
    }
    for (size_t i = 0; i < site->settings.providers.count; i++) {
        look(&reader, providers[i].node, "ca", providers[i].ca);
        look(&reader, providers[i].node, "client_certificate", providers[i].client_certificate);
        look(&reader, providers[i].node, "client_key", providers[i].client_key);
    }
}
