/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema (draft 7, which editors know best): a definition for each section, so that nothing nests.
 *
 * It must never refuse what the program takes: values out of `${...}` and `{{...}}` are texts wherever they stand.
 */
#include "reference.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>

static void text_print(const char *text)
{
    AUTO(buf) escaped = {0};
    buf_add_json(&escaped, span_str(text));
    printf("\"%.*s\"", SPAN_ARG(buf_span(&escaped)));
}

/* A section's path without the brackets of lists, which do not stand in a fragment of a URL. */
static void name_print(const char *path)
{
    if (path[0] == '\0')
        printf("gateway");
    for (; *path != '\0'; path++)
        if (*path != '[' && *path != ']')
            putchar(*path);
}

static void reference_print(const char *name)
{
    printf("\"allOf\": [{ \"$ref\": \"#/definitions/");
    name_print(name);
    printf("\" }]");
}

static void items_print(const char *type, const char *member, const struct section *beneath)
{
    printf("\"type\": [\"%s\", \"null\"], \"%s\": { ", type, member);
    reference_print(beneath->path);
    printf(" }");
}

static void int_print(const struct schema_row *row)
{
    printf("\"anyOf\": [{ \"type\": \"integer\"");
    if (row->min != 0 || row->max != 0)
        printf(", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64, row->min, row->max);
    printf(" }%s, { \"$ref\": \"#/definitions/placeholder\" }]", row->none_is_zero ? ", { \"const\": \"none\" }" : "");
}

static bool is_number(const char *word)
{
    return word[0] >= '0' && word[0] <= '9';
}

static void words_print(const char *const *words)
{
    printf("\"anyOf\": [{ \"enum\": [");
    for (size_t i = 0; words[i] != NULL; i++)
        printf(is_number(words[i]) ? "%s%s, \"%s\"" : "%s\"%s\"", i == 0 ? "" : ", ", words[i], words[i]);
    printf("] }, { \"$ref\": \"#/definitions/placeholder\" }]");
}

static void value_print(const struct sections *sections, const struct section *section, const struct schema_row *row)
{
    const struct section *beneath = sections_beneath(sections, section, row);
    switch (row->kind) {
    case SCHEMA_TEXT: reference_print("text"); return;
    case SCHEMA_BOOL: reference_print("flag"); return;
    case SCHEMA_INT: int_print(row); return;
    case SCHEMA_DURATION: reference_print(row->none_is_zero ? "durationOrNone" : "duration"); return;
    case SCHEMA_SIZE: reference_print(row->none_is_zero ? "sizeOrNone" : "size"); return;
    case SCHEMA_ENUM: words_print(row->words); return;
    case SCHEMA_TEXTS: reference_print(row->one_is_list ? "textOrTexts" : "texts"); return;
    case SCHEMA_STRUCT: reference_print(beneath->path); return;
    case SCHEMA_LIST: items_print("array", "items", beneath); return;
    case SCHEMA_MAP: items_print("object", "additionalProperties", beneath); return;
    case SCHEMA_NODE:
        if (beneath != NULL)
            reference_print(beneath->path);
        else
            printf("%s", special_find(section->schema, row->name)->json);
        return;
    case SCHEMA_LATER: return;
    }
}

static void default_print(const struct schema_row *row)
{
    bool is_count = row->kind == SCHEMA_INT && row->preset != NULL && is_number(row->preset);
    bool is_plain = row->kind == SCHEMA_BOOL || is_count ||
                    (row->kind == SCHEMA_ENUM && row->preset != NULL && is_number(row->preset));
    if (row->preset == NULL)
        return;
    printf("\"default\": ");
    if (is_plain)
        printf("%s", row->preset);
    else
        text_print(row->preset);
    printf(", ");
}

static void demand_print(const char *lead, const struct schema *schema, const char *key)
{
    const char *demand = demand_find(schema, key);
    if (demand != NULL)
        printf("%s%s", lead, demand);
}

static void properties_print(const struct sections *sections, const struct section *section)
{
    const char *comma = "";
    for (size_t i = 0; i < section->schema->count; i++) {
        const struct schema_row *row = &section->schema->rows[i];
        if (!row_is_shown(section->schema, row))
            continue;
        printf("%s\n        \"%s\": { \"description\": ", comma, row->name);
        text_print(row->help);
        printf(", ");
        default_print(row);
        value_print(sections, section, row);
        demand_print(", ", section->schema, row->name);
        printf(" }");
        comma = ",";
    }
}

static void required_print(const struct schema *schema)
{
    const char *lead = ",\n      \"required\": [";
    for (size_t i = 0; i < schema->count; i++) {
        if (!schema->rows[i].is_required)
            continue;
        printf("%s\"%s\"", lead, schema->rows[i].name);
        lead = ", ";
    }
    if (lead[1] != '\n')
        printf("]");
}

static void section_print(const struct sections *sections, const struct section *section)
{
    const struct special *brief = special_find(section->schema, NULL);
    printf(",\n    \"");
    name_print(section->path);
    printf("\": {\n");
    if (brief != NULL)
        printf("      \"if\": { %s }, \"then\": true, \"else\": {\n", brief->json);
    /* A key without a value is an empty map, but where a short form could be meant. */
    printf("      \"type\": %s,\n", brief != NULL ? "\"object\"" : "[\"object\", \"null\"]");
    printf("      \"additionalProperties\": false,\n      \"properties\": {");
    properties_print(sections, section);
    printf("\n      }");
    required_print(section->schema);
    demand_print(",\n      ", section->schema, NULL);
    printf(brief != NULL ? "\n      }\n    }" : "\n    }");
}

/* Kinds of values; the placeholder stands for any of them. */
static void kinds_print(void)
{
    puts("    \"placeholder\": { \"type\": \"string\", \"pattern\": \"\\\\$\\\\{|\\\\{\\\\{\" },\n"
         "    \"text\": { \"type\": [\"string\", \"number\", \"boolean\"] },\n"
         "    \"texts\": { \"type\": [\"array\", \"null\"], \"items\": { \"$ref\": \"#/definitions/text\" } },\n"
         "    \"textOrTexts\": { \"anyOf\": [{ \"$ref\": \"#/definitions/text\" }, { \"$ref\": \"#/definitions/texts\" "
         "}] },\n"
         "    \"flag\": { \"anyOf\": [{ \"type\": \"boolean\" }, { \"$ref\": \"#/definitions/placeholder\" }] },\n"
         "    \"duration\": { \"type\": \"string\", \"pattern\": \"^[0-9]+(ms|s|m|h)$|\\\\$\\\\{|\\\\{\\\\{\" },\n"
         "    \"durationOrNone\": { \"type\": \"string\", \"pattern\": "
         "\"^(none|[0-9]+(ms|s|m|h))$|\\\\$\\\\{|\\\\{\\\\{\" },\n"
         "    \"size\": { \"type\": \"string\", \"pattern\": \"^[0-9]+(B|KiB|MiB|GiB)$|\\\\$\\\\{|\\\\{\\\\{\" },\n"
         "    \"sizeOrNone\": { \"type\": \"string\", \"pattern\": "
         "\"^(none|[0-9]+(B|KiB|MiB|GiB))$|\\\\$\\\\{|\\\\{\\\\{\" }");
}

void json_schema_print(const struct sections *sections)
{
    puts("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n  \"title\": \"jwtgate configuration\",\n"
         "  \"allOf\": [{ \"$ref\": \"#/definitions/gateway\" }],\n  \"definitions\": {");
    kinds_print();
    for (size_t i = 0; i < sections->count; i++)
        section_print(sections, &sections->at[i]);
    puts("\n  }\n}");
}
