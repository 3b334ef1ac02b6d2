/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the OData service's readers share. */
#ifndef UNIT_DEV_ODATA_READ_H
#define UNIT_DEV_ODATA_READ_H

#include "dev/odata_path.h"
#include "unit.h"

#define ORDERS (&odata_sets[ODATA_ORDERS])

/* Stops the test unless `is_right`; names the case and what the failure says. */
static inline void assert_case(bool is_right, const char *name, const struct odata_failure *failure)
{
    if (!is_right)
        fail_msg("%s: error %d, %s", name, (int)failure->error, failure->text);
}

#endif
