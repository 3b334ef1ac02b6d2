/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to browsers that ask for pages of other origins (Fetch standard 3.2): preflights carry no token and are answered here;
 * other answers are marked for the origins that are listed.
 */
#include "exchange_int.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_in(struct span text, const struct span *list, size_t count, bool ignores_case)
{
    for (size_t i = 0; i < count; i++)
        if (ignores_case ? span_eq_nocase(text, list[i]) : span_eq(text, list[i]))
            return true;
    return false;
}

/* The one field of that name; NULL also where there are several. */
static const struct field *single(const struct head *head, struct span name)
{
    const struct field *field = head_find(head, name, NULL);
    return field != NULL && head_find(head, name, field) == NULL ? field : NULL;
}

static const struct field *find_origin(const struct exchange *x)
{
    return head_find(&x->stream->head, SPAN("Origin"), NULL);
}

static bool allows_origin(const struct plan_cors *cors, const struct head *head)
{
    const struct field *origin = single(head, SPAN("Origin"));
    return origin != NULL && origin->value.len > 0 &&
           (cors->takes_any_origin || is_in(origin->value, cors->origins, cors->origin_count, true));
}

static bool allows_method(const struct plan_cors *cors, struct span method)
{
    static const struct span presets[] = {SPAN_INIT("GET"), SPAN_INIT("POST")};
    if (cors->takes_any_method)
        return true;
    return cors->method_count == 0 ? is_in(method, presets, COUNT_OF(presets), false)
                                   : is_in(method, cors->methods, cors->method_count, false);
}

/* All names of Access-Control-Request-Headers. */
static bool allows_headers(const struct plan_cors *cors, struct span asked)
{
    struct span name;
    if (cors->takes_any_header)
        return true;
    while (asked.len > 0 && span_split(&asked, ',', &name)) {
        name = span_trim(name);
        if (name.len > 0 && !is_in(name, cors->headers, cors->header_count, true))
            return false;
    }
    return true;
}

static struct span asked_headers(const struct head *head)
{
    const struct field *asked = single(head, SPAN("Access-Control-Request-Headers"));
    return asked == NULL ? (struct span){NULL, 0} : asked->value;
}

static struct span asked_method(const struct head *head)
{
    const struct field *asked = single(head, SPAN("Access-Control-Request-Method"));
    return asked == NULL ? (struct span){NULL, 0} : asked->value;
}

static bool is_preflight(const struct exchange *x)
{
    return x->stream->head.method == METHOD_OPTIONS && find_origin(x) != NULL &&
           head_find(&x->stream->head, SPAN("Access-Control-Request-Method"), NULL) != NULL;
}

/* ---- preflights ---- */

const struct site_route *cors_preflight_route(struct exchange *x)
{
    const struct site_route *near = NULL;
    struct err err;
    if (!is_preflight(x))
        return NULL;
    struct head asked = x->stream->head;
    asked.method = method_of(asked_method(&asked));
    const struct site_route *route = route_find(x->site->site, &asked, &x->stream->arena, &near, &err);
    if (route == NULL)
        route = near;
    return route != NULL && route->cors != NULL ? route : NULL;
}

static size_t put(struct field *out, size_t count, struct span name, struct span value)
{
    out[count] = (struct field){.name = name, .value = value};
    return count + 1;
}

static struct span allowed_origin(const struct exchange *x)
{
    const struct plan_cors *cors = x->route->cors;
    return cors->takes_any_origin && !cors->allows_credentials ? SPAN("*") : x->origin_text;
}

static struct span exposed_headers(const struct exchange *x, const struct plan_cors *cors)
{
    AUTO(buf) out = {0};
    for (size_t i = 0; i < cors->exposed_count; i++) {
        buf_add_str(&out, i == 0 ? "" : ", ");
        buf_add_span(&out, cors->exposed[i]);
    }
    struct span copy = arena_copy(&x->stream->arena, buf_span(&out));
    return out.is_broken || copy.at == NULL ? SPAN("") : copy;
}

/* A cache must not hand one origin's answer to another, nor one that was made for no origin (Fetch standard, "CORS protocol and
 * HTTP caches").
 */
static size_t put_vary(const struct plan_cors *cors, struct field *out, size_t count)
{
    bool is_same_for_all = cors->takes_any_origin && !cors->allows_credentials;
    return is_same_for_all ? count : put(out, count, SPAN("Vary"), SPAN("Origin"));
}

size_t cors_fields(const struct exchange *x, struct field out[CORS_FIELDS_MAX])
{
    const struct plan_cors *cors = x->route->cors;
    size_t count = put_vary(cors, out, 0);
    if (x->origin != ORIGIN_ALLOWED)
        return count;
    count = put(out, count, SPAN("Access-Control-Allow-Origin"), allowed_origin(x));
    if (cors->allows_credentials)
        count = put(out, count, SPAN("Access-Control-Allow-Credentials"), SPAN("true"));
    if (cors->exposed_count > 0)
        count = put(out, count, SPAN("Access-Control-Expose-Headers"), exposed_headers(x, cors));
    return count;
}

bool cors_is_own(struct span name)
{
    return span_eq_nocase(name, SPAN("Access-Control-Allow-Origin")) ||
           span_eq_nocase(name, SPAN("Access-Control-Allow-Credentials")) ||
           span_eq_nocase(name, SPAN("Access-Control-Expose-Headers"));
}

static void send_empty(struct exchange *x, const struct field *fields, size_t count)
{
    const struct answer answer = {.status = 200, .fields = fields, .count = count, .body = BODY_SIZED};
    stream_answer(x->stream, &answer, (struct span){NULL, 0}, true);
}

void cors_answer_preflight(struct exchange *x)
{
    const struct plan_cors *cors = x->route->cors;
    const struct head *head = &x->stream->head;
    struct field fields[CORS_FIELDS_MAX + 3];
    char age[24];
    struct span method = asked_method(head);
    struct span headers = asked_headers(head);
    bool is_allowed = allows_origin(cors, head) && allows_method(cors, method) && allows_headers(cors, headers);
    x->origin = is_allowed ? ORIGIN_ALLOWED : ORIGIN_UNKNOWN;
    x->origin_text = find_origin(x)->value;
    size_t count = cors_fields(x, fields);
    if (!is_allowed) {
        send_empty(x, fields, count);
        return;
    }
    count = put(fields, count, SPAN("Access-Control-Allow-Methods"), method);
    if (headers.len > 0)
        count = put(fields, count, SPAN("Access-Control-Allow-Headers"), headers);
    if (cors->max_age_s > 0) {
        snprintf(age, sizeof age, "%" PRId64, cors->max_age_s);
        count = put(fields, count, SPAN("Access-Control-Max-Age"), span_str(age));
    }
    send_empty(x, fields, count);
}

/* ---- other requests ---- */

bool cors_meet(struct exchange *x)
{
    const struct plan_cors *cors = x->route->cors;
    const struct head *head = &x->stream->head;
    if (cors == NULL || find_origin(x) == NULL)
        return false;
    if (allows_origin(cors, head) && allows_method(cors, head->method_text)) {
        x->origin = ORIGIN_ALLOWED;
        x->origin_text = find_origin(x)->value;
        return false;
    }
    x->origin = ORIGIN_UNKNOWN;
    bool is_read = head->method == METHOD_GET || head->method == METHOD_HEAD;
    if (!is_read || !cors->terminates_unmatched)
        return false;
    struct field vary[CORS_FIELDS_MAX];
    send_empty(x, vary, cors_fields(x, vary));
    return true;
}
