/* SPDX-License-Identifier: Apache-2.0 */
/* The console's own memory, its errands, and GET /console/settings. */
#include "console_int.h"

#include "proxy/site_providers.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- what is kept ---- */

static void sweep(struct deadline *deadline)
{
    struct console *console = CHECKED(CONTAINER_OF(deadline, console, sweep), console, CONSOLE_MAGIC);
    tickets_expire(&console->tickets, worker_now(console->worker)->mono_ms);
}

static struct console *console_new(struct worker *worker)
{
    struct console *console = calloc(1, sizeof *console);
    if (console == NULL)
        return NULL;
    *console = (struct console){.magic = CONSOLE_MAGIC, .worker = worker, .sweep = {.run = sweep}};
    list_init(&console->errands);
    deadline_class_init(worker, &console->sweep_class, TICKETS_AGE_MS + 1000);
    console->logins = logins_new();
    console->fetcher = console->logins == NULL ? NULL : fetcher_new(worker->base, NULL);
    if (console->fetcher != NULL)
        return console;
    console_free(console);
    return NULL;
}

void console_free(struct console *console)
{
    if (console == NULL)
        return;
    assert(list_is_empty(&console->errands));
    deadline_cancel(&console->sweep);
    deadline_class_fini(&console->sweep_class);
    tickets_fini(&console->tickets);
    logins_free(console->logins);
    fetcher_free(console->fetcher);
    console->magic = 0;
    free(console);
}

struct console *console_of(const struct admin_call *call, struct reply *reply)
{
    struct admin *admin = call->admin;
    if (admin->console == NULL)
        admin->console = console_new(call->request->worker);
    if (admin->console == NULL)
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
    return admin->console;
}

/* ---- errands ---- */

static void let_go(struct errand *errand)
{
    fetch_cancel(STEAL(errand->fetch));
    list_remove(&errand->link);
    errand->console->errand_count--;
    site_release(errand->call.site);
    errand->magic = 0;
}

/* Nobody waits any more. */
static void on_gone(void *context)
{
    struct errand *errand = CHECKED(context, errand, ERRAND_MAGIC);
    if (errand->dropped != NULL)
        errand->dropped(errand->context);
    let_go(errand);
}

struct errand *errand_begin(const struct admin_call *call, struct reply *reply)
{
    struct console *console = console_of(call, reply);
    if (console == NULL)
        return NULL;
    if (console->errand_count == ERRANDS_MAX) {
        admin_refuse(reply, 503, "%d requests of this kind wait already", ERRANDS_MAX);
        return NULL;
    }
    struct errand *errand = arena_zero(call->request->arena, sizeof *errand);
    if (errand != NULL)
        errand->later = responder_postpone(call->request, on_gone, errand);
    if (errand == NULL || errand->later == NULL) {
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
        return NULL;
    }
    errand->magic = ERRAND_MAGIC;
    errand->console = console;
    errand->request = *call->request;
    errand->call = *call;
    errand->call.request = &errand->request;
    errand->call.site = site_take(call->site);
    list_append(&console->errands, &errand->link);
    console->errand_count++;
    return errand;
}

void errand_answer(struct errand *errand, struct reply *reply)
{
    struct later *later = errand->later;
    let_go(errand);
    later_answer(later, reply);
}

void errand_refuse(struct errand *errand, unsigned status, const char *format, ...)
{
    struct reply reply = {.status = status};
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    admin_refuse(&reply, status, "%s", text);
    errand_answer(errand, &reply);
}

struct fetch_options errand_fetch_options(const struct errand *errand, struct span provider, const char *url)
{
    const struct site *site = errand->call.site;
    const struct issuers_settings settings = site_issuers_settings(site);
    const struct issuer_provider how = site_provider(site, provider);
    return (struct fetch_options){.url = url,
                                  .allow_http = settings.allow_http,
                                  .bytes_max = settings.document_bytes_max,
                                  .timeout_ms = settings.timing.timeout_ms,
                                  .ca_file = how.ca_file,
                                  .proxy = how.proxy,
                                  .client_certificate = how.client_certificate,
                                  .client_key = how.client_key};
}

/* ---- providers ---- */

static bool has(const struct span *all, size_t count, struct span url)
{
    for (size_t i = 0; i < count; i++)
        if (span_eq(all[i], url))
            return true;
    return false;
}

static size_t count_all(const struct site *site)
{
    size_t count = 1;
    for (size_t i = 0; i < site->rule_count; i++)
        count += site->rules[i].rule->provider_count;
    return count;
}

const struct span *console_providers(const struct site *site, struct arena *arena, size_t *count)
{
    const struct console_settings *settings = &site->settings.admin.console;
    struct span *all = arena_zero(arena, count_all(site) * sizeof *all);
    *count = 0;
    if (all != NULL && settings->provider.at != NULL)
        all[(*count)++] = settings->provider;
    for (size_t i = 0; all != NULL && settings->provider.at == NULL && i < site->rule_count; i++) {
        const struct site_rule *rule = &site->rules[i];
        for (size_t j = 0; j < rule->rule->provider_count; j++)
            if (!has(all, *count, issuer_url(rule->issuers[j])))
                all[(*count)++] = issuer_url(rule->issuers[j]);
    }
    return all;
}

/* ---- settings for the page ---- */

static void put_providers(struct buf *out, const struct admin_call *call)
{
    size_t count = 0;
    const struct span *all = console_providers(call->site, call->request->arena, &count);
    buf_add_str(out, ",\"providers\":[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_json_text(out, all[i]);
    }
    buf_add_char(out, ']');
    out->is_broken = out->is_broken || all == NULL;
}

static void put_listeners(struct buf *out, const struct admin *admin)
{
    struct admin_listener listener;
    char address[BIND_TEXT_BYTES];
    buf_add_str(out, ",\"listeners\":[");
    for (size_t i = 0; admin->hooks.listener(admin->hooks.context, i, &listener) && listener.name == NULL; i++) {
        bind_address_text(&listener.address, address);
        buf_add_str(out, i > 0 ? ",{\"address\":" : "{\"address\":");
        buf_add_json_text(out, span_str(address));
        buf_printf(out, ",\"tls\":%s}", listener.tls != NULL ? "true" : "false");
    }
    buf_add_char(out, ']');
}

/* Whoever has no credentials yet is told that they are asked for, and nothing about the gateway's surroundings. */
void console_settings_answer(const struct admin_call *call, struct reply *reply)
{
    const struct admin_settings *settings = &call->site->settings.admin;
    struct buf *out = &reply->body;
    admin_say_json(reply);
    buf_printf(out, "{\"version\":\"%s\",\"sign_in\":%s,\"needs_token\":%s", JWTGATE_VERSION,
               settings->console.node != NULL ? "true" : "false", settings->token.at != NULL ? "true" : "false");
    if (call->is_trusted) {
        put_providers(out, call);
        put_listeners(out, call->admin);
    }
    buf_add_char(out, '}');
}
