/* SPDX-License-Identifier: Apache-2.0 */
/* POST /send: the console's request, sent by the gateway to one of its own listeners, and never to any other place.
 *
 * So the browser needs to reach the admin listener alone, and no listener for clients needs to know of the console (no CORS).
 */
#include "admin/sending.h"
#include "console_int.h"
#include "jose/b64url.h"
#include "jose/digest.h"
#include "server/tls_server.h"

#include <arpa/inet.h>

enum { SEND_TIMEOUT_MS = 20000, PIN_BYTES = 45 /* Base64 of a digest */ };

/* ---- where to ---- */

/* The listener for clients of that address; the first where none is named. */
static bool find_listener(const struct admin *admin, struct span address, struct admin_listener *found)
{
    char text[BIND_TEXT_BYTES];
    for (size_t i = 0; admin->hooks.listener(admin->hooks.context, i, found) && found->name == NULL; i++) {
        bind_address_text(&found->address, text);
        if (address.at == NULL || span_eq(address, span_str(text)))
            return true;
    }
    return false;
}

/* Where all addresses are bound, loopback is one of them. */
static struct bind_address reachable(const struct bind_address *bound)
{
    struct bind_address address = *bound;
    if (address.at.ss_family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address.at;
        if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
            v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (address.at.ss_family == AF_INET6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address.at;
        if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
            v6->sin6_addr = in6addr_loopback;
    }
    return address;
}

/* Our own keys are the proof that it is our own listener, whatever name and issuer the certificate has.  NULL: no memory. */
static const char *make_pins(const struct tls_server *server, struct arena *arena)
{
    AUTO(buf) pins = {0};
    unsigned char digest[DIGEST_BYTES];
    char text[PIN_BYTES];
    for (size_t i = 0; i < tls_server_count(server); i++) {
        if (!tls_server_key_digest(server, i, digest))
            continue;
        b64url_encode_standard(digest, sizeof digest, text);
        buf_printf(&pins, "%ssha256//%s", buf_len(&pins) > 0 ? ";" : "", text);
    }
    return pins.is_broken || buf_len(&pins) == 0 ? NULL : arena_printf(arena, "%.*s", SPAN_ARG(buf_span(&pins)));
}

static bool make_place(struct call_place *place, const struct admin_listener *listener, struct arena *arena)
{
    char text[BIND_TEXT_BYTES];
    struct bind_address address = reachable(&listener->address);
    const char *path = bind_address_path(&address);
    bind_address_text(&address, text);
    *place = (struct call_place){.wants_proxy_header = listener->has_proxy_header};
    if (path != NULL)
        place->socket = arena_printf(arena, "%s", path);
    else
        place->address = arena_printf(arena, "%s", text);
    if (listener->tls != NULL)
        place->pins = make_pins(listener->tls, arena);
    return (place->socket != NULL || place->address != NULL) && (listener->tls == NULL || place->pins != NULL);
}

/* ---- sending ---- */

static void on_answer(void *context, const struct call_answer *answer)
{
    struct errand *errand = CHECKED(context, errand, ERRAND_MAGIC);
    struct reply reply = {.status = 200};
    errand->fetch = NULL;
    if (!answer->is_ok) {
        errand_refuse(errand, 502, "the gateway's listener gave no answer: %s", answer->err.text);
        return;
    }
    admin_dress(&reply);
    admin_say_json(&reply);
    sending_put_answer(&reply.body, answer);
    errand_answer(errand, &reply);
}

static bool start(struct errand *errand, struct sending *sending, const struct admin_listener *listener,
                  struct err *err)
{
    struct arena *arena = errand->request.arena;
    struct call_place place;
    if (!make_place(&place, listener, arena))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the request");
    struct span own = place.address == NULL ? SPAN("localhost") : span_str(place.address);
    struct span host = sending->host.at == NULL ? own : sending->host;
    const char *url = arena_printf(arena, "%s://%.*s/", listener->tls != NULL ? "https" : "http", SPAN_ARG(host));
    if (url == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the request");
    sending->fields[sending->count++] = (struct call_field){SPAN("Host"), host};
    const struct fetch_options to = {
        .url = url, .allow_http = true, .bytes_max = SENDING_ANSWER_BYTES_MAX, .timeout_ms = SEND_TIMEOUT_MS};
    const struct call_options options = {.to = &to,
                                         .method = sending->method,
                                         .target = sending->target,
                                         .fields = sending->fields,
                                         .count = sending->count,
                                         .body = sending->body,
                                         .cuts_body = true,
                                         .place = &place};
    errand->fetch = call_start(errand->console->fetcher, &options, on_answer, errand, err);
    return errand->fetch != NULL;
}

void send_answer(const struct admin_call *call, struct reply *reply)
{
    struct sending sending;
    struct admin_listener listener;
    struct err err;
    if (!sending_read(&sending, call->request->arena, call->request->body, &err)) {
        admin_refuse(reply, err.reason == REASON_OUT_OF_MEMORY ? 503 : 400, "%s", err.text);
        return;
    }
    if (!find_listener(call->admin, sending.listener, &listener)) {
        admin_refuse(reply, 400, "the gateway has no listener \"%s\"", QUOTED(sending.listener));
        return;
    }
    struct errand *errand = errand_begin(call, reply);
    if (errand != NULL && !start(errand, &sending, &listener, &err))
        errand_refuse(errand, err.reason == REASON_OUT_OF_MEMORY ? 503 : 400, "%s", err.text);
}
