/* SPDX-License-Identifier: Apache-2.0 */
/* Sites out of a few lines of YAML, for tests. */
#ifndef UNIT_PROXY_SITE_CASE_H
#define UNIT_PROXY_SITE_CASE_H

#include "base/buf.h"
#include "proxy/site.h"
#include "unit.h"

#define LISTENERS "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
#define BACKENDS "backends: { b: { servers: [\"http://127.0.0.1:1\"] } }\n"
#define ROUTES "routes: [ { name: r, path: /, backend: b, policy: none } ]\n"

enum { SITE_NOW_S = 1795219200 }; /* 2026-11-21 */

/* A site as it was read, and what was said: "FILE:LINE:COL: kind: text" lines. */
struct site_case {
    struct site *site;
    struct problems problems;
    struct buf said;
};

static inline const char *site_case_read(struct site_case *c, const char *text)
{
    static const char *const kinds[] = {"error", "warning", "note"};
    *c = (struct site_case){0};
    problems_init(&c->problems);
    c->site = site_read("gateway.yaml", span_str(text), SITE_NOW_S, &c->problems);
    for (const struct problem *p = c->problems.first; p != NULL; p = p->next)
        buf_printf(&c->said, "%s:%u:%u: %s: %s\n", p->file, p->line, p->column, kinds[p->kind], p->text);
    buf_add_char(&c->said, '\0');
    assert_int_equal(c->site == NULL, c->problems.errors > 0);
    return buf_span(&c->said).at;
}

static inline void site_case_end(struct site_case *c)
{
    site_release(c->site);
    problems_fini(&c->problems);
    buf_fini(&c->said);
}

/* A site that must be right. */
static inline struct site *site_case_good(const char *text)
{
    struct site_case c;
    const char *said = site_case_read(&c, text);
    if (c.site == NULL)
        fail_msg("%s", said);
    struct site *site = c.site;
    c.site = NULL;
    site_case_end(&c);
    return site;
}

#endif
