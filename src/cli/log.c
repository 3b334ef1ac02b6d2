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

static bool is_same_place(const struct log_place *a, const struct log_place *b)
{
    bool has_path = a->path != NULL && b->path != NULL;
    return a->kind == b->kind && (has_path ? strcmp(a->path, b->path) == 0 : a->path == b->path);
}

void run_tell_log_move(struct run *run, const struct site *site)
{
    struct site *old = snapshot_take(&run->gateway.site);
    const struct log_place *place = &site->log_places[LOG_STREAM_EVENTS];
    if (old != NULL && !is_same_place(&old->log_places[LOG_STREAM_EVENTS], place))
        LOG_EVENT(LOG_NOTICE, "reloaded", LOG_STR("file", run->options->file),
                  LOG_STR("log", place->kind == LOG_PLACE_STANDARD ? "stderr" : place->path));
    site_release(old);
}

void run_reopen_log(void)
{
    if (log_sinks_reopen())
        LOG_EVENT(LOG_INFO, "log-reopened", LOG_NUM("lost", log_lines_lost()));
}
