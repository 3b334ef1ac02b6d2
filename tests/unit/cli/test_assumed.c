/* SPDX-License-Identifier: Apache-2.0 */
/* The issuer that a URL stands for: its authority, but for Entra what the documents are known to publish. */
#include "cli/assumed.h"

#include "unit.h"

#define TENANT "11111111-2222-3333-4444-55555555abcd"
#define ENTRA "https://login.microsoftonline.com/"
#define WELL_KNOWN "/.well-known/openid-configuration"

static void a_url_stands_for_an_issuer(void **state)
{
    static const struct {
        const char *url, *issuer;
    } cases[] = {
        {"https://idp.example.com" WELL_KNOWN, "https://idp.example.com"},
        {"https://idp.example.com/realms/a" WELL_KNOWN "?x=1", "https://idp.example.com/realms/a"},
        {ENTRA TENANT WELL_KNOWN, "https://sts.windows.net/" TENANT "/"},
        {ENTRA TENANT "/v2.0" WELL_KNOWN, ENTRA TENANT "/v2.0"},
        {ENTRA "11111111-2222-3333-4444-55555555ABCD/v2.0" WELL_KNOWN "?appid=1", ENTRA TENANT "/v2.0"},
        {ENTRA "common" WELL_KNOWN, "https://sts.windows.net/{tenantid}/"},
        {ENTRA "organizations/v2.0" WELL_KNOWN, ENTRA "{tenantid}/v2.0"},
        {ENTRA "consumers/v2.0" WELL_KNOWN, ENTRA "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        {ENTRA "contoso.onmicrosoft.com" WELL_KNOWN, ENTRA "contoso.onmicrosoft.com"},
        {ENTRA TENANT "/v1.0" WELL_KNOWN, ENTRA TENANT "/v1.0"},
        {ENTRA TENANT "/B2C_1_x/v2.0" WELL_KNOWN, ENTRA TENANT "/B2C_1_x/v2.0"},
        {"https://login.microsoftonline.us/" TENANT WELL_KNOWN, "https://sts.windows.net/" TENANT "/"},
        {"https://login.partner.microsoftonline.cn/" TENANT WELL_KNOWN, "https://sts.chinacloudapi.cn/" TENANT "/"},
        {"https://login.microsoftonline.com.example/" TENANT WELL_KNOWN,
         "https://login.microsoftonline.com.example/" TENANT},
    };
    AUTO(arena) arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_span(assumed_issuer(&arena, span_str(cases[i].url)), cases[i].issuer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_url_stands_for_an_issuer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
