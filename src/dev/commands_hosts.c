/* SPDX-License-Identifier: Apache-2.0 */
/* issuer, calculator, odata: the parts of the demo by themselves, each on a port, until SIGTERM or SIGINT. */
#include "base/log.h"
#include "dev/calculator.h"
#include "dev/commands.h"
#include "dev/host.h"
#include "dev/odata.h"
#include "dev/provider.h"

#include <stdio.h>

enum {
    PORT_MAX = 65535,
    ISSUER_PORT = 9400,
    CALCULATOR_PORT = 9001,
    ODATA_PORT = 9002,
    LIFETIME_S = 600,
    LIFETIME_MAX_S = 86400 * 365,
    BODY_BYTES_MAX = 65536,
    ADDRESS_BYTES = 128
};

struct host_options {
    const char *bind, *alg, *url;
    unsigned port, lifetime_s;
};

#define HOST_ROWS                                                                                             \
    {.name = "port",                                                                                          \
     .argument = "N",                                                                                         \
     .kind = OPTION_NUMBER,                                                                                   \
     .offset = offsetof(struct host_options, port),                                                           \
     .max = PORT_MAX,                                                                                         \
     .help = "port to listen on; 0 takes a free one"},                                                        \
    {                                                                                                         \
        .name = "bind", .argument = "IP", .kind = OPTION_TEXT, .offset = offsetof(struct host_options, bind), \
        .help = "address to listen on (default 127.0.0.1)"                                                    \
    }

/* Of the calculator and of the OData service. */
static const struct option_row api_rows[] = {HOST_ROWS};

static const struct option_row issuer_rows[] = {
    HOST_ROWS,
    {.name = "alg",
     .argument = "A",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct host_options, alg),
     .help = "algorithm of its keys (default RS256)"},
    {.name = "url",
     .argument = "URL",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct host_options, url),
     .help = "what its documents and iss begin with\n(default http://IP:PORT)"},
    {.name = "lifetime",
     .argument = "S",
     .kind = OPTION_NUMBER,
     .offset = offsetof(struct host_options, lifetime_s),
     .max = LIFETIME_MAX_S,
     .help = "seconds that its tokens live (default 600)"},
};

static int run_issuer(const struct command *command, int argc, char **argv);
static int run_calculator(const struct command *command, int argc, char **argv);
static int run_odata(const struct command *command, int argc, char **argv);

const struct command commands_issuer = {
    .name = "issuer",
    .summary = "run an OpenID provider, also in the manner of Keycloak and Entra",
    .synopsis = "[--port N] [options]",
    .description =
        "  GET  /.well-known/openid-configuration   discovery document\n"
        "  GET  /jwks                               key set\n"
        "  GET  /authorize                          a page to sign in on, for a code: response_type=code and PKCE\n"
        "                                           with S256 (RFC 7636); redirect_uri is /callback of any port of\n"
        "                                           a loopback host; scope openid adds an ID token\n"
        "  POST /token                              grant_type=client_credentials or authorization_code, client by\n"
        "                                           Basic or in the form; audience, resource and scope if wanted\n"
        "  POST /rotate                             a new key signs from now on; the one before stays listed\n"
        "                                           until the next rotation\n"
        "\n"
        "All of them also below any prefix, which is then an issuer of its own: /any/demo/token. Some prefixes have\n"
        "the manners of others, with their own paths, claims and key sets; POST /rotate stands there too:\n"
        "  /realms/NAME, /auth/realms/NAME          Keycloak: .../protocol/openid-connect/certs, /auth, /token;\n"
        "                                           scope microprofile-jwt adds upn and groups\n"
        "  /TENANT/v2.0, /TENANT                    Entra, v2 and v1 tokens; TENANT is a GUID or common,\n"
        "                                           organizations (issuer with {tenantid}; tokens of\n"
        "                                           " PROVIDER_TENANT ") or consumers:\n"
        "                                           /TENANT/discovery/v2.0/keys, /TENANT/oauth2/v2.0/token and\n"
        "                                           /authorize, in v1 without /v2.0; scope api://ID/.default, or "
        "resource in v1, is\n"
        "                                           the API asked for. In reality these are on\n"
        "                                           login.microsoftonline.com and the v1 issuer is\n"
        "                                           sts.windows.net; here all is below this issuer's own URL\n"
        "There grant_type=password works too. One key signs for all issuers, and one rotation changes it for all.\n"
        "\n"
        "Users: alice (password alice-secret), who has the roles and scopes of the client that she comes by, and bob\n"
        "(bob-secret), who has none. Nobody stays signed in, so that prompt=none is always login_required.\n"
        "\n"
        "Clients, their secrets, and what plain tokens hold:\n"
        "  demo   demo-secret      audience calculator,  scope Calculator.Read\n"
        "  other  other-secret     audience another-api, scope Other.Read\n"
        "  NC_Flow_ClientCredentials nc-secret, as demo; in realms it has the roles odata-users and\n"
        "         ProjectionExplorer. Letter case counts.\n"
        "  console  without a secret, for users who sign in; as NC_Flow_ClientCredentials\n"
        "In Entra's manner only demo has a role by itself, Calculator.Read.All; a user's token has the scope.\n"
        "\n"
        "Listens on port 9400 unless told otherwise. Ends with 0 on SIGTERM.",
    .examples = "  jwtgate-dev issuer --port 9400\n"
                "  curl -su demo:demo-secret -d grant_type=client_credentials http://127.0.0.1:9400/token\n"
                "  curl -su NC_Flow_ClientCredentials:nc-secret -d grant_type=client_credentials \\\n"
                "       -d scope='openid microprofile-jwt' \\\n"
                "       http://127.0.0.1:9400/auth/realms/demo/protocol/openid-connect/token\n"
                "  curl -X POST http://127.0.0.1:9400/rotate\n",
    .options = issuer_rows,
    .count = COUNT_OF(issuer_rows),
    .run = run_issuer,
};

const struct command commands_calculator = {
    .name = "calculator",
    .summary = "run the Basic Calculator API",
    .synopsis = "[--port N] [--bind IP]",
    .description =
        "  GET /api/add /api/sub /api/mul /api/div   with ?a=&b=: XML as the labs' original; also without /api\n"
        "  GET /json/add /json/subtract ...          JSON; also wherever Accept names application/json first\n"
        "  GET /healthz                              ok\n"
        "\n"
        "Integers have 64 bits; what is none, divides by zero or passes 64 bits gets 400 {\"error\":...}.\n"
        "Listens on port 9001 unless told otherwise. Ends with 0 on SIGTERM.",
    .examples = "  jwtgate-dev calculator --port 9001\n"
                "  curl 'http://127.0.0.1:9001/api/add?a=51&b=49'\n"
                "  curl -H 'Accept: application/json' 'http://127.0.0.1:9001/divide?a=100&b=20'\n",
    .options = api_rows,
    .count = COUNT_OF(api_rows),
    .run = run_calculator,
};

const struct command commands_odata = {
    .name = "odata",
    .summary = "run an OData 4.0 service shaped like a projection of IFS Cloud",
    .synopsis = "[--port N] [--bind IP]",
    .description =
        "Below /{main|int|b2b}/ifsapplications/projection/v1/CustomerOrders.svc/, all of it in memory:\n"
        "  CustomerOrderSet(OrderNo='A%2FB')                with Attachment (media: GET, PUT, PATCH, DELETE),\n"
        "                                                   CustomerOrderLineArray, and the action\n"
        "                                                   IfsApp.CustomerOrders.CustomerOrder_Confirm\n"
        "  CustomerOrderLineSet(OrderNo='A%2FB',LineNo=1)   a key of two parts\n"
        "  CustomerSet('C100')                              PATCH without If-Match updates or creates\n"
        "  $metadata  $batch (multipart/mixed)              /healthz: ok\n"
        "\n"
        "GET with $filter $select $orderby $top $skip $count $format and Prefer: odata.maxpagesize; POST, PATCH and\n"
        "DELETE of entities. PATCH and DELETE need If-Match (428 without, 412 with another version). Where a method\n"
        "other than GET, HEAD and OPTIONS is used on main and b2b, X-XSRF-TOKEN must say what the cookie XSRF-TOKEN\n"
        "says, which the first GET sets (403 CSRF_ERROR); int does without. The action answers 500\n"
        "MI_MODIFIED_ERROR first and does what it is told when it is called again. URLs in answers begin with\n"
        "X-Forwarded-Proto and -Host, else Host.\n"
        "\n"
        "Listens on port 9002 unless told otherwise. Ends with 0 on SIGTERM.",
    .examples = "  jwtgate-dev odata --port 9002\n"
                "  curl \"http://127.0.0.1:9002/int/ifsapplications/projection/v1/CustomerOrders.svc/\"\n"
                "  curl \"http://127.0.0.1:9002/int/ifsapplications/projection/v1/CustomerOrders.svc/"
                "CustomerOrderSet('A%2FB')\"\n",
    .options = api_rows,
    .count = COUNT_OF(api_rows),
    .run = run_odata,
};

static struct host *open_host(const struct host_options *options, const struct responder *responder, struct err *err)
{
    char address[ADDRESS_BYTES];
    bool is_v6 = span_chr(span_str(options->bind), ':') != NULL && options->bind[0] != '[';
    snprintf(address, sizeof address, is_v6 ? "[%s]:%u" : "%s:%u", options->bind, options->port);
    return host_open(address, responder, err);
}

/* Answers until a signal comes. */
static int serve(const struct command *command, struct host *host)
{
    struct err err = {0};
    if (!host_run(host, &err))
        return commands_failed(command, &err);
    LOG_EVENT(LOG_NOTICE, "listening", LOG_STR("address", host_address(host)));
    LOG_EVENT(LOG_NOTICE, "ready", LOG_STR("address", host_address(host)));
    host_await_signal();
    return 0;
}

/* A service with nothing to set but its address. */
static int run_api(const struct command *command, int argc, char **argv, const struct responder *responder,
                   unsigned port)
{
    struct host_options options = {.bind = "127.0.0.1", .port = port};
    struct operands operands;
    struct err err = {0};
    int status;
    if (!options_read(&commands_program, command, argc, argv, &options, &operands, &status))
        return status;
    host_hold_signals();
    struct host *host = open_host(&options, responder, &err);
    if (host == NULL)
        return commands_failed(command, &err);
    status = serve(command, host);
    host_close(host);
    return status;
}

static int run_calculator(const struct command *command, int argc, char **argv)
{
    const struct responder responder = {.answer = calculator_answer, .body_bytes_max = BODY_BYTES_MAX};
    return run_api(command, argc, argv, &responder, CALCULATOR_PORT);
}

static int run_odata(const struct command *command, int argc, char **argv)
{
    struct err err = {0};
    AUTO_PTR(odata_store) store = odata_store_new(&err);
    const struct responder responder = {
        .answer = odata_answer, .context = store, .body_bytes_max = ODATA_BODY_BYTES_MAX};
    return store == NULL ? commands_failed(command, &err) : run_api(command, argc, argv, &responder, ODATA_PORT);
}

static int serve_issuer(const struct command *command, const struct host_options *options, struct provider *provider)
{
    const struct responder responder = {
        .answer = provider_answer, .context = provider, .body_bytes_max = BODY_BYTES_MAX};
    struct err err = {0};
    char base[ADDRESS_BYTES];
    struct host *host = open_host(options, &responder, &err);
    if (host == NULL)
        return commands_failed(command, &err);
    snprintf(base, sizeof base, "http://%s", host_address(host));
    provider_set_base(provider, options->url == NULL ? base : options->url);
    int status = serve(command, host);
    host_close(host);
    return status;
}

static int run_issuer(const struct command *command, int argc, char **argv)
{
    struct host_options options = {.bind = "127.0.0.1", .port = ISSUER_PORT, .alg = "RS256", .lifetime_s = LIFETIME_S};
    struct operands operands;
    struct err err = {0};
    int status;
    if (!options_read(&commands_program, command, argc, argv, &options, &operands, &status))
        return status;
    host_hold_signals();
    enum alg alg = commands_read_alg(options.alg, &err);
    if (alg != ALG_UNKNOWN && alg_info(alg)->family == KEY_OCT)
        return options_wrong(&commands_program, command,
                             "--alg %s: a secret cannot be published; choose RS, PS, ES, EdDSA, Ed25519 or Ed448",
                             options.alg);
    AUTO_PTR(provider) provider = alg == ALG_UNKNOWN ? NULL : provider_new(alg, options.lifetime_s, &err);
    return provider == NULL ? commands_failed(command, &err) : serve_issuer(command, &options, provider);
}
