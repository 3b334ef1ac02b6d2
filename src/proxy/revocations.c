/* SPDX-License-Identifier: Apache-2.0 */
/* The file is looked at once a second, and read when it changed. */
#include "proxy/revocations.h"

#include "base/file_mark.h"
#include "base/log.h"
#include "base/now.h"
#include "base/snapshot.h"
#include "proxy/figures.h"

#include <event2/event.h>

struct revocations {
    struct snapshot slot; /* struct revocation */
    struct event *timer;
    char *path; /* NULL: no file */
    struct file_mark mark;
    bool is_settled;
    bool has_failed; /* the file as it is now is not in force */
    unsigned shard;
    struct metric_series *entries, *stale, *read_ok, *read_failed;
};

static void *take_list(void *list)
{
    return revocation_take(list);
}

static void release_list(void *list)
{
    revocation_release(list);
}

/* Takes over the reference. */
static void publish(struct revocations *r, struct revocation *list)
{
    metric_set(r->entries, list == NULL ? 0 : (int64_t)revocation_count(list));
    metric_set(r->stale, 0);
    r->has_failed = false;
    snapshot_publish(&r->slot, list);
}

/* Told once for each state of the file. */
static void note_failure(struct revocations *r, bool is_news, const struct problem *problem, const char *text)
{
    if (is_news || !r->has_failed) {
        metric_add(r->read_failed, r->shard, 1);
        LOG_EVENT(LOG_ERROR, "revocation-failed", LOG_STR("file", r->path),
                  LOG_NUM("line", problem == NULL ? 0 : problem->line),
                  LOG_NUM("column", problem == NULL ? 0 : problem->column), LOG_STR("error", text),
                  LOG_STR("kept", "the list read before"));
    }
    r->has_failed = true;
    metric_set(r->stale, 1);
}

static void take_up(struct revocations *r, struct revocation *list)
{
    size_t count = revocation_count(list);
    publish(r, list);
    metric_add(r->read_ok, r->shard, 1);
    LOG_EVENT(LOG_NOTICE, "revocation-loaded", LOG_STR("file", r->path), LOG_NUM("entries", count));
}

/* Whether these are the bytes that the list in force was read from: a file is looked at more often than it changes. */
static bool is_in_force(struct revocations *r, struct span bytes)
{
    struct revocation *current = snapshot_take(&r->slot);
    bool is = current != NULL && revocation_is_of(current, bytes);
    revocation_release(current);
    return is;
}

/* Whether it is one file from beginning to end: what changes while it is read is read again the next time. */
static bool read_file(struct revocations *r, struct arena *arena, struct span *bytes, struct err *err)
{
    struct file_mark after;
    if (!node_read_file(arena, r->path, REVOCATION_BYTES_MAX, bytes, err))
        return false;
    after = file_mark_of(r->path);
    r->is_settled = r->is_settled && file_mark_is_same(&after, &r->mark);
    return true;
}

static void look(struct revocations *r)
{
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    struct span bytes;
    struct err err;
    problems_init(&problems);
    if (r->path == NULL)
        return;
    struct file_mark mark = file_mark_of(r->path);
    bool is_news = !file_mark_is_same(&mark, &r->mark);
    if (!is_news && r->is_settled)
        return;
    r->mark = mark;
    r->is_settled = file_mark_is_settled(&mark, now_read().wall_s);
    if (!mark.is_there) {
        note_failure(r, is_news, NULL, "there is no such file, or it is no regular one");
        return;
    }
    if (!read_file(r, &arena, &bytes, &err)) {
        note_failure(r, is_news, NULL, err.text);
        return;
    }
    if (is_in_force(r, bytes)) {
        r->has_failed = false;
        metric_set(r->stale, 0);
        return;
    }
    struct revocation *list = revocation_read(r->path, bytes, &problems);
    if (list == NULL)
        note_failure(r, is_news, problems.first, problems.first->text);
    else
        take_up(r, list);
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
    (void)unused;
    (void)what;
    look(context);
}

struct revocations *revocations_new(struct event_base *base, struct metrics *metrics, unsigned shard, struct err *err)
{
    static const struct timeval each = {REVOCATIONS_LOOK_MS / 1000, REVOCATIONS_LOOK_MS % 1000 * 1000};
    const struct span ok = SPAN("ok");
    const struct span failed = SPAN("failed");
    struct revocations *r = calloc(1, sizeof *r);
    if (r == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the list of revoked tokens");
        return NULL;
    }
    snapshot_init(&r->slot, take_list, release_list);
    r->shard = shard;
    r->entries = metric_series(metrics, FIGURE_REVOCATION_ENTRIES, NULL, 0);
    r->stale = metric_series(metrics, FIGURE_REVOCATION_STALE, NULL, 0);
    r->read_ok = metric_series(metrics, FIGURE_REVOCATION_READS, &ok, 1);
    r->read_failed = metric_series(metrics, FIGURE_REVOCATION_READS, &failed, 1);
    r->timer = event_new(base, -1, EV_PERSIST, on_timer, r);
    if (r->timer != NULL && event_add(r->timer, &each) == 0)
        return r;
    fail(err, REASON_SYSTEM, "cannot watch the list of revoked tokens");
    revocations_free(r);
    return NULL;
}

void revocations_free(struct revocations *r)
{
    if (r == NULL)
        return;
    if (r->timer != NULL)
        event_free(r->timer);
    snapshot_fini(&r->slot);
    free(r->path);
    free(r);
}

bool revocations_use(struct revocations *r, struct revocation *list, struct err *err)
{
    char *path = list == NULL ? NULL : span_dup(span_str(revocation_file(list)));
    if (list != NULL && path == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the list of revoked tokens");
    free(r->path);
    r->path = path;
    r->mark = (struct file_mark){.is_there = false};
    r->is_settled = false; /* read once more: it may have changed since the list was */
    publish(r, list == NULL ? NULL : revocation_take(list));
    return true;
}

const struct revocation *revocations_see(struct revocations *r, struct revocations_view *view)
{
    if (r == NULL)
        return NULL;
    uint64_t number = snapshot_number(&r->slot);
    if (number != view->number) {
        revocation_release(view->list);
        view->list = snapshot_take(&r->slot);
        view->number = number;
    }
    return view->list;
}

void revocations_unsee(struct revocations_view *view)
{
    revocation_release(view->list);
    *view = (struct revocations_view){.list = NULL};
}
