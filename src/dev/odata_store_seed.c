/* SPDX-License-Identifier: Apache-2.0 */
/* The entities of the demo.  Keys hold what proxies like to change: a slash, a percent sign and what looks like an encoding of
 * one, quotes, a plus, a blank, letters beyond ASCII.
 */
#include "odata_store_int.h"

#include <stdio.h>

enum { PLAIN_ORDERS = 12, KEY_BYTES = 16 };

#define TEXT(text_)                                  \
    {                                                \
        .type = ODATA_TEXT, .text = SPAN_INIT(text_) \
    }
#define NUMBER(number_)                           \
    {                                             \
        .type = ODATA_NUMBER, .number = (number_) \
    }
#define TRUTH(truth_)                          \
    {                                          \
        .type = ODATA_TRUTH, .truth = (truth_) \
    }
#define NONE               \
    {                      \
        .type = ODATA_NULL \
    }

static const struct {
    size_t set;
    struct odata_value values[ODATA_PROPERTIES_MAX];
} rows[] = {
    {ODATA_ORDERS,
     {TEXT("A/B"), TEXT("Slash & Sons"), NUMBER(51.5), NUMBER(1), TRUTH(false), TEXT("a slash within the key")}},
    {ODATA_ORDERS,
     {TEXT("A%2FB"), TEXT("Percent Ltd"), NUMBER(49), NUMBER(2), TRUTH(true), TEXT("no slash: `%2F` is its text")}},
    {ODATA_ORDERS, {TEXT("A'B"), TEXT("O'Brien"), NUMBER(100), NUMBER(3), TRUTH(false), NONE}},
    {ODATA_ORDERS, {TEXT("A B"), TEXT("Blank AB"), NUMBER(-1), NONE, TRUTH(false), NONE}},
    {ODATA_ORDERS, {TEXT("A+B"), TEXT("Plus AB"), NUMBER(1e21), NONE, TRUTH(false), NONE}},
    {ODATA_ORDERS, {TEXT("\xc3\x85-1"), TEXT("\xc3\x85ngstr\xc3\xb6m AB"), NUMBER(0.1), NUMBER(4), TRUTH(true), NONE}},
    {ODATA_LINES, {TEXT("A/B"), NUMBER(1), TEXT("BOLT-1"), NUMBER(2.5), TRUTH(true)}},
    {ODATA_LINES, {TEXT("A/B"), NUMBER(2), TEXT("NUT-1"), NUMBER(7), TRUTH(false)}},
    {ODATA_LINES, {TEXT("P10001"), NUMBER(1), TEXT("BOLT-1"), NUMBER(1), TRUTH(false)}},
    {ODATA_CUSTOMERS, {TEXT("C100"), TEXT("Slash & Sons"), TEXT("GB"), NUMBER(1000)}},
    {ODATA_CUSTOMERS, {TEXT("C200"), TEXT("\xc3\x85ngstr\xc3\xb6m AB"), TEXT("SE"), NONE}},
};

bool odata_store_seed(struct odata_store *store, struct odata_failure *failure)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (odata_store_put(store, &odata_sets[rows[i].set], rows[i].values, failure) == NULL)
            return false;
    for (int i = 1; i <= PLAIN_ORDERS; i++) {
        struct odata_value values[ODATA_PROPERTIES_MAX] = {NONE,          TEXT("Plain Inc"), NUMBER(i * 10),
                                                           NUMBER(i % 3), TRUTH(i % 2 == 0), NONE};
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "P%d", 10000 + i);
        values[0] = (struct odata_value){.type = ODATA_TEXT, .text = span_str(key)};
        if (odata_store_put(store, &odata_sets[ODATA_ORDERS], values, failure) == NULL)
            return false;
    }
    return true;
}
