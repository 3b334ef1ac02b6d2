/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a filter is: what odata_filter.c writes and odata_filter_run.c runs. */
#ifndef DEV_ODATA_FILTER_INT_H
#define DEV_ODATA_FILTER_INT_H

#include "dev/odata_filter.h"

enum odata_operator_id {
    ODATA_OR,
    ODATA_AND,
    ODATA_EQ,
    ODATA_NE,
    ODATA_GT,
    ODATA_GE,
    ODATA_LT,
    ODATA_LE,
    ODATA_NOT,
    ODATA_CONTAINS,
    ODATA_STARTSWITH,
    ODATA_ENDSWITH,
    ODATA_TOLOWER,
    ODATA_TOUPPER,
    ODATA_LENGTH,
    ODATA_PAREN, /* while reading; in an item: none, it is a value */
    ODATA_OPERATOR_COUNT
};

struct odata_operator {
    const char *name;
    unsigned strength; /* the greater, the stronger it binds (OData URL Conventions 5.1.1.9) */
    size_t arity;
    enum odata_type takes, gives; /* ODATA_NULL: any, but all alike */
    bool is_function;
};

extern const struct odata_operator odata_operators[ODATA_OPERATOR_COUNT];

struct odata_filter_item {
    enum odata_operator_id does; /* ODATA_PAREN: a property or a literal */
    size_t property;             /* ODATA_NO_PROPERTY: the literal */
    struct odata_value literal;
};

struct odata_filter {
    size_t count;
    struct odata_filter_item items[ODATA_FILTER_ITEMS_MAX];
};

#endif
