/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway as a whole: configuration in, workers running, signals obeyed, until drained. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "base/span.h"

struct serve_options {
    const char *file;   /* configuration; also the name that messages and relative paths use */
    struct span text;   /* the configuration itself instead of the file's bytes; at NULL: read the file */
    bool is_ready_told; /* by `ready`: the log gets no `event=ready` */
    /* Called on the main thread when all listeners serve and `event=ready` was written; `addresses` are IP:PORT of `count` listeners, in order;
     * behind them stands the admin listener's, at NULL where there is none.  May be NULL.  Returning false drains and ends.
     */
    bool (*ready)(void *context, const struct span *addresses, size_t count);
    void *context;
};

/* Runs the gateway on the calling thread, which must be the main one: SIGTERM and SIGINT drain, a second one ends by that signal,
 * SIGHUP reloads.  Returns the exit status: 0 after a drain, 1 for a bad configuration or a failed bind (told on standard error).
 */
int serve_run(const struct serve_options *options);

#endif
