/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what the demo shows. */
#include "dev/demo_shots.h"

#include "dev/odata.h"

#include <stdio.h>

#define CALCULATOR_TARGET "/calculator/add?a=51&b=49"
#define ODATA_TARGET "/main/ifsapplications/projection/v1/" ODATA_PROJECTION ".svc/CustomerOrderSet(%27A%2FB%27)"

#define ALICE .authority = DEMO_TENANT, .client = "demo", .user = "alice"
#define CALCULATOR .target = CALCULATOR_TARGET

const struct demo_shot demo_shots[DEMO_SHOTS] = {
    {"passes: a fresh token of a user who allowed Calculator.Read, in the manner of Entra",
     {ALICE},
     {"with the fresh token", CALCULATOR_TARGET, "HTTP/1.1 200 ", "<value>100</value>"},
     REASON_NONE,
     NULL},
    {"the token has expired",
     {ALICE, .breakage = BREAK_EXPIRED},
     {"with the expired token", CALCULATOR_TARGET, "HTTP/1.1 401 ", "\"statusCode\":401"},
     REASON_TOKEN_EXPIRED,
     "exp"},
    {"passes: a client of a realm in the manner of Keycloak, with the group that OData wants; the key holds a slash",
     {.authority = DEMO_REALM, .client = "NC_Flow_ClientCredentials", .scope = "openid microprofile-jwt"},
     {"OData, with the token of a client that may", ODATA_TARGET, "HTTP/1.1 200 ", "\"OrderNo\":\"A/B\""},
     REASON_NONE,
     NULL},
    {"another client of the realm, without the group; the refusal is in the shape of OData's errors",
     {.authority = DEMO_REALM, .client = "demo", .scope = "openid microprofile-jwt"},
     {"OData, with the token of a client that may not", ODATA_TARGET, "HTTP/1.1 401 ", "{\"error\":{\"code\":"},
     REASON_CLAIM_VALUE_NOT_ALLOWED,
     "claim:groups"},

    {"no token at all", {.authority = NULL}, {CALCULATOR}, REASON_TOKEN_NOT_PRESENT, "token"},
    {"it begins to be valid later", {ALICE, .breakage = BREAK_NOT_YET}, {CALCULATOR}, REASON_JWT_INVALID, "nbf"},
    {"it says nothing of its end", {ALICE, .breakage = BREAK_NO_EXP}, {CALCULATOR}, REASON_JWT_INVALID, "exp"},
    {"it is for another API",
     {.authority = DEMO_TENANT, .client = "other", .user = "alice"},
     {CALCULATOR},
     REASON_AUDIENCE_NOT_ALLOWED,
     "audience"},
    {"it is of another tenant, whose key the provider lists too",
     {.authority = "/" PROVIDER_CONSUMERS "/v2.0", .client = "demo", .user = "alice"},
     {CALCULATOR},
     REASON_ISSUER_NOT_ALLOWED,
     "issuer"},
    {"the user bob did not get the scope Calculator.Read",
     {.authority = DEMO_TENANT, .client = "demo", .user = "bob"},
     {CALCULATOR},
     REASON_CLAIM_VALUE_NOT_ALLOWED,
     "claim:scp"},
    {"an app's token, which has roles and no scope",
     {.authority = DEMO_TENANT, .client = "demo"},
     {CALCULATOR},
     REASON_CLAIM_NOT_FOUND,
     "claim:scp"},
    {"a claim was changed after it was signed",
     {ALICE, .breakage = BREAK_TAMPERED},
     {CALCULATOR},
     REASON_SIGNATURE_INVALID,
     "signature"},
    {"somebody else's key signed it, under the same kid",
     {ALICE, .breakage = BREAK_WRONG_KEY},
     {CALCULATOR},
     REASON_SIGNATURE_INVALID,
     "signature"},
    {"alg none, without a signature", {ALICE, .breakage = BREAK_ALG_NONE}, {CALCULATOR}, REASON_JWT_INVALID, "alg"},
    {"the public key was taken for the secret of HS256",
     {ALICE, .breakage = BREAK_HS_PUBLIC_KEY},
     {CALCULATOR},
     REASON_SIGNATURE_INVALID,
     "key"},
    {"its header demands an extension that nobody knows (crit)",
     {ALICE, .breakage = BREAK_CRIT},
     {CALCULATOR},
     REASON_JWT_INVALID,
     "header"},
    {"it lost its signature on the way", {ALICE, .breakage = BREAK_PARTS}, {CALCULATOR}, REASON_JWT_INVALID, "token"},
};

void demo_shot_print(const struct demo_shot *shot, const char *gateway, const char *token)
{
    if (shot->reason == REASON_NONE)
        printf("# %s\n", shot->comment);
    else
        printf("# fails: %s; reason=%s check=%s\n", shot->comment, reason_name(shot->reason), shot->check);
    if (token[0] == '\0')
        printf("curl -sS -i 'http://%s%s'\n", gateway, shot->request.target);
    else
        printf("curl -sS -i -H 'Authorization: Bearer %s' 'http://%s%s'\n", token, gateway, shot->request.target);
}
