/* SPDX-License-Identifier: Apache-2.0 */
/* How the OData service says no: an error of a fixed list, and one sentence.
 *
 * A list of its own beside base/reason.h, which is the gateway's: these are the codes that clients of IFS Cloud meet, and a few
 * more in their style.
 */
#ifndef DEV_ODATA_FAILURE_H
#define DEV_ODATA_FAILURE_H

#include "base/err.h"
#include "server/responder.h"

enum odata_error {
    ODATA_BAD_REQUEST,     /* 400 ODP_BAD_REQUEST: URL, options, batch */
    ODATA_DESERIALIZATION, /* 400 ODP_DESERIALIZATION_ERROR: body, Content-Type */
    ODATA_CSRF,            /* 403 CSRF_ERROR */
    ODATA_NOT_FOUND,       /* 404 ODP_RESOURCE_NOTFOUND */
    ODATA_METHOD,          /* 405 ODP_METHOD_NOT_ALLOWED */
    ODATA_NOT_ACCEPTABLE,  /* 406 ODP_NOT_ACCEPTABLE */
    ODATA_DUPLICATE,       /* 409 ODP_DUPLICATE */
    ODATA_MISMATCH,        /* 412 ODP_PRECONDITION_FAILED */
    ODATA_TOO_LARGE,       /* 413 ODP_TOO_LARGE */
    ODATA_NO_PRECONDITION, /* 428 ODP_MISSING_PRECONDITION */
    ODATA_MODIFIED,        /* 500 MI_MODIFIED_ERROR: the client is to send its request again */
    ODATA_NOT_IMPLEMENTED, /* 501 ODP_NOT_IMPLEMENTED */
    ODATA_NO_MEMORY,       /* 503 ODP_OUT_OF_MEMORY */
    ODATA_FULL,            /* 507 ODP_FULL: the store holds as much as it may */
    ODATA_ERROR_COUNT
};

struct odata_failure {
    enum odata_error error;
    const char *allow; /* of ODATA_METHOD: value of Allow; else NULL */
    char text[ERR_TEXT_BYTES];
};

/* Fills `failure` and returns false. */
bool odata_fail(struct odata_failure *failure, enum odata_error error, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same for a want of memory. */
bool odata_fail_memory(struct odata_failure *failure);

/* Makes the reply this error, whatever it was before: status and {"error":{"code","message","details"}}. */
void odata_failure_write(const struct odata_failure *failure, struct reply *reply);

#endif
