/* SPDX-License-Identifier: Apache-2.0 */
/* A request posted to be sent: whatever is taken is one request, of one line a field, to no place that it names itself. */
#include "admin/sending.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

static bool is_line(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\r' || text.at[i] == '\n' || text.at[i] == '\0')
            return false;
    return true;
}

static void answer(struct span text)
{
    AUTO(buf) out = {0};
    const struct call_field field = {text, text};
    const struct call_answer answer = {.is_ok = true,
                                       .status = 200,
                                       .phrase = text,
                                       .fields = &field,
                                       .count = 1,
                                       .body = text,
                                       .is_cut = text.len % 2};
    sending_put_answer(&out, &answer);
    must(!out.is_broken && span_starts(buf_span(&out), SPAN("{\"status\":200,")) &&
         span_ends(buf_span(&out), SPAN("}")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct sending sending;
    struct err err = {0};
    struct span text = span_of(data, size);
    answer(text);
    if (!sending_read(&sending, &arena, text, &err)) {
        must(err.reason == REASON_BAD_REQUEST && err.text[0] != '\0');
        return 0;
    }
    must(sending.method[0] != '\0' && span_chr(span_str(sending.method), ' ') == NULL);
    must((sending.target[0] == '/' || sending.target[0] == '*') && is_line(span_str(sending.target)) &&
         span_chr(span_str(sending.target), ' ') == NULL);
    must(sending.count <= SENDING_FIELDS_MAX + 1 && is_line(sending.host));
    for (size_t i = 0; i < sending.count; i++) {
        must(sending.fields[i].name.len > 0 && is_line(sending.fields[i].name) && is_line(sending.fields[i].value));
        must(!span_eq_nocase(sending.fields[i].name, SPAN("host")) &&
             !span_eq_nocase(sending.fields[i].name, SPAN("transfer-encoding")));
    }
    return 0;
}
