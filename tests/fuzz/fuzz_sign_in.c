/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser brings back to /callback, and what a token endpoint says.  A query that is read has what it must have, once; texts of
 * tokens hold what JSON texts may hold; nothing is read past its end.
 */
#include "admin/sign_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

/* What was read is written as a form has it, and read again as it was. */
static void again(const struct sign_in_return *found)
{
    AUTO(arena) arena = {0};
    AUTO(buf) query = {0};
    struct sign_in_return other;
    buf_add_str(&query, "?state=");
    sign_in_put_form(&query, found->state);
    buf_add_str(&query, found->code.len > 0 ? "&code=" : "&error=");
    sign_in_put_form(&query, found->code.len > 0 ? found->code : found->error);
    must(sign_in_read_return(&other, &arena, buf_span(&query), NULL));
    must(span_eq(other.state, found->state) && span_eq(other.code, found->code));
    must(found->code.len > 0 || span_eq(other.error, found->error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct span text = span_of(data, size);
    struct sign_in_return found;
    struct sign_in_tokens tokens;
    struct err err = {0};
    const struct login_terms terms = {.issuer = SPAN("https://i"), .promises_iss = size % 2 == 0};
    if (sign_in_read_return(&found, &arena, text, &err)) {
        must(found.state.len > 0 && (found.code.len > 0) != (found.error.len > 0));
        if (sign_in_iss_check(&terms, found.iss, &err))
            must(found.iss.at == NULL ? !terms.promises_iss : span_eq(found.iss, terms.issuer));
        again(&found);
    } else {
        must(err.reason == REASON_BAD_REQUEST && err.text[0] != '\0');
    }
    if (sign_in_read_tokens(&tokens, &arena, 200, text, &err))
        must(tokens.access_token.len > 0 && tokens.expires_in_s >= -1);
    must(!sign_in_read_tokens(&tokens, &arena, 400, text, &err) && err.reason == REASON_FETCH_FAILED);
    return 0;
}
