/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of jwtgate-dev. */
#ifndef DEV_COMMANDS_H
#define DEV_COMMANDS_H

#include "base/err.h"
#include "cli/options.h"
#include "jose/alg.h"

/* The program with all its commands, and each command. */
extern const struct program commands_program;
extern const struct command commands_demo, commands_issuer, commands_calculator, commands_odata, commands_keygen,
    commands_mint;

/* The algorithm named on a command line; ALG_UNKNOWN with an err (reason USAGE) that lists all. */
enum alg commands_read_alg(const char *name, struct err *err);

/* Tells why a command failed on standard error; returns the exit status: 2 for reason USAGE, else 1. */
int commands_failed(const struct command *command, const struct err *err);

#endif
