/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the provider, one row a shape. */
#include "provider_int.h"

static const char *const pages[PROVIDER_SHAPE_COUNT][PROVIDER_PAGE_COUNT] = {
    [PROVIDER_PLAIN] = {"/.well-known/openid-configuration", "/jwks", "/token", "/rotate", "/authorize"},
    [PROVIDER_KEYCLOAK] = {"/.well-known/openid-configuration", "/protocol/openid-connect/certs",
                           "/protocol/openid-connect/token", "/rotate", "/protocol/openid-connect/auth"},
    [PROVIDER_ENTRA_V1] = {"/.well-known/openid-configuration", "/discovery/keys", "/oauth2/token", "/rotate",
                           "/oauth2/authorize"},
    [PROVIDER_ENTRA_V2] = {"/v2.0/.well-known/openid-configuration", "/discovery/v2.0/keys", "/oauth2/v2.0/token",
                           "/v2.0/rotate", "/oauth2/v2.0/authorize"},
};

static const char *const shared_tenants[] = {"common", "organizations"};

const char *provider_place_path(enum provider_shape shape, enum provider_page page)
{
    return pages[shape][page];
}

static bool is_shared(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(shared_tenants); i++)
        if (span_eq(name, span_str(shared_tenants[i])))
            return true;
    return false;
}

/* Personal accounts: a word for the one tenant of them all, which its document names. */
static bool is_personal(struct span name)
{
    return span_eq(name, SPAN("consumers"));
}

struct span provider_place_tenant(const struct provider_place *place)
{
    if (is_personal(place->name))
        return SPAN(PROVIDER_CONSUMERS);
    return is_shared(place->name) ? SPAN(PROVIDER_TENANT) : place->name;
}

bool provider_place_is_entra(const struct provider_place *place)
{
    return place->shape == PROVIDER_ENTRA_V1 || place->shape == PROVIDER_ENTRA_V2;
}

bool provider_place_is_shared(const struct provider_place *place)
{
    return provider_place_is_entra(place) && is_shared(place->name);
}

/* The segment behind `begin`, and all up to its end; empty when the path does not begin so. */
static struct span take_name(struct span path, struct span begin, struct span *prefix)
{
    if (!span_starts(path, begin))
        return SPAN("");
    struct span rest = span_from(path, begin.len);
    const char *slash = span_chr(rest, '/');
    struct span name = slash == NULL ? rest : span_cut(rest, (size_t)(slash - rest.at));
    *prefix = span_cut(path, begin.len + name.len);
    return name;
}

static bool find_page(struct span rest, enum provider_shape shape, struct provider_place *place)
{
    for (enum provider_page page = 0; page < PROVIDER_PAGE_COUNT; page++) {
        if (!span_eq(rest, span_str(pages[shape][page])))
            continue;
        place->shape = shape;
        place->page = page;
        return true;
    }
    return false;
}

/* What stands below a realm or a tenant is a page of its shape, or none. */
static bool read_named(struct span path, struct provider_place *place, bool *is_page)
{
    static const struct span realms[] = {SPAN_INIT("/auth/realms/"), SPAN_INIT("/realms/")};
    for (size_t i = 0; i < COUNT_OF(realms); i++) {
        place->name = take_name(path, realms[i], &place->prefix);
        if (place->name.len == 0)
            continue;
        *is_page = find_page(span_from(path, place->prefix.len), PROVIDER_KEYCLOAK, place);
        return true;
    }
    place->name = take_name(path, SPAN("/"), &place->prefix);
    if (!span_is_guid(place->name) && !is_shared(place->name) && !is_personal(place->name))
        return false;
    struct span rest = span_from(path, place->prefix.len);
    *is_page = find_page(rest, PROVIDER_ENTRA_V2, place) || find_page(rest, PROVIDER_ENTRA_V1, place);
    return true;
}

bool provider_place_read(struct span path, struct provider_place *place)
{
    bool is_page = false;
    if (read_named(path, place, &is_page))
        return is_page;
    for (enum provider_page page = 0; page < PROVIDER_PAGE_COUNT; page++) {
        struct span end = span_str(pages[PROVIDER_PLAIN][page]);
        if (!span_ends(path, end))
            continue;
        *place = (struct provider_place){PROVIDER_PLAIN, page, span_cut(path, path.len - end.len), SPAN("")};
        return true;
    }
    return false;
}

static void put_tenant(const struct provider_place *place, bool of_token, struct buf *out)
{
    if (provider_place_is_shared(place) && !of_token)
        buf_add_str(out, "{tenantid}");
    else
        buf_add_span(out, provider_place_tenant(place));
}

void provider_place_put_issuer(const struct provider_place *place, const char *base, bool of_token, struct buf *out)
{
    buf_add_str(out, base);
    switch (place->shape) {
    case PROVIDER_PLAIN:
    case PROVIDER_KEYCLOAK: buf_add_span(out, place->prefix); break;
    case PROVIDER_ENTRA_V1:
        buf_add_char(out, '/');
        put_tenant(place, of_token, out);
        buf_add_char(out, '/');
        break;
    case PROVIDER_ENTRA_V2:
        buf_add_char(out, '/');
        put_tenant(place, of_token, out);
        buf_add_str(out, "/v2.0");
        break;
    case PROVIDER_SHAPE_COUNT: break;
    }
}
