/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share. */
#ifndef DEV_ODATA_STORE_INT_H
#define DEV_ODATA_STORE_INT_H

#include "dev/odata_store.h"

/* Puts the entities of the demo into an empty store. */
bool odata_store_seed(struct odata_store *store, struct odata_failure *failure) MUST_CHECK;

#endif
