/* SPDX-License-Identifier: Apache-2.0 */
/* demo: provider, calculator and gateway in one process, on loopback ports, with a configuration made in memory.
 *
 * The gateway has the main thread; provider and calculator have one each, and with --once a client has another.
 */
#include "cli/serve.h"
#include "dev/calculator.h"
#include "dev/commands.h"
#include "dev/demo_client.h"
#include "dev/host.h"
#include "dev/provider.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PORT_MAX = 65535, LIFETIME_S = 3600, BODY_BYTES_MAX = 65536, URL_BYTES = 128 };

struct demo_options {
    unsigned port;
    bool is_once;
};

static const struct option_row rows[] = {
    {.name = "port",
     .argument = "N",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct demo_options, port),
     .max = PORT_MAX,
     .help = "port of the gateway (default: a free one)"},
    {.name = "once",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct demo_options, is_once),
     .help = "make both requests, show both answers, end"},
};

static int run(const struct command *command, int argc, char **argv);

const struct command commands_demo = {
    .name = "demo",
    .summary = "run a provider, the calculator and the gateway before it, all in one",
    .synopsis = "[--port N] [--once]",
    .description =
        "Needs no configuration and no network. Prints two commands that begin with `curl `, the first with a\n"
        "token that passes, the second with one that has expired, then event=ready; stays until SIGTERM or\n"
        "Ctrl-C. With --once it makes both requests itself and ends with 0 only if they got what they should.",
    .examples = "  jwtgate-dev demo\n"
                "  jwtgate-dev demo --port 8080\n"
                "  jwtgate-dev demo --once\n",
    .options = rows,
    .count = COUNT_OF(rows),
    .run = run,
};

struct demo {
    struct demo_options options;
    struct provider *provider;
    struct responder issuer_responder, calculator_responder;
    struct host *issuer, *calculator;
    char issuer_url[URL_BYTES];
    struct buf config;
    struct buf good, bad; /* tokens, with a NUL behind */
    char gateway[URL_BYTES];
    pthread_t client;
    bool has_client;
    bool is_passed;
    struct err err;
};

/* What conf/calculator.yaml says with comments, but for the paths, and with the policy in YAML. */
static bool write_config(struct demo *demo)
{
    return buf_printf(&demo->config,
                      "listeners:\n"
                      "  - bind: 127.0.0.1:%u\n"
                      "admin: { bind: \"127.0.0.1:0\" }\n"
                      "workers: 1\n"
                      "backends:\n"
                      "  calculator: { servers: [\"http://%s\"] }\n"
                      "routes:\n"
                      "  - name: calculator\n"
                      "    path: /calculator/\n"
                      "    rewrite: /\n"
                      "    backend: calculator\n"
                      "    validate_jwt:\n"
                      "      openid_config: [ { url: \"%s/.well-known/openid-configuration\" } ]\n"
                      "      audiences: [calculator]\n"
                      "  - name: health\n"
                      "    path: /healthz\n"
                      "    backend: calculator\n"
                      "    policy: none\n",
                      demo->options.port, host_address(demo->calculator), demo->issuer_url);
}

static bool open_hosts(struct demo *demo)
{
    struct err *err = &demo->err;
    demo->calculator_responder = (struct responder){.answer = calculator_answer, .body_bytes_max = BODY_BYTES_MAX};
    demo->provider = provider_new(ALG_RS256, LIFETIME_S, err);
    if (demo->provider == NULL)
        return false;
    demo->issuer_responder =
        (struct responder){.answer = provider_answer, .context = demo->provider, .body_bytes_max = BODY_BYTES_MAX};
    demo->calculator = host_open("127.0.0.1:0", &demo->calculator_responder, err);
    demo->issuer = demo->calculator == NULL ? NULL : host_open("127.0.0.1:0", &demo->issuer_responder, err);
    if (demo->issuer == NULL)
        return false;
    snprintf(demo->issuer_url, sizeof demo->issuer_url, "http://%s", host_address(demo->issuer));
    provider_set_base(demo->provider, demo->issuer_url);
    return host_run(demo->calculator, err) && host_run(demo->issuer, err);
}

static bool mint(struct demo *demo)
{
    const struct provider_client *client = &provider_clients[0];
    return provider_mint(demo->provider, client, BREAK_NONE, &demo->good, &demo->err) &&
           provider_mint(demo->provider, client, BREAK_EXPIRED, &demo->bad, &demo->err) &&
           ((buf_add_char(&demo->good, '\0') && buf_add_char(&demo->bad, '\0')) ||
            fail(&demo->err, REASON_OUT_OF_MEMORY, "no memory for a token"));
}

static void print_curl(const struct demo *demo, const char *token)
{
    printf("curl -sS -i -H 'Authorization: Bearer %s' 'http://%s%s'\n", token, demo->gateway, DEMO_CLIENT_TARGET);
}

/* The process ends as a user would end it. */
static void *run_client(void *context)
{
    struct demo *demo = context;
    demo->is_passed = demo_client_run(demo->gateway, demo->good.at, demo->bad.at);
    kill(getpid(), SIGTERM);
    return NULL;
}

static bool start_client(struct demo *demo)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    demo->has_client = pthread_create(&demo->client, NULL, run_client, demo) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return demo->has_client || fail(&demo->err, REASON_SYSTEM, "no thread for the client");
}

static bool on_ready(void *context, const struct span *addresses, size_t count)
{
    struct demo *demo = context;
    assert(count > 0);
    snprintf(demo->gateway, sizeof demo->gateway, "%.*s", SPAN_ARG(addresses[0]));
    if (!mint(demo))
        return false;
    puts("# passes: a fresh token of the demo's provider");
    print_curl(demo, demo->good.at);
    puts("# fails: the token has expired");
    print_curl(demo, demo->bad.at);
    puts("event=ready");
    fflush(stdout);
    return !demo->options.is_once || start_client(demo);
}

static void release(struct demo *demo)
{
    host_close(demo->issuer);
    host_close(demo->calculator);
    provider_free(demo->provider);
    buf_fini(&demo->config);
    buf_fini(&demo->good);
    buf_fini(&demo->bad);
}

static int serve(struct demo *demo, const struct command *command)
{
    if (!open_hosts(demo) || !write_config(demo))
        return commands_failed(command, &demo->err);
    const struct serve_options options = {
        .file = "(built-in demo configuration)", .text = buf_span(&demo->config), .ready = on_ready, .context = demo};
    int status = serve_run(&options);
    if (demo->has_client) {
        pthread_join(demo->client, NULL);
        return status == 0 && demo->is_passed ? 0 : 1;
    }
    if (demo->err.text[0] != '\0')
        return commands_failed(command, &demo->err);
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct demo demo = {0};
    struct operands operands;
    int status;
    if (!options_read(&commands_program, command, argc, argv, &demo.options, &operands, &status))
        return status;
    status = serve(&demo, command);
    release(&demo);
    return status;
}
