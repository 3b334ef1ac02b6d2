/* SPDX-License-Identifier: Apache-2.0 */
/* The listening sockets of a run, each told on standard error with the address it got. */
#include "run_int.h"

#include "server/listener.h"

#include <unistd.h>

static void tell(const char *listener, int64_t number, const char *address)
{
    if (listener != NULL)
        LOG_EVENT(LOG_NOTICE, "listening", LOG_STR("listener", listener), LOG_STR("address", address));
    else
        LOG_EVENT(LOG_NOTICE, "listening", LOG_NUM("listener", number), LOG_STR("address", address));
}

static bool attach_all(struct run *run, uint64_t number, int *fds, const struct entrance *entrance, struct err *err)
{
    bool is_ok = true;
    for (unsigned i = 0; i < run->worker_count; i++) {
        if (is_ok)
            is_ok = listener_attach(&run->gates[i].service, fds[i], number, entrance, err);
        else
            close(fds[i]);
    }
    return is_ok;
}

static bool listen_one(struct run *run, const struct site *site, size_t number, struct err *err)
{
    const struct listener_settings *settings = site->settings.listeners.at;
    const struct entrance entrance = run_entrance(run, site, number);
    struct bind_address address;
    char text[BIND_TEXT_BYTES];
    int fds[SETTINGS_WORKERS_MAX];
    if (!bind_address_read(settings[number].bind, &address, err) || !listener_open(&address, fds, run->worker_count, err) ||
        !attach_all(run, number, fds, &entrance, err))
        return false;
    bind_address_text(&address, text);
    run->addresses[number] = arena_copy(&run->arena, span_str(text));
    tell(NULL, (int64_t)number, text);
    return true;
}

static bool listen_admin(struct run *run, const struct site *site, struct err *err)
{
    struct bind_address address;
    char text[BIND_TEXT_BYTES];
    int fd;
    if (site->settings.admin.is_off)
        return true;
    if (!bind_address_read(site->settings.admin.bind, &address, err) || !listener_open(&address, &fd, 1, err))
        return err_prefix(err, "admin");
    if (!listener_attach(&run->admin, fd, 0, &(struct entrance){0}, err))
        return false;
    bind_address_text(&address, text);
    tell("admin", 0, text);
    return true;
}

bool run_listen(struct run *run, const struct site *site, struct err *err)
{
    run->address_count = site->settings.listeners.count;
    run->addresses = arena_zero(&run->arena, run->address_count * sizeof *run->addresses);
    if (run->addresses == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the listeners");
    for (size_t i = 0; i < run->address_count; i++)
        if (!listen_one(run, site, i, err))
            return false;
    return listen_admin(run, site, err);
}
