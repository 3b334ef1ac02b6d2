/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns every request before its resource: service root, base URL, tunnelled methods, versions, CSRF. */
#include "dev/odata.h"

#include "dev/odata_call.h"
#include "dev/odata_header.h"
#include "http/uri.h"

#include <openssl/rand.h>

#include <stdio.h>

enum { TOKEN_BYTES = 16 };

static const struct channel {
    struct span begin; /* of the path */
    bool wants_csrf;
} channels[] = {
    {SPAN_INIT("/main/"), true},
    {SPAN_INIT("/b2b/"), true},
    {SPAN_INIT("/int/"), false},
};

/* The channel of a path below a service root; the prefix goes up to `.svc`. */
static const struct channel *find_channel(struct span path, struct span *prefix)
{
    struct span service = SPAN("ifsapplications/projection/v1/" ODATA_PROJECTION ".svc");
    for (size_t i = 0; i < COUNT_OF(channels); i++) {
        struct span begin = channels[i].begin;
        if (!span_starts(path, begin) || !span_starts(span_from(path, begin.len), service))
            continue;
        *prefix = span_cut(path, begin.len + service.len);
        return path.len == prefix->len || path.at[prefix->len] == '/' ? &channels[i] : NULL;
    }
    return NULL;
}

/* --- the base of URLs --- */

static struct span first_of_list(struct span list)
{
    struct span item = {NULL, 0};
    span_split(&list, ',', &item);
    return span_trim(item);
}

static bool is_https(const struct head *head)
{
    return span_eq_nocase(first_of_list(odata_header(head, "X-Forwarded-Proto")), SPAN("https"));
}

/* What the client called us: a gateway before us says so, else it is who asks. */
static struct span authority(const struct head *head)
{
    struct span forwarded = first_of_list(odata_header(head, "X-Forwarded-Host"));
    return uri_is_authority(forwarded) ? forwarded : head->authority;
}

static bool set_base(struct odata_call *call, struct span path, struct span prefix, struct span query)
{
    struct span host = authority(call->head);
    const char *base = arena_printf(call->arena, "%s://%.*s%.*s/", is_https(call->head) ? "https" : "http",
                                    SPAN_ARG(host), SPAN_ARG(prefix));
    call->base = span_str(base);
    call->prefix = prefix;
    call->raw_path = span_from(path, prefix.len);
    call->raw_query = query;
    return base != NULL || odata_fail_memory(call->failure);
}

/* --- checks --- */

static const char *const tunnels[] = {"X-HTTP-Method", "X-HTTP-Method-Override"};

/* A POST may name another method, as Apache Olingo lets it; two that differ are refused. */
static bool read_method(struct odata_call *call)
{
    struct span named = {NULL, 0};
    call->method = call->head->method == METHOD_HEAD ? METHOD_GET : call->head->method;
    if (call->method != METHOD_POST)
        return true;
    for (size_t i = 0; i < COUNT_OF(tunnels); i++) {
        struct span value = odata_header(call->head, tunnels[i]);
        if (value.at != NULL && named.at != NULL && !span_eq_nocase(value, named))
            return odata_fail(call->failure, ODATA_BAD_REQUEST, "%s and %s differ", tunnels[0], tunnels[1]);
        named = value.at == NULL ? named : value;
    }
    if (named.at != NULL)
        call->method = method_of(named);
    return call->method != METHOD_UNKNOWN ||
           odata_fail(call->failure, ODATA_NOT_IMPLEMENTED, "the method \"%s\" is unknown", QUOTED(named));
}

/* OData Protocol 4.0 8.1.5, 8.2.6 */
static bool check_versions(struct odata_call *call)
{
    struct span sent = odata_header(call->head, "OData-Version");
    struct span most = odata_header(call->head, "OData-MaxVersion");
    bool is_right = (sent.at == NULL || span_starts(sent, SPAN("4.0"))) &&
                    (most.at == NULL || (most.len > 0 && most.at[0] >= '4' && most.at[0] <= '9'));
    return is_right || odata_fail(call->failure, ODATA_BAD_REQUEST, "the service speaks OData 4.0");
}

static bool is_write(enum method method)
{
    return method != METHOD_GET && method != METHOD_HEAD && method != METHOD_OPTIONS;
}

/* The cookie comes by itself, the field only from a page that may read the cookie. */
static bool check_csrf(struct odata_call *call, const struct channel *channel)
{
    struct span cookie = odata_header_cookie(call->head, "XSRF-TOKEN");
    struct span field = odata_header(call->head, "X-XSRF-TOKEN");
    if (!channel->wants_csrf || (!is_write(call->head->method) && !is_write(call->method)) ||
        (cookie.len > 0 && span_eq(cookie, field)))
        return true;
    return odata_fail(call->failure, ODATA_CSRF, "X-XSRF-TOKEN is not what the cookie XSRF-TOKEN says");
}

/* --- cookies --- */

static char *token_text(struct arena *arena)
{
    unsigned char random[TOKEN_BYTES];
    AUTO(buf) text = {0};
    if (RAND_bytes(random, sizeof random) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof random; i++)
        buf_printf(&text, "%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", random[i]);
    return text.is_broken ? NULL : arena_printf(arena, "%.*s", SPAN_ARG(buf_span(&text)));
}

static void add_cookie(struct arena *arena, struct reply *reply, const char *pair, const char *attributes,
                       bool is_secure)
{
    const char *text = arena_printf(arena, "%s; Path=/%s%s", pair, attributes, is_secure ? "; Secure" : "");
    if (text != NULL)
        responder_add_field(reply, "Set-Cookie", span_str(text));
}

/* Three, each with something that joins and splits of fields do not survive: braces, a comma in a date. */
static void add_cookies(const struct request *request, struct reply *reply)
{
    const char *token = token_text(request->arena), *session = token_text(request->arena);
    bool is_secure = is_https(request->head);
    if (token == NULL || session == NULL)
        return;
    const char *token_pair = arena_printf(request->arena, "XSRF-TOKEN={%s}", token);
    const char *session_pair = arena_printf(request->arena, "IFS-SESSION=%s", session);
    if (token_pair == NULL || session_pair == NULL)
        return;
    add_cookie(request->arena, reply, token_pair, "", is_secure);
    add_cookie(request->arena, reply, session_pair, "; HttpOnly; SameSite=Lax", is_secure);
    add_cookie(request->arena, reply, "IFS-LOCALE=en-US", "; Expires=Fri, 31 Dec 2049 23:59:59 GMT", is_secure);
}

static bool wants_cookies(const struct request *request, const struct channel *channel)
{
    return channel->wants_csrf && !is_write(request->head->method) &&
           odata_header_cookie(request->head, "XSRF-TOKEN").len == 0;
}

/* --- the answer --- */

static bool answer(struct odata_call *call, const struct channel *channel)
{
    if (!read_method(call) || !check_versions(call) || !check_csrf(call, channel) || !odata_call_open(call))
        return false;
    bool is_batch = call->path.place == ODATA_AT_BATCH && call->method == METHOD_POST;
    return is_batch ? odata_call_run_batch(call) : odata_call_run(call);
}

static void answer_health(const struct request *request, struct reply *reply)
{
    if (!responder_wants_get(request, reply))
        return;
    reply->content_type = SPAN("text/plain; charset=utf-8");
    buf_add_str(&reply->body, "ok\n");
}

void odata_answer(void *context, const struct request *request, struct reply *reply)
{
    struct odata_failure failure = {.allow = NULL};
    struct odata_call call = {.store = context,
                              .arena = request->arena,
                              .head = request->head,
                              .body = request->body,
                              .reply = reply,
                              .failure = &failure};
    struct span prefix = {NULL, 0};
    if (span_eq(request->path, SPAN("/healthz"))) {
        answer_health(request, reply);
        return;
    }
    const struct channel *channel = find_channel(request->path, &prefix);
    bool is_answered = channel == NULL
                           ? odata_fail(&failure, ODATA_NOT_FOUND, "there is no such projection")
                           : set_base(&call, request->path, prefix, request->query) && answer(&call, channel);
    if (!is_answered)
        odata_failure_write(&failure, reply);
    responder_add_field(reply, "OData-Version", SPAN("4.0"));
    if (channel != NULL && wants_cookies(request, channel))
        add_cookies(request, reply);
}
