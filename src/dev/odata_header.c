/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and parameters of fields, without their rarer forms: quoted strings hold no separators here. */
#include "dev/odata_header.h"

struct span odata_header(const struct head *head, const char *name)
{
    const struct field *field = head_find(head, span_str(name), NULL);
    return field == NULL ? (struct span){NULL, 0} : field->value;
}

static struct span unquote(struct span text)
{
    bool is_quoted = text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"';
    return is_quoted ? span_of(text.at + 1, text.len - 2) : text;
}

/* Takes `name=value` apart; the value is empty where there is none. */
static void split_pair(struct span pair, struct span *name, struct span *value)
{
    const char *equals = span_chr(pair, '=');
    *name = span_trim(equals == NULL ? pair : span_cut(pair, (size_t)(equals - pair.at)));
    *value = equals == NULL ? SPAN("") : unquote(span_trim(span_from(pair, (size_t)(equals - pair.at) + 1)));
}

struct span odata_header_parameter(struct span parameters, const char *name)
{
    struct span pair, found, value;
    while (span_split(&parameters, ';', &pair)) {
        split_pair(pair, &found, &value);
        if (span_eq_nocase(found, span_str(name)))
            return value;
    }
    return (struct span){NULL, 0};
}

bool odata_header_prefers(const struct head *head, const char *name, struct span *value)
{
    const struct field *field = NULL;
    while ((field = head_find(head, SPAN("Prefer"), field)) != NULL) {
        struct span rest = field->value, item, pair, found;
        while (span_split(&rest, ',', &item)) {
            if (!span_split(&item, ';', &pair))
                continue;
            split_pair(pair, &found, value);
            if (span_eq_nocase(found, span_str(name)))
                return true;
        }
    }
    return false;
}

/* Whether `range` covers `type`: itself, `application/` and a star, or two stars. */
static bool covers(struct span range, struct span type)
{
    const char *slash = span_chr(type, '/');
    struct span main_type = span_cut(type, (size_t)(slash - type.at) + 1);
    bool is_star = range.len == main_type.len + 1 && range.at[range.len - 1] == '*';
    return span_eq_nocase(range, type) || span_eq(range, SPAN("*/*")) ||
           (is_star && span_eq_nocase(span_cut(range, main_type.len), main_type));
}

static bool is_refused(struct span parameters)
{
    struct span weight = odata_header_parameter(parameters, "q");
    for (size_t i = 0; i < weight.len; i++)
        if (weight.at[i] != '0' && weight.at[i] != '.')
            return false;
    return weight.len > 0;
}

bool odata_header_accepts(const struct head *head, const char *type, struct span *parameters)
{
    const struct field *field = head_find(head, SPAN("Accept"), NULL);
    bool is_accepted = field == NULL;
    *parameters = SPAN("");
    for (; field != NULL; field = head_find(head, SPAN("Accept"), field)) {
        struct span rest = field->value, item, range;
        while (span_split(&rest, ',', &item)) {
            if (!span_split(&item, ';', &range))
                continue;
            range = span_trim(range);
            if (!covers(range, span_str(type)) || is_refused(item))
                continue;
            is_accepted = true;
            if (parameters->len == 0 && span_eq_nocase(range, span_str(type)))
                *parameters = item;
        }
    }
    return is_accepted;
}

bool odata_header_is_type(struct span content_type, const char *type)
{
    struct span found;
    return span_split(&content_type, ';', &found) && span_eq_nocase(span_trim(found), span_str(type));
}

static struct span opaque(struct span tag)
{
    return span_starts(tag, SPAN("W/")) ? span_from(tag, 2) : tag;
}

bool odata_header_matches(struct span if_match, struct span etag)
{
    struct span tag;
    while (span_split(&if_match, ',', &tag)) {
        tag = span_trim(tag);
        if (span_eq(tag, SPAN("*")) || span_eq(opaque(tag), opaque(etag)))
            return true;
    }
    return false;
}

struct span odata_header_cookie(const struct head *head, const char *name)
{
    const struct field *field = NULL;
    while ((field = head_find(head, SPAN("Cookie"), field)) != NULL) {
        struct span value = odata_header_parameter(field->value, name);
        if (value.at != NULL)
            return value;
    }
    return (struct span){NULL, 0};
}
