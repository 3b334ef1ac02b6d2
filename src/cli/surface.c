/* SPDX-License-Identifier: Apache-2.0 */
/* The admin surface of a run: its services on the control thread, and what it may ask of the whole process. */
#include "proxy/certificates.h"
#include "run_int.h"

enum { ADMIN_CONNECTIONS_MAX = 256, ADMIN_HEAD_MAX = 32768, ADMIN_TIMEOUT_MS = 30000, ADMIN_BODY_RATE = 256 };

const char *run_admin_name(enum run_admin which)
{
    switch (which) {
    case RUN_ADMIN_MAIN: return "admin";
    case RUN_ADMIN_HEALTH: return "health";
    case RUN_ADMIN_LISTENERS: break;
    }
    return "";
}

struct admin_door *run_admin_door(struct run *run, enum run_admin which)
{
    return which == RUN_ADMIN_HEALTH ? &run->admin.health : &run->admin.main;
}

/* Of clients; the site in use is held by whoever asks. */
static struct admin_listener client_listener(struct run *run, size_t index, const struct site *site)
{
    const struct listener_settings *settings = site_tls_settings(site, index);
    return (struct admin_listener){.address = run->listeners[index].address,
                                   .tls_settings = settings,
                                   .tls = certificates_server(run->certificates, index),
                                   .has_proxy_header = settings->proxy_protocol};
}

/* Of the admin surface itself: `number` counts those that are open. */
static bool admin_listener(struct run *run, size_t number, const struct site *site, struct admin_listener *listener)
{
    for (enum run_admin which = RUN_ADMIN_MAIN; which < RUN_ADMIN_LISTENERS; which++) {
        const struct run_listener *open = &run->admin_listeners[which];
        bool is_main = which == RUN_ADMIN_MAIN;
        if (open->number == 0 || number-- > 0)
            continue;
        *listener = (struct admin_listener){
            .name = run_admin_name(which),
            .address = open->address,
            .tls_settings = &site->admin_listener,
            .tls = is_main ? certificates_server(run->certificates, site->listener_count) : NULL};
        return true;
    }
    return false;
}

static bool listener_at(void *context, size_t index, struct admin_listener *listener)
{
    struct run *run = context;
    struct site *site = snapshot_take(&run->gateway.site);
    bool is_there = true;
    if (index < run->listener_count)
        *listener = client_listener(run, index, site);
    else
        is_there = admin_listener(run, index - run->listener_count, site, listener);
    site_release(site);
    return is_there;
}

static enum admin_reload_end reload(void *context, struct admin_reload *reload)
{
    return run_reload(context, reload);
}

void run_admin_start(struct run *run)
{
    const struct admin_hooks hooks = {.context = run, .listener = listener_at, .reload = reload};
    const struct service_settings settings = {.limits = {.head_bytes_max = ADMIN_HEAD_MAX,
                                                         .field_bytes_max = ADMIN_HEAD_MAX,
                                                         .fields_max = 100,
                                                         .target_bytes_max = 8192},
                                              .connections_max = ADMIN_CONNECTIONS_MAX,
                                              .head_ms = ADMIN_TIMEOUT_MS,
                                              .idle_ms = ADMIN_TIMEOUT_MS,
                                              .body_ms = ADMIN_TIMEOUT_MS,
                                              .body_rate = ADMIN_BODY_RATE};
    admin_init(&run->admin, &run->gateway, &hooks);
    for (enum run_admin which = RUN_ADMIN_MAIN; which < RUN_ADMIN_LISTENERS; which++) {
        struct service *service = &run->admin_services[which];
        service_init(service, &run->control, &responder_handler, &run_admin_door(run, which)->responder, &settings);
        run_count_admin(run, service);
    }
    run->has_admin = true;
}

void run_admin_end(struct run *run)
{
    if (!run->has_admin)
        return;
    for (enum run_admin which = RUN_ADMIN_MAIN; which < RUN_ADMIN_LISTENERS; which++) {
        service_cut(&run->admin_services[which]);
        service_fini(&run->admin_services[which]);
    }
    admin_fini(&run->admin);
}
