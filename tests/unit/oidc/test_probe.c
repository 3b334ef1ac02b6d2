/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: who is asked once is told as the gateway would take it, with what was seen on the way; one that fails takes nobody along; and
 * without memory at any place there is an error, not a crash.
 * Method: a scripted provider in a process of its own, since asking blocks.
 */
#include "alloc_fail.h"
#include "base/now.h"
#include "oidc/probe.h"
#include "tiny_server.h"
#include "unit.h"

#include <event2/event.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD "/good/.well-known/openid-configuration"
#define BARE "/bare/.well-known/openid-configuration"
#define BROKEN "/broken/.well-known/openid-configuration"
#define KEYS                                                                                                         \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwAaaPcHURo\",\"kid\":" \
    "\"k1\"},"                                                                                                       \
    "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"s1\"}]}"

struct world {
    struct event_base *base;
    struct tiny_server *server;
    char good[256], broken[256];
    pid_t pid;
    struct issuers_settings settings;
};

static void answer(struct world *world, const char *path, const char *fields, const char *body)
{
    tiny_answer(world->server, path, (struct tiny_reply){.status = 200, .fields = fields, .body = span_str(body)});
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (world == NULL || !fetch_global_init(NULL))
        return -1;
    world->base = event_base_new();
    world->server = tiny_server_new(world->base);
    world->settings = (struct issuers_settings){.timing = {.timeout_ms = 5000}, .document_bytes_max = 65536};
    snprintf(world->good, sizeof world->good, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}",
             tiny_url(world->server, "/good"), tiny_url(world->server, "/keys"));
    snprintf(world->broken, sizeof world->broken, "{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"%s\"}",
             tiny_url(world->server, "/nothing"));
    answer(world, GOOD, NULL, world->good);
    answer(world, BARE, NULL, "{\"issuer\":\"https://idp.example\"}");
    answer(world, BROKEN, NULL, world->broken);
    answer(world, "/keys", "Cache-Control: max-age=600\r\nAge: 7\r\n", KEYS);
    *state = world;
    world->pid = fork();
    if (world->pid == 0) {
        event_reinit(world->base);
        event_base_dispatch(world->base);
        _exit(0);
    }
    return world->pid < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    kill(world->pid, SIGKILL);
    waitpid(world->pid, NULL, 0);
    tiny_server_free(world->server);
    event_base_free(world->base);
    fetch_global_fini();
    free(world);
    return 0;
}

static void a_provider_is_told_with_its_keys(void **state)
{
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct err err = {0};
    struct probe probe = {.url = tiny_url(world->server, GOOD), .provider = {.is_name_checked = true}};
    assert_true(probes_run(&probe, 1, &world->settings, &arena, &err));
    assert_span(probe.discovery.issuer, tiny_url(world->server, "/good"));
    assert_non_null(probe.keys);
    assert_int_equal(probe.keys->count, 1);
    assert_int_equal(probe.keys->skipped_count, 1);
    assert_true(probe.discovery_document.is_ok);
    assert_int_equal(probe.discovery_document.max_age_s, -1);
    assert_int_equal(probe.discovery_document.age_s, -1);
    assert_true(probe.keys_document.is_ok);
    assert_int_equal(probe.keys_document.max_age_s, 600);
    assert_int_equal(probe.keys_document.age_s, 7);
    assert_string_equal(probe.keys_document.url, tiny_url(world->server, "/keys"));
    assert_int_equal(probe.keys_document.certificate_count, 0);
    probes_fini(&probe, 1);
    assert_null(probe.keys);
}

static void one_that_fails_takes_nobody_along(void **state)
{
    static const struct {
        const char *path, *why;
    } bad[] = {
        {"/gone", "discovery document: answered 404"},
        {BARE, "discovery document: jwks_uri is missing"},
        {BROKEN, "answered 404"},
    };
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct err err = {0};
    struct probe probes[COUNT_OF(bad) + 2] = {{.url = NULL}};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        probes[i].url = tiny_url(world->server, bad[i].path);
    probes[COUNT_OF(bad)].url = "ftp://nowhere.example/";
    probes[COUNT_OF(bad) + 1].url = tiny_url(world->server, GOOD);
    assert_true(probes_run(probes, COUNT_OF(probes), &world->settings, &arena, &err));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_null(probes[i].keys);
        if (strstr(probes[i].err.text, bad[i].why) == NULL)
            fail_msg("%s: %s", bad[i].path, probes[i].err.text);
    }
    assert_null(probes[COUNT_OF(bad)].keys);
    assert_non_null(strstr(probes[COUNT_OF(bad)].err.text, "ftp"));
    assert_non_null(probes[COUNT_OF(bad) + 1].keys);
    probes_fini(probes, COUNT_OF(probes));
}

static void a_provider_is_held_to_its_entry(void **state)
{
    struct world *world = *state;
    AUTO(arena) arena = {0};
    struct err err = {0};
    const struct issuer_provider strict = {.is_name_checked = true};
    struct probe probes[] = {{.url = tiny_url(world->server, BROKEN), .provider = strict},
                             {.url = tiny_url(world->server, GOOD), .provider = strict}};
    assert_true(probes_run(probes, COUNT_OF(probes), &world->settings, &arena, &err));
    assert_non_null(strstr(probes[0].err.text, "is not the authority of the URL"));
    assert_null(probes[0].keys_document.url);
    assert_non_null(probes[1].keys);
    probes_fini(probes, COUNT_OF(probes));
}

/* Whether keys came; where none did, why. */
static bool probe_once(void *arg)
{
    struct world *world = arg;
    AUTO(arena) arena = {0};
    struct err err = {0};
    struct probe probe = {.url = tiny_url(world->server, GOOD)};
    struct issuers_settings settings = world->settings;
    settings.timing.timeout_ms = 500; /* a socket that found no memory for its watch ends by it */
    bool is_run = probes_run(&probe, 1, &settings, &arena, &err);
    bool is_got = probe.keys != NULL;
    assert_true(is_run || err.reason != REASON_NONE);
    assert_true(!is_run || is_got || probe.err.reason != REASON_NONE);
    probes_fini(&probe, 1);
    return is_got;
}

static void without_memory_there_is_an_error(void **state)
{
    assert_true(alloc_fail_each(probe_once, *state, true) > 10);
}

static void the_authority_of_a_url_is_its_issuer(void **state)
{
    static const char *const cases[][2] = {
        {"https://idp.example/.well-known/openid-configuration", "https://idp.example"},
        {"https://idp.example/realms/r/.well-known/openid-configuration?x=1", "https://idp.example/realms/r"},
        {"https://idp.example/keys.json", "https://idp.example/keys.json"},
        {"https://idp.example/", "https://idp.example/"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_span(discovery_authority(span_str(cases[i][0])), cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_provider_is_told_with_its_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_fails_takes_nobody_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_provider_is_held_to_its_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_there_is_an_error, set_up, tear_down),
        cmocka_unit_test(the_authority_of_a_url_is_its_issuer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
