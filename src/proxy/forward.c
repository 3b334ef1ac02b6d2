/* SPDX-License-Identifier: Apache-2.0 */
/* The request as the backend sees it: written afresh, the target byte for byte but for the configured prefix, only the credential
 * that was judged, and what a proxy adds.
 */
#include "pipeline_int.h"

#include "base/ascii.h"
#include "proxy/identity.h"

/* Room for what is added besides the client's own bytes. */
enum { ADDED_BYTES = 1024 };

static bool is_id(struct span text)
{
    if (text.len == 0 || text.len >= REQUEST_ID_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_fine = ascii_is_digit(c) || ascii_is_letter(c) || c == '-' || c == '_' || c == '.';
        if (!is_fine)
            return false;
    }
    return true;
}

static void hex16(char *out, uint64_t value)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 15; i >= 0; i--, value >>= 4)
        out[i] = digits[value & 15];
}

/* A client's own X-Request-Id, when it is a plain word; else empty. */
static struct span id_of_client(const struct exchange *x)
{
    const struct field *field = head_field(&x->stream->head, FIELD_X_REQUEST_ID);
    return field != NULL && is_id(field->value) ? field->value : SPAN("");
}

/* The client's goes on; where there is none the request gets one. */
static void choose_request_id(struct exchange *x)
{
    x->request_id = id_of_client(x);
    if (x->request_id.len > 0)
        return;
    hex16(x->request_id_text, worker_random(x->gate->worker));
    hex16(x->request_id_text + 16, worker_random(x->gate->worker));
    x->request_id = span_of(x->request_id_text, 32);
}

struct span forward_request_id(struct exchange *x)
{
    if (x->request_id.len == 0)
        choose_request_id(x);
    return x->request_id;
}

struct span forward_known_id(const struct exchange *x)
{
    return x->request_id.len > 0 ? x->request_id : id_of_client(x);
}

/* Without memory the request goes on without a trace. */
static void begin_trace(struct exchange *x)
{
    struct worker *worker = x->gate->worker;
    const uint64_t trace_id[] = {worker_random(worker), worker_random(worker)};
    char *text = arena_zero(&x->stream->arena, TRACE_TEXT_BYTES);
    if (text == NULL)
        return;
    trace_spell(trace_id, worker_random(worker), text);
    x->traceparent = span_str(text);
    if (!trace_parse(x->traceparent, &x->trace))
        x->traceparent = SPAN("");
}

void forward_meet_trace(struct exchange *x)
{
    trace_read(&x->stream->head, &x->trace);
    if (x->trace.trace_id.len == 0 && x->site->site->settings.log.trace == LOG_TRACE_START)
        begin_trace(x);
}

/* The rules that were judged: their credentials may go on, and no others. */
static const struct rule *const *judged_rules(const struct exchange *x, size_t *count)
{
    *count = x->pipeline != NULL ? x->judged_count : x->rule_now != NULL;
    return x->pipeline != NULL ? x->judged : (const struct rule *const *)&x->rule_now;
}

/* Whether the judged credential itself is not to go on.  Of several none was judged: in report-only mode that comes this far. */
static bool is_credential_withheld(const struct exchange *x)
{
    return !x->route->forward_token || x->is_credential_repeated;
}

/* Whether the rule looks for its token in a field of that name, to some reader.  Other spellings of Authorization never come here:
 * head_mark_hops has taken them out.
 */
static bool is_read_from(const struct rule *rule, struct span name)
{
    return rule->source == TOKEN_FROM_HEADER && !rule->is_authorization && field_is_spelled(name, rule->source_name);
}

/* Of fields that could hold the token, only the one that was judged goes on, and not even that without forward_token. */
static bool is_token_withheld(const struct exchange *x, struct span name)
{
    const struct plan *plan = &x->route->plan;
    size_t count;
    const struct rule *const *judged = judged_rules(x, &count);
    bool is_place = false;
    for (size_t i = 0; i < count; i++) {
        if (!is_read_from(judged[i], name))
            continue;
        if (!is_credential_withheld(x) && span_eq_nocase(name, judged[i]->source_name))
            return false;
        is_place = true;
    }
    /* A place that some other branch of the policy would have looked at. */
    for (size_t i = 0; x->pipeline != NULL && i < plan->rule_count && !is_place; i++)
        is_place = is_read_from(&plan->rules[i], name);
    return is_place;
}

/* Whether the field is the token, or one word and the token: what stands before it could be a credential of its own. */
static bool is_token_itself(struct span field, struct span token)
{
    if (token.len == 0 || !span_ends(field, token))
        return false;
    struct span before = span_cut(field, field.len - token.len);
    bool has_blank = before.len > 0 && before.at[before.len - 1] == ' ';
    return before.len == 0 || (has_blank && h1_is_token(span_trim(before)));
}

/* Whether the Authorization field is what was judged, or holds the token that a token-value took out of it. */
static bool is_authorization_judged(const struct exchange *x, const struct field *field)
{
    size_t count;
    const struct rule *const *judged = judged_rules(x, &count);
    for (size_t i = 0; i < count; i++)
        if (judged[i]->is_authorization ||
            (judged[i]->source == TOKEN_FROM_VALUE && is_token_itself(field->value, x->judged_values[i])))
            return true;
    return false;
}

/* Whether the text holds a token that a token-value found somewhere and that is not to go on. */
static bool holds_withheld(const struct exchange *x, struct span text)
{
    for (size_t i = 0; is_credential_withheld(x) && i < x->judged_count; i++)
        if (x->judged_values[i].len > 0 && span_holds(text, x->judged_values[i]))
            return true;
    return false;
}

/* A proof goes where its token goes; on a public route nobody asked for either. */
static bool is_proof_withheld(const struct exchange *x, struct span name)
{
    return !x->route->is_public && is_credential_withheld(x) && exchange_is_proof(name);
}

/* Fields of the client that do not go on: written anew here, or not the judged credential. */
static bool is_withheld(const struct exchange *x, const struct field *field)
{
    switch (field->id) {
    case FIELD_AUTHORIZATION: return is_credential_withheld(x) || !is_authorization_judged(x, field);
    case FIELD_CONTENT_LENGTH:
    case FIELD_EXPECT:
    case FIELD_FORWARDED:
    case FIELD_HOST:
    case FIELD_VIA:
    case FIELD_X_FORWARDED_FOR:
    case FIELD_X_FORWARDED_HOST:
    case FIELD_X_FORWARDED_PORT:
    case FIELD_X_FORWARDED_PROTO:
    case FIELD_X_REQUEST_ID: return true;
    case FIELD_TRACEPARENT:
        if (x->trace.trace_id.len == 0 || x->traceparent.len > 0)
            return true;
        break;
    case FIELD_TRACESTATE:
        if (!x->trace.has_state)
            return true;
        break;
    case FIELD_OTHER: break;
    case FIELD_CONNECTION:
    case FIELD_CONTENT_TYPE:
    case FIELD_DATE:
    case FIELD_HTTP2_SETTINGS:
    case FIELD_KEEP_ALIVE:
    case FIELD_MAX_FORWARDS:
    case FIELD_PROXY_AUTHENTICATE:
    case FIELD_PROXY_AUTHORIZATION:
    case FIELD_PROXY_CONNECTION:
    case FIELD_SERVER:
    case FIELD_TE:
    case FIELD_TRAILER:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
    case FIELD_WWW_AUTHENTICATE:
    case FIELD_COUNT: return false;
    }
    return is_token_withheld(x, field->name) || is_proof_withheld(x, field->name) || holds_withheld(x, field->value) ||
           identity_is_name(x->site->site, field->name);
}

/* The field of that name that a policy set itself; NULL: none did. */
static const struct edit_field *set_by_policy(const struct exchange *x, struct span name)
{
    const struct pipeline *pipeline = x->pipeline;
    const struct edit_field *field = NULL;
    while (pipeline != NULL && pipeline->has_fields && (field = edit_find(&pipeline->fields, name, field)) != NULL)
        if (field->is_ours)
            return field;
    return NULL;
}

/* An identity header that this route sets itself is the token's word, not the policy's. */
static bool is_identity_of_route(const struct exchange *x, struct span name)
{
    for (size_t i = 0; x->identity != NULL && i < x->route->identity_count; i++)
        if (x->identity[i].at != NULL && field_is_spelled(name, x->route->identity[i].name))
            return true;
    return false;
}

/* Fields as policies left them; what they set goes on whatever is withheld of a client's own. */
static void put_edited_fields(struct exchange *x, const struct edit_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct edit_field *at = &fields->at[i];
        bool goes = at->is_ours ? at->field.id != FIELD_HOST && !is_identity_of_route(x, at->field.name)
                                : !at->field.is_hop && !is_withheld(x, &at->field);
        if (goes)
            h1_write_field(&x->request, at->field.name, at->field.value);
    }
}

static void put_client_fields(struct exchange *x)
{
    const struct head *head = &x->stream->head;
    if (x->pipeline != NULL && x->pipeline->has_fields) {
        put_edited_fields(x, &x->pipeline->fields);
        return;
    }
    for (size_t i = 0; i < head->count; i++)
        if (!head->fields[i].is_hop && !is_withheld(x, &head->fields[i]))
            h1_write_field(&x->request, head->fields[i].name, head->fields[i].value);
}

static void put_identity(struct exchange *x)
{
    for (size_t i = 0; x->identity != NULL && !x->was_let_pass && i < x->route->identity_count; i++)
        if (x->identity[i].at != NULL)
            h1_write_field(&x->request, x->route->identity[i].name, x->identity[i]);
}

static struct span host_to_send(const struct exchange *x)
{
    const struct site_backend *backend = x->target;
    const struct edit_field *own = set_by_policy(x, SPAN("Host"));
    if (own != NULL)
        return own->field.value;
    switch (backend->host_header) {
    case HOST_OF_BACKEND: return backend->servers[x->server].uri.authority;
    case HOST_OF_CLIENT: return x->stream->head.authority;
    case HOST_FIXED: return backend->host_fixed;
    }
    return backend->host_fixed;
}

static void put_unless_set(struct exchange *x, struct span name, struct span value)
{
    if (set_by_policy(x, name) == NULL)
        h1_write_field(&x->request, name, value);
}

/* What a trusted peer sent of a list, as the lines of one field. */
static void put_lines(struct exchange *x, enum field_id id)
{
    const struct head *head = &x->stream->head;
    for (size_t i = 0; x->is_peer_trusted && i < head->count; i++) {
        const struct field *field = &head->fields[i];
        bool is_sound = id != FIELD_FORWARDED || trusted_is_forwarded(field->value);
        if (field->id == id && field->value.len > 0 && is_sound) {
            buf_add_span(&x->request, field->value);
            buf_add_str(&x->request, ", ");
        }
    }
}

/* A peer on a unix socket has no address: RFC 7239 6.3 calls it unknown.  Alone that word would tell nothing, to backends that look for
 * an address.
 */
static void put_forwarded_for(struct exchange *x)
{
    struct span peer = x->stream->peer;
    bool has_lines = x->is_peer_trusted && head_field(&x->stream->head, FIELD_X_FORWARDED_FOR) != NULL;
    if (set_by_policy(x, SPAN("X-Forwarded-For")) != NULL || (peer.len == 0 && !has_lines))
        return;
    buf_add_str(&x->request, "X-Forwarded-For: ");
    put_lines(x, FIELD_X_FORWARDED_FOR);
    buf_add_span(&x->request, peer.len > 0 ? peer : SPAN("unknown"));
    buf_add_str(&x->request, "\r\n");
}

/* Host and port that the client used, where a trusted peer tells them. */
static void put_forwarded_host(struct exchange *x)
{
    struct span host = {NULL, 0};
    struct span port = {NULL, 0};
    if (x->is_peer_trusted) {
        host = trusted_value(&x->stream->head, FIELD_X_FORWARDED_HOST);
        port = trusted_value(&x->stream->head, FIELD_X_FORWARDED_PORT);
    }
    if (host.len == 0)
        host = x->stream->head.authority;
    if (host.len > 0)
        put_unless_set(x, SPAN("X-Forwarded-Host"), host);
    if (port.len > 0)
        put_unless_set(x, SPAN("X-Forwarded-Port"), port);
}

/* RFC 7239 4, 6: IPv6 addresses in brackets and quotes.  An element of its own tells what this hop saw. */
static void put_forwarded(struct exchange *x)
{
    const struct stream *stream = x->stream;
    struct buf *out = &x->request;
    bool is_v6 = span_chr(stream->peer, ':') != NULL;
    put_forwarded_for(x);
    put_unless_set(x, SPAN("X-Forwarded-Proto"), span_str(x->is_https ? "https" : "http"));
    put_forwarded_host(x);
    if (set_by_policy(x, SPAN("Forwarded")) != NULL)
        return;
    buf_add_str(out, "Forwarded: ");
    put_lines(x, FIELD_FORWARDED);
    buf_add_str(out, is_v6 ? "for=\"[" : "for=");
    buf_add_span(out, stream->peer.len > 0 ? stream->peer : SPAN("unknown"));
    buf_add_str(out, is_v6 ? "]\";proto=" : ";proto=");
    buf_add_str(out, stream->is_tls ? "https" : "http");
    if (stream->head.authority.len > 0) {
        buf_add_str(out, ";host=\"");
        buf_add_span(out, stream->head.authority);
        buf_add_char(out, '"');
    }
    buf_add_str(out, "\r\n");
}

/* RFC 9110 7.6.3: behind what came. */
static void put_via(struct exchange *x)
{
    const struct head *head = &x->stream->head;
    struct buf *out = &x->request;
    buf_add_str(out, "Via: ");
    for (size_t i = 0; i < head->count; i++) {
        if (head->fields[i].id != FIELD_VIA || head->fields[i].is_hop || head->fields[i].value.len == 0)
            continue;
        buf_add_span(out, head->fields[i].value);
        buf_add_str(out, ", ");
    }
    buf_add_str(out, head->is_http2 ? "2.0 jwtgate\r\n" : head->is_http10 ? "1.0 jwtgate\r\n" : "1.1 jwtgate\r\n");
}

static void put_framing(struct exchange *x)
{
    const struct head *head = &x->stream->head;
    struct buf *out = &x->request;
    if (x->is_handshake)
        buf_add_str(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    if (head->body == BODY_STREAM) {
        buf_add_str(out, "Transfer-Encoding: chunked\r\n");
    } else if (head->body == BODY_SIZED) {
        buf_add_str(out, "Content-Length: ");
        buf_add_u64(out, head->body_bytes);
        buf_add_str(out, "\r\n");
    }
}

/* A copy in the arena; without memory the request is broken, so that no half of it goes out. */
static struct span copy_whole(struct exchange *x, const struct buf *bytes)
{
    struct span copy = arena_copy(&x->stream->arena, buf_span(bytes));
    if (bytes->is_broken || copy.at == NULL)
        x->request.is_broken = true;
    return copy;
}

/* Whether the rule looks for its token in the pair; one that is badly encoded may be it. */
static bool is_pair_read_from(struct exchange *x, const struct rule *rule, struct span pair)
{
    struct span value;
    size_t found = 0;
    struct err err;
    return rule->source == TOKEN_FROM_QUERY &&
           (!uri_query(&x->stream->arena, pair, rule->source_name, &value, &found, &err) || found > 0);
}

/* Of pairs that could hold the token, only the one that was judged goes on, as with fields. */
static bool is_pair_withheld(struct exchange *x, struct span pair)
{
    const struct plan *plan = &x->route->plan;
    struct span text;
    struct err err;
    size_t count;
    const struct rule *const *judged = judged_rules(x, &count);
    for (size_t i = 0; i < count; i++)
        if (is_pair_read_from(x, judged[i], pair))
            return is_credential_withheld(x);
    for (size_t i = 0; x->pipeline != NULL && i < plan->rule_count; i++)
        if (is_pair_read_from(x, &plan->rules[i], pair))
            return true;
    return x->judged_count > 0 && is_credential_withheld(x) &&
           (!uri_decode(&x->stream->arena, pair, &text, &err) || holds_withheld(x, text));
}

/* Whether a token may stand in the query that is not to go on. */
static bool may_hold_token(const struct exchange *x)
{
    const struct plan *plan = &x->route->plan;
    bool may_hold = false;
    for (size_t i = 0; i < plan->rule_count; i++) {
        enum token_source source = plan->rules[i].source;
        may_hold = may_hold || source == TOKEN_FROM_QUERY || (source == TOKEN_FROM_VALUE && is_credential_withheld(x));
    }
    return may_hold && (x->pipeline != NULL || is_credential_withheld(x));
}

/* A token in the query that is not to go on is cut out of it, nothing else is touched. */
static struct span query_to_send(struct exchange *x)
{
    struct span query = pipeline_query(x);
    if (query.at == NULL || !may_hold_token(x))
        return query;
    struct span rest = span_from(query, 1);
    struct span pair;
    AUTO(buf) kept = {0};
    while (span_split(&rest, '&', &pair)) {
        if (is_pair_withheld(x, pair))
            continue;
        buf_add_char(&kept, buf_len(&kept) == 0 ? '?' : '&');
        buf_add_span(&kept, pair);
    }
    return copy_whole(x, &kept);
}

/* Path behind the prefix and query as one: they stand one behind the other in the target unless the query was cut. */
static struct span target_rest(struct exchange *x, struct span path)
{
    struct span query = query_to_send(x);
    if (query.len == 0 || query.at == path.at + path.len)
        return span_of(path.at, path.len + query.len);
    AUTO(buf) both = {0};
    buf_add_span(&both, path);
    buf_add_span(&both, query);
    return copy_whole(x, &both);
}

static void put_request_line(struct exchange *x)
{
    const struct head *head = &x->stream->head;
    const struct site_route *route = x->route;
    struct span none = {NULL, 0};
    struct span path;
    if (x->pipeline == NULL) {
        path = route->has_rewrite ? span_from(head->path, route->path.len) : head->path;
        h1_write_request_line(&x->request, head->method_text, route->has_rewrite ? route->rewrite : none,
                              target_rest(x, path));
    } else if (pipeline_path(x->pipeline, &path)) {
        h1_write_request_line(&x->request, head->method_text, none, target_rest(x, path));
    } else {
        x->request.is_broken = true;
    }
}

static void put_head(struct exchange *x)
{
    const struct head *head = &x->stream->head;
    buf_reserve(&x->request, head->target.len + head->count * 64 + ADDED_BYTES);
    put_request_line(x);
    h1_write_field(&x->request, SPAN("Host"), host_to_send(x));
    put_client_fields(x);
    put_identity(x);
    put_forwarded(x);
    put_via(x);
    put_unless_set(x, SPAN("X-Request-Id"), x->request_id);
    if (x->traceparent.len > 0)
        put_unless_set(x, SPAN("traceparent"), x->traceparent);
    put_framing(x);
    h1_write_end(&x->request);
}

bool forward_head(struct exchange *x)
{
    AUTO(buf) before = x->request;
    struct span body = span_from(buf_span(&before), x->request_head_bytes);
    forward_request_id(x);
    x->request = (struct buf){0};
    put_head(x);
    x->request_head_bytes = buf_len(&x->request);
    buf_add_span(&x->request, body);
    return !x->request.is_broken;
}
