/* SPDX-License-Identifier: Apache-2.0 */
/* Where the log goes, read when the configuration is: a word that is misspelled and a directory that is not there are told with
 * their place.  Nothing is opened, so that `check` leaves no files behind.
 */
#include "site_int.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { SOCKET_PATH_MAX = sizeof((struct sockaddr_un *)0)->sun_path };

static const char *resolve(struct site_build *build, const struct node *at, struct span path, size_t bytes_max)
{
    const char *whole = path.len == 0 ? NULL : node_resolve_path(&build->site->arena, build->file, path);
    bool is_short = whole != NULL && strlen(whole) < bytes_max;
    if (!is_short)
        problem_error(build->problems, at, "a path has 1 to %zu bytes", bytes_max - 1);
    return is_short ? whole : NULL;
}

/* Whether a file can be there: the directory above it is one, and it is none itself. */
static bool check_file(struct site_build *build, const struct node *at, const char *path)
{
    struct stat found;
    const char *name = strrchr(path, '/');
    size_t len = name == NULL ? 0 : (size_t)(name - path);
    const char *above = len == 0 ? "/" : arena_printf(&build->site->arena, "%.*s", (int)len, path);
    if (above == NULL)
        return false;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return problem_error(build->problems, at, "\"%s\" is a directory; the log is a file", path);
    if (stat(above, &found) != 0)
        return problem_error(build->problems, at, "no log can be kept in \"%s\": %s", above, strerror(errno));
    return S_ISDIR(found.st_mode) ||
           problem_error(build->problems, at, "no log can be kept in \"%s\": it is no directory", above);
}

static bool read_file_place(struct site_build *build, const struct node *at, struct span text, struct log_place *place)
{
    place->kind = LOG_PLACE_FILE;
    if (span_chr(text, '/') == NULL)
        return problem_error(build->problems, at,
                             "\"%s\" is no place for a log; stderr, syslog, or a path with a \"/\", such as ./%s",
                             QUOTED(text), QUOTED(text));
    place->path = resolve(build, at, text, PATH_MAX);
    return place->path != NULL && check_file(build, at, place->path);
}

static bool read_place(struct site_build *build, const char *key, struct span text, struct log_place *place)
{
    const struct node *at = site_place(site_place(build->site->settings.node, "log"), key);
    struct span syslog = SPAN("syslog:");
    if (!site_has(text))
        return true;
    if (span_eq(text, SPAN("stderr"))) {
        place->kind = LOG_PLACE_STANDARD;
        return true;
    }
    if (!span_eq(text, SPAN("syslog")) && !span_starts(text, syslog))
        return read_file_place(build, at, text, place);
    *place = (struct log_place){LOG_PLACE_SYSLOG, "/dev/log"};
    if (text.len >= syslog.len)
        place->path = resolve(build, at, span_from(text, syslog.len), SOCKET_PATH_MAX);
    return place->path != NULL;
}

bool site_build_log(struct site_build *build)
{
    const struct log_settings *log = &build->site->settings.log;
    struct log_place *places = build->site->log_places;
    places[LOG_STREAM_EVENTS].kind = LOG_PLACE_STANDARD;
    bool is_ok = read_place(build, "to", log->to, &places[LOG_STREAM_EVENTS]);
    is_ok = read_place(build, "access_to", log->access_to, &places[LOG_STREAM_ACCESS]) && is_ok;
    return read_place(build, "audit_to", log->audit_to, &places[LOG_STREAM_AUDIT]) && is_ok;
}
