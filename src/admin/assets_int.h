/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the token console, which the build puts into the program (embed.cmake). */
#ifndef ADMIN_ASSETS_INT_H
#define ADMIN_ASSETS_INT_H

#include "admin_int.h"

struct asset {
    struct span name; /* of the file, such as index.html */
    struct span type; /* Content-Type */
    struct span etag; /* made of its bytes, with its quotes */
    struct span body;
};

/* Written by embed.cmake. */
extern const struct asset assets_list[];
extern const size_t assets_count;

/* The file of that name; NULL: there is none. */
const struct asset *assets_find(struct span name);

/* Makes the reply that file, or 304 where the request names its ETag; with the fields that keep a page from loading or running
 * anything but the program's own files, and others from framing it.
 */
void assets_give(const struct asset *asset, const struct request *request, struct reply *reply);

#endif
