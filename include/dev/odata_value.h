/* SPDX-License-Identifier: Apache-2.0 */
/* Values of properties: null, a text, a number, a truth; as literals of URLs and as JSON. */
#ifndef DEV_ODATA_VALUE_H
#define DEV_ODATA_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "dev/odata_failure.h"

enum odata_type { ODATA_NULL, ODATA_TEXT, ODATA_NUMBER, ODATA_TRUTH };

struct odata_value {
    enum odata_type type;
    struct span text; /* of ODATA_TEXT; borrowed */
    double number;    /* of ODATA_NUMBER; finite */
    bool truth;       /* of ODATA_TRUTH */
};

/* Less than, equal to or greater than 0; null comes first; values of two types by their type. */
int odata_value_compare(const struct odata_value *a, const struct odata_value *b);

/* Takes a literal (OData URL Conventions 5.1.1.6) off the front of `rest`, which is decoded: 'it''s', -1.5e3, true, false, null.
 * Its text is copied into the arena where quotes stand doubled.
 */
bool odata_literal_read(struct arena *arena, struct span *rest, struct odata_value *value,
                        struct odata_failure *failure) MUST_CHECK;

/* A finite number in the spelling of JSON. */
bool odata_number_read(struct span text, double *number) MUST_CHECK;

/* Appends as JSON. */
void odata_value_put_json(struct buf *out, const struct odata_value *value);
/* Appends as a literal, percent-encoded but for the quotes around a text. */
void odata_value_put_literal(struct buf *out, const struct odata_value *value);
/* Appends bare, as $value shows it. */
void odata_value_put_bare(struct buf *out, const struct odata_value *value);

#endif
