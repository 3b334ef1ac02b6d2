/* SPDX-License-Identifier: Apache-2.0 */
/* Policy XML: the element <validate-jwt> as a map, and helpers for reading the document around it. */
#ifndef POLICY_RULE_XML_H
#define POLICY_RULE_XML_H

#include "rule_int.h"

#include <stdio.h>

/* The element as the map that the tables read; problems added.  NULL when out of memory. */
struct node *xml_policy_map(struct rule_reader *reader, const struct node *element) MUST_CHECK;

/* The name without its prefix. */
struct span xml_local_name(const struct node *node);

/* Whether it is an element of that name in no namespace. */
bool xml_is(const struct node *element, const char *name);

/* "unknown WHAT ..." with the nearest known name; returns false. */
bool xml_unknown(struct rule_reader *reader, const struct node *node, const char *what, const char *const *known,
                 size_t count);

#endif
