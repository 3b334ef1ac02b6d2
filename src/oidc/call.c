/* SPDX-License-Identifier: Apache-2.0 */
/* What a call tells libcurl beside what every fetch does: method, target, fields, body, a place to connect to; and its answer. */
#include "oidc/call.h"

#include "base/ascii.h"
#include "base/now.h"
#include "fetch_int.h"

#include <strings.h>

enum { CALL_FIELDS_MAX = 256 };

/* Lines. */

bool call_is_name(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_letter(text.at[i]) && !ascii_is_digit(text.at[i]) &&
            (text.at[i] == '\0' || strchr("!#$%&'*+-.^_`|~", text.at[i]) == NULL))
            return false;
    return text.len > 0;
}

bool call_is_value(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] == 0x7f)
            return false;
    return true;
}

static bool is_target(const char *target)
{
    struct span text = span_str(target);
    return text.len > 0 && span_is_printable(text) && span_chr(text, ' ') == NULL;
}

static bool lines_check(const struct call_options *options, struct err *err)
{
    if (!call_is_name(span_str(options->method)))
        return fail(err, REASON_FETCH_FAILED, "the method \"%s\" is no word", QUOTED(span_str(options->method)));
    if (options->target != NULL && !is_target(options->target))
        return fail(err, REASON_FETCH_FAILED, "the target holds blanks or bytes beyond ASCII, or nothing");
    for (size_t i = 0; i < options->count; i++) {
        const struct call_field *field = &options->fields[i];
        if (!call_is_name(field->name) || !call_is_value(field->value))
            return fail(err, REASON_FETCH_FAILED, "the field \"%s\" is malformed", QUOTED(field->name));
    }
    return true;
}

/* Fields. */

static bool has_field(const struct call_options *options, struct span name)
{
    for (size_t i = 0; i < options->count; i++)
        if (span_eq_nocase(options->fields[i].name, name))
            return true;
    return false;
}

/* libcurl takes "Name:" for the wish that it adds none, "Name;" for an empty one. */
static bool add_field(struct fetch *fetch, const struct call_field *field)
{
    AUTO(buf) line = {0};
    buf_add_span(&line, field->name);
    buf_add_str(&line, span_trim(field->value).len == 0 ? ";" : ": ");
    buf_add_span(&line, span_trim(field->value));
    buf_add_char(&line, '\0');
    return !line.is_broken && fetch_add_field(fetch, buf_span(&line).at);
}

/* What libcurl would add by itself is left to the caller; nobody waits for 100 (Continue). */
static bool add_fields(struct fetch *fetch, const struct call_options *options)
{
    static const char *const own[] = {"Accept", "Expect", "Content-Type"};
    char none[32];
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        snprintf(none, sizeof none, "%s:", own[i]);
        if (!has_field(options, span_str(own[i])) && !fetch_add_field(fetch, none))
            return false;
    }
    for (size_t i = 0; i < options->count; i++)
        if (!add_field(fetch, &options->fields[i]))
            return false;
    return true;
}

/* Method, body, place. */

static bool set_text(CURL *easy, CURLoption option, const char *text)
{
    return curl_easy_setopt(easy, option, text) == CURLE_OK;
}

/* RFC 9110 8.6: methods that give content a meaning state that there is none. */
static bool states_none(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static bool set_request(CURL *easy, const struct call_options *options)
{
    bool has_body = options->body.at != NULL || states_none(options->method);
    struct span body = options->body.len > 0 ? options->body : SPAN("");
    if (options->target != NULL && !set_text(easy, CURLOPT_REQUEST_TARGET, options->target))
        return false;
    if (strcmp(options->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (has_body && (curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) != CURLE_OK ||
                     curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.at) != CURLE_OK))
        return false;
    return set_text(easy, CURLOPT_CUSTOMREQUEST, options->method);
}

/* A connection of its own: none is kept to a place that is known by more than its name. */
static bool set_place(struct fetch *fetch, const struct call_place *place)
{
    CURL *easy = fetch->easy;
    char to[128];
    if (place == NULL)
        return true;
    bool is_set = curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
                  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
    if (place->wants_proxy_header)
        is_set = is_set && curl_easy_setopt(easy, CURLOPT_HAPROXYPROTOCOL, 1L) == CURLE_OK;
    if (place->pins != NULL)
        is_set = is_set && curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
                 curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
                 set_text(easy, CURLOPT_PINNEDPUBLICKEY, place->pins);
    if (place->address == NULL)
        return is_set && set_text(easy, CURLOPT_UNIX_SOCKET_PATH, place->socket);
    snprintf(to, sizeof to, "::%s", place->address);
    fetch->places = curl_slist_append(NULL, to);
    return is_set && fetch->places != NULL && curl_easy_setopt(easy, CURLOPT_CONNECT_TO, fetch->places) == CURLE_OK;
}

struct fetch *call_start(struct fetcher *fetcher, const struct call_options *options, call_done *done, void *context,
                         struct err *err)
{
    struct fetch *fetch = lines_check(options, err) ? fetch_new(fetcher, options->to, err) : NULL;
    if (fetch == NULL)
        return NULL;
    fetch->called = done;
    fetch->context = context;
    fetch->cuts_body = options->cuts_body;
    bool is_prepared = add_fields(fetch, options) && fetch_set_options(fetch, options->to) &&
                       set_request(fetch->easy, options) && set_place(fetch, options->place);
    return fetch_run(fetch, is_prepared, err);
}

/* The answer. */

static void read_fields(const struct fetch *fetch, struct arena *arena, struct call_answer *answer)
{
    struct call_field *fields = arena_zero(arena, CALL_FIELDS_MAX * sizeof *fields);
    struct curl_header *field = NULL;
    answer->fields = fields;
    while (fields != NULL && answer->count < CALL_FIELDS_MAX &&
           (field = curl_easy_nextheader(fetch->easy, CURLH_HEADER, -1, field)) != NULL)
        fields[answer->count++] = (struct call_field){span_str(field->name), span_str(field->value)};
}

/* Whether the body ends before its end: at the limit, or, of one that goes on and on, with the time. */
static bool is_cut(const struct fetch *fetch, unsigned status)
{
    return fetch->is_cut || (fetch->cuts_body && status >= 200 && fetch->result == CURLE_OPERATION_TIMEDOUT);
}

static bool judge(const struct fetch *fetch, unsigned status, struct err *err)
{
    if (!fetch_fits(fetch, err) || (!is_cut(fetch, status) && !fetch_arrived(fetch, err)))
        return false;
    return status >= 200 || fail(err, REASON_FETCH_FAILED, "no answer");
}

void call_conclude(struct fetch *fetch)
{
    AUTO(arena) arena = {0};
    struct call_answer answer = {.took_us = now_read().mono_us - fetch->begun_mono_us};
    long status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    answer.status = status < 0 ? 0 : (unsigned)status;
    answer.is_cut = is_cut(fetch, answer.status);
    answer.is_ok = judge(fetch, answer.status, &answer.err);
    if (answer.is_ok) {
        answer.phrase = span_str(fetch->phrase);
        answer.body = buf_span(&fetch->body);
        read_fields(fetch, &arena, &answer);
    }
    fetch->called(fetch->context, &answer);
}
