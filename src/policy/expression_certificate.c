/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a client's certificate.  It is there only where the client proved to have its key and its chain was verified. */
#include "expression_int.h"

static const struct value_certificate *certificate_of(const struct expression_call *call)
{
    if (call->at[0].kind == VALUE_CERTIFICATE)
        return call->at[0].certificate;
    expression_fail(call, "null, where a certificate is needed");
    return NULL;
}

bool expression_certificate_text(struct expression_call *call)
{
    const struct value_certificate *certificate = certificate_of(call);
    if (certificate == NULL)
        return false;
    switch ((enum expression_certificate_part)call->op->member->which) {
    case PART_THUMBPRINT: return expression_give_text(call, certificate->thumbprint);
    case PART_CERTIFICATE_SUBJECT: return expression_give_text(call, certificate->subject);
    case PART_CERTIFICATE_ISSUER: return expression_give_text(call, certificate->issuer);
    case PART_SERIAL: return expression_give_text(call, certificate->serial);
    case PART_VALID_FROM:
    case PART_VALID_TO: break;
    }
    return false;
}

bool expression_certificate_time(struct expression_call *call)
{
    const struct value_certificate *certificate = certificate_of(call);
    if (certificate == NULL)
        return false;
    bool is_end = call->op->member->which == PART_VALID_TO;
    int64_t at_s = is_end ? certificate->not_after_s : certificate->not_before_s;
    call->at[0] = (struct value){.kind = VALUE_TIME, .integer = at_s * 1000};
    return true;
}

/* None is there that was not verified. */
bool expression_certificate_verify(struct expression_call *call)
{
    return certificate_of(call) != NULL && expression_give_bool(call, true);
}
