/* SPDX-License-Identifier: Apache-2.0 */
/* One row an option: where it may stand, and who reads it. */
#include "dev/odata_query.h"

#include "dev/odata_text.h"

enum { SET = 1, COUNT = 2, ENTITY = 4, DOCUMENT = 8, ANYWHERE = 15 };

struct reading {
    struct odata_query *query;
    struct arena *arena;
    const struct odata_set *set;
    struct odata_failure *failure;
    const char *option;
};

static bool refuse(const struct reading *r, struct span found)
{
    return odata_fail(r->failure, ODATA_BAD_REQUEST, "%s cannot be \"%s\"", r->option, QUOTED(found));
}

static bool read_filter(struct reading *r, struct span value)
{
    r->query->filter = odata_filter_read(r->arena, r->set, value, r->failure);
    return r->query->filter != NULL;
}

static bool find_property(const struct reading *r, struct span name, size_t *property)
{
    *property = odata_model_property(r->set, name);
    return *property != ODATA_NO_PROPERTY || odata_fail(r->failure, ODATA_BAD_REQUEST, "%s: %s has no property \"%s\"",
                                                        r->option, r->set->type, QUOTED(name));
}

static bool read_select(struct reading *r, struct span value)
{
    struct span name;
    size_t property;
    r->query->has_select = true;
    while (span_split(&value, ',', &name)) {
        name = span_trim(name);
        bool is_media = r->set->media != NULL && span_eq(name, span_str(r->set->media));
        bool is_all = span_eq(name, SPAN("*"));
        r->query->selects_media = r->query->selects_media || is_media || is_all;
        if (is_media)
            continue;
        if (!is_all && !find_property(r, name, &property))
            return false;
        for (size_t i = is_all ? 0 : property; i < (is_all ? r->set->count : property + 1); i++)
            r->query->selects[i] = true;
    }
    return true;
}

/* `Name`, `Name asc`, `Name desc` */
static bool read_order_item(struct reading *r, struct span item)
{
    size_t at = r->query->order_count;
    item = span_trim(item);
    struct span rest = item;
    struct span name = odata_text_take_name(&rest);
    struct span way = span_trim(rest);
    bool is_descending = span_eq(way, SPAN("desc"));
    bool is_blank = rest.len == 0 || rest.at[0] == ' ' || rest.at[0] == '\t';
    if (name.len > 0 && !is_blank)
        return odata_fail(r->failure, ODATA_NOT_IMPLEMENTED, "$orderby takes names of properties, asc and desc only");
    if ((way.len > 0 && !is_descending && !span_eq(way, SPAN("asc"))) || at == ODATA_ORDER_MAX)
        return refuse(r, item);
    r->query->order[at].is_descending = is_descending;
    r->query->order_count++;
    return find_property(r, name, &r->query->order[at].property);
}

static bool read_order(struct reading *r, struct span value)
{
    struct span item;
    if (value.len == 0)
        return refuse(r, value);
    while (span_split(&value, ',', &item))
        if (!read_order_item(r, item))
            return false;
    return true;
}

static bool read_top(struct reading *r, struct span value)
{
    r->query->has_top = true;
    return span_u64(value, INT32_MAX, &r->query->top) || refuse(r, value);
}

static bool read_skip(struct reading *r, struct span value)
{
    return span_u64(value, INT32_MAX, &r->query->skip) || refuse(r, value);
}

static bool read_count(struct reading *r, struct span value)
{
    r->query->has_count = span_eq(value, SPAN("true"));
    return r->query->has_count || span_eq(value, SPAN("false")) || refuse(r, value);
}

static bool read_format(struct reading *r, struct span value)
{
    struct span type = SPAN("application/json");
    bool is_json = span_eq(value, SPAN("json")) ||
                   (span_starts(value, type) && (value.len == type.len || value.at[type.len] == ';'));
    r->query->format = value;
    return is_json || odata_fail(r->failure, ODATA_NOT_ACCEPTABLE, "$format: answers are JSON only");
}

static bool read_token(struct reading *r, struct span value)
{
    struct span rest = value, page_at;
    bool is_split = span_split(&rest, '-', &page_at);
    bool is_read = is_split && span_u64(page_at, INT32_MAX, &r->query->page_at) &&
                   span_u64(rest, INT32_MAX, &r->query->page_size) && r->query->page_size > 0;
    return is_read || refuse(r, value);
}

static const struct option {
    const char *name;
    unsigned places;
    bool (*read)(struct reading *r, struct span value); /* NULL: OData has it, we do not */
} options[] = {
    {"$filter", SET | COUNT, read_filter},
    {"$select", SET | ENTITY, read_select},
    {"$orderby", SET, read_order},
    {"$top", SET, read_top},
    {"$skip", SET, read_skip},
    {"$count", SET, read_count},
    {"$skiptoken", SET, read_token},
    {"$format", ANYWHERE, read_format},
    {"$expand", ANYWHERE, NULL},
    {"$search", ANYWHERE, NULL},
    {"$apply", ANYWHERE, NULL},
    {"$compute", ANYWHERE, NULL},
    {"$levels", ANYWHERE, NULL},
    {"$deltatoken", ANYWHERE, NULL},
};

static unsigned place_of(enum odata_place place)
{
    static const unsigned places[] = {
        [ODATA_AT_SERVICE] = DOCUMENT,  [ODATA_AT_METADATA] = DOCUMENT, [ODATA_AT_BATCH] = DOCUMENT,
        [ODATA_AT_SET] = SET,           [ODATA_AT_SET_COUNT] = COUNT,   [ODATA_AT_ENTITY] = ENTITY,
        [ODATA_AT_PROPERTY] = DOCUMENT, [ODATA_AT_VALUE] = DOCUMENT,    [ODATA_AT_MEDIA] = DOCUMENT,
        [ODATA_AT_LINES] = SET,         [ODATA_AT_LINES_COUNT] = COUNT, [ODATA_AT_ACTION] = ENTITY,
    };
    _Static_assert(COUNT_OF(places) == ODATA_PLACE_COUNT, "one row a place");
    return places[place];
}

static bool read_option(struct reading *r, struct span name, struct span value, unsigned place, unsigned *seen)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (!span_eq(name, span_str(options[i].name)))
            continue;
        r->option = options[i].name;
        if (options[i].read == NULL)
            return odata_fail(r->failure, ODATA_NOT_IMPLEMENTED, "%s is not implemented", options[i].name);
        if ((options[i].places & place) == 0)
            return odata_fail(r->failure, ODATA_BAD_REQUEST, "%s cannot stand here", options[i].name);
        if ((*seen & (1U << i)) != 0)
            return odata_fail(r->failure, ODATA_BAD_REQUEST, "%s stands there twice", options[i].name);
        *seen |= 1U << i;
        return options[i].read(r, value);
    }
    if (name.at[0] == '@')
        return odata_fail(r->failure, ODATA_NOT_IMPLEMENTED, "parameter aliases are not implemented");
    return odata_fail(r->failure, ODATA_BAD_REQUEST, "OData has no option \"%s\"", QUOTED(name));
}

/* Only options of OData and aliases are ours to judge. */
static bool is_ours(struct span name)
{
    return name.len > 0 && (name.at[0] == '$' || name.at[0] == '@');
}

static void split_pair(struct span pair, struct span *name, struct span *value)
{
    const char *equals = span_chr(pair, '=');
    *name = equals == NULL ? pair : span_cut(pair, (size_t)(equals - pair.at));
    *value = equals == NULL ? SPAN("") : span_from(pair, name->len + 1);
}

bool odata_query_read(struct odata_query *query, struct arena *arena, const struct odata_path *path, struct span raw,
                      struct odata_failure *failure)
{
    bool is_lines = path->place == ODATA_AT_LINES || path->place == ODATA_AT_LINES_COUNT;
    struct reading r = {.query = query, .arena = arena, .failure = failure};
    struct span rest = span_from(raw, 1), pair;
    unsigned seen = 0;
    *query = (struct odata_query){0};
    r.set = is_lines ? path->set->lines_set : path->set;
    while (rest.len > 0 && span_split(&rest, '&', &pair)) {
        struct span raw_name, raw_value, name, value;
        split_pair(pair, &raw_name, &raw_value);
        if (!odata_text_decode(arena, raw_name, &name, failure))
            return false;
        if (is_ours(name) && (!odata_text_decode(arena, raw_value, &value, failure) ||
                              !read_option(&r, name, value, place_of(path->place), &seen)))
            return false;
    }
    return true;
}

void odata_query_put_next(struct buf *out, struct span raw, uint64_t page_at, uint64_t page_size)
{
    struct span rest = span_from(raw, 1), pair;
    buf_add_char(out, '?');
    while (rest.len > 0 && span_split(&rest, '&', &pair)) {
        struct span name, value;
        split_pair(pair, &name, &value);
        if (span_eq(name, SPAN("$skiptoken")) || span_eq_nocase(name, SPAN("%24skiptoken")))
            continue;
        buf_add_span(out, pair);
        buf_add_char(out, '&');
    }
    buf_printf(out, "$skiptoken=%llu-%llu", (unsigned long long)page_at, (unsigned long long)page_size);
}
