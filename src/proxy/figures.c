/* SPDX-License-Identifier: Apache-2.0 */
/* Names, labels and help of the metrics. */
#include "proxy/figures.h"

static const struct metric_family table[] = {
    [FIGURE_REQUESTS] = {"jwtgate_requests_total", METRIC_COUNTER, "route,code",
                         "Requests answered, by route and status."},
    [FIGURE_VERDICTS] = {"jwtgate_token_verdicts_total", METRIC_COUNTER, "route,reason,mode",
                         "Verdicts on tokens, by route and reason (None: passed)."},
    [FIGURE_FORWARD_AUTH] = {"jwtgate_forward_auth_total", METRIC_COUNTER, "route,answer",
                             "Questions of other proxies, by what was answered: passed or refused."},
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
    [FIGURE_CLIENTS] = {"jwtgate_client_addresses", METRIC_GAUGE, "",
                        "Client addresses with connections now; counted while limits.client_connections is set."},
    [FIGURE_CLIENTS_CROWDED] = {"jwtgate_client_connections_refused_total", METRIC_COUNTER, "",
                                "Client connections closed at once: limits.client_connections reached."},
    [FIGURE_CLIENTS_REFUSING] = {"jwtgate_client_refusal_addresses", METRIC_GAUGE, "",
                                 "Client addresses whose refused tokens are remembered for limits.client_refusals; "
                                 "some may be over."},
    [FIGURE_PROXY_HEADERS_REFUSED] = {"jwtgate_proxy_headers_refused_total", METRIC_COUNTER, "",
                                      "Connections closed because no right PROXY protocol header came."},
    [FIGURE_ACCEPT_PAUSES] = {"jwtgate_accept_pauses_total", METRIC_COUNTER, "",
                              "How often accepting stopped for a moment: out of descriptors or memory."},
    [FIGURE_ACCEPT_SHED] = {"jwtgate_connections_shed_total", METRIC_COUNTER, "",
                            "Client connections accepted only to be closed: out of descriptors."},
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
    [FIGURE_BACKEND_ADDRESSES] = {"jwtgate_backend_addresses", METRIC_GAUGE, "name",
                                  "Addresses that the name (HOST:PORT) of backends' servers has now."},
    [FIGURE_BACKEND_UNRESOLVED] = {"jwtgate_backend_unresolved", METRIC_GAUGE, "name",
                                   "1 while looking the name up fails; its last addresses, if any, stay in use."},
    [FIGURE_BACKEND_EJECTED] = {"jwtgate_backend_server_ejected", METRIC_GAUGE, "backend,server",
                                "1 while the server is left out because requests failed."},
    [FIGURE_BACKEND_EJECTIONS] = {"jwtgate_backend_ejections_total", METRIC_COUNTER, "backend,server",
                                  "How often the server was left out because requests failed."},
    [FIGURE_BACKEND_HEALTHY] = {"jwtgate_backend_server_healthy", METRIC_GAUGE, "backend,server",
                                "0 while the server fails its health checks; 1 also where none are made."},
    [FIGURE_BACKEND_CHECKS] = {"jwtgate_backend_health_checks_total", METRIC_COUNTER, "backend,server,result",
                               "Health checks made, by result."},
    [FIGURE_BACKEND_PANICS] = {"jwtgate_backend_panics_total", METRIC_COUNTER, "backend",
                               "Requests sent although every server of the backend was ejected or unhealthy."},
    [FIGURE_BACKEND_PENDING] = {"jwtgate_backend_pending", METRIC_GAUGE, "backend",
                                "Requests waiting for a free connection now; the backend's pending is the most."},
    [FIGURE_BACKEND_PENDING_REFUSED] = {"jwtgate_backend_pending_refused_total", METRIC_COUNTER, "backend,why",
                                        "Requests answered 503 because no connection came free: full (pending "
                                        "reached) or late (timeouts.pending over)."},
    [FIGURE_BACKEND_RETRIES] = {"jwtgate_backend_retries_total", METRIC_COUNTER, "backend",
                                "Requests taken to another server because the first could not be connected to or "
                                "broke off unanswered."},
    [FIGURE_BACKEND_LIMIT] = {"jwtgate_backend_limit", METRIC_GAUGE, "backend,limit",
                              "Configured limits of backends: connections (0: none) and pending."},
    [FIGURE_HTTP2_CONNECTIONS] = {"jwtgate_http2_connections", METRIC_GAUGE, "",
                                  "Client connections of HTTP/2 open now; they are among jwtgate_connections too."},
    [FIGURE_HTTP2_STREAMS] = {"jwtgate_http2_streams", METRIC_GAUGE, "", "Requests under way on them now."},
    [FIGURE_HTTP2_ENDED] = {"jwtgate_http2_connections_ended_total", METRIC_COUNTER, "why",
                            "Client connections of HTTP/2 ended in order: protocol (an error of the client), flood "
                            "(more resets or frames without content than are allowed), drain, idle, late (a head came "
                            "too slowly) or client."},
    [FIGURE_HANDSHAKES] = {"jwtgate_tls_handshakes_total", METRIC_COUNTER, "result",
                           "TLS handshakes with clients: full, resumed or failed."},
    [FIGURE_LISTENER_CERTIFICATE_END] =
        {"jwtgate_listener_certificate_end_seconds", METRIC_GAUGE, "listener,file",
         "When a listener's certificate or one of its chain ends, the first of them, in "
         "seconds since 1970."},
    [FIGURE_LISTENER_CERTIFICATE_READS] = {"jwtgate_listener_certificate_reads_total", METRIC_COUNTER, "result",
                                           "Changes of the files of listeners' certificates, by result of reading "
                                           "them: ok, or failed (those read before stay)."},
    [FIGURE_LISTENER_CERTIFICATE_OK] =
        {"jwtgate_listener_certificate_ok", METRIC_GAUGE, "listener",
         "0 while the files of a listener's certificates cannot be used; those read before are served."},
    [FIGURE_TLS_FLOODS] =
        {"jwtgate_tls_floods_total", METRIC_COUNTER, "",
         "Client connections closed because TLS's own messages (new keys, renegotiation) came without "
         "data between them."},
    [FIGURE_UNVERIFIED] = {"jwtgate_requests_unverified", METRIC_GAUGE, "",
                           "Requests waiting now for their turn to have a token verified: more came at once than a "
                           "turn of a worker's loop takes."},
    [FIGURE_KEYS_FAILING] = {"jwtgate_keys_failing", METRIC_GAUGE, "issuer",
                             "1 while the last fetch of the provider's keys failed; keys fetched before may serve."},
    [FIGURE_PARKED_LATE] = {"jwtgate_requests_parked_late_total", METRIC_COUNTER, "",
                            "Requests that waited for keys in vain: keys.wait over."},
    [FIGURE_TIMEOUT] = {"jwtgate_timeout_seconds", METRIC_TIME_GAUGE, "timeout",
                        "Configured times: of timeouts by their name, of keys as keys_NAME."},
    [FIGURE_BACKEND_TIMEOUTS] = {"jwtgate_backend_timeouts_total", METRIC_COUNTER, "backend,what",
                                 "Backends that were too slow: to be connected to (connect), to begin their answer "
                                 "(response), to go on with it (idle), or in a health check (check)."},
    [FIGURE_BODY_PAUSES] = {"jwtgate_body_pauses_total", METRIC_COUNTER, "of",
                            "How often reading a body stopped because who it is for holds limits.body_buffer of it; "
                            "of: request or answer."},
    [FIGURE_BACKEND_CERTIFICATE_END] =
        {"jwtgate_backend_certificate_end_seconds", METRIC_GAUGE, "backend,file",
         "When the certificate that is shown to a backend's servers ends, in seconds since 1970."},
    [FIGURE_ADMIN_CONNECTIONS] = {"jwtgate_admin_connections", METRIC_GAUGE, "",
                                  "Connections to the admin listener open now."},
    [FIGURE_RELOAD_OK] =
        {"jwtgate_reload_ok", METRIC_GAUGE, "",
         "0 from a reload that was refused until one succeeds; the configuration before it is served."},
    [FIGURE_SERIES] =
        {"jwtgate_metric_series", METRIC_GAUGE, "",
         "Series of all metrics together; beyond the limit metric_series a metric counts into one labelled "
         "overflow."},
    [FIGURE_READY] = {"jwtgate_ready", METRIC_GAUGE, "",
                      "1 while /readyz answers 200: every issuer that a route needs has usable keys, and no drain."},
    [FIGURE_BUILD] = {"jwtgate_build_info", METRIC_GAUGE, "version", "Always 1; the version of the gateway."},
    [FIGURE_PROCESS_CPU] = {"process_cpu_seconds_total", METRIC_TIME_COUNTER, "",
                            "Processor time of the process, in user and system mode."},
    [FIGURE_PROCESS_MEMORY] = {"process_resident_memory_bytes", METRIC_GAUGE, "", "Memory of the process in use."},
    [FIGURE_PROCESS_VIRTUAL] = {"process_virtual_memory_bytes", METRIC_GAUGE, "", "Address space of the process."},
    [FIGURE_PROCESS_FILES] = {"process_open_fds", METRIC_GAUGE, "", "Descriptors open now."},
    [FIGURE_PROCESS_FILES_MAX] = {"process_max_fds", METRIC_GAUGE, "", "Descriptors that the process may have."},
    [FIGURE_PROCESS_START] = {"process_start_time_seconds", METRIC_TIME_GAUGE, "",
                              "When the process started, in seconds since 1970."},
    [FIGURE_ADMIN_REFUSED] =
        {"jwtgate_admin_refused_total", METRIC_COUNTER, "reason",
         "Requests that the admin listener refused: host, origin, content_type, credentials; limited "
         "for wrong tokens before."},
    [FIGURE_LOG_LOST] = {"jwtgate_log_lines_lost_total", METRIC_COUNTER, "",
                         "Lines of the log that their file, or the system's log, did not take."},
};

_Static_assert(COUNT_OF(table) == FIGURE_COUNT, "each figure has its row");

const struct metric_family *figures_table(void)
{
    return table;
}
