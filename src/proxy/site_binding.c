/* SPDX-License-Identifier: Apache-2.0 */
/* The list of revoked tokens that a configuration names: a site without its list is none. */
#include "site_int.h"

bool site_build_revocation(struct site_build *build)
{
    struct site *site = build->site;
    AUTO(arena) scratch = {0};
    struct span bytes;
    struct err err;
    if (!site_has(site->settings.revocation))
        return true;
    const struct node *node = site_place(site->settings.node, "revocation");
    char *path = node_resolve_path(&site->arena, build->file, site->settings.revocation);
    if (path == NULL)
        return problem_error(build->problems, node, "out of memory");
    if (!node_read_file(&scratch, path, REVOCATION_BYTES_MAX, &bytes, &err))
        return problem_error(build->problems, node, "%s", err.text);
    site->revocation = revocation_read(path, bytes, build->problems);
    return site->revocation != NULL;
}
