/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of socket addresses. */
#include "proxy/addresses.h"

#include <arpa/inet.h>
#include <stdio.h>

bool address_from_text(const char *host, uint16_t port, struct address *out)
{
    *out = (struct address){.len = 0};
    if (inet_pton(AF_INET, host, &out->at.in.sin_addr) == 1) {
        out->at.in.sin_family = AF_INET;
        out->at.in.sin_port = htons(port);
        out->len = sizeof out->at.in;
    } else if (inet_pton(AF_INET6, host, &out->at.in6.sin6_addr) == 1) {
        out->at.in6.sin6_family = AF_INET6;
        out->at.in6.sin6_port = htons(port);
        out->len = sizeof out->at.in6;
    }
    return out->len > 0;
}

bool address_from_path(const char *path, struct address *out)
{
    size_t len = strlen(path);
    *out = (struct address){.len = sizeof out->at.un};
    out->at.un.sun_family = AF_UNIX;
    if (len == 0 || len >= sizeof out->at.un.sun_path)
        return false;
    memcpy(out->at.un.sun_path, path, len);
    return true;
}

const char *address_text(const struct address *address, char out[ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "?";
    switch (address->at.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->at.in.sin_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(address->at.in.sin_port));
        return out;
    case AF_INET6:
        inet_ntop(AF_INET6, &address->at.in6.sin6_addr, host, sizeof host);
        snprintf(out, ADDRESS_TEXT_BYTES, "[%s]:%u", host, ntohs(address->at.in6.sin6_port));
        return out;
    default: snprintf(out, ADDRESS_TEXT_BYTES, "unix:%s", address->at.un.sun_path); return out;
    }
}

struct addresses *addresses_new(const struct address *at, size_t count)
{
    if (count > ADDRESSES_MAX)
        count = ADDRESSES_MAX;
    struct addresses *addresses = calloc(1, sizeof *addresses + count * sizeof *at);
    if (addresses == NULL)
        return NULL;
    atomic_init(&addresses->references, 1);
    addresses->count = count;
    if (count > 0)
        memcpy(addresses->at, at, count * sizeof *at);
    return addresses;
}

struct addresses *addresses_take(struct addresses *addresses)
{
    atomic_fetch_add_explicit(&addresses->references, 1, memory_order_relaxed);
    return addresses;
}

void addresses_release(struct addresses *addresses)
{
    if (addresses != NULL && atomic_fetch_sub_explicit(&addresses->references, 1, memory_order_acq_rel) == 1)
        free(addresses);
}

/* Member by member: resolvers may leave anything in the padding. */
static bool is_same(const struct address *a, const struct address *b)
{
    if (a->at.any.sa_family != b->at.any.sa_family)
        return false;
    switch (a->at.any.sa_family) {
    case AF_INET: return a->at.in.sin_port == b->at.in.sin_port && a->at.in.sin_addr.s_addr == b->at.in.sin_addr.s_addr;
    case AF_INET6:
        return a->at.in6.sin6_port == b->at.in6.sin6_port && a->at.in6.sin6_scope_id == b->at.in6.sin6_scope_id &&
               memcmp(&a->at.in6.sin6_addr, &b->at.in6.sin6_addr, sizeof a->at.in6.sin6_addr) == 0;
    default: return strcmp(a->at.un.sun_path, b->at.un.sun_path) == 0;
    }
}

bool addresses_hold(const struct addresses *addresses, const struct address *address)
{
    for (size_t i = 0; addresses != NULL && i < addresses->count; i++)
        if (is_same(&addresses->at[i], address))
            return true;
    return false;
}

static bool are_held(const struct addresses *all, const struct addresses *some)
{
    for (size_t i = 0; i < some->count; i++)
        if (!addresses_hold(all, &some->at[i]))
            return false;
    return true;
}

bool addresses_are_same(const struct addresses *a, const struct addresses *b)
{
    return a == b || (a != NULL && b != NULL && are_held(a, b) && are_held(b, a));
}

/* Those that are of the family, or with `is_other` those that are not, from `turn` on. */
static size_t pick(const struct addresses *addresses, size_t turn, int family, bool is_other,
                   const struct address *out[ADDRESSES_MAX])
{
    const struct address *found[ADDRESSES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < addresses->count; i++)
        if ((addresses->at[i].at.any.sa_family == family) != is_other)
            found[count++] = &addresses->at[i];
    for (size_t i = 0; i < count; i++)
        out[i] = found[(turn + i) % count];
    return count;
}

static bool has_family(const struct addresses *addresses, int family)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (addresses->at[i].at.any.sa_family == family)
            return true;
    return false;
}

size_t addresses_order(const struct addresses *addresses, size_t turn, int family,
                       const struct address *out[ADDRESSES_MAX])
{
    const struct address *first[ADDRESSES_MAX];
    const struct address *second[ADDRESSES_MAX];
    if (addresses == NULL || addresses->count == 0)
        return 0;
    if (!has_family(addresses, family))
        family = addresses->at[0].at.any.sa_family;
    size_t firsts = pick(addresses, turn, family, false, first);
    size_t seconds = pick(addresses, turn, family, true, second);
    size_t count = 0;
    for (size_t i = 0; i < firsts || i < seconds; i++) {
        if (i < firsts)
            out[count++] = first[i];
        if (i < seconds)
            out[count++] = second[i];
    }
    return count;
}
