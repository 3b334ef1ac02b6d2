/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface on a libevent loop.
 *
 * libcurl tells through two callbacks which sockets it waits for and when it wants to be called again; these only set events.
 * Everything else happens between its calls: transfers that ended are taken out of it, put on a list, and told to their
 * owners one by one from an event of our own, so that an owner may start and cancel whatever it likes.
 */
#include "oidc/fetch.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/now.h"
#include "oidc/discovery.h"

#include <curl/curl.h>
#include <event2/event.h>

#include <stdio.h>
#include <strings.h>

enum {
    FETCHER_MAGIC = 0x66657468,
    FETCH_MAGIC = 0x66657463,
    CONNECT_MS_MAX = 3000,
    HEAD_BYTES_MAX = 64 << 10,
    ETAG_BYTES_MAX = 256,
    MAX_AGE_S_MAX = 10 * 366 * 86400, /* a number in a header is not to overflow anything later */
    IDLE_CONNECTIONS_MAX = 8
};

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

struct fetch {
    uint32_t magic;
    struct list link;
    struct fetcher *fetcher;
    CURL *easy;
    struct curl_slist *fields;
    fetch_done *done;
    void *context;
    int64_t timeout_ms;
    struct buf body;
    size_t head_bytes;
    int64_t begun_mono_us;
    int64_t begun_us, head_us; /* wall clock, see fetch_answer */
    bool is_conditional;       /* If-None-Match was sent */
    bool is_too_large;
    CURLcode result;
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

static void fetch_free(struct fetch *fetch)
{
    list_remove(&fetch->link);
    if (fetch->easy != NULL)
        curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->fields);
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

/* What the clock shows now is right now; what it showed at the beginning is reckoned back, so that a step between the two does no
 * harm.  Of several heads (a proxy's, 1xx) the last counts.
 */
static void moments_read(struct fetch *fetch)
{
    struct now now = now_read();
    fetch->head_us = now.wall_us;
    fetch->begun_us = now.wall_us - (now.mono_us - fetch->begun_mono_us);
}

static size_t head_came(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = CHECKED(arg, fetch, FETCH_MAGIC);
    (void)size;
    if (span_starts(span_of(bytes, count), SPAN("HTTP/")))
        moments_read(fetch);
    fetch->head_bytes += count;
    if (fetch->head_bytes <= HEAD_BYTES_MAX)
        return count;
    fetch->is_too_large = true;
    return 0;
}

/* The bytes are counted here: a stated length may be missing or untrue. */
static size_t body_came(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = CHECKED(arg, fetch, FETCH_MAGIC);
    long status = 0;
    (void)size;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return 0; /* nobody reads what came with it */
    if (count > fetch->body.bytes_max - buf_len(&fetch->body)) {
        fetch->is_too_large = true;
        return 0;
    }
    return buf_add(&fetch->body, bytes, count) ? count : 0;
}

/* Headers. */

static struct span field_of(const struct fetch *fetch, const char *name, size_t index)
{
    struct curl_header *field;
    if (curl_easy_header(fetch->easy, name, index, CURLH_HEADER, -1, &field) != CURLHE_OK)
        return (struct span){NULL, 0};
    return span_str(field->value);
}

/* One we would not send back is none. */
static bool is_etag(struct span etag)
{
    return etag.len <= ETAG_BYTES_MAX && span_is_printable(etag);
}

/* A number of seconds, with or without quotes; -1 for anything else; what is too large for us is our maximum. */
static int64_t seconds_read(struct span text)
{
    uint64_t seconds = 0;
    if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
        text = span_of(text.at + 1, text.len - 2);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return -1;
    }
    if (text.len == 0)
        return -1;
    return span_u64(text, MAX_AGE_S_MAX, &seconds) ? (int64_t)seconds : MAX_AGE_S_MAX;
}

static void directive_read(struct span directive, int64_t *max_age_s)
{
    static const struct span max_age = SPAN_INIT("max-age=");
    int64_t seconds = -1;
    if (span_eq_nocase(directive, SPAN("no-store")) || span_eq_nocase(directive, SPAN("no-cache")))
        seconds = 0;
    else if (span_eq_nocase(span_cut(directive, max_age.len), max_age))
        seconds = seconds_read(span_from(directive, max_age.len));
    if (seconds >= 0 && (*max_age_s < 0 || seconds < *max_age_s))
        *max_age_s = seconds;
}

/* The shortest of all that is said (RFC 9111 4.2.1). */
static int64_t max_age_of(const struct fetch *fetch)
{
    int64_t max_age_s = -1;
    for (size_t i = 0;; i++) {
        struct span rest = field_of(fetch, "Cache-Control", i);
        struct span piece;
        if (rest.at == NULL)
            return max_age_s;
        while (span_split(&rest, ',', &piece))
            directive_read(span_trim(piece), &max_age_s);
    }
}

/* An answer out of a cache has the date of when it was put there (RFC 9111 5.1). */
static int64_t date_of(const struct fetch *fetch)
{
    struct span date = field_of(fetch, "Date", 0);
    struct span age = field_of(fetch, "Age", 0);
    if (age.at != NULL && seconds_read(span_trim(age)) != 0)
        return 0;
    time_t seconds = date.len == 0 ? -1 : curl_getdate(date.at, NULL);
    return seconds < 0 ? 0 : (int64_t)seconds;
}

/* What came of it. */

static bool fetch_sees_status(const struct fetch *fetch, long status, struct err *err)
{
    if (status == 200 || (status == 304 && fetch->is_conditional))
        return true;
    if (status >= 300 && status < 400 && status != 304)
        return fail(err, REASON_FETCH_FAILED, "answered %ld; redirects are not followed", status);
    return fail(err, REASON_FETCH_FAILED, "answered %ld", status);
}

static bool fetch_is_connected(const struct fetch *fetch)
{
    curl_off_t microseconds = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds);
    return microseconds > 0;
}

/* libcurl's words, but where the section `providers` has a say in it. */
static const char *result_text(CURLcode result)
{
    if (result == CURLE_PEER_FAILED_VERIFICATION)
        return "the certificate is not trusted, or not for this name (authorities: ca in providers, else the system's)";
    if (result == CURLE_SSL_CACERT_BADFILE)
        return "the file named by ca in providers cannot be used";
    if (result == CURLE_SSL_CERTPROBLEM)
        return "the files named by client_certificate and client_key in providers cannot be used";
    return curl_easy_strerror(result);
}

/* A status that decides comes before how the transfer ended: we end those ourselves. */
static bool fetch_judge(struct fetch *fetch, long status, struct err *err)
{
    long proxy_status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (fetch->head_bytes > HEAD_BYTES_MAX)
        return fail(err, REASON_FETCH_FAILED, "the answer's head has more than %d bytes", HEAD_BYTES_MAX);
    if (fetch->is_too_large || fetch->result == CURLE_FILESIZE_EXCEEDED)
        return fail(err, REASON_FETCH_FAILED, "the document has more than %zu bytes", fetch->body.bytes_max);
    if (status >= 200 && !fetch_sees_status(fetch, status, err))
        return false;
    if (fetch->body.is_broken)
        return fail(err, REASON_FETCH_FAILED, "no memory for the document");
    if (fetch->result == CURLE_OPERATION_TIMEDOUT)
        return fail(err, REASON_FETCH_FAILED, "%s in time (the whole fetch has %lld ms)",
                    fetch_is_connected(fetch) ? "no whole answer" : "no connection", (long long)fetch->timeout_ms);
    if (fetch->result != CURLE_OK && proxy_status >= 300)
        return fail(err, REASON_FETCH_FAILED, "the proxy answered %ld", proxy_status);
    if (fetch->result != CURLE_OK)
        return fail(err, REASON_FETCH_FAILED, "%s", result_text(fetch->result));
    if (status == 200 && buf_len(&fetch->body) == 0)
        return fail(err, REASON_FETCH_FAILED, "answered 200 without a body");
    return status >= 200 || fail(err, REASON_FETCH_FAILED, "no answer");
}

static void fetch_conclude(struct fetch *fetch)
{
    struct fetch_answer answer = {.max_age_s = -1};
    long status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    answer.is_ok = fetch_judge(fetch, status, &answer.err);
    if (answer.is_ok) {
        answer.is_unchanged = status == 304;
        answer.body = answer.is_unchanged ? (struct span){NULL, 0} : buf_span(&fetch->body);
        answer.etag = field_of(fetch, "ETag", 0);
        if (!is_etag(answer.etag))
            answer.etag = (struct span){NULL, 0};
        answer.max_age_s = max_age_of(fetch);
        answer.date_s = date_of(fetch);
        answer.begun_us = fetch->begun_us;
        answer.head_us = fetch->head_us;
    }
    answer.is_untrusted = fetch->result == CURLE_PEER_FAILED_VERIFICATION || fetch->result == CURLE_SSL_CACERT_BADFILE;
    fetch->done(fetch->context, &answer);
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

static bool field_add(struct fetch *fetch, const char *field)
{
    struct curl_slist *longer = curl_slist_append(fetch->fields, field);
    if (longer != NULL)
        fetch->fields = longer;
    return longer != NULL;
}

static bool fields_make(struct fetch *fetch, const char *if_none_match)
{
    char condition[ETAG_BYTES_MAX + 32];
    if (!field_add(fetch, "Accept: application/json, application/jwk-set+json"))
        return false;
    if (if_none_match == NULL || *if_none_match == '\0' || !is_etag(span_str(if_none_match)))
        return true;
    snprintf(condition, sizeof condition, "If-None-Match: %s", if_none_match);
    fetch->is_conditional = true;
    return field_add(fetch, condition);
}

/* A text or none: libcurl copies it.  NULL takes a default away where libcurl has one of its own. */
static bool option_text(CURL *easy, CURLoption option, const char *text)
{
    return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

/* The files are read for each fetch: a connection, session or store of authorities kept from the last one would go on with what
 * they held then, for a day.
 */
static bool options_anew(CURL *easy)
{
    bool is_set = curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    is_set = is_set && curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) == CURLE_OK;
#endif
    return is_set;
}

static bool options_tls(CURL *easy, const struct fetch_options *options)
{
    bool is_set = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    /* A file of one's own is all that is trusted: the system's directory must not stand beside it. */
    if (options->ca_file != NULL)
        is_set =
            is_set && option_text(easy, CURLOPT_CAINFO, options->ca_file) && option_text(easy, CURLOPT_CAPATH, NULL);
    /* A passphrase is set, if an empty one: else OpenSSL would ask the terminal for it. */
    if (options->client_certificate != NULL)
        is_set = is_set && option_text(easy, CURLOPT_SSLCERT, options->client_certificate) &&
                 option_text(easy, CURLOPT_KEYPASSWD, "");
    if (options->client_key != NULL)
        is_set = is_set && option_text(easy, CURLOPT_SSLKEY, options->client_key);
    if (options->ca_file != NULL || options->client_certificate != NULL)
        is_set = is_set && options_anew(easy);
    return is_set;
}

/* What the environment or the user's files would add is shut out: http_proxy, no_proxy, .netrc. */
static bool options_route(CURL *easy, const struct fetch_options *options)
{
    const char *protocols = strncasecmp(options->url, "https:", 6) == 0 ? "https" : "http";
    return option_text(easy, CURLOPT_URL, options->url) && option_text(easy, CURLOPT_PROTOCOLS_STR, protocols) &&
           option_text(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols) &&
           option_text(easy, CURLOPT_PROXY, options->proxy == NULL ? "" : options->proxy) &&
           option_text(easy, CURLOPT_NOPROXY, "") && curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK;
}

static bool options_limits(CURL *easy, const struct fetch_options *options)
{
    long timeout_ms = (long)options->timeout_ms;
    long connect_ms = timeout_ms < CONNECT_MS_MAX ? timeout_ms : CONNECT_MS_MAX;
    bool is_set = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)options->bytes_max) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name lookup may outlive the fetch by far; ending the fetch must not wait for it. */
    is_set = is_set && curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
#endif
    return is_set;
}

static bool options_callbacks(struct fetch *fetch)
{
    CURL *easy = fetch->easy;
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_came) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head_came) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->fields) == CURLE_OK &&
           option_text(easy, CURLOPT_USERAGENT, "jwtgate/" JWTGATE_VERSION);
}

static bool fetch_prepare(struct fetch *fetch, const struct fetch_options *options)
{
    fetch->easy = curl_easy_init();
    return fetch->easy != NULL && fields_make(fetch, options->if_none_match) && options_callbacks(fetch) &&
           options_route(fetch->easy, options) && options_limits(fetch->easy, options) &&
           options_tls(fetch->easy, options);
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_options *options, fetch_done *done, void *context,
                          struct err *err)
{
    assert(options->bytes_max > 0 && options->timeout_ms > 0);
    struct span url = span_str(options->url);
    bool is_direct = options->proxy == NULL || *options->proxy == '\0';
    if (!discovery_url_check(url, options->allow_http, err) ||
        (!is_direct && !discovery_proxy_check(url, span_str(options->proxy), options->allow_http, err))) {
        if (err != NULL)
            err->reason = REASON_FETCH_FAILED;
        return NULL;
    }
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a fetch");
        return NULL;
    }
    *fetch = (struct fetch){.magic = FETCH_MAGIC, .fetcher = fetcher, .done = done, .context = context};
    fetch->begun_mono_us = now_read().mono_us;
    fetch->timeout_ms = options->timeout_ms;
    fetch->body.bytes_max = options->bytes_max;
    if (!fetch_prepare(fetch, options) || curl_multi_add_handle(fetcher->multi, fetch->easy) != CURLM_OK) {
        fetch_free(fetch);
        fail(err, REASON_FETCH_FAILED, "libcurl refuses the fetch: no memory, or an option it cannot take");
        return NULL;
    }
    list_append(&fetcher->running, &fetch->link);
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    assert(fetch->magic == FETCH_MAGIC);
    curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
    fetch_free(fetch);
}
