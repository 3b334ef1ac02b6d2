/* SPDX-License-Identifier: Apache-2.0 */
/* Where log lines go: standard error, files, the system's log.
 *
 * Destinations are opened first, all or none, and then taken into use.  Writing never fails for the caller: what a destination
 * does not take is lost and counted, and told on standard error once a minute at most.  Opening, using and reopening are for
 * one thread, the one that reloads; the others may write meanwhile.
 */
#ifndef BASE_LOG_SINK_H
#define BASE_LOG_SINK_H

#include "base/err.h"
#include "base/log.h"

enum log_place_kind {
    LOG_PLACE_SHARED,   /* where events go; not for LOG_STREAM_EVENTS */
    LOG_PLACE_STANDARD, /* the descriptor of log_set() */
    LOG_PLACE_FILE,
    LOG_PLACE_SYSLOG
};

struct log_place {
    enum log_place_kind kind;
    const char *path; /* of the file, or of the socket of the system's log */
};

/* Opens what each stream needs.  A file is made with mode 0640 less the umask, and appended to; one that is in use already and cannot be opened
 * again stays as it is open now, and that is logged.  Nobody needs to listen on the socket of a system's log yet.  NULL: a
 * file cannot be opened, or there is no memory.
 */
struct log_sinks;
struct log_sinks *log_sinks_open(const struct log_place places[LOG_STREAM_COUNT], struct err *err) MUST_CHECK;

/* Lines go there from now on; takes `sinks` over and closes what was used before.  NULL: standard error for all. */
void log_sinks_use(struct log_sinks *sinks);

/* Closes what is not in use; NULL is let through. */
void log_sinks_free(struct log_sinks *sinks);

/* Opens the files in use again under their names, for those who renamed them; one that cannot be opened stays as it is, which
 * is logged.  No line is lost meanwhile.  Whether all could.
 */
bool log_sinks_reopen(void);

/* Until `false` is given, events are written to standard error too where they go elsewhere: who starts the program waits there. */
void log_echo(bool is_on);

/* Lines that no destination took, since the start. */
uint64_t log_lines_lost(void);

#endif
