/* SPDX-License-Identifier: Apache-2.0 */
/* What remains of a request: one access line, a line of its own where its token was refused, and the counts.
 *
 * Lines have the path without query and nothing of the token but what failed; who was refused and why stands in them, so that a
 * 401 can be explained from the log alone.
 */
#include "exchange_int.h"

#include "policy/report.h"

#include <stdatomic.h>

enum { LINE_FIELDS_MAX = 32 };

/* Series are looked up once for each route and status; the race of two workers gives the same series. */
static struct metric_series *status_series(struct exchange *x, unsigned status)
{
    char digits[4] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10), 0};
    struct span labels[] = {x->route == NULL ? SPAN("-") : x->route->name, span_of(digits, 3)};
    struct metrics *metrics = x->gate->gateway->metrics;
    if (x->route == NULL || status < 100 || status >= 100 + STATUS_SLOTS)
        return metric_series(metrics, FIGURE_REQUESTS, labels, 2);
    _Atomic(struct metric_series *) *slot = &x->route->figures->by_status[status - 100];
    struct metric_series *series = atomic_load_explicit(slot, memory_order_acquire);
    if (series == NULL) {
        series = metric_series(metrics, FIGURE_REQUESTS, labels, 2);
        atomic_store_explicit(slot, series, memory_order_release);
    }
    return series;
}

static struct metric_series *reason_series(struct exchange *x, enum reason reason)
{
    _Atomic(struct metric_series *) *slot = &x->route->figures->by_reason[reason];
    struct metric_series *series = atomic_load_explicit(slot, memory_order_acquire);
    if (series == NULL) {
        struct span labels[] = {x->route->name, span_str(reason_name(reason)),
                                x->route->mode == MODE_REPORT_ONLY ? SPAN("report-only") : SPAN("enforce")};
        series = metric_series(x->gate->gateway->metrics, FIGURE_VERDICTS, labels, 3);
        atomic_store_explicit(slot, series, memory_order_release);
    }
    return series;
}

/* The limit that a reason speaks of. */
static const char *const limit_names[REASON_COUNT] = {[REASON_BODY_TOO_LARGE] = "body",
                                                      [REASON_TARGET_TOO_LONG] = "target",
                                                      [REASON_HEAD_TOO_LARGE] = "head",
                                                      [REASON_BACKEND_BUSY] = "pending",
                                                      [REASON_TOO_MANY_REFUSALS] = "client_refusals"};

static void count(struct exchange *x, int64_t now_us)
{
    unsigned shard = x->gate->worker->index;
    const struct stream *stream = x->stream;
    if (stream->status != 0)
        metric_add(status_series(x, stream->status), shard, 1);
    if (x->route != NULL && x->tunnel == NULL)
        metric_observe(x->route->figures->duration, shard, now_us - stream->begun_us);
    /* Who left while keys were waited for has not passed. */
    if (x->was_judged || x->counted != REASON_NONE)
        metric_add(reason_series(x, x->counted != REASON_NONE ? x->counted : x->judgement.reason), shard, 1);
    if (x->is_asked && stream->status != 0)
        metric_add(stream->status < 300 ? x->route->figures->asked_passed : x->route->figures->asked_refused, shard, 1);
    if (x->tunnel == NULL)
        metric_add(x->gate->figures.sent, shard, stream->sent_bytes);
    const char *limit = x->is_token_too_long ? "token" : limit_names[x->reason];
    if (limit != NULL) {
        struct span label = span_str(limit);
        metric_add(metric_series(x->gate->gateway->metrics, FIGURE_LIMIT_HITS, &label, 1), shard, 1);
    }
}

struct line {
    struct log_field fields[LINE_FIELDS_MAX];
    size_t count;
};

static void add(struct line *line, struct log_field field)
{
    if (line->count < LINE_FIELDS_MAX)
        line->fields[line->count++] = field;
}

const char *account_hash(struct exchange *x, const struct claim_text *claim)
{
    char *hash = claim->state != CLAIM_PRESENT ? NULL : arena_zero(&x->stream->arena, TOKEN_SHORT_HASH_BYTES);
    if (hash != NULL)
        token_short_hash(claim->text, hash);
    return hash;
}

/* Whose token it says it is. */
static size_t put_claims(struct exchange *x, const struct claims *claims, struct log_field *out)
{
    if (claims == NULL)
        return 0;
    out[0] = LOG_TEXT("iss", claims->iss.state == CLAIM_PRESENT ? claims->iss.text : SPAN(""));
    out[1] = LOG_STR("sub_hash", account_hash(x, &claims->sub));
    out[2] = LOG_STR("jti_hash", account_hash(x, &claims->jti));
    return 3;
}

/* Why it was refused, and of a token which: issuer, kid and short hashes, never the token. */
size_t account_refusal(struct exchange *x, struct log_field *out)
{
    const struct judgement *judgement = &x->judgement;
    size_t count = report_fields(judgement, &x->stream->arena, out);
    out[count++] = LOG_STR("keys", x->keys_note);
    if (judgement->token == NULL)
        return count;
    char *hash = arena_zero(&x->stream->arena, TOKEN_SHORT_HASH_BYTES);
    if (hash != NULL)
        token_short_hash(judgement->token->raw, hash);
    count += put_claims(x, judgement->unverified, out + count);
    out[count++] = LOG_TEXT("kid", judgement->token->kid);
    out[count++] = LOG_STR("token_hash", hash);
    return count;
}

_Static_assert(REPORT_FIELDS_MAX + 6 <= REFUSAL_FIELDS_MAX, "each field of a refusal has its place");

static void add_all(struct line *line, const struct log_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(line, fields[i]);
}

/* Whether a token was refused, or would have been. */
static bool has_refused_token(const struct exchange *x)
{
    bool would_have = x->was_let_pass && reason_is_verdict(x->counted);
    return would_have || (x->was_judged && reason_is_verdict(x->reason));
}

static void add_refusal(struct exchange *x, struct line *line)
{
    struct log_field fields[REFUSAL_FIELDS_MAX];
    if (x->was_let_pass) {
        add(line, LOG_STR("mode", "report-only"));
        add_all(line, x->refusal, x->refusal_count);
    } else if (has_refused_token(x)) {
        add_all(line, fields, account_refusal(x, fields));
    } else if (x->reason != REASON_NONE) {
        add(line, LOG_STR("reason", reason_name(x->reason)));
        add(line, LOG_STR("error", x->err.text));
    }
}

static void add_trace(const struct exchange *x, struct line *line)
{
    add(line, LOG_TEXT("request_id", forward_known_id(x)));
    add(line, LOG_TEXT("trace_id", x->trace.trace_id));
    add(line, LOG_TEXT("parent_id", x->trace.parent_id));
}

static struct span client_shown(const struct exchange *x)
{
    return exchange_client(x).len > 0 ? exchange_client(x) : SPAN("-"); /* a unix socket */
}

/* Why comes first: what has no room in a line is left out from its end. */
static void write_audit(struct exchange *x)
{
    struct line line = {.count = 0};
    const struct stream *stream = x->stream;
    add(&line, LOG_TEXT("route", x->route->name));
    add_refusal(x, &line);
    add(&line, LOG_TEXT("client", client_shown(x)));
    add(&line, LOG_TEXT("method", stream->head.method_text));
    add(&line, LOG_TEXT("path", stream->head.path));
    add(&line, LOG_NUM("status", stream->status));
    add(&line, LOG_STR("kind", x->is_asked ? "forward-auth" : NULL));
    add_trace(x, &line);
    log_batch_line(&x->gate->worker->audit, worker_now(x->gate->worker)->wall_us, "refused", line.fields, line.count);
}

static void write_access(struct exchange *x, enum reason why, int64_t now_us)
{
    struct line line = {.count = 0};
    const struct stream *stream = x->stream;
    add(&line, LOG_TEXT("route", x->route == NULL ? SPAN("-") : x->route->name));
    add(&line, LOG_STR("kind", x->is_asked ? "forward-auth" : NULL));
    add(&line, LOG_TEXT("method", stream->head.method_text));
    add(&line, LOG_TEXT("path", stream->head.path));
    add(&line, LOG_NUM("status", stream->status));
    add(&line, LOG_NUM("bytes", stream->sent_bytes));
    if (x->tunnel != NULL)
        add(&line, LOG_NUM("received", tunnel_received(x)));
    add(&line, LOG_US("ms", now_us - stream->begun_us));
    if (x->answered_us != 0 && x->sent_us != 0)
        add(&line, LOG_US("backend_ms", x->answered_us - x->sent_us));
    add(&line, LOG_TEXT("client", client_shown(x)));
    add_trace(x, &line);
    add_refusal(x, &line);
    add(&line, LOG_STR("policy", x->answered_by));
    if ((x->was_let_pass || x->reason == REASON_NONE) && why != REASON_NONE)
        add(&line, LOG_STR("end", reason_name(why)));
    if (x->was_resent)
        add(&line, LOG_NUM("resent", 1));
    if (x->retries > 0)
        add(&line, LOG_NUM("retries", x->retries));
    bool is_of_interest = x->target != NULL && (x->target->server_count > 1 || x->reason != REASON_NONE);
    if (is_of_interest && x->request_head_bytes > 0)
        add(&line, LOG_TEXT("server", x->target->servers[x->server].url));
    log_batch_line(&x->gate->worker->access, worker_now(x->gate->worker)->wall_us, "access", line.fields, line.count);
}

/* The access line has all of it too. */
static bool wants_audit(const struct log_settings *log)
{
    switch ((enum log_audit)log->audit) {
    case LOG_AUDIT_AUTO: return !log->access || !log_stream_has(LOG_STREAM_ACCESS);
    case LOG_AUDIT_ON: return true;
    case LOG_AUDIT_OFF: return false;
    }
    return true;
}

void account_end(struct exchange *x, enum reason why)
{
    int64_t now_us = worker_now(x->gate->worker)->mono_us;
    const struct log_settings *log = &x->site->site->settings.log;
    count(x, now_us);
    if (log->access && log_stream_has(LOG_STREAM_ACCESS))
        write_access(x, why, now_us);
    if (x->route != NULL && has_refused_token(x) && wants_audit(log))
        write_audit(x);
}
