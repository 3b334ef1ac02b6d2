/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the files of listeners' certificates, and making new servers of them. */
#include "proxy/certificates.h"

#include "base/file_mark.h"
#include "base/log.h"
#include "base/now.h"
#include "proxy/figures.h"
#include "proxy/listener_tls.h"

#include <event2/event.h>

/* A certificate and its key are seldom replaced in one step: what does not fit is told when it still does not at the next look. */
enum { FAILURES_TOLD = 2 };

struct watched {
    const struct listener_settings *settings;
    struct tls_server *server;                       /* one reference; NULL: plain */
    struct file_mark *marks;                         /* by listener_tls_file */
    unsigned char digest[LISTENER_TLS_DIGEST_BYTES]; /* of what `server` was made from */
    bool is_settled;
    unsigned failures; /* with the files as they are */
};

struct certificates {
    struct event *timer;
    struct certificates_user user;
    struct metrics *metrics;
    unsigned shard;
    struct tls_tickets *tickets;
    struct site *site;
    struct watched *all;
    size_t count;
};

static void count(struct certificates *certificates, const char *result)
{
    struct span label = span_str(result);
    metric_add(metric_series(certificates->metrics, FIGURE_LISTENER_CERTIFICATE_READS, &label, 1), certificates->shard,
               1);
}

static void show_ok(struct certificates *certificates, const struct watched *one, bool is_ok)
{
    metric_set(metric_series(certificates->metrics, FIGURE_LISTENER_CERTIFICATE_OK, &one->settings->bind, 1), is_ok);
}

/* So that an alert can come before the day. */
static void show_ends(struct certificates *certificates, const struct watched *one)
{
    for (size_t i = 0; i < tls_server_count(one->server); i++) {
        const struct span labels[] = {one->settings->bind, listener_tls_certificate(one->settings, i)};
        metric_set(metric_series(certificates->metrics, FIGURE_LISTENER_CERTIFICATE_END, labels, 2),
                   tls_server_end_s(one->server, i));
    }
}

static void note_failure(struct certificates *certificates, struct watched *one, const char *text)
{
    one->failures++;
    if (one->failures < FAILURES_TOLD)
        one->is_settled = false;
    if (one->failures != FAILURES_TOLD)
        return;
    count(certificates, "failed");
    show_ok(certificates, one, false);
    LOG_EVENT(LOG_ERROR, "certificate-failed", LOG_TEXT("listener", one->settings->bind), LOG_STR("error", text),
              LOG_STR("kept", "the certificates read before"));
}

static void take_up(struct certificates *certificates, size_t index, struct tls_server *server)
{
    char ends[NOW_TEXT_BYTES];
    struct watched *one = &certificates->all[index];
    tls_server_use_tickets(server, certificates->tickets);
    tls_server_release(one->server);
    one->server = server;
    one->failures = 0;
    count(certificates, "ok");
    show_ok(certificates, one, true);
    show_ends(certificates, one);
    now_second_text(tls_server_end_s(server, 0), ends);
    certificates->user.renewed(certificates->user.context, index, server);
    LOG_EVENT(LOG_NOTICE, "certificate-reloaded", LOG_TEXT("listener", one->settings->bind), LOG_STR("ends", ends));
}

/* Whether any file is another than at the last look. */
static bool look_at_marks(struct watched *one)
{
    bool is_news = false;
    bool is_settled = true;
    int64_t now_s = now_read().wall_s;
    for (size_t i = 0; i < listener_tls_files(one->settings); i++) {
        struct span path = listener_tls_file(one->settings, i);
        struct file_mark mark = path.at == NULL ? (struct file_mark){0} : file_mark_of(path.at);
        is_news = !file_mark_is_same(&mark, &one->marks[i]) || is_news;
        is_settled = file_mark_is_settled(&mark, now_s) && is_settled;
        one->marks[i] = mark;
    }
    bool is_due = is_news || !one->is_settled;
    one->is_settled = is_settled;
    if (is_news)
        one->failures = 0;
    return is_due;
}

static void look(struct certificates *certificates, size_t index)
{
    AUTO(problems) problems;
    unsigned char digest[LISTENER_TLS_DIGEST_BYTES];
    struct err err = {0};
    struct watched *one = &certificates->all[index];
    problems_init(&problems);
    if (one->server == NULL || !look_at_marks(one))
        return;
    if (!listener_tls_digest(one->settings, digest, &err)) {
        note_failure(certificates, one, err.text);
        return;
    }
    if (memcmp(digest, one->digest, sizeof digest) == 0) {
        one->failures = 0;
        show_ok(certificates, one, true);
        return;
    }
    struct tls_server *server = listener_tls_make(one->settings, &problems);
    if (server == NULL) {
        note_failure(certificates, one, problems.first == NULL ? "no memory" : problems.first->text);
        return;
    }
    memcpy(one->digest, digest, sizeof digest);
    take_up(certificates, index, server);
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
    struct certificates *certificates = context;
    (void)unused;
    (void)what;
    for (size_t i = 0; i < certificates->count; i++)
        look(certificates, i);
}

struct certificates *certificates_new(struct event_base *base, struct metrics *metrics, unsigned shard,
                                      const struct certificates_user *user, struct err *err)
{
    static const struct timeval each = {CERTIFICATES_LOOK_MS / 1000, CERTIFICATES_LOOK_MS % 1000 * 1000};
    struct certificates *certificates = calloc(1, sizeof *certificates);
    if (certificates == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the certificates of listeners");
        return NULL;
    }
    *certificates = (struct certificates){.user = *user, .metrics = metrics, .shard = shard};
    certificates->tickets = tls_tickets_new(err);
    certificates->timer = event_new(base, -1, EV_PERSIST, on_timer, certificates);
    bool is_ok = certificates->tickets != NULL && certificates->timer != NULL;
    if (is_ok && event_add(certificates->timer, &each) == 0)
        return certificates;
    fail(err, REASON_SYSTEM, "cannot watch the certificates of listeners");
    certificates_free(certificates);
    return NULL;
}

static void watched_fini(struct watched *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tls_server_release(all[i].server);
        free(all[i].marks);
    }
    free(all);
}

void certificates_free(struct certificates *certificates)
{
    if (certificates == NULL)
        return;
    if (certificates->timer != NULL)
        event_free(certificates->timer);
    watched_fini(certificates->all, certificates->count);
    site_release(certificates->site);
    tls_tickets_release(certificates->tickets);
    free(certificates);
}

static bool watch(struct certificates *certificates, struct watched *one, const struct site_listener *listener)
{
    if (listener->tls == NULL)
        return true;
    one->marks = calloc(listener_tls_files(one->settings), sizeof *one->marks);
    if (one->marks == NULL)
        return false;
    tls_server_use_tickets(listener->tls, certificates->tickets);
    one->server = tls_server_take(listener->tls);
    memcpy(one->digest, listener->digest, sizeof one->digest);
    return true;
}

bool certificates_use(struct certificates *certificates, struct site *site, struct err *err)
{
    size_t count = site_tls_count(site);
    struct watched *all = calloc(count + 1, sizeof *all);
    bool is_ok = all != NULL;
    for (size_t i = 0; is_ok && i < count; i++) {
        all[i].settings = site_tls_settings(site, i);
        is_ok = watch(certificates, &all[i], &site->listeners[i]);
    }
    if (!is_ok) {
        watched_fini(all, all == NULL ? 0 : count);
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the certificates of listeners");
    }
    watched_fini(certificates->all, certificates->count);
    site_release(certificates->site);
    certificates->all = all;
    certificates->count = count;
    certificates->site = site_take(site);
    metrics_unset(certificates->metrics, FIGURE_LISTENER_CERTIFICATE_END);
    metrics_unset(certificates->metrics, FIGURE_LISTENER_CERTIFICATE_OK);
    for (size_t i = 0; i < certificates->count; i++) {
        if (all[i].server == NULL)
            continue;
        show_ok(certificates, &all[i], true);
        show_ends(certificates, &all[i]);
    }
    return true;
}

const struct tls_server *certificates_server(const struct certificates *certificates, size_t index)
{
    return index < certificates->count ? certificates->all[index].server : NULL;
}
