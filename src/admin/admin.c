/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the admin surface, and how a request finds its row. */
#include "admin_int.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    GET = 1U << METHOD_GET,
    POST = 1U << METHOD_POST,
    READ = GET | 1U << METHOD_HEAD,
};

/* Those of every door. */
static const struct admin_row probe_rows[] = {
    {"/livez", READ, ADMIN_PROBE, health_live},
    {"/readyz", READ, ADMIN_PROBE, health_ready},
    {"/metrics", READ, ADMIN_PROBE, health_metrics},
};

/* Of rows with the same path each has other methods. */
static const struct admin_row rows[] = {
    {"/status", READ, ADMIN_PROTECTED, status_answer},
    {"/reload", POST, ADMIN_PROTECTED, reload_answer},
    {"/log", READ, ADMIN_PROTECTED, level_answer},
    {"/log", POST, ADMIN_PROTECTED, level_set_answer},
    {"/explain", POST, ADMIN_PROTECTED, explain_answer},
    {"/explain/all", POST, ADMIN_PROTECTED, explain_all_answer},
    {"/login", POST, ADMIN_PROTECTED, login_answer},
    {"/callback", GET, ADMIN_OPEN, callback_answer}, /* HEAD would use the sign-in up */
    {"/console/ticket", POST, ADMIN_PROTECTED, ticket_answer},
    {"/console/settings", READ, ADMIN_OPEN, console_settings_answer},
    {"/send", POST, ADMIN_PROTECTED, send_answer},
    {"/", READ, ADMIN_OPEN, assets_answer},
    {"/console/", READ, ADMIN_OPEN, assets_answer}, /* behind the exact paths below it */
};

static bool is_folder(const struct admin_row *row)
{
    struct span own = span_str(row->path);
    return own.len > 1 && span_ends(own, SPAN("/"));
}

static bool is_match(const struct admin_row *row, struct span path)
{
    struct span own = span_str(row->path);
    return is_folder(row) ? span_starts(path, own) : span_eq(path, own);
}

const struct admin_row *admin_find(const struct admin_row *table, size_t count, struct span path, enum method method,
                                   unsigned *methods)
{
    *methods = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_match(&table[i], path) || (is_folder(&table[i]) && *methods != 0))
            continue;
        if ((table[i].methods & (1U << method)) != 0)
            return &table[i];
        *methods |= table[i].methods;
    }
    return NULL;
}

static void set_field(struct reply *reply, const char *name, struct span value)
{
    for (size_t i = 0; i < reply->count; i++)
        if (span_eq_nocase(reply->fields[i].name, span_str(name)))
            return;
    responder_add_field(reply, name, value);
}

/* Pages of others neither show what is here nor run it as what it is not. */
void admin_dress(struct reply *reply)
{
    set_field(reply, "X-Content-Type-Options", SPAN("nosniff"));
    set_field(reply, "Cross-Origin-Resource-Policy", SPAN("same-origin"));
}

void admin_say_json(struct reply *reply)
{
    reply->content_type = SPAN("application/json");
    admin_dress(reply);
    set_field(reply, "Cache-Control", SPAN("no-store"));
}

void admin_refuse(struct reply *reply, unsigned status, const char *format, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply->status = status;
    admin_say_json(reply);
    buf_clear(&reply->body);
    buf_add_str(&reply->body, "{\"error\":");
    buf_add_json_text(&reply->body, span_str(text));
    buf_add_str(&reply->body, "}");
}

/* RFC 9110 10.2.1; empty where the path has none. */
static void refuse_method(unsigned methods, const struct request *request, struct reply *reply)
{
    AUTO(buf) text = {0};
    for (enum method method = METHOD_GET; method < METHOD_COUNT; method++)
        if ((methods & (1U << method)) != 0)
            buf_printf(&text, "%s%s", buf_len(&text) > 0 ? ", " : "", method_name(method));
    admin_refuse(reply, 405, "the method %s is not for this path", method_name(request->head->method));
    struct span allow = arena_copy(request->arena, buf_span(&text));
    if (allow.at != NULL)
        responder_add_field(reply, "Allow", allow);
}

static const struct admin_row *look_up(const struct admin_door *door, struct span path, enum method method,
                                       unsigned *methods)
{
    const struct admin_row *row = admin_find(probe_rows, COUNT_OF(probe_rows), path, method, methods);
    if (row == NULL && *methods == 0 && !door->is_for_probes)
        row = admin_find(rows, COUNT_OF(rows), path, method, methods);
    return row;
}

/* The row that answers the request; NULL, and the reply refuses: there is none, or it is not for whoever asks. */
static const struct admin_row *find_row(const struct admin_door *door, struct admin_call *call, struct reply *reply)
{
    const struct request *request = call->request;
    unsigned methods;
    if (!admission_knows_host(door, call, reply))
        return NULL;
    const struct admin_row *row = look_up(door, request->path, request->head->method, &methods);
    if (row == NULL && methods == 0)
        admin_refuse(reply, 404, "no such path on this listener");
    else if (row == NULL)
        refuse_method(methods, request, reply);
    else if (admission_judge(door, call, row->access, reply))
        return row;
    return NULL;
}

static void answer(void *context, const struct request *request, struct reply *reply)
{
    const struct admin_door *door = context;
    struct admin_call call = {.admin = door->admin, .request = request};
    call.site = snapshot_take(&door->admin->gateway->site);
    admin_dress(reply);
    const struct admin_row *row = find_row(door, &call, reply);
    if (row != NULL)
        row->answer(&call, reply);
    site_release(call.site);
}

/* Nobody fills the memory with bodies who may ask for nothing. */
static bool admits(void *context, const struct request *request, struct reply *reply)
{
    const struct admin_door *door = context;
    struct admin_call call = {.admin = door->admin, .request = request};
    call.site = snapshot_take(&door->admin->gateway->site);
    admin_dress(reply);
    const struct admin_row *row = find_row(door, &call, reply);
    bool takes_body = row != NULL && (row->methods & POST) != 0;
    if (row != NULL && !takes_body)
        admin_refuse(reply, 413, "a request for this path has no body");
    site_release(call.site);
    return takes_body;
}

/* The target was not read yet: it is no path where CONNECT names an authority. */
static void forbid(void *context, const struct request *request, struct reply *reply)
{
    const struct head *head = request->head;
    const char *query = head->target.len == 0 ? NULL : span_chr(head->target, '?');
    struct span path = query == NULL ? head->target : span_cut(head->target, (size_t)(query - head->target.at));
    unsigned methods;
    look_up(context, path, head->method, &methods);
    refuse_method(methods, request, reply);
}

static void init_door(struct admin_door *door, struct admin *admin, bool is_for_probes)
{
    *door = (struct admin_door){.admin = admin, .is_for_probes = is_for_probes};
    door->responder = (struct responder){
        .answer = answer, .admits = admits, .forbids = forbid, .context = door, .body_bytes_max = ADMIN_BODY_BYTES_MAX};
}

void admin_init(struct admin *admin, struct gateway *gateway, const struct admin_hooks *hooks)
{
    *admin = (struct admin){.gateway = gateway, .hooks = *hooks};
    init_door(&admin->main, admin, false);
    init_door(&admin->health, admin, true);
    admin->wrong = refusals_new();
    struct now now = now_read();
    admin->started_s = now.wall_s;
    admin->started_mono_ms = now.mono_ms;
}

void admin_fini(struct admin *admin)
{
    console_free(STEAL(admin->console));
    refusals_free(admin->wrong);
    admin->wrong = NULL;
}
