/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of reasons: what status, public name, message and advice go with each way to say no. */
#ifndef BASE_REASON_H
#define BASE_REASON_H

#include "base/base.h"

enum reason {
#define REASON(id, name, status, message, advice, look) REASON_##id,
#include "base/reason.def"
#undef REASON
    REASON_COUNT
};

struct reason_info {
    const char *name;    /* public name: logs, metrics, explain, error_description where exposed */
    unsigned status;     /* HTTP status of the answer; 0: no answer is sent for it */
    const char *message; /* default message for clients; holds nothing of the request */
    const char *advice;  /* what to do about it, for explain and documents; may be empty */
    const char *look;    /* where to look: checks, fields, figures; Markdown, for documents; may be empty */
};

/* The row of `reason`.  Never NULL; lives as long as the program. */
const struct reason_info *reason_info(enum reason reason);

/* The public name of `reason`. */
const char *reason_name(enum reason reason);

/* Whether `reason` belongs to the closed set of token verdicts (TokenNotPresent ... OpenIdConfigUnavailable). */
bool reason_is_verdict(enum reason reason);

#endif
