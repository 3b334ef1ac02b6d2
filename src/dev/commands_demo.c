/* SPDX-License-Identifier: Apache-2.0 */
/* demo: provider, two APIs and the gateway in one process, on loopback ports, with a configuration made in memory.
 *
 * The gateway has the main thread; provider, calculator and OData service have one each, and with --once a client has another.
 */
#include "cli/serve.h"
#include "dev/calculator.h"
#include "dev/commands.h"
#include "dev/demo_client.h"
#include "dev/demo_shots.h"
#include "dev/host.h"
#include "dev/odata.h"
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
     .help = "make the requests, show the answers, end"},
};

static int run(const struct command *command, int argc, char **argv);

const struct command commands_demo = {
    .name = "demo",
    .summary = "run a provider, two APIs and the gateway before them, all in one",
    .synopsis = "[--port N] [--once]",
    .description =
        "Needs no configuration and no network. Prints commands that begin with `curl `, then event=ready; stays\n"
        "until SIGTERM or Ctrl-C. The first two ask the Basic Calculator API, with a token that passes and one that\n"
        "has expired; their provider has the manners of Entra. The next two ask for an entity of an OData service\n"
        "like IFS Cloud's, whose provider has the manners of Keycloak: one passes, one is refused in OData's shape.\n"
        "The others fail, each in its own way, with reason and check that the gateway's log names. Last come the\n"
        "addresses of the gateway, the provider and the token console, and who can sign in there: alice, who may\n"
        "use both APIs, and bob, who may use neither.\n"
        "With --once it prints no commands: it makes the requests itself and ends with 0 only if all got what they\n"
        "should.",
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
    struct odata_store *store;
    struct responder issuer_responder, calculator_responder, odata_responder;
    struct host *issuer, *calculator, *odata;
    char issuer_url[URL_BYTES];
    struct buf config;
    struct buf tokens[DEMO_SHOTS]; /* with a NUL behind */
    char gateway[URL_BYTES], admin[URL_BYTES];
    pthread_t client;
    bool has_client;
    bool is_passed;
    struct err err;
};

static bool write_routes(struct demo *demo)
{
    return buf_printf(
        &demo->config,
        "routes:\n"
        "  - name: calculator\n"
        "    path: /calculator/\n"
        "    rewrite: /\n"
        "    backend: calculator\n"
        "    validate_jwt:\n"
        "      openid_config: [ { url: \"%s" DEMO_TENANT "/.well-known/openid-configuration\" } ]\n"
        "      audiences: [ \"" PROVIDER_CALCULATOR "\" ]\n"
        "      required_claims: [ { name: scp, match: any, separator: \" \", values: [Calculator.Read] } ]\n"
        "  - name: projections\n"
        "    path: /main/ifsapplications/projection/\n"
        "    backend: ifs\n"
        "    errors: odata\n"
        "    validate_jwt:\n"
        "      openid_config: [ { url: \"%s" DEMO_REALM "/.well-known/openid-configuration\" } ]\n"
        "      audiences: [account]\n"
        "      required_claims: [ { name: groups, match: any, values: [odata-users] } ]\n"
        "  - name: health\n"
        "    path: /healthz\n"
        "    backend: calculator\n"
        "    policy: none\n",
        demo->issuer_url, demo->issuer_url);
}

static bool write_config(struct demo *demo)
{
    buf_printf(&demo->config,
               "listeners:\n"
               "  - bind: 127.0.0.1:%u\n"
               "admin:\n"
               "  bind: 127.0.0.1:0\n"
               "  console: { client_id: console, scopes: [openid, microprofile-jwt] }\n"
               "workers: 1\n"
               "backends:\n"
               "  calculator: { servers: [\"http://%s\"] }\n"
               "  ifs: { servers: [\"http://%s\"] }\n",
               demo->options.port, host_address(demo->calculator), host_address(demo->odata));
    return write_routes(demo);
}

/* A host of the demo on a free port, answering from now on. */
static struct host *start_host(struct responder *responder, struct err *err)
{
    struct host *host = host_open("127.0.0.1:0", responder, err);
    if (host == NULL || host_run(host, err))
        return host;
    host_close(host);
    return NULL;
}

static bool open_apis(struct demo *demo)
{
    demo->store = odata_store_new(&demo->err);
    if (demo->store == NULL)
        return false;
    demo->calculator_responder = (struct responder){.answer = calculator_answer, .body_bytes_max = BODY_BYTES_MAX};
    demo->odata_responder =
        (struct responder){.answer = odata_answer, .context = demo->store, .body_bytes_max = ODATA_BODY_BYTES_MAX};
    demo->calculator = start_host(&demo->calculator_responder, &demo->err);
    demo->odata = demo->calculator == NULL ? NULL : start_host(&demo->odata_responder, &demo->err);
    return demo->odata != NULL;
}

/* Its address is known before it answers: its documents name it. */
static bool open_issuer(struct demo *demo)
{
    demo->provider = provider_new(ALG_RS256, LIFETIME_S, &demo->err);
    if (demo->provider == NULL)
        return false;
    demo->issuer_responder =
        (struct responder){.answer = provider_answer, .context = demo->provider, .body_bytes_max = BODY_BYTES_MAX};
    demo->issuer = host_open("127.0.0.1:0", &demo->issuer_responder, &demo->err);
    if (demo->issuer == NULL)
        return false;
    snprintf(demo->issuer_url, sizeof demo->issuer_url, "http://%s", host_address(demo->issuer));
    provider_set_base(demo->provider, demo->issuer_url);
    return host_run(demo->issuer, &demo->err);
}

static bool mint(struct demo *demo)
{
    size_t count = demo->options.is_once ? DEMO_SHOTS_ONCE : DEMO_SHOTS;
    for (size_t i = 0; i < count; i++) {
        const struct provider_wish *wish = &demo_shots[i].wish;
        if (wish->authority != NULL && !provider_mint(demo->provider, wish, &demo->tokens[i], &demo->err))
            return false;
        if (!buf_add_char(&demo->tokens[i], '\0'))
            return fail(&demo->err, REASON_OUT_OF_MEMORY, "no memory for a token");
    }
    return true;
}

static void print_shots(const struct demo *demo, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        demo_shot_print(&demo_shots[i], demo->gateway, demo->tokens[i].at);
}

static void print_users(void)
{
    for (const struct provider_user *user = provider_users; user->name != NULL; user++)
        printf("#   %-6s password %-12s %s\n", user->name, user->password,
               user->has_rights ? "may use both APIs" : "may sign in, but use neither");
}

/* What is short stands last, where a terminal shows it. */
static void print_commands(const struct demo *demo)
{
    puts("# for another shell; Ctrl-C ends the demo");
    print_shots(demo, 0, DEMO_SHOTS_ONCE);
    puts("#\n# tokens that fail, each in its own way, with what the log then says");
    print_shots(demo, DEMO_SHOTS_ONCE, DEMO_SHOTS);
    printf("#\n# gateway   http://%s\n# provider  %s%s\n#           %s%s\n# console   http://%s/\n"
           "# users to sign in as, there or at the provider:\n",
           demo->gateway, demo->issuer_url, DEMO_TENANT, demo->issuer_url, DEMO_REALM, demo->admin);
    print_users();
}

/* The process ends as a user would end it. */
static void *run_client(void *context)
{
    struct demo *demo = context;
    demo->is_passed = true;
    for (size_t i = 0; i < DEMO_SHOTS_ONCE; i++)
        if (!demo_client_run(demo->gateway, &demo_shots[i].request, demo->tokens[i].at))
            demo->is_passed = false;
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
    snprintf(demo->admin, sizeof demo->admin, "%.*s", SPAN_ARG(addresses[count]));
    if (!mint(demo))
        return false;
    if (!demo->options.is_once)
        print_commands(demo);
    puts("event=ready");
    fflush(stdout);
    return !demo->options.is_once || start_client(demo);
}

static void release(struct demo *demo)
{
    host_close(demo->issuer);
    host_close(demo->calculator);
    host_close(demo->odata);
    provider_free(demo->provider);
    odata_store_free(demo->store);
    buf_fini(&demo->config);
    for (size_t i = 0; i < COUNT_OF(demo->tokens); i++)
        buf_fini(&demo->tokens[i]);
}

static int serve(struct demo *demo, const struct command *command)
{
    if (!open_apis(demo) || !open_issuer(demo) || !write_config(demo))
        return commands_failed(command, &demo->err);
    const struct serve_options options = {.file = "(built-in demo configuration)",
                                          .text = buf_span(&demo->config),
                                          .is_ready_told = true,
                                          .ready = on_ready,
                                          .context = demo};
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
