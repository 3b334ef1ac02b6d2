/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of a worker's client connections. */
#include "server/service.h"

#include "conn_int.h"
#include "server/listener.h"

#include <unistd.h>

enum { TELL_MS = 1000 };

enum { LINGER_MS = 2000, PAUSE_MS = 100, PACE_MS = 250 /* how often it is looked at */ };

void service_init(struct service *service, struct worker *worker, const struct stream_handler *handler, void *context,
                  const struct service_settings *settings)
{
    *service = (struct service){.worker = worker, .handler = handler, .context = context, .settings = *settings};
    service->spare_fd = -1;
    service->told_ms = INT64_MIN;
    list_init(&service->conns);
    list_init(&service->listeners);
    deadline_class_init(worker, &service->head_class, settings->head_ms);
    deadline_class_init(worker, &service->idle_class, settings->idle_ms);
    deadline_class_init(worker, &service->linger_class, LINGER_MS);
    deadline_class_init(worker, &service->pause_class, PAUSE_MS);
    deadline_class_init(worker, &service->pace_class, PACE_MS);
}

void service_configure(struct service *service, const struct service_settings *settings)
{
    service->settings = *settings;
    service->head_class.after_ms = settings->head_ms;
    service->idle_class.after_ms = settings->idle_ms;
}

void service_fini(struct service *service)
{
    assert(service->count == 0 && list_is_empty(&service->listeners));
    deadline_class_fini(&service->head_class);
    deadline_class_fini(&service->idle_class);
    deadline_class_fini(&service->linger_class);
    deadline_class_fini(&service->pause_class);
    deadline_class_fini(&service->pace_class);
    buf_fini(&service->pen);
    if (service->spare_fd >= 0)
        close(service->spare_fd);
}

bool service_may_tell(struct service *service)
{
    int64_t now_ms = worker_now(service->worker)->mono_ms;
    if (service->told_ms != INT64_MIN && now_ms - service->told_ms < TELL_MS)
        return false;
    service->told_ms = now_ms;
    return true;
}

void service_drain(struct service *service, void (*emptied)(void *context))
{
    listener_detach_all(service);
    service->is_draining = true;
    service->emptied = emptied;
    LIST_EACH(&service->conns, link)
    conn_drain(CONTAINER_OF(link, conn, link));
    service_emptied(service);
}

void service_cut(struct service *service)
{
    listener_detach_all(service);
    LIST_EACH(&service->conns, link)
    conn_close(CONTAINER_OF(link, conn, link), REASON_DRAIN);
}

void service_emptied(struct service *service)
{
    if (!service->is_draining || service->count > 0 || service->emptied == NULL)
        return;
    void (*emptied)(void *) = service->emptied;
    service->emptied = NULL;
    emptied(service->context);
}
