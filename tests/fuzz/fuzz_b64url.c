/* SPDX-License-Identifier: Apache-2.0 */
/* What is decoded encodes to the same text: one byte string has one spelling.  The lenient reader takes all that and more. */
#include "jose/b64url.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_lenient(struct span text, bool is_strict, struct span strict)
{
    unsigned char *bytes;
    size_t len;
    struct err err;
    if (!b64_decode_lenient(text, &bytes, &len, &err)) {
        need(!is_strict);
        return;
    }
    need(!is_strict || span_eq(span_of(bytes, len), strict));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    unsigned char *out = malloc(b64url_bytes(size));
    char *again = malloc(size + 8);
    size_t len = 0;
    struct err err;
    need(out != NULL && again != NULL);
    bool is_strict = b64url_decode(text, out, &len, &err);
    need(b64url_check(text, &err) == is_strict);
    if (is_strict) {
        need(b64url_chars(len) == size && b64url_encode(out, len, again) == size);
        need(span_eq(span_of(again, size), text));
    }
    check_lenient(text, is_strict, span_of(out, len));
    free(out);
    free(again);
    return 0;
}
