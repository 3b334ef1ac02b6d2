/* SPDX-License-Identifier: Apache-2.0 */
/* Host, Origin, Content-Type and Authorization of requests to the admin listener, one a line.  Whatever they hold: only what is an own
 * name is known, a token is right only where it stands there, and of two that name the same place one is as good as the other.
 */
#include "admin/guard.h"
#include "http/uri.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct span token = SPAN_INIT("0123456789abcdef");
static const struct span hosts[] = {SPAN_INIT("admin.example")};
static const struct schema_texts listed = {hosts, NULL, 1};

static void hold(bool is_true)
{
    if (!is_true)
        abort();
}

static struct field field_of(enum field_id id, const char *name, struct span *rest)
{
    struct span value = {NULL, 0};
    span_split(rest, '\n', &value);
    return (struct field){span_str(name), span_trim(value), id, false};
}

static void try_at(const char *bind, struct span input)
{
    struct bind_address address;
    struct err err;
    struct span rest = input;
    struct span host = {NULL, 0};
    hold(bind_address_read(span_str(bind), &address, &err));
    const struct guard guard = {.address = &address, .hosts = &listed, .token = token};
    span_split(&rest, '\n', &host);
    struct field fields[] = {field_of(FIELD_OTHER, "Origin", &rest),
                             field_of(FIELD_CONTENT_TYPE, "Content-Type", &rest),
                             field_of(FIELD_AUTHORIZATION, "Authorization", &rest)};
    const struct head head = {.method = METHOD_POST, .authority = host, .fields = fields, .count = COUNT_OF(fields)};
    if (guard_knows_host(&guard, host)) {
        struct span name = uri_host(host);
        bool is_address = span_chr(name, ':') != NULL ||
                          (name.len > 0 && name.at[name.len - 1] >= '0' && name.at[name.len - 1] <= '9');
        hold(uri_is_authority(host));
        hold(is_address || uri_is_loopback(name) || span_eq_nocase(name, hosts[0]));
    }
    if (guard_judge(&guard, &head) == GUARD_PASS)
        hold(fields[0].value.len > SPAN("http://").len);
    if (guard_credential(&guard, &head) == GUARD_RIGHT)
        hold(span_ends(fields[2].value, token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of((const char *)data, size);
    try_at("127.0.0.1:9180", input);
    try_at("0.0.0.0:9180", input);
    try_at("[2001:db8::7]:9180", input);
    return 0;
}
