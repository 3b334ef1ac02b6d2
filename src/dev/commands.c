/* SPDX-License-Identifier: Apache-2.0 */
/* The list of commands, and what they share. */
#include "dev/commands.h"

#include "base/schema.h"

#include <stdio.h>

static const struct command *const commands[] = {&commands_demo,  &commands_issuer, &commands_calculator,
                                                 &commands_odata, &commands_keygen, &commands_mint};

const struct program commands_program = {
    .name = "jwtgate-dev",
    .about = "Keys, tokens, an OpenID provider, the Basic Calculator API and an OData service, for demos and tests of "
             "jwtgate.\n"
             "Not for production: keys are made fresh, secrets are known to all.",
    .commands = commands,
    .count = COUNT_OF(commands),
};

enum alg commands_read_alg(const char *name, struct err *err)
{
    const char *names[ALG_COUNT];
    size_t count = 0;
    AUTO(buf) list = {0};
    enum alg alg = alg_by_name(span_str(name));
    if (alg != ALG_UNKNOWN)
        return alg;
    for (enum alg each = ALG_HS256; each < ALG_COUNT; each++) {
        names[count++] = alg_info(each)->name;
        buf_printf(&list, "%s%s", count > 1 ? " " : "", alg_info(each)->name);
    }
    const char *nearest = schema_nearest(span_str(name), names, count);
    fail(err, REASON_USAGE, "unknown algorithm \"%s\"%s%s; known are %.*s", QUOTED(span_str(name)),
         nearest == NULL ? "" : ", did you mean ", nearest == NULL ? "" : nearest, SPAN_ARG(buf_span(&list)));
    return ALG_UNKNOWN;
}

int commands_failed(const struct command *command, const struct err *err)
{
    if (err->reason == REASON_USAGE)
        return options_wrong(&commands_program, command, "%s", err->text);
    fprintf(stderr, "%s %s: %s\n", commands_program.name, command->name, err->text);
    return 1;
}
