/* SPDX-License-Identifier: Apache-2.0 */
/* Query options of a set, $filter above all; what was read is run on entities of every kind of value, and the link to a next page is
 * a query that is read again.
 */
#include "dev/odata_query.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static const struct odata_value entities[][ODATA_PROPERTIES_MAX] = {
    {{.type = ODATA_TEXT, .text = SPAN_INIT("A/B")},
     {.type = ODATA_TEXT, .text = SPAN_INIT("\xc3\x85")},
     {.type = ODATA_NUMBER, .number = 10.5},
     {.type = ODATA_NUMBER, .number = -1},
     {.type = ODATA_TRUTH, .truth = true},
     {.type = ODATA_TEXT, .text = SPAN_INIT("")}},
    {{.type = ODATA_TEXT, .text = SPAN_INIT("")},
     {.type = ODATA_NULL},
     {.type = ODATA_NULL},
     {.type = ODATA_NULL},
     {.type = ODATA_TRUTH},
     {.type = ODATA_NULL}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    AUTO(buf) raw = {0};
    AUTO(buf) next = {0};
    struct odata_failure failure = {.allow = NULL};
    const struct odata_path path = {.place = ODATA_AT_SET, .set = &odata_sets[ODATA_ORDERS]};
    struct odata_query query;
    buf_add_char(&raw, '?');
    buf_add(&raw, data, size);
    if (!odata_query_read(&query, &arena, &path, buf_span(&raw), &failure)) {
        must(failure.text[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(entities) && query.filter != NULL; i++)
        odata_filter_passes(query.filter, entities[i]);
    odata_query_put_next(&next, buf_span(&raw), 1, 1);
    return 0;
}
