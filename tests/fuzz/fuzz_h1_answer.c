/* SPDX-License-Identifier: Apache-2.0 */
/* Answers from a backend that has gone wrong.  However their bytes are cut, the same pieces come out; a body never
 * exceeds what was stated; refusals are the backend's fault and nobody else's.
 *
 * The first byte is the seed of the cuts, the rest what the backend sends.
 */
#include "../unit/http/reading.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits limits = {.head_bytes_max = 4096, .field_bytes_max = 2048, .fields_max = 32};

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static void check_head(const struct reading *r)
{
    const struct head *head = &r->head;
    must(head->status >= 100 && head->status <= 599 && head->status_text.len == 3);
    must(head->body != BODY_SIZED || buf_len(&r->body) == head->body_bytes);
    must(head->body != BODY_NONE || buf_len(&r->body) == 0);
    must(head->body != BODY_UNTIL_CLOSE || head->wants_close);
    for (size_t i = 0; i < head->count; i++) {
        AUTO(buf) out = {0};
        must(head->fields[i].name.len > 0);
        must(h1_write_field(&out, head->fields[i].name, head->fields[i].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span bytes = span_of(data + 1, size - 1);
    AUTO(reading) whole = {0};
    AUTO(reading) cut = {0};
    reading_run(&whole, H1_ANSWERS, &limits, bytes, 0, 3);
    reading_run(&cut, H1_ANSWERS, &limits, bytes, data[0], 3);
    must(cut.outcome == whole.outcome && cut.messages == whole.messages && cut.err.reason == whole.err.reason);
    must(span_eq(buf_span(&cut.body), buf_span(&whole.body)));
    must(whole.outcome != REFUSED || whole.err.reason == REASON_BACKEND_BROKEN);
    if (whole.outcome == ACCEPTED && whole.messages > 0)
        check_head(&whole);
    return 0;
}
