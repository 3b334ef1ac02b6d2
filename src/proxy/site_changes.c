/* SPDX-License-Identifier: Apache-2.0 */
/* Sections are compared as they were read, after substitution; members of lists by what names them. */
#include "proxy/site_changes.h"

/* A section whose members are told of one by one. */
struct members {
    const char *key, *noun;
    const char *name; /* the key that names a member; NULL: its own key in a map */
    /* Whether what the members' files held is the same; NULL: they have none. */
    bool (*is_same)(const struct site *before, const struct site *after, struct span name);
};

static struct span member_name(const struct members *members, const struct node *node)
{
    const struct node *named = members->name == NULL ? NULL : node_member(node, members->name);
    return members->name == NULL ? node->key : named == NULL ? SPAN("") : named->text;
}

static const struct node *find_member(const struct members *members, const struct node *section, struct span name)
{
    for (const struct node *node = section == NULL ? NULL : section->children; node != NULL; node = node->next)
        if (span_eq(member_name(members, node), name))
            return node;
    return NULL;
}

/* The same keys and texts in the same places; NULL is a section that is not there. */
static bool is_same(const struct node *a, const struct node *b)
{
    const struct node *one = a;
    const struct node *other = b;
    while (one != NULL && other != NULL) {
        bool is_alike = one->kind == other->kind && span_eq(one->text, other->text) &&
                        (one == a || span_eq(one->key, other->key)) && node_count(one) == node_count(other);
        if (!is_alike)
            return false;
        one = node_behind(one, a);
        other = node_behind(other, b);
    }
    return one == other;
}

static void put_text(struct buf *out, const struct buf *text)
{
    if (buf_len(out) > 1)
        buf_add_char(out, ',');
    buf_add_json_text(out, buf_span(text));
    out->is_broken = out->is_broken || text->is_broken;
}

static void put(struct buf *out, struct span noun, struct span name, const char *what)
{
    AUTO(buf) text = {0};
    buf_add_span(&text, noun);
    if (name.len > 0)
        buf_printf(&text, " \"%.*s\"", SPAN_ARG(name));
    buf_printf(&text, " %s", what);
    put_text(out, &text);
}

/* ---- files ---- */

static const struct site_route *find_route(const struct site *site, struct span name)
{
    for (size_t i = 0; i < site->route_count; i++)
        if (span_eq(site->routes[i].name, name))
            return &site->routes[i];
    return NULL;
}

static bool has_same_policy(const struct site *before, const struct site *after, struct span name)
{
    const struct site_route *a = find_route(before, name);
    const struct site_route *b = find_route(after, name);
    return a == NULL || b == NULL || a->policy_mark == b->policy_mark;
}

static bool has_same_certificates(const struct site *before, const struct site *after, struct span bind)
{
    const struct listener_settings *a = before->settings.listeners.at;
    const struct listener_settings *b = after->settings.listeners.at;
    for (size_t i = 0; i < before->listener_count; i++)
        for (size_t j = 0; j < after->listener_count; j++)
            if (span_eq(a[i].bind, bind) && span_eq(b[j].bind, bind) &&
                memcmp(before->listeners[i].digest, after->listeners[j].digest, sizeof after->listeners[j].digest) != 0)
                return false;
    return true;
}

/* ---- what only a restart changes ---- */

static const char *const fixed_keys[SITE_FIXED_KEYS] = {"user", "workers"};

size_t site_fixed_differs(const struct site_fixed *fixed, const struct site *site, const char *keys[SITE_FIXED_KEYS])
{
    const bool is_same[SITE_FIXED_KEYS] = {span_eq(fixed->user, site->settings.user),
                                           fixed->workers == site_workers(site)};
    size_t count = 0;
    for (size_t i = 0; i < SITE_FIXED_KEYS; i++)
        if (!is_same[i])
            keys[count++] = fixed_keys[i];
    return count;
}

static void put_fixed(const struct site_fixed *fixed, const struct site *after, struct buf *out)
{
    const char *keys[SITE_FIXED_KEYS];
    size_t count = site_fixed_differs(fixed, after, keys);
    for (size_t i = 0; i < count; i++) {
        AUTO(buf) text = {0};
        buf_printf(&text, "%s: only at a restart", keys[i]);
        put_text(out, &text);
    }
}

/* ---- sections ---- */

static const struct members named[] = {
    {"routes", "route", "name", has_same_policy},
    {"backends", "backend", NULL, NULL},
    {"listeners", "listener", "bind", has_same_certificates},
};

static void put_members(const struct members *members, const struct site *before, const struct site *after,
                        struct buf *out)
{
    const struct node *old = node_member(before->settings.node, members->key);
    const struct node *new = node_member(after->settings.node, members->key);
    for (const struct node *node = new == NULL ? NULL : new->children; node != NULL; node = node->next) {
        struct span name = member_name(members, node);
        const struct node *was = find_member(members, old, name);
        bool has_same_files = members->is_same == NULL || members->is_same(before, after, name);
        if (was == NULL)
            put(out, span_str(members->noun), name, "added");
        else if (!is_same(was, node) || !has_same_files)
            put(out, span_str(members->noun), name, "changed");
    }
    for (const struct node *node = old == NULL ? NULL : old->children; node != NULL; node = node->next)
        if (find_member(members, new, member_name(members, node)) == NULL)
            put(out, span_str(members->noun), member_name(members, node), "removed");
}

/* Those told in a way of their own. */
static bool is_apart(struct span key)
{
    for (size_t i = 0; i < COUNT_OF(fixed_keys); i++)
        if (span_eq(key, span_str(fixed_keys[i])))
            return true;
    for (size_t i = 0; i < COUNT_OF(named); i++)
        if (span_eq(key, span_str(named[i].key)))
            return true;
    return false;
}

/* All others are told of as a whole. */
static const struct members sections = {NULL, NULL, NULL, NULL};

static void put_sections(const struct site *before, const struct site *after, struct buf *out)
{
    const struct node *old = before->settings.node;
    const struct node *new = after->settings.node;
    for (const struct node *node = new->children; node != NULL; node = node->next) {
        const struct node *was = find_member(&sections, old, node->key);
        if (!is_apart(node->key) && !is_same(was, node))
            put(out, node->key, SPAN(""), was == NULL ? "added" : "changed");
    }
    for (const struct node *node = old->children; node != NULL; node = node->next)
        if (!is_apart(node->key) && find_member(&sections, new, node->key) == NULL)
            put(out, node->key, SPAN(""), "removed");
}

bool site_changes(const struct site *before, const struct site *after, const struct site_fixed *fixed, struct buf *out)
{
    AUTO(buf) list = {0};
    buf_add_char(&list, '[');
    for (size_t i = 0; i < COUNT_OF(named); i++)
        put_members(&named[i], before, after, &list);
    put_sections(before, after, &list);
    put_fixed(fixed, after, &list);
    buf_add_char(&list, ']');
    return !list.is_broken && buf_add_span(out, buf_span(&list));
}
