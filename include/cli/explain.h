/* SPDX-License-Identifier: Apache-2.0 */
/* `jwtgate explain`: one token judged in all detail, by a route's policy or by a policy file. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/options.h"

/* The command line; what was not given is NULL. */
struct explain_options {
    const char *config, *route; /* by a route of a configuration */
    const char *policy;         /* or by an XML policy alone */
    const char *jwks, *issuer;  /* key set in place of those of the providers; the issuer that it stands for */
    const char *url;            /* of the request, for expressions */
    const char *at;             /* time of the judgement */
    const char *token_file;
    bool is_json;
};

enum { EXPLAIN_VALID_STATUS = 0, EXPLAIN_REFUSED_STATUS = 1, EXPLAIN_TROUBLE_STATUS = 2 };

/* Runs it; `token` is the operand: NULL or "-" for standard input.  Output goes to standard output, what went wrong to standard
 * error.  Returns the exit status.
 */
int explain_run(const struct explain_options *options, const char *token);

/* What does not go together on the command line, in words; NULL: all is well. */
const char *explain_wrong(const struct explain_options *options, const char *token);

#endif
