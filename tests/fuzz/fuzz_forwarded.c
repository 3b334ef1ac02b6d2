/* SPDX-License-Identifier: Apache-2.0 */
/* X-Forwarded-* from anybody who comes through a trusted proxy, the lines of X-Forwarded-For apart by line ends.  Whatever stands
 * there, the client is an address that is not trusted, the last trusted one, or unknown; and what an untrusted client wrote to the
 * left of it changes nothing.
 */
#include "proxy/trusted.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 16 };

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

/* 10.0.0.0/8 and unix: are trusted. */
static struct trusted some_trusted(struct plan_range *range)
{
    bool is_ipv4;
    must(plan_read_address(SPAN("10.0.0.0"), range->first, &is_ipv4));
    must(plan_read_address(SPAN("10.255.255.255"), range->last, &is_ipv4));
    return (struct trusted){.ranges = range, .count = 1, .takes_unix = true};
}

static void check_client(const struct trusted *trusted, const struct head *head, struct span client, bool is_told)
{
    unsigned char bytes[16];
    bool is_ipv4, is_told_again;
    must(is_told || span_eq(client, SPAN("10.0.0.1")));
    must(plan_read_address(client, bytes, &is_ipv4) || span_eq(client, SPAN("unknown")));
    if (trusted_has(trusted, client) || span_eq(client, SPAN("unknown")))
        return;
    struct field fields[LINES_MAX + 1] = {{.value = SPAN("192.0.2.9, x,"), .id = FIELD_X_FORWARDED_FOR}};
    memcpy(fields + 1, head->fields, head->count * sizeof *fields);
    const struct head more = {.fields = fields, .count = head->count + 1};
    must(span_eq(trusted_client(trusted, &more, SPAN("10.0.0.1"), &is_told_again), client) && is_told_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field fields[LINES_MAX];
    struct head head = {.fields = fields};
    struct plan_range range;
    const struct trusted trusted = some_trusted(&range);
    struct span rest = span_of(data, size), line;
    bool is_told, is_https;
    while (head.count < LINES_MAX && span_split(&rest, '\n', &line))
        fields[head.count++] = (struct field){.value = span_trim(line), .id = FIELD_X_FORWARDED_FOR};
    struct span client = trusted_client(&trusted, &head, SPAN("10.0.0.1"), &is_told);
    check_client(&trusted, &head, client, is_told);
    for (size_t i = 0; i < head.count; i++) {
        fields[i].id = i % 2 == 0 ? FIELD_X_FORWARDED_HOST : FIELD_X_FORWARDED_PROTO;
        must(!trusted_is_forwarded(fields[i].value) || span_is_printable(fields[i].value));
    }
    must(trusted_value(&head, FIELD_X_FORWARDED_HOST).len <= size);
    if (trusted_scheme(&head, &is_https))
        must(head.count < 4);
    return 0;
}
