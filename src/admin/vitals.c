/* SPDX-License-Identifier: Apache-2.0 */
/* The process's own figures, under the names that every exporter gives them. */
#include "admin/vitals.h"

#include "base/log_sink.h"
#include "oidc/issuer.h"
#include "proxy/figures.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_US = 1000000, NANOSECONDS_US = 1000, STARTTIME_FIELD = 22 };

static void set(struct gateway *gateway, enum figure figure, int64_t value)
{
    metric_set(metric_series(gateway->metrics, figure, NULL, 0), value);
}

static int64_t timeval_us(struct timeval time)
{
    return (int64_t)time.tv_sec * SECOND_US + time.tv_usec;
}

static void show_usage(struct gateway *gateway)
{
    struct rusage usage;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        set(gateway, FIGURE_PROCESS_CPU, timeval_us(usage.ru_utime) + timeval_us(usage.ru_stime));
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        set(gateway, FIGURE_PROCESS_FILES_MAX, (int64_t)limit.rlim_cur);
}

static void show_memory(struct gateway *gateway)
{
    int64_t pages = 0;
    int64_t resident = 0;
    int64_t page_bytes = sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%" SCNd64 " %" SCNd64, &pages, &resident) == 2) {
        set(gateway, FIGURE_PROCESS_VIRTUAL, pages * page_bytes);
        set(gateway, FIGURE_PROCESS_MEMORY, resident * page_bytes);
    }
    fclose(file);
}

/* All but the one that is open for the look. */
static void show_files(struct gateway *gateway)
{
    int64_t count = -1;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    set(gateway, FIGURE_PROCESS_FILES, count);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec time;
    return clock_gettime(clock, &time) == 0 ? (int64_t)time.tv_sec * SECOND_US + time.tv_nsec / NANOSECONDS_US : 0;
}

/* Behind the name, which may hold blanks and brackets, the fields are numbers but for the first. */
static int64_t started_ticks(const char *stat)
{
    const char *at = strrchr(stat, ')');
    for (int field = 2; at != NULL && field < STARTTIME_FIELD; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? -1 : strtoll(at, NULL, 10);
}

static void show_start(struct gateway *gateway)
{
    char stat[1024];
    struct metric_series *series = metric_series(gateway->metrics, FIGURE_PROCESS_START, NULL, 0);
    if (metric_value(series) != 0)
        return; /* clocks are set now and then; the start was when it was */
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return;
    size_t count = fread(stat, 1, sizeof stat - 1, file);
    fclose(file);
    stat[count] = '\0';
    int64_t ticks = started_ticks(stat);
    int64_t age_us = clock_us(CLOCK_BOOTTIME) - ticks * SECOND_US / sysconf(_SC_CLK_TCK);
    if (ticks >= 0)
        metric_set(series, clock_us(CLOCK_REALTIME) - age_us);
}

bool vitals_has_keys(struct gateway *gateway)
{
    bool has_keys = true;
    struct site *site = snapshot_take(&gateway->site);
    for (size_t i = 0; site != NULL && i < site->rule_count; i++) {
        const struct site_rule *rule = &site->rules[i];
        for (size_t j = 0; j < rule->rule->provider_count; j++) {
            struct issuer_state state;
            issuer_describe(rule->issuers[j], &state);
            has_keys = has_keys && state.has_keys;
        }
    }
    has_keys = has_keys && site != NULL;
    site_release(site);
    return has_keys;
}

void vitals_show(struct gateway *gateway, bool is_draining)
{
    const struct span version = SPAN_INIT(JWTGATE_VERSION);
    metric_set(metric_series(gateway->metrics, FIGURE_BUILD, &version, 1), 1);
    set(gateway, FIGURE_READY, !is_draining && vitals_has_keys(gateway));
    set(gateway, FIGURE_LOG_LOST, (int64_t)log_lines_lost());
    show_usage(gateway);
    show_memory(gateway);
    show_files(gateway);
    show_start(gateway);
    set(gateway, FIGURE_SERIES, (int64_t)metrics_series(gateway->metrics));
}
