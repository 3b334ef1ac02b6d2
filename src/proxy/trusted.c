/* SPDX-License-Identifier: Apache-2.0 */
/* Which peers are trusted, and what of their X-Forwarded-* is taken. */
#include "proxy/trusted.h"

#include "base/ascii.h"
#include "http/uri.h"

#include <string.h>

enum { ADDRESS_BITS = 128, IPV4_BITS = 32 };

static const struct span unix_word = SPAN_INIT("unix:");

/* ---- the list ---- */

/* The range of the first `bits` bits of `address`; false: the others are not zero. */
static bool make_range(const unsigned char address[16], unsigned bits, struct plan_range *range)
{
    for (unsigned i = 0; i < sizeof range->first; i++) {
        unsigned kept = bits >= (i + 1) * 8 ? 8 : bits <= i * 8 ? 0 : bits - i * 8;
        unsigned char mask = (unsigned char)(0xff00u >> kept);
        range->first[i] = address[i] & mask;
        range->last[i] = (unsigned char)(address[i] | (unsigned char)~mask);
    }
    return memcmp(range->first, address, sizeof range->first) == 0;
}

static bool read_network(const struct node *node, struct span text, struct plan_range *range, struct problems *problems)
{
    const char *slash = span_chr(text, '/');
    struct span address_text = slash == NULL ? text : span_cut(text, (size_t)(slash - text.at));
    unsigned char address[16];
    bool is_ipv4;
    uint64_t bits = ADDRESS_BITS;
    if (!plan_read_address(address_text, address, &is_ipv4))
        return problem_error(problems, node,
                             "an address, a network such as 10.0.0.0/8, or unix: is expected, found \"%s\"",
                             QUOTED(text));
    unsigned before = span_chr(address_text, ':') == NULL ? ADDRESS_BITS - IPV4_BITS : 0;
    if (slash != NULL && !span_u64(span_from(text, address_text.len + 1), ADDRESS_BITS - before, &bits))
        return problem_error(problems, node, "behind the / of a network comes how many bits of it count, 0 to %u",
                             ADDRESS_BITS - before);
    if (slash != NULL)
        bits += before;
    return make_range(address, (unsigned)bits, range) ||
           problem_error(problems, node, "the network \"%s\" has bits set behind those that count", QUOTED(text));
}

bool trusted_read(struct trusted *trusted, const struct schema_texts *texts, struct arena *arena,
                  struct problems *problems)
{
    struct plan_range *ranges = arena_zero(arena, (texts->count + 1) * sizeof *ranges);
    bool is_ok = ranges != NULL;
    *trusted = (struct trusted){.ranges = ranges};
    for (size_t i = 0; ranges != NULL && i < texts->count; i++) {
        if (span_eq(texts->at[i], unix_word))
            trusted->takes_unix = true;
        else if (read_network(texts->nodes[i], texts->at[i], &ranges[trusted->count], problems))
            trusted->count++;
        else
            is_ok = false;
    }
    return is_ok;
}

bool trusted_has(const struct trusted *trusted, struct span address)
{
    unsigned char bytes[16];
    bool is_ipv4;
    return plan_read_address(address, bytes, &is_ipv4) && plan_range_holds(trusted->ranges, trusted->count, bytes);
}

/* ---- X-Forwarded-For ---- */

/* Elements of all lines, from the last one on. */
struct walk {
    const struct head *head;
    size_t next;      /* fields before this one are still to come */
    struct span rest; /* of the field, what is still to come */
};

static bool previous_line(struct walk *walk)
{
    while (walk->next > 0)
        if (walk->head->fields[--walk->next].id == FIELD_X_FORWARDED_FOR) {
            walk->rest = walk->head->fields[walk->next].value;
            return true;
        }
    return false;
}

/* Takes what stands behind the last comma off `rest`, with the comma. */
static struct span last_element(struct span *rest)
{
    size_t begin = rest->len;
    while (begin > 0 && rest->at[begin - 1] != ',')
        begin--;
    struct span element = span_trim(span_from(*rest, begin));
    *rest = span_cut(*rest, begin == 0 ? 0 : begin - 1);
    return element;
}

/* Empty elements count for nothing (RFC 9110 5.6.1.2). */
static bool previous_element(struct walk *walk, struct span *element)
{
    do {
        while (walk->rest.len == 0)
            if (!previous_line(walk))
                return false;
        *element = last_element(&walk->rest);
    } while (element->len == 0);
    return true;
}

/* Without brackets and port, which some proxies add. */
static struct span address_of(struct span element)
{
    if (element.at[0] == '[')
        return uri_is_authority(element) ? span_cut(span_from(element, 1), uri_host(element).len - 2) : element;
    const char *colon = span_chr(element, ':');
    bool has_port = colon != NULL && span_chr(span_from(element, (size_t)(colon - element.at) + 1), ':') == NULL;
    return has_port && uri_is_authority(element) ? uri_host(element) : element;
}

static bool is_address(struct span text)
{
    unsigned char bytes[16];
    bool is_ipv4;
    return plan_read_address(text, bytes, &is_ipv4);
}

struct span trusted_client(const struct trusted *trusted, const struct head *head, struct span peer, bool *is_told)
{
    struct walk walk = {.head = head, .next = head->count};
    struct span client = peer;
    struct span element;
    size_t hops = 0;
    *is_told = false;
    while (previous_element(&walk, &element)) {
        client = address_of(element);
        *is_told = true;
        bool is_trusted = trusted_has(trusted, client);
        if (!is_address(client) || (is_trusted && hops++ == TRUSTED_HOPS_MAX))
            return SPAN("unknown");
        if (!is_trusted)
            return client;
    }
    return client;
}

/* ---- the other fields ---- */

/* Of several it is not known who wrote which. */
static struct span single_value(const struct head *head, enum field_id id)
{
    const struct field *field = head_field(head, id);
    return field != NULL && head_field_count(head, id) == 1 ? field->value : (struct span){NULL, 0};
}

bool trusted_scheme(const struct head *head, bool *is_https)
{
    struct span value = single_value(head, FIELD_X_FORWARDED_PROTO);
    *is_https = span_eq_nocase(value, SPAN("https"));
    return *is_https || span_eq_nocase(value, SPAN("http"));
}

struct span trusted_value(const struct head *head, enum field_id id)
{
    struct span value = single_value(head, id);
    uint64_t port;
    bool is_sound =
        id == FIELD_X_FORWARDED_HOST ? uri_is_authority(value) : span_u64(value, UINT16_MAX, &port) && port > 0;
    return is_sound ? value : (struct span){NULL, 0};
}

bool trusted_is_forwarded(struct span value)
{
    bool is_quoted = false;
    for (size_t i = 0; i < value.len; i++) {
        if (is_quoted && value.at[i] == '\\')
            i++;
        else if (value.at[i] == '"')
            is_quoted = !is_quoted;
    }
    return !is_quoted && span_is_printable(value);
}
