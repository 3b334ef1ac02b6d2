/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as traceparent and tracestate fields of one request.  What is taken for a trace is spelled as a trace is, lies in the bytes
 * that came, and comes out the same when it is read alone.
 */
#include "http/trace.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS_MAX = 16 };

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static void must_be_hex(struct span text, size_t len)
{
    must(text.len == len);
    for (size_t i = 0; i < len; i++)
        must(strchr("0123456789abcdef", text.at[i]) != NULL && text.at[i] != 0);
}

static void check_trace(const struct trace *trace)
{
    char spelled[TRACE_TEXT_BYTES] = "00-";
    struct trace again;
    must_be_hex(trace->trace_id, TRACE_ID_CHARS);
    must_be_hex(trace->parent_id, TRACE_PARENT_CHARS);
    memcpy(spelled + 3, trace->trace_id.at, TRACE_ID_CHARS);
    spelled[35] = '-';
    memcpy(spelled + 36, trace->parent_id.at, TRACE_PARENT_CHARS);
    memcpy(spelled + 52, "-00", 4);
    must(trace_parse(span_str(spelled), &again));
    must(span_eq(again.trace_id, trace->trace_id) && span_eq(again.parent_id, trace->parent_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field fields[FIELDS_MAX];
    struct head head = {.fields = fields};
    struct span rest = span_of(data, size), line;
    struct trace trace;
    size_t parents = 0;
    while (head.count < FIELDS_MAX && span_split(&rest, '\n', &line)) {
        bool is_state = span_starts(line, SPAN("s"));
        parents += !is_state;
        fields[head.count++] = (struct field){.value = span_trim(span_from(line, is_state)),
                                              .id = is_state ? FIELD_TRACESTATE : FIELD_TRACEPARENT};
    }
    trace_read(&head, &trace);
    must(!trace.has_state || trace.trace_id.len > 0);
    if (trace.trace_id.len == 0)
        return 0;
    must(parents == 1);
    check_trace(&trace);
    return 0;
}
