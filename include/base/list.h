/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive doubly linked list: the link is a member of the object, a list owns nothing. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/base.h"

/* Head of a list, or link of an object.  Zeroed: a link in no list. */
struct list {
    struct list *next;
    struct list *prev;
};

/* Makes `l` an empty list. */
static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

/* Whether the link stands in some list. */
static inline bool list_is_linked(const struct list *link)
{
    return link->next != NULL;
}

/* Puts `link`, in no list now, at the end of `l`. */
static inline void list_append(struct list *l, struct list *link)
{
    assert(!list_is_linked(link));
    link->prev = l->prev;
    link->next = l;
    l->prev->next = link;
    l->prev = link;
}

/* Puts `link`, in no list now, at the front of `l`. */
static inline void list_prepend(struct list *l, struct list *link)
{
    list_append(l->next, link);
}

/* Takes `link` out of its list; harmless when it is in none. */
static inline void list_remove(struct list *link)
{
    if (link->next == NULL)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

/* The first link, or NULL. */
static inline struct list *list_first(const struct list *l)
{
    return l->next == l ? NULL : l->next;
}

/* The last link, or NULL. */
static inline struct list *list_last(const struct list *l)
{
    return l->next == l ? NULL : l->prev;
}

/* Walks `l`; the body may remove `link` itself, nothing else. */
#define LIST_EACH(l, link)                                                       \
    for (struct list *link = (l)->next, *link##_next_ = link->next; link != (l); \
         link = link##_next_, link##_next_ = link->next)

#endif
