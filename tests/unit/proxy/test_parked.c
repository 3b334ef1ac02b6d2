/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for keys: woken by the fetch, ended by their deadline, their client, a drain; bounded in number.  Server 0 is
 * the backend, server 1 the provider; both are driven by hand.
 */
#include "house.h"
#include "jose/jsondoc.h"
#include "oidc/issuer.h"
#include "signing.h"
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

static const char site_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "keys: { wait: 20s, parked: 2 }\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"] } }\n"
    "routes: [ { name: r, path: /, backend: b, validate_jwt: {\n"
    "    openid_config: [ { url: \"http://127.0.0.1:%u/.well-known/openid-configuration\" } ] } } ]\n";

static const char hasty_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "keys: { wait: 200ms }\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"] } }\n"
    "routes: [ { name: r, path: /, backend: b, validate_jwt: {\n"
    "    openid_config: [ { url: \"http://127.0.0.1:%u/.well-known/openid-configuration\" } ] } } ]\n";

static const char many_text[] =
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "keys: { wait: 20s, parked: 100 }\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"] } }\n"
    "routes: [ { name: r, path: /, backend: b, validate_jwt: {\n"
    "    openid_config: [ { url: \"http://127.0.0.1:%u/.well-known/openid-configuration\" } ] } } ]\n";

struct scene {
    struct house house;
    struct buf got;
    struct signer *signer;
    char *token;
    int provider; /* its connection under way, -1: none */
};

static void open_scene(struct scene *s, const char *text)
{
    *s = (struct scene){.provider = -1, .signer = signer_new(SIGNER_ED25519, "k1")};
    s->token = signer_token(s->signer, ALG_EDDSA, NULL, SPAN("{\"iss\":\"https://idp.example\",\"exp\":4102444800}"));
    house_open(&s->house, text);
    s->provider = house_accept(&s->house, 1);
    house_hear(&s->house, s->provider, &s->got, "\r\n\r\n");
}

static void close_scene(struct scene *s)
{
    house_close(&s->house);
    if (s->provider >= 0)
        close(s->provider);
    buf_fini(&s->got);
    free(s->token);
    signer_free(s->signer);
}

static void provider_says(struct scene *s, unsigned status, const char *body)
{
    AUTO(buf) answer = {0};
    buf_printf(&answer, "HTTP/1.1 %u x\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body),
               body);
    buf_add_char(&answer, '\0');
    house_send(&s->house, s->provider, buf_span(&answer).at);
    close(s->provider);
    s->provider = -1;
}

/* The discovery document, then the key set. */
static void provider_gives_keys(struct scene *s)
{
    char document[160];
    const struct signer *signers[] = {s->signer};
    char *keys = signer_jwks(signers, 1);
    snprintf(document, sizeof document,
             "{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"http://127.0.0.1:%u/keys\"}", s->house.ports[1]);
    provider_says(s, 200, document);
    s->provider = house_accept(&s->house, 1);
    house_hear(&s->house, s->provider, &s->got, "GET /keys HTTP/1.1\r\n");
    provider_says(s, 200, keys);
    free(keys);
}

static int ask(struct scene *s, const char *before, const char *after)
{
    AUTO(buf) request = {0};
    int client = house_client(&s->house);
    buf_printf(&request, "%s / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n%s", before, s->token, after);
    buf_add_char(&request, '\0');
    house_send(&s->house, client, buf_span(&request).at);
    return client;
}

/* One that was not seen yet. */
static void take_token(struct scene *s, int number)
{
    char claims[96];
    snprintf(claims, sizeof claims, "{\"iss\":\"https://idp.example\",\"exp\":4102444800,\"jti\":\"%d\"}", number);
    free(s->token);
    s->token = signer_token(s->signer, ALG_EDDSA, NULL, span_str(claims));
}

static int park(struct scene *s)
{
    int64_t before = house_figure(&s->house, FIGURE_PARKED, NULL);
    int client = ask(s, "GET", "\r\n");
    house_await_figure(&s->house, FIGURE_PARKED, NULL, before + 1);
    return client;
}

static void answer_all_is_well(struct scene *s, int client)
{
    int server = house_accept(&s->house, 0);
    house_hear(&s->house, server, &s->got, "\r\n\r\n");
    house_send(&s->house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    house_hear(&s->house, client, &s->got, "HTTP/1.1 200 OK");
    close(server);
}

static void keys_wake_who_waits(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = park(&s);
    provider_gives_keys(&s);
    answer_all_is_well(&s, client);
    assert_int_equal(house_figure(&s.house, FIGURE_PARKED, NULL), 0);
    close(client);
    close_scene(&s);
}

/* A turn verifies eight of them; the others stand in a line, which whoever goes away leaves, and which a figure tells of. */
static void who_waits_to_be_verified_is_counted(void **state)
{
    enum { CLIENTS = 20, A_TURN = 8 };
    struct scene s;
    int clients[CLIENTS];
    (void)state;
    open_scene(&s, many_text);
    for (int i = 0; i < CLIENTS; i++) {
        take_token(&s, i);
        clients[i] = park(&s);
    }
    assert_int_equal(house_figure(&s.house, FIGURE_UNVERIFIED, NULL), 0);
    provider_gives_keys(&s);
    for (int i = 0; i < 5000 && house_figure(&s.house, FIGURE_UNVERIFIED, NULL) == 0; i++)
        house_turn(&s.house);
    int64_t waiting = house_figure(&s.house, FIGURE_UNVERIFIED, NULL);
    assert_true(waiting > 0 && waiting <= CLIENTS - A_TURN);
    assert_int_equal(house_figure(&s.house, FIGURE_PARKED, NULL), 0);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    house_await_figure(&s.house, FIGURE_UNVERIFIED, NULL, 0);
    close_scene(&s);
}

static void a_body_that_came_meanwhile_arrives_whole(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = ask(&s, "POST", "Content-Length: 6\r\n\r\nabc");
    house_await_figure(&s.house, FIGURE_PARKED, NULL, 1);
    house_send(&s.house, client, "de");
    assert_false(house_has_connection(&s.house, 0));
    provider_gives_keys(&s);
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\nabcde");
    house_send(&s.house, client, "f");
    house_await(&s.house, server, &s.got, "\r\n\r\nabcdef");
    house_send(&s.house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    house_hear(&s.house, client, &s.got, "HTTP/1.1 200 OK");
    close(client);
    close(server);
    close_scene(&s);
}

static void a_client_that_waits_for_100_hears_it_only_then(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = ask(&s, "POST", "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    house_await_figure(&s.house, FIGURE_PARKED, NULL, 1);
    house_idle(&s.house, 5);
    assert_int_equal(recv(client, (char[1]){0}, 1, 0), -1);
    provider_gives_keys(&s);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 100 Continue\r\n\r\n");
    house_send(&s.house, client, "abc");
    int server = house_accept(&s.house, 0);
    house_hear(&s.house, server, &s.got, "\r\n\r\nabc");
    close(client);
    close(server);
    close_scene(&s);
}

/* The linker puts the first in place of issuer_want and names it the second: keys published there came after the judgement. */
bool __wrap_issuer_want(struct issuer *issuer, int64_t mono_ms);
bool __real_issuer_want(struct issuer *issuer, int64_t mono_ms);

static const struct signer *published_meanwhile;

static void publish_keys(struct issuer *issuer, const struct signer *signer)
{
    AUTO_PTR(jsondoc) document = NULL;
    struct err err;
    char *keys = signer_jwks(&signer, 1);
    struct keyset *set = keyset_new(SPAN("https://idp.example"), 0);
    document = jsondoc_read(span_str(keys), 8, &err);
    assert_true(keyset_add_jwks(set, jsondoc_root(document), &err));
    snapshot_publish(issuer_keys(issuer), set);
    free(keys);
}

bool __wrap_issuer_want(struct issuer *issuer, int64_t mono_ms)
{
    if (published_meanwhile == NULL)
        return __real_issuer_want(issuer, mono_ms);
    publish_keys(issuer, STEAL(published_meanwhile));
    return false;
}

/* A fetch that ends between the look at the keys and the look for a fetch leaves nothing to wait for, and nothing is missing. */
static void keys_that_came_after_the_look_at_them_count(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    published_meanwhile = s.signer;
    int client = ask(&s, "GET", "\r\n");
    answer_all_is_well(&s, client);
    assert_null(published_meanwhile);
    close(client);
    close_scene(&s);
}

/* The neighbour: the keys that came are those of somebody else. */
static void keys_of_others_that_came_after_the_look_do_not_help(void **state)
{
    struct scene s;
    struct signer *other = signer_new(SIGNER_ED25519, "k1");
    (void)state;
    open_scene(&s, hasty_text);
    published_meanwhile = other;
    int client = ask(&s, "GET", "\r\n");
    house_hear(&s.house, client, &s.got, "HTTP/1.1 401 ");
    close(client);
    close_scene(&s);
    signer_free(other);
}

static void a_fetch_that_failed_is_503(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = park(&s);
    provider_says(&s, 404, "");
    s.provider = house_accept(&s.house, 1); /* the one fetch that a cooldown leaves to tokens */
    house_hear(&s.house, s.provider, &s.got, "\r\n\r\n");
    provider_says(&s, 404, "");
    house_hear(&s.house, client, &s.got, "HTTP/1.1 503 ");
    assert_true(span_holds(buf_span(&s.got), SPAN("Retry-After: 5\r\n")));
    assert_false(span_holds(buf_span(&s.got), SPAN("WWW-Authenticate")));
    close(client);
    close_scene(&s);
}

static void a_fetch_that_hangs_is_503_after_the_wait(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, hasty_text);
    int client = park(&s);
    house_hear(&s.house, client, &s.got, "HTTP/1.1 503 ");
    assert_int_equal(house_figure(&s.house, FIGURE_PARKED, NULL), 0);
    close(client);
    close_scene(&s);
}

/* Only what keys could help waits: any garbage could else hold the places. */
static void a_token_that_is_none_does_not_wait(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    s.token[0] = '!';
    int client = ask(&s, "GET", "\r\n");
    house_hear(&s.house, client, &s.got, "HTTP/1.1 401 ");
    close(client);
    close_scene(&s);
}

static void places_are_bounded(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int first = park(&s);
    int second = park(&s);
    int third = ask(&s, "GET", "\r\n");
    house_hear(&s.house, third, &s.got, "HTTP/1.1 503 ");
    assert_int_equal(house_figure(&s.house, FIGURE_PARKED_REFUSED, NULL), 1);
    close(first);
    close(second);
    close(third);
    close_scene(&s);
}

static void a_client_that_goes_gives_its_place_back(void **state)
{
    struct scene s;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)state;
    open_scene(&s, site_text);
    int first = park(&s);
    int second = park(&s);
    setsockopt(first, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(first);
    house_await_figure(&s.house, FIGURE_PARKED, NULL, 1);
    provider_gives_keys(&s);
    answer_all_is_well(&s, second);
    close(second);
    close_scene(&s);
}

static void who_waits_keeps_its_site_over_a_reload(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = park(&s);
    house_publish(&s.house, "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
                            "backends: { c: { servers: [\"http://127.0.0.1:%u\"] } }\n"
                            "routes: [ { name: n, path: /new, backend: c, policy: none } ]\n");
    provider_gives_keys(&s);
    answer_all_is_well(&s, client);
    close(client);
    close_scene(&s);
}

static void note_emptied(void *context)
{
    (void)context;
}

static void who_waits_is_answered_in_a_drain(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = park(&s);
    service_drain(&s.house.gate.service, note_emptied);
    provider_gives_keys(&s);
    int server = house_accept(&s.house, 0);
    house_send(&s.house, server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_true(house_hear(&s.house, client, &s.got, NULL));
    assert_true(span_starts(buf_span(&s.got), SPAN("HTTP/1.1 200 OK")));
    close(client);
    close(server);
    close_scene(&s);
}

static void who_waits_is_cut_with_the_rest(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, site_text);
    int client = park(&s);
    service_cut(&s.house.gate.service);
    assert_int_equal(house_figure(&s.house, FIGURE_PARKED, NULL), 0);
    provider_gives_keys(&s);
    house_idle(&s.house, 2);
    assert_false(house_has_connection(&s.house, 0));
    close(client);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_wake_who_waits),
        cmocka_unit_test(who_waits_to_be_verified_is_counted),
        cmocka_unit_test(a_body_that_came_meanwhile_arrives_whole),
        cmocka_unit_test(a_client_that_waits_for_100_hears_it_only_then),
        cmocka_unit_test(keys_that_came_after_the_look_at_them_count),
        cmocka_unit_test(keys_of_others_that_came_after_the_look_do_not_help),
        cmocka_unit_test(a_fetch_that_failed_is_503),
        cmocka_unit_test(a_fetch_that_hangs_is_503_after_the_wait),
        cmocka_unit_test(a_token_that_is_none_does_not_wait),
        cmocka_unit_test(places_are_bounded),
        cmocka_unit_test(a_client_that_goes_gives_its_place_back),
        cmocka_unit_test(who_waits_keeps_its_site_over_a_reload),
        cmocka_unit_test(who_waits_is_answered_in_a_drain),
        cmocka_unit_test(who_waits_is_cut_with_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
