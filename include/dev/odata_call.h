/* SPDX-License-Identifier: Apache-2.0 */
/* One request for a resource of the service, alone or a part of a batch, and its answer. */
#ifndef DEV_ODATA_CALL_H
#define DEV_ODATA_CALL_H

#include "dev/odata_query.h"
#include "dev/odata_store.h"

enum odata_metadata { ODATA_METADATA_MINIMAL, ODATA_METADATA_NONE, ODATA_METADATA_FULL };

struct odata_call {
    struct odata_store *store;
    struct arena *arena;
    const struct head *head;
    enum method method;              /* HEAD as GET; what a POST wants to be taken for */
    struct span base;                /* "http://HOST/main/.../CustomerOrders.svc/", as the client sees it */
    struct span prefix;              /* "/main/.../CustomerOrders.svc" */
    struct span raw_path, raw_query; /* what follows it */
    struct span body;
    struct reply *reply;
    struct odata_failure *failure;
    /* set by odata_call_open */
    struct odata_path path;
    struct odata_query query;
    enum odata_metadata metadata;
};

/* Reads path and query. */
bool odata_call_open(struct odata_call *call) MUST_CHECK;

/* Answers an opened call; false with the failure, which is then the answer.  Fields of the reply lie in the arena. */
bool odata_call_run(struct odata_call *call) MUST_CHECK;

/* Runs the requests of a batch, each as a call of its own. */
bool odata_call_run_batch(struct odata_call *call) MUST_CHECK;

#endif
