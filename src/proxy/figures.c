/* SPDX-License-Identifier: Apache-2.0 */
/* Names, labels and help of the metrics. */
#include "proxy/figures.h"

static const struct metric_family table[] = {
    [FIGURE_REQUESTS] = {"jwtgate_requests_total", METRIC_COUNTER, "route,code",
                         "Requests answered, by route and status."},
    [FIGURE_VERDICTS] = {"jwtgate_token_verdicts_total", METRIC_COUNTER, "route,reason,mode",
                         "Verdicts on tokens, by route and reason (None: passed)."},
    [FIGURE_DURATION] = {"jwtgate_request_duration_seconds", METRIC_HISTOGRAM, "route",
                         "From the whole request head to the answer's end."},
    [FIGURE_BACKEND_DURATION] = {"jwtgate_backend_duration_seconds", METRIC_HISTOGRAM, "backend",
                                 "From the request sent on to the head of the backend's answer."},
    [FIGURE_CACHE_HITS] = {"jwtgate_token_cache_hits_total", METRIC_COUNTER, "",
                           "Signatures remembered from an earlier request."},
    [FIGURE_CACHE_MISSES] = {"jwtgate_token_cache_misses_total", METRIC_COUNTER, "", "Tokens not remembered."},
    [FIGURE_CACHE_ENTRIES] = {"jwtgate_token_cache_entries", METRIC_GAUGE, "", "Tokens remembered now."},
    [FIGURE_CACHE_BYTES] = {"jwtgate_token_cache_bytes", METRIC_GAUGE, "", "Bytes of the tokens remembered now."},
    [FIGURE_KEYS_AGE] = {"jwtgate_keys_age_seconds", METRIC_GAUGE, "issuer",
                         "Age of the key set in use; -1 without keys."},
    [FIGURE_KEYS_REFRESH] = {"jwtgate_keys_refresh_total", METRIC_COUNTER, "issuer,result",
                             "Fetches of key sets, by result."},
    [FIGURE_CLOCK_DIFFERENCE] = {"jwtgate_provider_clock_difference_seconds", METRIC_GAUGE, "issuer",
                                 "How far the provider's clock is ahead of ours (behind: negative), by its Date; "
                                 "latency taken off."},
    [FIGURE_CERTIFICATE_END] = {"jwtgate_policy_certificate_end_seconds", METRIC_GAUGE, "route,key",
                                "When a certificate in a policy ends, in seconds since 1970; key: its id."},
    [FIGURE_CONNECTIONS] = {"jwtgate_connections", METRIC_GAUGE, "", "Client connections open now."},
    [FIGURE_ACCEPTED] = {"jwtgate_connections_accepted_total", METRIC_COUNTER, "", "Client connections accepted."},
    [FIGURE_CONNECTIONS_REFUSED] = {"jwtgate_connections_refused_total", METRIC_COUNTER, "",
                                    "Client connections closed at once: limits.connections reached."},
    [FIGURE_PARKED] = {"jwtgate_requests_parked", METRIC_GAUGE, "", "Requests waiting for keys now."},
    [FIGURE_PARKED_REFUSED] = {"jwtgate_requests_parked_refused_total", METRIC_COUNTER, "",
                               "Requests that could not wait for keys: keys.parked reached."},
    [FIGURE_POOL_IDLE] = {"jwtgate_backend_connections_idle", METRIC_GAUGE, "backend",
                          "Backend connections ready for reuse."},
    [FIGURE_POOL_BUSY] = {"jwtgate_backend_connections_busy", METRIC_GAUGE, "backend",
                          "Backend connections in use or being made."},
    [FIGURE_BACKEND_CONNECTS] = {"jwtgate_backend_connects_total", METRIC_COUNTER, "backend,result",
                                 "Connections made to backends."},
    [FIGURE_BACKEND_RESENDS] = {"jwtgate_backend_resends_total", METRIC_COUNTER, "backend",
                                "Requests sent again because a reused connection proved dead."},
    [FIGURE_LIMIT] = {"jwtgate_limit", METRIC_GAUGE, "limit", "Configured limits, in bytes or pieces; 0: none."},
    [FIGURE_LIMIT_HITS] = {"jwtgate_limit_hits_total", METRIC_COUNTER, "limit",
                           "Requests refused because a limit was reached."},
    [FIGURE_SENT_BYTES] = {"jwtgate_sent_body_bytes_total", METRIC_COUNTER, "", "Body bytes sent to clients."},
    [FIGURE_RECEIVED_BYTES] = {"jwtgate_received_body_bytes_total", METRIC_COUNTER, "",
                               "Body bytes received from clients."},
    [FIGURE_RELOADS] = {"jwtgate_reloads_total", METRIC_COUNTER, "result", "Reloads of the configuration, by result."},
    [FIGURE_REPLAYS_ENTRIES] = {"jwtgate_dpop_replays_entries", METRIC_GAUGE, "",
                                "Used proofs remembered, as of the last one that came; dpop.replays is the most."},
    [FIGURE_REPLAYS_REFUSED] = {"jwtgate_dpop_replays_refused_total", METRIC_COUNTER, "why",
                                "Sound proofs refused: seen (used before) or full (no room to remember)."},
    [FIGURE_REVOCATION_ENTRIES] = {"jwtgate_revocation_entries", METRIC_GAUGE, "",
                                   "Entries of the list of revoked tokens in force."},
    [FIGURE_REVOCATION_HITS] = {"jwtgate_revocation_hits_total", METRIC_COUNTER, "",
                                "Tokens refused because they are revoked."},
    [FIGURE_REVOCATION_READS] = {"jwtgate_revocation_reads_total", METRIC_COUNTER, "result",
                                 "Changes of the list of revoked tokens, by result of reading it."},
    [FIGURE_REVOCATION_STALE] =
        {"jwtgate_revocation_stale", METRIC_GAUGE, "",
         "1 while the file of revoked tokens can't be used and the list read before is in force."},
    [FIGURE_CLIENTS_LATE] = {"jwtgate_clients_late_total", METRIC_COUNTER, "what",
                             "Clients that were too slow: to send a head or a body (408), or to take an answer "
                             "(closed)."},
    [FIGURE_TUNNELS] = {"jwtgate_tunnels", METRIC_GAUGE, "route", "WebSocket connections open now."},
    [FIGURE_TUNNEL_BYTES] = {"jwtgate_tunnel_bytes_total", METRIC_COUNTER, "route,from",
                             "Bytes through WebSocket connections, by who sent them: client or backend."},
    [FIGURE_TUNNEL_ENDS] = {"jwtgate_tunnel_ends_total", METRIC_COUNTER, "route,why",
                            "WebSocket connections that ended: None (both sides did), or a reason."},
};

_Static_assert(COUNT_OF(table) == FIGURE_COUNT, "each figure has its row");

const struct metric_family *figures_table(void)
{
    return table;
}
