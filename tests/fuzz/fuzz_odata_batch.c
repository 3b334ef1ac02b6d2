/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of $batch: the first line is the Content-Type.  What was read points into the body. */
#include "dev/odata_batch.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static bool is_within(struct span part, struct span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct span body = span_of(data, size), type = {NULL, 0};
    struct odata_failure failure = {.allow = NULL};
    struct odata_batch batch;
    unsigned change_set = 0;
    span_split(&body, '\n', &type);
    if (!odata_batch_read(&batch, &arena, type, body, &failure)) {
        must(failure.text[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < batch.count; i++) {
        const struct odata_batch_request *request = &batch.requests[i];
        must(request->head.target.len > 0 && is_within(request->head.target, body) && is_within(request->body, body));
        must(request->change_set == 0 || request->change_set == change_set || request->change_set > change_set);
        must(request->change_set <= batch.change_sets);
        change_set = request->change_set == 0 ? change_set : request->change_set;
    }
    return 0;
}
