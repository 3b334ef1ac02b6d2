/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface on a libevent loop.
 *
 * libcurl tells through two callbacks which sockets it waits for and when it wants to be called again; these only set events.
 * Everything else happens between its calls: transfers that ended are taken out of it, put on a list, and told to their
 * owners one by one from an event of our own, so that an owner may start and cancel whatever it likes.
 */
#include "fetch_int.h"

#include "base/now.h"
#include "oidc/discovery.h"

#include <event2/event.h>

enum { FETCHER_MAGIC = 0x66657468, IDLE_CONNECTIONS_MAX = 8 };

struct fetcher {
    uint32_t magic;
    struct event_base *base;
    CURLM *multi;
    struct event *timer; /* when libcurl wants to be called */
    struct event *turn;  /* set off when `ended` has something */
    struct list running; /* fetches libcurl works on */
    struct list ended;   /* fetches whose owners are to be told */
    struct list watches;
};

/* A socket libcurl waits for. */
struct watch {
    struct list link;
    struct event *event;
};

bool fetch_global_init(struct err *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    return code == CURLE_OK || fail(err, REASON_SYSTEM, "libcurl does not start: %s", curl_easy_strerror(code));
}

void fetch_global_fini(void)
{
    curl_global_cleanup();
}

void fetch_free(struct fetch *fetch)
{
    list_remove(&fetch->link);
    if (fetch->easy != NULL)
        curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->fields);
    curl_slist_free_all(fetch->places);
    buf_fini(&fetch->body);
    fetch->magic = 0;
    free(fetch);
}

/* Takes out of libcurl what it has ended; its message is gone with the removal. */
static void fetcher_drain(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        char *private = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        struct fetch *fetch = CHECKED(private, fetch, FETCH_MAGIC);
        fetch->result = result;
        curl_multi_remove_handle(fetcher->multi, easy);
        list_remove(&fetch->link);
        list_append(&fetcher->ended, &fetch->link);
    }
    if (!list_is_empty(&fetcher->ended))
        event_active(fetcher->turn, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct fetcher *fetcher = CHECKED(arg, fetcher, FETCHER_MAGIC);
    int running;
    (void)fd;
    (void)what;
    curl_multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    fetcher_drain(fetcher);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct fetcher *fetcher = CHECKED(arg, fetcher, FETCHER_MAGIC);
    int running;
    int action = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(fetcher->multi, fd, action, &running);
    fetcher_drain(fetcher);
}

/* Even for 0 ms only the event is set: libcurl must not be called from inside its own callback. */
static int timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
    struct fetcher *fetcher = CHECKED(arg, fetcher, FETCHER_MAGIC);
    (void)multi;
    if (timeout_ms < 0) {
        event_del(fetcher->timer);
        return 0;
    }
    struct timeval delay = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    event_add(fetcher->timer, &delay);
    return 0;
}

static void watch_free(struct watch *watch)
{
    list_remove(&watch->link);
    if (watch->event != NULL)
        event_free(watch->event);
    free(watch);
}

/* Out of memory leaves the socket unwatched: the transfer then ends by its timeout, the others go on. */
static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_context)
{
    struct fetcher *fetcher = CHECKED(arg, fetcher, FETCHER_MAGIC);
    struct watch *watch = socket_context;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            watch_free(watch);
        return 0;
    }
    if (watch == NULL) {
        watch = calloc(1, sizeof *watch);
        if (watch == NULL)
            return 0;
        list_append(&fetcher->watches, &watch->link);
        curl_multi_assign(fetcher->multi, fd, watch);
    }
    int events = EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) | ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0);
    if (watch->event != NULL)
        event_free(watch->event);
    watch->event = event_new(fetcher->base, fd, (short)events, on_socket, fetcher);
    if (watch->event != NULL)
        event_add(watch->event, NULL);
    return 0;
}

static void fetch_conclude(struct fetch *fetch)
{
    AUTO(arena) arena = {0};
    struct fetch_answer answer;
    if (fetch->called != NULL) {
        call_conclude(fetch);
    } else {
        fetch_answer_read(fetch, &arena, &answer);
        fetch->done(fetch->context, &answer);
    }
    fetch_free(fetch);
}

/* Owners may cancel others of the list while we walk it, so the first is taken off each time. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct fetcher *fetcher = CHECKED(arg, fetcher, FETCHER_MAGIC);
    struct list *link;
    (void)fd;
    (void)what;
    while ((link = list_first(&fetcher->ended)) != NULL) {
        list_remove(link);
        fetch_conclude(CONTAINER_OF(link, fetch, link));
    }
}

struct fetcher *fetcher_new(struct event_base *base, struct err *err)
{
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the fetcher");
        return NULL;
    }
    fetcher->magic = FETCHER_MAGIC;
    fetcher->base = base;
    list_init(&fetcher->running);
    list_init(&fetcher->ended);
    list_init(&fetcher->watches);
    fetcher->timer = evtimer_new(base, on_timer, fetcher);
    fetcher->turn = evtimer_new(base, on_turn, fetcher);
    fetcher->multi = curl_multi_init();
    if (fetcher->timer == NULL || fetcher->turn == NULL || fetcher->multi == NULL) {
        fetcher_free(fetcher);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the fetcher");
        return NULL;
    }
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    /* Connections to a host are not limited: a transfer that waits for its turn would use up its time waiting. */
    curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
    return fetcher;
}

void fetcher_free(struct fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    assert(list_is_empty(&fetcher->running) && list_is_empty(&fetcher->ended));
    if (fetcher->multi != NULL)
        curl_multi_cleanup(fetcher->multi);
    LIST_EACH(&fetcher->watches, link)
    {
        watch_free(CONTAINER_OF(link, watch, link));
    }
    if (fetcher->timer != NULL)
        event_free(fetcher->timer);
    if (fetcher->turn != NULL)
        event_free(fetcher->turn);
    fetcher->magic = 0;
    free(fetcher);
}

/* Starting. */

static bool options_check(const struct fetch_options *options, struct err *err)
{
    struct span url = span_str(options->url);
    bool is_direct = options->proxy == NULL || *options->proxy == '\0';
    if (discovery_url_check(url, options->allow_http, err) &&
        (is_direct || discovery_proxy_check(url, span_str(options->proxy), options->allow_http, err)))
        return true;
    if (err != NULL)
        err->reason = REASON_FETCH_FAILED;
    return false;
}

struct fetch *fetch_new(struct fetcher *fetcher, const struct fetch_options *options, struct err *err)
{
    assert(options->bytes_max > 0 && options->timeout_ms > 0);
    if (!options_check(options, err))
        return NULL;
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a fetch");
        return NULL;
    }
    *fetch = (struct fetch){.magic = FETCH_MAGIC, .fetcher = fetcher};
    fetch->begun_mono_us = now_read().mono_us;
    fetch->timeout_ms = options->timeout_ms;
    fetch->body.bytes_max = options->bytes_max;
    return fetch;
}

struct fetch *fetch_run(struct fetch *fetch, bool is_prepared, struct err *err)
{
    if (!is_prepared || curl_multi_add_handle(fetch->fetcher->multi, fetch->easy) != CURLM_OK) {
        fetch_free(fetch);
        fail(err, REASON_FETCH_FAILED, "libcurl refuses the fetch: no memory, or an option it cannot take");
        return NULL;
    }
    list_append(&fetch->fetcher->running, &fetch->link);
    return fetch;
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_options *options, fetch_done *done, void *context,
                          struct err *err)
{
    struct fetch *fetch = fetch_new(fetcher, options, err);
    if (fetch == NULL)
        return NULL;
    fetch->done = done;
    fetch->context = context;
    return fetch_run(fetch, fetch_prepare(fetch, options), err);
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    assert(fetch->magic == FETCH_MAGIC);
    curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
    fetch_free(fetch);
}
