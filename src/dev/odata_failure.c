/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as OData JSON Format 4.0 19 spells them. */
#include "dev/odata_failure.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    unsigned status;
    const char *code;
} errors[] = {
    [ODATA_BAD_REQUEST] = {400, "ODP_BAD_REQUEST"},
    [ODATA_DESERIALIZATION] = {400, "ODP_DESERIALIZATION_ERROR"},
    [ODATA_CSRF] = {403, "CSRF_ERROR"},
    [ODATA_NOT_FOUND] = {404, "ODP_RESOURCE_NOTFOUND"},
    [ODATA_METHOD] = {405, "ODP_METHOD_NOT_ALLOWED"},
    [ODATA_NOT_ACCEPTABLE] = {406, "ODP_NOT_ACCEPTABLE"},
    [ODATA_DUPLICATE] = {409, "ODP_DUPLICATE"},
    [ODATA_MISMATCH] = {412, "ODP_PRECONDITION_FAILED"},
    [ODATA_TOO_LARGE] = {413, "ODP_TOO_LARGE"},
    [ODATA_NO_PRECONDITION] = {428, "ODP_MISSING_PRECONDITION"},
    [ODATA_MODIFIED] = {500, "MI_MODIFIED_ERROR"},
    [ODATA_NOT_IMPLEMENTED] = {501, "ODP_NOT_IMPLEMENTED"},
    [ODATA_NO_MEMORY] = {503, "ODP_OUT_OF_MEMORY"},
    [ODATA_FULL] = {507, "ODP_FULL"},
};
_Static_assert(COUNT_OF(errors) == ODATA_ERROR_COUNT, "one row an error");

bool odata_fail(struct odata_failure *failure, enum odata_error error, const char *format, ...)
{
    va_list args;
    *failure = (struct odata_failure){.error = error};
    va_start(args, format);
    vsnprintf(failure->text, sizeof failure->text, format, args);
    va_end(args);
    return false;
}

bool odata_fail_memory(struct odata_failure *failure)
{
    return odata_fail(failure, ODATA_NO_MEMORY, "the service is out of memory");
}

void odata_failure_write(const struct odata_failure *failure, struct reply *reply)
{
    reply->status = errors[failure->error].status;
    reply->count = 0;
    reply->content_type = SPAN("application/json;odata.metadata=minimal");
    buf_clear(&reply->body);
    reply->body.is_broken = false;
    buf_printf(&reply->body, "{\"error\":{\"code\":\"%s\",\"message\":", errors[failure->error].code);
    buf_add_json_text(&reply->body, span_str(failure->text));
    buf_add_str(&reply->body, ",\"details\":[]}}");
    if (failure->allow != NULL)
        responder_add_field(reply, "Allow", span_str(failure->allow));
}
