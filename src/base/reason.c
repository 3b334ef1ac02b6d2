/* SPDX-License-Identifier: Apache-2.0 */
/* The table of reasons, made from reason.def. */
#include "base/reason.h"

static const struct reason_info reasons[] = {
#define REASON(id, name, status, message, advice, look) [REASON_##id] = {name, status, message, advice, look},
#include "base/reason.def"
#undef REASON
};

_Static_assert(COUNT_OF(reasons) == REASON_COUNT, "each reason has its row");

const struct reason_info *reason_info(enum reason reason)
{
    assert(reason < REASON_COUNT);
    return &reasons[reason];
}

const char *reason_name(enum reason reason)
{
    return reason_info(reason)->name;
}

bool reason_is_verdict(enum reason reason)
{
    return reason >= REASON_TOKEN_NOT_PRESENT && reason <= REASON_OPENID_CONFIG_UNAVAILABLE;
}
