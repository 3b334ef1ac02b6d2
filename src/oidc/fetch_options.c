/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl is told of a fetch, and what it hands over as the answer comes in: whom to trust, which way to go, how much to take.
 */
#include "fetch_int.h"

#include "base/now.h"

#include <stdio.h>
#include <strings.h>

enum { CONNECT_MS_MAX = 3000 };

/* As it comes in. */

/* What the clock shows now is right now; what it showed at the beginning is reckoned back, so that a step between the two does no
 * harm.  Of several heads (a proxy's, 1xx) the last counts.
 */
static void moments_read(struct fetch *fetch)
{
    struct now now = now_read();
    fetch->head_us = now.wall_us;
    fetch->begun_us = now.wall_us - (now.mono_us - fetch->begun_mono_us);
}

/* What stands behind "HTTP/1.1 200 ". */
static void phrase_read(struct fetch *fetch, struct span line)
{
    struct span piece;
    while (line.len > 0 && (line.at[line.len - 1] == '\r' || line.at[line.len - 1] == '\n'))
        line.len--;
    fetch->phrase[0] = '\0';
    bool has_version = span_split(&line, ' ', &piece);
    bool has_status = has_version && span_split(&line, ' ', &piece);
    if (has_status && line.len > 0)
        snprintf(fetch->phrase, sizeof fetch->phrase, "%.*s", SPAN_ARG(line));
}

static size_t head_came(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *fetch = CHECKED(arg, fetch, FETCH_MAGIC);
    (void)size;
    if (span_starts(span_of(bytes, count), SPAN("HTTP/"))) {
        moments_read(fetch);
        phrase_read(fetch, span_of(bytes, count));
    }
    fetch->head_bytes += count;
    if (fetch->head_bytes <= FETCH_HEAD_BYTES_MAX)
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
    if (status != 200 && fetch->called == NULL)
        return 0; /* nobody reads what came with it */
    size_t room = fetch->body.bytes_max - buf_len(&fetch->body);
    if (count > room) {
        fetch->is_cut = fetch->cuts_body && buf_add(&fetch->body, bytes, room);
        fetch->is_too_large = !fetch->cuts_body;
        return 0;
    }
    return buf_add(&fetch->body, bytes, count) ? count : 0;
}

/* Options. */

bool fetch_add_field(struct fetch *fetch, const char *line)
{
    struct curl_slist *longer = curl_slist_append(fetch->fields, line);
    if (longer != NULL)
        fetch->fields = longer;
    return longer != NULL;
}

static bool fields_make(struct fetch *fetch, const char *if_none_match)
{
    char condition[FETCH_ETAG_BYTES_MAX + 32];
    if (!fetch_add_field(fetch, "Accept: application/json, application/jwk-set+json"))
        return false;
    if (if_none_match == NULL || *if_none_match == '\0' || !fetch_is_etag(span_str(if_none_match)))
        return true;
    snprintf(condition, sizeof condition, "If-None-Match: %s", if_none_match);
    fetch->is_conditional = true;
    return fetch_add_field(fetch, condition);
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
    if (options->wants_certificates)
        is_set = is_set && curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L) == CURLE_OK;
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

/* A length that is stated is believed where it is too much; where the rest is cut off anyway it does not count. */
static bool options_limits(const struct fetch *fetch, const struct fetch_options *options)
{
    CURL *easy = fetch->easy;
    curl_off_t bytes_max = fetch->cuts_body ? 0 : (curl_off_t)options->bytes_max;
    long timeout_ms = (long)options->timeout_ms;
    long connect_ms = timeout_ms < CONNECT_MS_MAX ? timeout_ms : CONNECT_MS_MAX;
    bool is_set = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, bytes_max) == CURLE_OK &&
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

bool fetch_set_options(struct fetch *fetch, const struct fetch_options *options)
{
    fetch->easy = curl_easy_init();
    return fetch->easy != NULL && options_callbacks(fetch) && options_route(fetch->easy, options) &&
           options_limits(fetch, options) && options_tls(fetch->easy, options);
}

bool fetch_prepare(struct fetch *fetch, const struct fetch_options *options)
{
    return fields_make(fetch, options->if_none_match) && fetch_set_options(fetch, options);
}
