/* SPDX-License-Identifier: Apache-2.0 */
/* System query options: $filter $select $orderby $top $skip $count $format, and $skiptoken of our own nextLinks. */
#ifndef DEV_ODATA_QUERY_H
#define DEV_ODATA_QUERY_H

#include "dev/odata_filter.h"
#include "dev/odata_path.h"

enum { ODATA_ORDER_MAX = 4 };

struct odata_query {
    const struct odata_filter *filter; /* NULL: all */
    struct {
        size_t property;
        bool is_descending;
    } order[ODATA_ORDER_MAX];
    size_t order_count;
    bool has_select;
    bool selects[ODATA_PROPERTIES_MAX];
    bool selects_media;
    bool has_top, has_count;
    uint64_t top, skip;
    struct span format;          /* at NULL: none */
    uint64_t page_at, page_size; /* of $skiptoken: entities that came before, entities a page; 0: none given */
};

/* Reads the raw query (with its `?`; at NULL: none) for what stands at `path`; an option that cannot stand there, and one that
 * OData does not know, is 400; one it knows but we do not is 501.  Options without `$` are the client's own and let through.
 */
bool odata_query_read(struct odata_query *query, struct arena *arena, const struct odata_path *path, struct span raw,
                      struct odata_failure *failure) MUST_CHECK;

/* Appends the raw query as it came but for any $skiptoken, and `$skiptoken=PAGE_AT-PAGE_SIZE` behind it; begins with `?`. */
void odata_query_put_next(struct buf *out, struct span raw, uint64_t page_at, uint64_t page_size);

#endif
