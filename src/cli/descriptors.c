/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections the process's descriptors suffice for.  Accepting more than that would end in backends that cannot be
 * connected to: what is refused is refused at the door.
 */
#include "run_int.h"

#include <sys/resource.h>

/* Beside connections: each worker's loop, mailbox and spare one, its sockets, idle backend connections, files read at a reload. */
enum { FILES_BESIDE = 64, FILES_OF_WORKER = 8, FILES_OF_CONNECTION = 2 };

/* The soft limit is for programs that use select(): the hard one is there to be used. */
static uint64_t raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : 0;
}

/* The default is nobody's wish: that it does not fit is worth a line, no warning. */
static bool is_asked_for(const struct site *site)
{
    const struct node *limits = node_member(site->settings.node, "limits");
    return limits != NULL && node_member(limits, "connections") != NULL;
}

void run_cap_connections(struct run *run, const struct site *site)
{
    uint64_t workers = run->worker_count;
    if (run->files_max == 0)
        run->files_max = raise_limit();
    if (run->files_max == 0)
        return;
    uint64_t beside = FILES_BESIDE + workers * (FILES_OF_WORKER + site->settings.listeners.count);
    uint64_t fits = run->files_max > beside ? (run->files_max - beside) / FILES_OF_CONNECTION : 0;
    size_t most = fits > workers ? (size_t)fits : (size_t)workers;
    atomic_store(&run->gateway.connections_max, most);
    if (most < (size_t)site->settings.limits.connections)
        LOG_EVENT(is_asked_for(site) ? LOG_WARNING : LOG_INFO, "connections-capped",
                  LOG_NUM("configured", site->settings.limits.connections), LOG_NUM("connections", most),
                  LOG_NUM("files", run->files_max),
                  LOG_STR("hint", "a request takes two descriptors: raise the limit of open files"));
}
