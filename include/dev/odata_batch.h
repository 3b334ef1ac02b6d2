/* SPDX-License-Identifier: Apache-2.0 */
/* $batch as multipart/mixed (OData Protocol 4.0 11.7): read whole before anything of it is done.
 *
 * Parts hold one request each as application/http, or a change set, a multipart of its own.  Lines end in CRLF or LF.
 */
#ifndef DEV_ODATA_BATCH_H
#define DEV_ODATA_BATCH_H

#include "dev/odata_failure.h"
#include "http/head.h"

enum { ODATA_BATCH_REQUESTS_MAX = 200, ODATA_BATCH_FIELDS_MAX = 32, ODATA_CONTENT_ID_MAX = 64 };

struct odata_batch_request {
    unsigned change_set;    /* those of one set follow each other; 0: by itself */
    struct span content_id; /* empty: none; else printable ASCII */
    struct head head;       /* method, target and fields; target as written, not taken apart */
    struct span body;
};

struct odata_batch {
    struct odata_batch_request *requests;
    size_t count;
    unsigned change_sets;
};

/* Reads a body; spans point into it, arrays lie in the arena. */
bool odata_batch_read(struct odata_batch *batch, struct arena *arena, struct span content_type, struct span body,
                      struct odata_failure *failure) MUST_CHECK;

#endif
