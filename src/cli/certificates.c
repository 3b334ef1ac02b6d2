/* SPDX-License-Identifier: Apache-2.0 */
/* New certificates of a listener on their way to the workers: each takes them for the connections that it accepts from then on. */
#include "run_int.h"

#include "proxy/certificates.h"
#include "server/listener.h"
#include "server/tls_server.h"

struct entering {
    struct letter letter;
    uint64_t number;
    struct entrance entrance; /* with a reference of its tls */
};

static void enter(struct letter *letter, void *context)
{
    struct entering *entering = CONTAINER_OF(letter, entering, letter);
    struct gate *gate = context;
    listener_configure(&gate->service, entering->number, &entering->entrance);
    tls_server_release(entering->entrance.tls);
    free(entering);
}

void run_enter(struct run *run, uint64_t number, const struct entrance *entrance)
{
    for (unsigned i = 0; i < run->worker_count; i++) {
        struct entering *entering = malloc(sizeof *entering);
        if (entering == NULL)
            continue; /* that worker goes on with what it has */
        *entering = (struct entering){{.run = enter, .context = &run->gates[i]}, number, *entrance};
        if (entrance->tls != NULL)
            tls_server_take(entrance->tls);
        worker_post(&run->workers[i], &entering->letter);
    }
}

/* That of the admin surface is in the control thread. */
static void enter_admin(struct run *run, struct tls_server *server)
{
    const struct entrance entrance = {.tls = server};
    listener_configure(&run->admin_services[RUN_ADMIN_MAIN], run->admin_listeners[RUN_ADMIN_MAIN].number, &entrance);
}

struct entrance run_entrance(const struct site *site, size_t index)
{
    const struct listener_settings *settings = site->settings.listeners.at;
    return (struct entrance){.tls = site->listeners[index].tls,
                             .has_proxy_header = settings[index].proxy_protocol,
                             .takes_h2 = settings[index].http2 == HTTP2_PRIOR_KNOWLEDGE};
}

/* Workers that ended already would get the letter while they are taken down. */
static void renewed(void *context, size_t index, struct tls_server *server)
{
    struct run *run = context;
    struct site *site = snapshot_take(&run->gateway.site);
    if (index == site->listener_count) {
        enter_admin(run, server);
    } else if (!run->is_draining) {
        struct entrance entrance = run_entrance(site, index);
        entrance.tls = server;
        run_enter(run, run->listeners[index].number, &entrance);
    }
    site_release(site);
}

bool run_certificates_start(struct run *run, struct site *site, struct err *err)
{
    const struct certificates_user user = {renewed, run};
    run->certificates = certificates_new(run->control.base, run->gateway.metrics, run->control.index, &user, err);
    return run->certificates != NULL && certificates_use(run->certificates, site, err);
}
