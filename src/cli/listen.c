/* SPDX-License-Identifier: Apache-2.0 */
/* The listening sockets of a run, each told on standard error with the address it got.
 *
 * At a reload those whose address stays the same are kept: the same sockets go on, so that no connection waiting in them is lost.
 * New ones are opened before anything else changes; what cannot be opened refuses the reload.
 */
#include "run_int.h"

#include <unistd.h>

/* A listener of the admin surface. */
struct admin_plan {
    enum run_admin which;
    struct run_listener listener; /* number 0: off */
    int fd;                       /* a new one; -1: none */
    struct entrance entrance;     /* its tls borrowed from the site */
};

struct listen_plan {
    struct run_listener *listeners; /* as they will be */
    size_t count;
    struct listen_change *change;
    struct admin_plan admin[RUN_ADMIN_LISTENERS];
};

static void tell(const char *event, const char *listener, const struct run_listener *at)
{
    char address[BIND_TEXT_BYTES];
    bind_address_text(&at->address, address);
    if (listener != NULL)
        LOG_EVENT(LOG_NOTICE, event, LOG_STR("listener", listener), LOG_STR("address", address));
    else
        LOG_EVENT(LOG_NOTICE, event, LOG_NUM("listener", at->place), LOG_STR("address", address));
}

/* ---- the plan ---- */

static bool take_bind(struct run_listener *listener, struct span bind, struct err *err)
{
    char *copy = span_dup(bind);
    listener->bind = span_of(copy, bind.len);
    return copy != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for the listeners");
}

static void drop_bind(struct run_listener *listener)
{
    free((char *)(uintptr_t)listener->bind.at);
    listener->bind = (struct span){NULL, 0};
}

/* The mode that the configuration asks for, and root's new user as the owner. */
static bool set_file(struct bind_address *address, struct span mode, const struct site *site, struct err *err)
{
    if (bind_address_path(address) != NULL && site->user.name != NULL && geteuid() == 0) {
        address->owner = site->user.user;
        address->group = site->user.group;
    }
    address->mode = BIND_MODE;
    return mode.at == NULL || bind_address_mode(mode, &address->mode, err);
}

/* The one with that address which is open already; those with port 0 are taken one after the other. */
static const struct run_listener *find_open(const struct run *run, const struct listen_plan *plan, size_t planned,
                                            struct span bind)
{
    for (size_t i = 0; i < run->listener_count; i++) {
        bool is_taken = false;
        for (size_t j = 0; j < planned; j++)
            is_taken = is_taken || plan->listeners[j].number == run->listeners[i].number;
        if (!is_taken && span_eq(run->listeners[i].bind, bind))
            return &run->listeners[i];
    }
    return NULL;
}

static bool plan_one(struct run *run, struct listen_plan *plan, size_t place, const struct site *site, struct err *err)
{
    const struct listener_settings *settings = (const struct listener_settings *)site->settings.listeners.at + place;
    struct run_listener *listener = &plan->listeners[place];
    struct listen_op *op = &plan->change->ops[place];
    const struct run_listener *open = find_open(run, plan, place, settings->bind);
    op->act = open != NULL ? LISTEN_CONFIGURE : LISTEN_ATTACH;
    op->entrance = run_entrance(site, place);
    listener->place = place;
    if (!take_bind(listener, settings->bind, err))
        return false;
    if (open != NULL) {
        listener->address = open->address;
        listener->number = op->number = open->number;
        return set_file(&listener->address, settings->mode, site, err);
    }
    bool is_open = bind_address_read(settings->bind, &listener->address, err) &&
                   set_file(&listener->address, settings->mode, site, err) &&
                   listener_open(&listener->address, op->fds, run->worker_count, err);
    for (unsigned i = 0; !is_open && i < SETTINGS_WORKERS_MAX; i++)
        op->fds[i] = -1; /* closed again already */
    listener->number = op->number = is_open ? ++run->listener_numbers : 0;
    return is_open;
}

static bool is_planned(const struct listen_plan *plan, uint64_t number)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->listeners[i].number == number)
            return true;
    return false;
}

static void plan_closing(const struct run *run, struct listen_plan *plan)
{
    size_t used = plan->count;
    for (size_t i = 0; i < run->listener_count; i++)
        if (!is_planned(plan, run->listeners[i].number))
            plan->change->ops[used++] = (struct listen_op){.act = LISTEN_DETACH, .number = run->listeners[i].number};
    for (size_t i = plan->count; i < used; i++)
        for (unsigned j = 0; j < SETTINGS_WORKERS_MAX; j++)
            plan->change->ops[i].fds[j] = -1;
    plan->change->count = used;
}

/* At NULL where the listener is off. */
static struct span admin_bind(const struct site *site, enum run_admin which)
{
    const struct admin_settings *admin = &site->settings.admin;
    if (admin->is_off || (which == RUN_ADMIN_HEALTH && admin->health.node == NULL))
        return (struct span){NULL, 0};
    return which == RUN_ADMIN_HEALTH ? admin->health.bind : admin->bind;
}

static bool plan_admin(struct run *run, struct admin_plan *plan, const struct site *site, struct err *err)
{
    enum run_admin which = plan->which;
    const struct run_listener *open = &run->admin_listeners[which];
    struct run_listener *listener = &plan->listener;
    struct span bind = admin_bind(site, which);
    if (bind.at == NULL)
        return true;
    if (which == RUN_ADMIN_MAIN)
        plan->entrance.tls = site->listeners[site->listener_count].tls;
    if (!take_bind(listener, bind, err))
        return false;
    if (open->number != 0 && span_eq(open->bind, bind)) {
        listener->address = open->address;
        listener->number = open->number;
        return true;
    }
    if (!bind_address_read(bind, &listener->address, err) ||
        !set_file(&listener->address, (struct span){NULL, 0}, site, err) ||
        !listener_open(&listener->address, &plan->fd, 1, err))
        return err_prefix(err, "%s", run_admin_name(which));
    listener->number = ++run->listener_numbers;
    return true;
}

/* Takes back what was opened; what was open before stays. */
static void abandon(struct listen_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->change != NULL && plan->change->ops[i].act == LISTEN_ATTACH && plan->listeners[i].number != 0)
            listener_remove_file(&plan->listeners[i].address);
    for (size_t i = 0; i < RUN_ADMIN_LISTENERS; i++) {
        if (plan->admin[i].fd < 0)
            continue;
        listener_remove_file(&plan->admin[i].listener.address);
        close(plan->admin[i].fd);
    }
}

void run_listen_abandon(struct listen_plan *plan)
{
    if (plan == NULL)
        return;
    abandon(plan);
    for (size_t i = 0; i < plan->count; i++)
        drop_bind(&plan->listeners[i]);
    for (size_t i = 0; i < RUN_ADMIN_LISTENERS; i++)
        drop_bind(&plan->admin[i].listener);
    listen_change_free(plan->change);
    free(plan->listeners);
    free(plan);
}

static bool plan_all(struct run *run, struct listen_plan *plan, const struct site *site, struct err *err)
{
    for (enum run_admin which = RUN_ADMIN_MAIN; which < RUN_ADMIN_LISTENERS; which++)
        plan->admin[which] = (struct admin_plan){.which = which, .fd = -1};
    plan->listeners = calloc(site->settings.listeners.count, sizeof *plan->listeners);
    plan->change = listen_change_new(run->worker_count, site->settings.listeners.count + run->listener_count);
    if (plan->listeners == NULL || plan->change == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the listeners");
    plan->count = site->settings.listeners.count;
    for (size_t i = 0; i < plan->count; i++)
        if (!plan_one(run, plan, i, site, err))
            return false;
    plan_closing(run, plan);
    return plan_admin(run, &plan->admin[RUN_ADMIN_MAIN], site, err) &&
           plan_admin(run, &plan->admin[RUN_ADMIN_HEALTH], site, err);
}

struct listen_plan *run_listen_plan(struct run *run, const struct site *site, struct err *err)
{
    struct listen_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the listeners");
        return NULL;
    }
    if (plan_all(run, plan, site, err))
        return plan;
    run_listen_abandon(plan);
    return NULL;
}

/* ---- done ---- */

static void close_listener(const char *name, struct run_listener *listener)
{
    listener_remove_file(&listener->address);
    tell("listener-closed", name, listener);
}

static void close_admin(struct run *run, enum run_admin which)
{
    struct run_listener *listener = &run->admin_listeners[which];
    if (listener->number == 0)
        return;
    close_listener(run_admin_name(which), listener);
    listener_detach(&run->admin_services[which], listener->number);
}

/* What changes of one that stays is how its connections begin from now on. */
static bool take_admin(struct run *run, struct admin_plan *plan, struct err *err)
{
    enum run_admin which = plan->which;
    struct run_listener *open = &run->admin_listeners[which];
    struct service *service = &run->admin_services[which];
    bool is_ok = true;
    if (open->number == plan->listener.number) {
        if (open->number != 0)
            listener_configure(service, open->number, &plan->entrance);
        drop_bind(&plan->listener);
        return true;
    }
    if (plan->listener.number != 0) {
        is_ok = listener_attach(service, plan->fd, plan->listener.number, &plan->entrance, err);
        tell("listening", run_admin_name(which), &plan->listener);
    }
    close_admin(run, which);
    drop_bind(open);
    *open = plan->listener;
    run_admin_door(run, which)->address = open->address;
    return is_ok;
}

static bool take_admins(struct run *run, struct listen_plan *plan, struct err *err)
{
    bool is_ok = take_admin(run, &plan->admin[RUN_ADMIN_MAIN], err);
    return take_admin(run, &plan->admin[RUN_ADMIN_HEALTH], err) && is_ok;
}

/* The plan's listeners become the run's; what they are is told. */
static void take_listeners(struct run *run, struct listen_plan *plan)
{
    struct err err;
    for (size_t i = 0; i < plan->count; i++) {
        bool is_new = plan->change->ops[i].act == LISTEN_ATTACH;
        if (is_new)
            tell("listening", NULL, &plan->listeners[i]);
        else if (!listener_set_file(&plan->listeners[i].address, &err))
            LOG_EVENT(LOG_ERROR, "listen-failed", LOG_STR("error", err.text));
    }
    for (size_t i = 0; i < run->listener_count; i++) {
        if (!is_planned(plan, run->listeners[i].number))
            close_listener(NULL, &run->listeners[i]);
        drop_bind(&run->listeners[i]);
    }
    free(run->listeners);
    run->listeners = plan->listeners;
    run->listener_count = plan->count;
}

/* That of the admin listener, if there is one, stands behind those of the others. */
static bool keep_addresses(struct run *run, struct err *err)
{
    char text[BIND_TEXT_BYTES];
    run->address_count = run->listener_count;
    run->addresses = arena_zero(&run->arena, (run->address_count + 1) * sizeof *run->addresses);
    for (size_t i = 0; run->addresses != NULL && i <= run->address_count; i++) {
        const struct run_listener *listener =
            i < run->address_count ? &run->listeners[i] : &run->admin_listeners[RUN_ADMIN_MAIN];
        if (listener->number == 0)
            continue;
        bind_address_text(&listener->address, text);
        run->addresses[i] = arena_copy(&run->arena, span_str(text));
    }
    return run->addresses != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for the listeners");
}

bool run_listen(struct run *run, struct err *err)
{
    struct listen_plan *plan = STEAL(run->plan);
    struct listen_change *change = plan->change;
    bool is_ok = true;
    for (unsigned i = 0; i < run->worker_count && is_ok; i++)
        is_ok = listen_change_apply(change, &run->gates[i], err);
    take_listeners(run, plan);
    is_ok = take_admins(run, plan, err) && is_ok;
    free(plan);
    listen_change_free(change);
    return keep_addresses(run, err) && is_ok;
}

void run_relisten(struct run *run, struct listen_plan *plan, struct site *site)
{
    struct err err;
    struct listen_change *change = plan->change;
    take_listeners(run, plan);
    if (!take_admins(run, plan, &err))
        LOG_EVENT(LOG_ERROR, "listen-failed", LOG_STR("error", err.text));
    free(plan);
    listen_change_post(change, run, site);
}

void run_unlisten(struct run *run)
{
    for (size_t i = 0; i < run->listener_count; i++)
        listener_remove_file(&run->listeners[i].address);
}

void run_listen_end(struct run *run)
{
    run_unlisten(run);
    for (size_t i = 0; i < run->listener_count; i++)
        drop_bind(&run->listeners[i]);
    for (size_t i = 0; i < RUN_ADMIN_LISTENERS; i++) {
        listener_remove_file(&run->admin_listeners[i].address);
        drop_bind(&run->admin_listeners[i]);
    }
    free(run->listeners);
}
