/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a run: where it goes, and when its files are opened. */
#include "run_int.h"

void run_set_log(const struct site *site)
{
    const struct log_settings *log = &site->settings.log;
    log_set(2, (enum log_level)log->level, (enum log_format)log->format);
}

bool run_open_log(const struct site *site, struct err *err)
{
    struct log_sinks *sinks = log_sinks_open(site->log_places, err);
    if (sinks == NULL)
        return false;
    log_sinks_use(sinks);
    return true;
}

void run_reopen_log(void)
{
    if (log_sinks_reopen())
        LOG_EVENT(LOG_INFO, "log-reopened", LOG_NUM("lost", log_lines_lost()));
}
