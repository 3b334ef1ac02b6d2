/* SPDX-License-Identifier: Apache-2.0 */
/* traceparent by its fixed places: 00-TRACE_ID-PARENT_ID-FLAGS. */
#include "http/trace.h"

#include <inttypes.h>
#include <stdio.h>

enum { ID_AT = 3, PARENT_AT = ID_AT + TRACE_ID_CHARS + 1, FLAGS_AT = PARENT_AT + TRACE_PARENT_CHARS + 1 };
_Static_assert(FLAGS_AT + 2 + 1 == TRACE_TEXT_BYTES, "a traceparent ends behind its flags");

static bool is_hex(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!((text.at[i] >= '0' && text.at[i] <= '9') || (text.at[i] >= 'a' && text.at[i] <= 'f')))
            return false;
    return true;
}

static bool is_zero(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '0')
            return false;
    return true;
}

static bool is_id(struct span text)
{
    return is_hex(text) && !is_zero(text);
}

bool trace_parse(struct span value, struct trace *trace)
{
    *trace = (struct trace){0};
    if (value.len < TRACE_TEXT_BYTES - 1)
        return false;
    struct span version = span_cut(value, 2);
    struct span trace_id = span_of(value.at + ID_AT, TRACE_ID_CHARS);
    struct span parent_id = span_of(value.at + PARENT_AT, TRACE_PARENT_CHARS);
    bool is_longer = value.len > TRACE_TEXT_BYTES - 1;
    if (!is_hex(version) || span_eq(version, SPAN("ff")) || !is_hex(span_of(value.at + FLAGS_AT, 2)))
        return false;
    if (value.at[ID_AT - 1] != '-' || value.at[PARENT_AT - 1] != '-' || value.at[FLAGS_AT - 1] != '-')
        return false;
    if (is_longer && (is_zero(version) || value.at[TRACE_TEXT_BYTES - 1] != '-'))
        return false;
    if (!is_id(trace_id) || !is_id(parent_id))
        return false;
    trace->trace_id = trace_id;
    trace->parent_id = parent_id;
    return true;
}

size_t trace_members(struct span value)
{
    size_t count = 0;
    struct span member;
    while (span_split(&value, ',', &member))
        count += span_trim(member).len > 0;
    return count;
}

void trace_read(const struct head *head, struct trace *trace)
{
    const struct field *parent = NULL;
    size_t parents = 0;
    size_t members = 0;
    *trace = (struct trace){0};
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        if (field->id == FIELD_TRACEPARENT) {
            parent = field;
            parents++;
        } else if (field->id == FIELD_TRACESTATE) {
            members += trace_members(field->value);
        }
    }
    if (parents == 1 && !parent->is_hop && trace_parse(parent->value, trace))
        trace->has_state = members <= TRACE_MEMBERS_MAX;
}

void trace_spell(const uint64_t trace_id[2], uint64_t parent_id, char out[TRACE_TEXT_BYTES])
{
    bool is_none = trace_id[0] == 0 && trace_id[1] == 0;
    snprintf(out, TRACE_TEXT_BYTES, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01", trace_id[0],
             is_none ? 1 : trace_id[1], parent_id == 0 ? 1 : parent_id);
}
