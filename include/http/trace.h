/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context: which trace a request belongs to, as its client says.
 *
 * All that is read is borrowed from the head.  Nothing of it is trusted: it goes into logs and on to backends, and decides nothing.
 */
#ifndef HTTP_TRACE_H
#define HTTP_TRACE_H

#include "http/head.h"

enum { TRACE_ID_CHARS = 32, TRACE_PARENT_CHARS = 16, TRACE_TEXT_BYTES = 56, TRACE_MEMBERS_MAX = 32 };

struct trace {
    struct span trace_id;  /* TRACE_ID_CHARS small hexadecimal digits; empty: none, or none that is valid */
    struct span parent_id; /* TRACE_PARENT_CHARS of them */
    bool has_state;        /* tracestate may go on */
};

/* Reads the value of a traceparent field (Trace Context 3.2.2): two digits of the version, which is not ff; ids that are not all
 * zero; two digits of flags; small hexadecimal digits only.  Version 00 ends there; of higher ones the same parts are read, and more
 * may follow behind a `-`.  False, with `trace` zeroed: it is none.
 */
bool trace_parse(struct span value, struct trace *trace) MUST_CHECK;

/* How many members that are not empty a tracestate value lists (Trace Context 3.3.1). */
size_t trace_members(struct span value);

/* The trace of a request: one traceparent that is valid and goes on, and tracestate with at most TRACE_MEMBERS_MAX members in
 * all its fields together; without the former the latter says nothing (Trace Context 3.3).
 */
void trace_read(const struct head *head, struct trace *trace);

/* Spells a traceparent of version 00 with these ids, flags 01 (sampled) and a final NUL.  An id that would be all zero, which is
 * none, ends in 1.
 */
void trace_spell(const uint64_t trace_id[2], uint64_t parent_id, char out[TRACE_TEXT_BYTES]);

#endif
