/* SPDX-License-Identifier: Apache-2.0 */
/* Segments first, then what each means behind the one before it. */
#include "dev/odata_path.h"

#include "dev/odata_text.h"

enum { SEGMENTS_MAX = 3 };

struct segments {
    struct span at[SEGMENTS_MAX]; /* decoded */
    size_t count;
};

static bool not_found(struct odata_failure *failure, struct span what)
{
    return odata_fail(failure, ODATA_NOT_FOUND, "nothing is named \"%s\" here", QUOTED(what));
}

static bool split(struct segments *segments, struct arena *arena, struct span raw, struct odata_failure *failure)
{
    struct span rest = raw, segment;
    while (span_split(&rest, '/', &segment)) {
        if (segment.len == 0 || segments->count == SEGMENTS_MAX)
            return not_found(failure, raw);
        if (!odata_text_decode(arena, segment, &segments->at[segments->count++], failure))
            return false;
    }
    return true;
}

/* --- keys --- */

static bool take_char(struct span *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    *rest = span_from(*rest, 1);
    return true;
}

/* `Name=literal` */
static bool read_named(struct odata_path *path, struct arena *arena, struct span *rest, bool has_key[ODATA_KEYS_MAX],
                       struct odata_failure *failure)
{
    struct span name = odata_text_take_name(rest);
    size_t at = odata_model_property(path->set, name);
    if (at >= path->set->key_count || has_key[at] || !take_char(rest, '='))
        return odata_fail(failure, ODATA_BAD_REQUEST, "\"%s\" begins no further key of %s", QUOTED(name),
                          path->set->name);
    has_key[at] = true;
    return odata_literal_read(arena, rest, &path->key[at], failure);
}

static bool read_all_named(struct odata_path *path, struct arena *arena, struct span *rest,
                           struct odata_failure *failure)
{
    bool has_key[ODATA_KEYS_MAX] = {false};
    for (size_t i = 0; i < path->set->key_count; i++) {
        if (i > 0 && !take_char(rest, ','))
            return odata_fail(failure, ODATA_BAD_REQUEST, "expected %zu keys of %s", path->set->key_count,
                              path->set->name);
        if (!read_named(path, arena, rest, has_key, failure))
            return false;
    }
    return true;
}

/* A single key may stand without its name. */
static bool is_unnamed(const struct odata_path *path, struct span rest)
{
    struct span name = odata_text_take_name(&rest);
    return path->set->key_count == 1 && (name.len == 0 || rest.len == 0 || rest.at[0] != '=');
}

/* What stands behind the opening parenthesis, which must close at the end. */
static bool read_keys(struct odata_path *path, struct arena *arena, struct span rest, struct odata_failure *failure)
{
    bool is_read = is_unnamed(path, rest) ? odata_literal_read(arena, &rest, &path->key[0], failure)
                                          : read_all_named(path, arena, &rest, failure);
    if (!is_read)
        return false;
    if (!take_char(&rest, ')') || rest.len > 0)
        return odata_fail(failure, ODATA_BAD_REQUEST, "the key of %s does not end in `)`", path->set->name);
    for (size_t i = 0; i < path->set->key_count; i++)
        if (!odata_model_fits(&path->set->properties[i], &path->key[i], failure))
            return false;
    return true;
}

/* --- what is addressed --- */

static bool read_root(struct odata_path *path, const struct segments *segments, struct odata_failure *failure)
{
    struct span name = segments->at[0];
    bool is_metadata = span_eq(name, SPAN("$metadata"));
    if (segments->count > 1 || (!is_metadata && !span_eq(name, SPAN("$batch"))))
        return not_found(failure, name);
    path->place = is_metadata ? ODATA_AT_METADATA : ODATA_AT_BATCH;
    return true;
}

static bool ends_here(struct odata_path *path, const struct segments *segments, enum odata_place plain,
                      const char *tail, enum odata_place with_tail, struct odata_failure *failure)
{
    bool has_tail = segments->count == SEGMENTS_MAX;
    if (has_tail && (tail == NULL || !span_eq(segments->at[SEGMENTS_MAX - 1], span_str(tail))))
        return not_found(failure, segments->at[SEGMENTS_MAX - 1]);
    path->place = has_tail ? with_tail : plain;
    return true;
}

static bool is_named(struct span segment, const char *name)
{
    return name != NULL && span_eq(segment, span_str(name));
}

static bool is_action(struct span segment, const char *action)
{
    struct span space = SPAN(ODATA_NAMESPACE ".");
    return span_starts(segment, space) && is_named(span_from(segment, space.len), action);
}

/* What stands behind an entity. */
static bool read_member(struct odata_path *path, const struct segments *segments, struct odata_failure *failure)
{
    const struct odata_set *set = path->set;
    struct span name = segments->at[1];
    path->property = odata_model_property(set, name);
    if (path->property != ODATA_NO_PROPERTY)
        return ends_here(path, segments, ODATA_AT_PROPERTY, "$value", ODATA_AT_VALUE, failure);
    if (is_named(name, set->media))
        return ends_here(path, segments, ODATA_AT_MEDIA, NULL, ODATA_AT_MEDIA, failure);
    if (is_named(name, set->lines))
        return ends_here(path, segments, ODATA_AT_LINES, "$count", ODATA_AT_LINES_COUNT, failure);
    if (is_action(name, set->action))
        return ends_here(path, segments, ODATA_AT_ACTION, NULL, ODATA_AT_ACTION, failure);
    return not_found(failure, name);
}

static bool read_set(struct odata_path *path, struct arena *arena, const struct segments *segments,
                     struct odata_failure *failure)
{
    struct span rest = segments->at[0];
    struct span name = odata_text_take_name(&rest);
    path->set = odata_model_set(name);
    if (path->set == NULL)
        return not_found(failure, segments->at[0]);
    if (take_char(&rest, '(')) {
        path->place = ODATA_AT_ENTITY;
        return read_keys(path, arena, rest, failure) && (segments->count == 1 || read_member(path, segments, failure));
    }
    bool has_count = segments->count == 2 && span_eq(segments->at[1], SPAN("$count"));
    path->place = has_count ? ODATA_AT_SET_COUNT : ODATA_AT_SET;
    if (rest.len > 0 || (segments->count > 1 && !has_count))
        return not_found(failure, rest.len > 0 ? segments->at[0] : segments->at[1]);
    return true;
}

bool odata_path_read(struct odata_path *path, struct arena *arena, struct span raw, struct odata_failure *failure)
{
    struct segments segments = {.count = 0};
    *path = (struct odata_path){.place = ODATA_AT_SERVICE, .property = ODATA_NO_PROPERTY};
    if (raw.len == 0 || span_eq(raw, SPAN("/")))
        return true;
    if (raw.at[0] != '/')
        return not_found(failure, raw);
    if (!split(&segments, arena, span_from(raw, 1), failure))
        return false;
    return segments.at[0].at[0] == '$' ? read_root(path, &segments, failure)
                                       : read_set(path, arena, &segments, failure);
}
