/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization requests from anybody.  What is accepted leads back to a loopback host alone and asks for a code with PKCE; what is
 * refused says why; nothing that was read can break out of a field of the answer.
 */
#include "dev/authorization.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct authorization asked;
    struct span form = span_of(data, size), value = {NULL, 0};
    struct authorization_fault fault = authorization_read(&asked, &arena, form);
    must((fault.error == NULL) == (fault.description == NULL));
    if (fault.error == NULL || fault.is_for_client) {
        struct span origin = authorization_origin(asked.redirect_uri);
        must(asked.client != NULL && authorization_is_redirect(asked.redirect_uri));
        must(origin.len > strlen("http://") && origin.len < asked.redirect_uri.len);
        must(span_chr(origin, ' ') == NULL && span_chr(origin, ';') == NULL && span_chr(origin, '@') == NULL);
        must(span_is_printable(asked.state) && span_is_printable(asked.redirect_uri));
    }
    must(fault.error != NULL || asked.code_challenge.len == 43);
    if (authorization_parameter(&arena, form, "code", &value) == NULL)
        must(value.len <= size);
    must(!authorization_is_verifier(form, SPAN("")));
    return 0;
}
