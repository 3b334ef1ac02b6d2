/* SPDX-License-Identifier: Apache-2.0 */
/* Issuers made out of URLs.  Entra is looked at because there the standard's way is known to be wrong. */
#include "cli/assumed.h"

#include "oidc/discovery.h"
#include "policy/rule.h"

/* Tenants that are no tenant, as documents name them. */
static const struct {
    struct span word, tenant;
} aliases[] = {
    {SPAN_INIT("common"), SPAN_INIT("{tenantid}")},
    {SPAN_INIT("organizations"), SPAN_INIT("{tenantid}")},
    {SPAN_INIT("consumers"), SPAN_INIT("9188040d-6c67-4c5b-b112-36a304b66dad")},
};

/* https://HOST/TENANT or https://HOST/TENANT/v2.0. */
struct address {
    struct span host, tenant;
    bool is_version_2;
};

static bool read_address(struct span authority, struct address *address)
{
    struct span scheme = SPAN("https://");
    struct span rest = span_from(authority, scheme.len);
    if (!span_eq_nocase(span_cut(authority, scheme.len), scheme) || !span_split(&rest, '/', &address->host) ||
        !span_split(&rest, '/', &address->tenant))
        return false;
    address->is_version_2 = span_eq_nocase(rest, SPAN("v2.0"));
    return address->is_version_2 || rest.len == 0;
}

/* As the documents write it; `at` NULL: a domain, whose tenant's GUID is not known here, or no memory. */
static struct span published_tenant(struct arena *arena, struct span tenant)
{
    for (size_t i = 0; i < COUNT_OF(aliases); i++)
        if (span_eq_nocase(tenant, aliases[i].word))
            return aliases[i].tenant;
    return span_is_guid(tenant) ? arena_lower(arena, tenant) : (struct span){NULL, 0};
}

struct span assumed_issuer(struct arena *arena, struct span url)
{
    struct span authority = discovery_authority(url);
    struct address address;
    if (!read_address(authority, &address))
        return authority;
    const struct entra_cloud *cloud = rule_entra_cloud(address.host);
    struct span tenant = cloud == NULL ? (struct span){NULL, 0} : published_tenant(arena, address.tenant);
    if (tenant.at == NULL)
        return authority;
    if (address.is_version_2)
        return span_str(arena_printf(arena, "https://%.*s/%.*s/v2.0", SPAN_ARG(cloud->host), SPAN_ARG(tenant)));
    return span_str(arena_printf(arena, "https://%.*s/%.*s/", SPAN_ARG(cloud->issuer), SPAN_ARG(tenant)));
}
