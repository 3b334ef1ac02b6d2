/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms; the sizes are those of RFC 7518 3.1, RFC 8037 3.1 and RFC 9864 2.2. */
#include "jose/alg.h"

static const struct alg_info infos[] = {
    [ALG_HS256] = {"HS256", KEY_OCT, "SHA256", NULL, 32, false},
    [ALG_HS384] = {"HS384", KEY_OCT, "SHA384", NULL, 48, false},
    [ALG_HS512] = {"HS512", KEY_OCT, "SHA512", NULL, 64, false},
    [ALG_RS256] = {"RS256", KEY_RSA, "SHA256", NULL, 0, false},
    [ALG_RS384] = {"RS384", KEY_RSA, "SHA384", NULL, 0, false},
    [ALG_RS512] = {"RS512", KEY_RSA, "SHA512", NULL, 0, false},
    [ALG_PS256] = {"PS256", KEY_RSA, "SHA256", NULL, 0, true},
    [ALG_PS384] = {"PS384", KEY_RSA, "SHA384", NULL, 0, true},
    [ALG_PS512] = {"PS512", KEY_RSA, "SHA512", NULL, 0, true},
    [ALG_ES256] = {"ES256", KEY_EC, "SHA256", "P-256", 64, false},
    [ALG_ES384] = {"ES384", KEY_EC, "SHA384", "P-384", 96, false},
    [ALG_ES512] = {"ES512", KEY_EC, "SHA512", "P-521", 132, false},
    [ALG_EDDSA] = {"EdDSA", KEY_OKP, NULL, NULL, 0, false},
    [ALG_ED25519] = {"Ed25519", KEY_OKP, NULL, "Ed25519", 64, false},
    [ALG_ED448] = {"Ed448", KEY_OKP, NULL, "Ed448", 114, false},
};
_Static_assert(COUNT_OF(infos) == ALG_COUNT, "one row an algorithm");

const struct alg_info *alg_info(enum alg alg)
{
    assert(alg > ALG_UNKNOWN && alg < ALG_COUNT);
    return &infos[alg];
}

enum alg alg_by_name(struct span name)
{
    for (unsigned i = ALG_UNKNOWN + 1; i < ALG_COUNT; i++)
        if (span_eq(name, span_str(infos[i].name)))
            return (enum alg)i;
    return ALG_UNKNOWN;
}

struct alg_set alg_set_all(void)
{
    return (struct alg_set){(1u << ALG_COUNT) - 1 - (1u << ALG_UNKNOWN)};
}

const char *key_family_name(enum key_family family)
{
    switch (family) {
    case KEY_RSA: return "RSA";
    case KEY_EC: return "EC";
    case KEY_OKP: return "OKP";
    case KEY_OCT: return "oct";
    }
    return "";
}
