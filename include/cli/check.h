/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration read for commands: problems told as FILE:LINE:COL. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "proxy/site.h"

/* The default configuration file. */
#define CHECK_FILE_DEFAULT "/etc/jwtgate/gateway.yaml"

/* Reads `file` into a site, `text` (at not NULL) standing for its bytes.  Problems are added. */
struct site *check_read(const char *file, struct span text, struct problems *problems) MUST_CHECK;

/* Writes every problem to standard error, in the order of their places: `FILE:LINE:COL: error: ...`. */
void check_print(const struct problems *problems);

/* Whether all that was printed to standard output has arrived; else told on standard error, `command` naming who could not. */
bool check_flush(const char *command);

/* The command `check`: returns the exit status.  Online, every provider is asked as well, and told on standard output. */
int check_run(const char *file, bool is_online);

#endif
