/* SPDX-License-Identifier: Apache-2.0 */
/* What client connections of one worker have in common: who answers, limits, timeouts, how many there are.
 *
 * Knows no routes: the gateway, the admin surface and the demo servers are services with handlers of their own.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "base/buf.h"
#include "base/metric.h"
#include "http/h1.h"
#include "server/stream.h"
#include "server/worker.h"

enum { SERVICE_BUFFER_BYTES = 262144, SERVICE_STREAMS = 100 };

struct clients;

struct service_settings {
    struct h1_limits limits;
    size_t connections_max;        /* of this worker */
    uint32_t streams_max;          /* at the same time on one HTTP/2 connection; 0: SERVICE_STREAMS */
    size_t client_connections_max; /* of one client address, of the process; 0: none */
    size_t buffer_bytes_max;       /* of one body, each way; 0: SERVICE_BUFFER_BYTES */
    int64_t head_ms;               /* for a whole head; counted from its first byte, or from accepting */
    int64_t idle_ms;               /* between requests, and without progress in a body or answer */
    int64_t body_ms;               /* how long a body, or taking an answer, may be waited for; 0: only idle_ms counts */
    uint64_t body_rate;            /* bytes that earn one second more; 0: only idle_ms counts */
};

/* What ends an HTTP/2 connection: errors of the client, too much of what costs us more than it, ours to stop or the time without a
 * request, a head that came too slowly, the client itself.
 */
enum h2_ending {
    H2_ENDED_PROTOCOL,
    H2_ENDED_FLOOD,
    H2_ENDED_DRAIN,
    H2_ENDED_IDLE,
    H2_ENDED_LATE,
    H2_ENDED_BY_CLIENT,
    H2_ENDINGS
};

/* Counted by a service; each may be NULL. */
struct service_metrics {
    struct metric_series *connections;                 /* gauge: open now */
    struct metric_series *accepted;                    /* counter */
    struct metric_series *refused;                     /* counter: closed at once, connections_max */
    struct metric_series *clients;                     /* gauge: addresses that have connections */
    struct metric_series *crowded;                     /* counter: closed at once, client_connections_max */
    struct metric_series *unproxied;                   /* counter: closed without a right PROXY header */
    struct metric_series *pauses;                      /* counter: accepting paused, out of descriptors or memory */
    struct metric_series *shed;                        /* counter: accepted only to be closed, out of descriptors */
    struct metric_series *shaken, *resumed, *unshaken; /* counters: TLS handshakes, whole, shortened, failed */
    struct metric_series *tls_floods;                  /* counter: closed, see transport_is_flooded */
    struct metric_series *h2_connections, *h2_streams; /* gauges: open now, under way on them */
    struct metric_series *h2_endings[H2_ENDINGS];      /* counters */
    struct metric_series *h2_refused;                  /* counter: requests past streams_max */
    struct metric_series *late_heads, *late_bodies, *late_answers; /* counters: clients that were too slow */
};

/* How the connections of a listener begin, before the first byte of a request. */
struct tls_server;
struct entrance {
    struct tls_server *tls; /* counted (tls_server.h); NULL: plain */
    bool has_proxy_header;  /* PROXY protocol, before TLS */
    bool takes_h2;          /* by ALPN; where plain, by the preface that HTTP/2 begins with */
};

struct service {
    struct worker *worker;
    const struct stream_handler *handler;
    void *context; /* for handler->begin */
    struct service_settings settings;
    struct service_metrics metrics;
    struct clients *clients; /* of all services that share client_connections_max; NULL: it is not kept */
    struct list conns;
    size_t count;
    int spare_fd;    /* given up to accept, and close, where there is no other; -1: none */
    int64_t told_ms; /* when service_may_tell was true last */
    struct deadline_class head_class, idle_class, linger_class, pause_class, pace_class;
    struct list listeners;
    struct buf pen; /* heads being written, within one call */
    int64_t date_s;
    char date[32]; /* of date_s, as in the Date field */
    bool is_draining;
    void (*emptied)(void *context); /* once, when a draining service has no connection left */
};

/* How much pending output stops its source: half of the buffer, so that one read more, of half of it at most, still fits. */
static inline size_t service_high_bytes(const struct service *service)
{
    size_t bytes = service->settings.buffer_bytes_max;
    return (bytes == 0 ? SERVICE_BUFFER_BYTES : bytes) / 2;
}
/* How little resumes it. */
static inline size_t service_low_bytes(const struct service *service)
{
    return service_high_bytes(service) / 4;
}

/* Counts one, where the series is there. */
static inline void service_count(struct service *service, struct metric_series *series)
{
    if (series != NULL)
        metric_add(series, service->worker->index, 1);
}

/* Whether a line may be written of what anybody can cause as often as he likes: true once a second at most. */
bool service_may_tell(struct service *service);

/* Readies `service` on `worker`; `settings` are copied. */
void service_init(struct service *service, struct worker *worker, const struct stream_handler *handler, void *context,
                  const struct service_settings *settings);
/* New limits and timeouts, for connections and requests from now on. */
void service_configure(struct service *service, const struct service_settings *settings);
/* No connection may be left, no listener attached. */
void service_fini(struct service *service);

/* Stops accepting, closes idle connections, lets the others end after their answer; then calls `emptied`. */
void service_drain(struct service *service, void (*emptied)(void *context));
/* Closes every connection now. */
void service_cut(struct service *service);

/* Takes over a connected non-blocking socket, also when it is refused for connections_max.  `peer` is the client's address;
 * `entrance` is copied where it is needed longer, NULL: plain HTTP/1.
 */
struct sockaddr;
void service_accept(struct service *service, int fd, const struct sockaddr *peer, const struct entrance *entrance);

#endif
