/* SPDX-License-Identifier: Apache-2.0 */
/* jwtgate: the commands, each with its options; what they do stands elsewhere. */
#include "cli/cases.h"
#include "cli/check.h"
#include "cli/explain.h"
#include "cli/health.h"
#include "cli/options.h"
#include "cli/serve.h"

struct file_options {
    const char *file;
};

static const struct option_row file_rows[] = {
    {.name = "config",
     .letter = 'c',
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct file_options, file),
     .help = "configuration (default " CHECK_FILE_DEFAULT ")"},
};

struct check_options {
    const char *file;
    bool is_online;
};

static const struct option_row check_rows[] = {
    {.name = "config",
     .letter = 'c',
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct check_options, file),
     .help = "configuration (default " CHECK_FILE_DEFAULT ")"},
    {.name = "online",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct check_options, is_online),
     .help = "fetch every discovery document and key set,\nand report them"},
};

static int serve_command(const struct command *command, int argc, char **argv);
static int check_command(const struct command *command, int argc, char **argv);
static int explain_command(const struct command *command, int argc, char **argv);
static int test_command(const struct command *command, int argc, char **argv);
static int health_command(const struct command *command, int argc, char **argv);

static const struct command serve = {
    .name = "serve",
    .summary = "run the gateway",
    .synopsis = "[-c FILE]",
    .description = "SIGTERM and SIGINT drain and end with 0; a second one ends at once.  SIGHUP reads the\n"
                   "configuration again: all of it but workers and user, whole or not at all.\n"
                   "SIGUSR1 opens the files of the log again, for who renamed them.\n"
                   "Standard error gets event=listening for each listener, then event=ready.",
    .examples = "  jwtgate serve -c conf/calculator.yaml\n  systemctl reload jwtgate\n",
    .options = file_rows,
    .count = COUNT_OF(file_rows),
    .run = serve_command,
};

static const struct command check = {
    .name = "check",
    .summary = "read configuration and policies, tell every problem",
    .synopsis = "[-c FILE] [--online]",
    .description = "Problems go to standard error as FILE:LINE:COL: error|warning|note: TEXT, the position where\n"
                   "there is one, and one summary line to standard output.  Ends with 0 when there is no error,\n"
                   "else with 1.  --online asks the providers too: standard output gets a block for each, with its\n"
                   "issuer, its keys, its certificates and its clock; one without usable keys is an error.",
    .examples = "  jwtgate check -c conf/calculator.yaml\n  jwtgate check -c conf/entra.yaml --online\n",
    .options = check_rows,
    .count = COUNT_OF(check_rows),
    .run = check_command,
};

static const struct option_row explain_rows[] = {
    {.name = "config",
     .letter = 'c',
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, config),
     .help = "configuration (default " CHECK_FILE_DEFAULT ")"},
    {.name = "route",
     .argument = "NAME",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, route),
     .help = "judge by this route; may be left out where only one asks for tokens"},
    {.name = "policy",
     .argument = "FILE.xml",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, policy),
     .help = "judge by this policy, without a configuration"},
    {.name = "jwks",
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, jwks),
     .help = "a JWK Set in place of all key sets; nothing is fetched then"},
    {.name = "issuer",
     .argument = "ISS",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, issuer),
     .help = "whose keys --jwks holds; else assumed from the configured URL"},
    {.name = "url",
     .argument = "URL",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, url),
     .help = "the request's URL, for expressions of the policy; else made of the route"},
    {.name = "at",
     .argument = "TIME",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, at),
     .help = "judge as at this time, in RFC 3339 or in seconds since 1970 (default: now)"},
    {.name = "json",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct explain_options, is_json),
     .help = "one JSON object"},
    {.name = "token-file",
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct explain_options, token_file),
     .help = "the token is in this file"},
};

static const struct command explain = {
    .name = "explain",
    .summary = "judge one token, and tell every check and what to do about those that fail",
    .synopsis = "[-c FILE --route NAME | --policy FILE.xml] [--jwks FILE [--issuer ISS]]\n"
                "       [--url URL] [--at TIME] [--json] [--token-file F | TOKEN | -]",
    .description =
        "The token is read from standard input unless it is given; `Bearer ` and blanks around it are taken\n"
        "off.  An argument can be seen by other users of the machine: prefer standard input or a file.\n"
        "Keys are fetched from the providers of the policy, unless --jwks gives them.  The token itself is\n"
        "never shown; its header and claims are.  Ends with 0 when it is valid, 1 when it is refused, 2 when\n"
        "it could not be judged.",
    .examples = "  curl -s ... | jq -r .access_token | jwtgate explain -c gateway.yaml --route orders\n"
                "  jwtgate explain --policy orders.xml --jwks keys.json --at 2026-01-31T08:00:00Z < token\n"
                "  jwtgate explain -c gateway.yaml --route orders --json --token-file token | jq .reason\n",
    .options = explain_rows,
    .count = COUNT_OF(explain_rows),
    .operands_max = SIZE_MAX, /* one too many is told by us: a token must not be shown as an unexpected argument */
    .run = explain_command,
};

static const struct command test = {
    .name = "test",
    .summary = "judge tables of tokens and claims, and compare with the verdicts they expect",
    .synopsis = "[-c FILE] CASES.yaml...",
    .description =
        "A table is a YAML file: a list `cases` of maps with name, route, one of token, token_file and claims,\n"
        "expect (pass or refuse), and perhaps reason, status, at, url, jwks and issuer; `defaults` holds what all\n"
        "share.  claims are judged as if a key of the provider had signed them.  Keys come from jwks, a file\n"
        "beside the table, else they are fetched.  Standard output gets TAP 14.  Ends with 0 when every case\n"
        "holds, 1 when some do not, 2 when they could not be judged.",
    .examples = "  jwtgate test -c gateway.yaml tests/orders.yaml\n"
                "  jwtgate test -c conf/calculator.yaml conf/tests/calculator.yaml\n"
                "\n"
                "  # tests/orders.yaml\n"
                "  defaults: { route: orders, at: 2026-01-31T08:00:00Z, issuer: \"https://idp.example.com\" }\n"
                "  cases:\n"
                "    - name: a reader may come in\n"
                "      claims: { iss: \"https://idp.example.com\", aud: orders, exp: 1769847000, roles: [reader] }\n"
                "      expect: pass\n"
                "    - name: no token, no entry\n"
                "      token: \"\"\n"
                "      expect: refuse\n"
                "      reason: TokenNotPresent\n",
    .options = file_rows,
    .count = COUNT_OF(file_rows),
    .operands_max = CASES_FILES_MAX,
    .run = test_command,
};

static const struct option_row health_rows[] = {
    {.name = "config",
     .letter = 'c',
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct health_options, config),
     .help = "configuration (default " CHECK_FILE_DEFAULT ")"},
    {.name = "url",
     .argument = "URL",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct health_options, url),
     .help = "ask this address, http only, without reading a configuration"},
    {.name = "ready",
     .kind = OPTION_FLAG,
     .offset = offsetof(struct health_options, is_readiness),
     .help = "ask for /readyz in place of /livez: whether the keys are there, too"},
};

static const struct command health = {
    .name = "health",
    .summary = "ask a running gateway how it is",
    .synopsis = "[-c FILE | --url URL] [--ready]",
    .description =
        "For health checks of containers that have no curl.  Asks the address of admin.health, else that of\n"
        "admin, for /livez.  Ends with 0 when the answer is 200, else with 1 and tells why.",
    .examples = "  jwtgate health\n"
                "  jwtgate health --ready -c conf/calculator.yaml\n"
                "  jwtgate health --url http://127.0.0.1:9180/livez\n",
    .options = health_rows,
    .count = COUNT_OF(health_rows),
    .run = health_command,
};

static const struct command *const commands[] = {&serve, &check, &explain, &test, &health};
static const struct program program = {
    .name = "jwtgate",
    .about = "A reverse proxy that lets a request through only when its bearer token is right.",
    .commands = commands,
    .count = COUNT_OF(commands),
};

static int serve_command(const struct command *command, int argc, char **argv)
{
    struct file_options options = {.file = CHECK_FILE_DEFAULT};
    struct operands operands;
    int status;
    if (!options_read(&program, command, argc, argv, &options, &operands, &status))
        return status;
    const struct serve_options what = {.file = options.file};
    return serve_run(&what);
}

static int check_command(const struct command *command, int argc, char **argv)
{
    struct check_options options = {.file = CHECK_FILE_DEFAULT};
    struct operands operands;
    int status;
    if (!options_read(&program, command, argc, argv, &options, &operands, &status))
        return status;
    return check_run(options.file, options.is_online);
}

static int explain_command(const struct command *command, int argc, char **argv)
{
    struct explain_options options = {.config = NULL};
    struct operands operands;
    int status;
    if (!options_read(&program, command, argc, argv, &options, &operands, &status))
        return status;
    const char *token = operands.count == 0 ? NULL : operands.at[0];
    const char *wrong = operands.count > 1 ? "one token at a time" : explain_wrong(&options, token);
    if (wrong != NULL)
        return options_wrong(&program, command, "%s", wrong);
    return explain_run(&options, token);
}

static int test_command(const struct command *command, int argc, char **argv)
{
    struct file_options options = {.file = CHECK_FILE_DEFAULT};
    struct operands operands;
    int status;
    if (!options_read(&program, command, argc, argv, &options, &operands, &status))
        return status;
    if (operands.count == 0)
        return options_wrong(&program, command, "at least one table of cases is needed: CASES.yaml");
    const struct cases_options what = {.config = options.file, .files = operands.at, .count = operands.count};
    return cases_run(&what);
}

static int health_command(const struct command *command, int argc, char **argv)
{
    struct health_options options = {.config = NULL};
    struct operands operands;
    int status;
    if (!options_read(&program, command, argc, argv, &options, &operands, &status))
        return status;
    if (options.config != NULL && options.url != NULL)
        return options_wrong(&program, command, "either a configuration or --url");
    if (options.config == NULL)
        options.config = CHECK_FILE_DEFAULT;
    return health_run(&options);
}

int main(int argc, char **argv)
{
    return options_dispatch(&program, argc, argv);
}
