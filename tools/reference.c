/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the documents that the program's own tables say best, printed for tools/documents.py to put in their places. */
#include "reference.h"

#include "base/reason.h"
#include "policy/revocation.h"
#include "proxy/figures.h"

#include <stdio.h>

enum { VALUE_BYTES = 256 };

/* ---- Markdown ---- */

/* A bar would end the column. */
static void cell_print(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '|' ? "\\%c" : "%c", *text);
}

static void markdown_row(const struct schema *schema, const struct schema_row *row)
{
    char value[VALUE_BYTES];
    row_describe(schema, row, value, sizeof value);
    printf("| `%s` | ", row->name);
    cell_print(value);
    if (row->is_required)
        printf(" | required | ");
    else if (row->preset != NULL)
        printf(" | `%s` | ", row->preset);
    else
        printf(" | | ");
    cell_print(row->help);
    puts(" |");
}

static void markdown_section(const struct section *section)
{
    if (section->path[0] != '\0')
        printf("\n### `%s`\n", section->path);
    puts("\n| key | value | default | meaning |\n|---|---|---|---|");
    for (size_t i = 0; i < section->schema->count; i++)
        if (row_is_shown(section->schema, &section->schema->rows[i]))
            markdown_row(section->schema, &section->schema->rows[i]);
}

static void configuration_print(void)
{
    struct sections sections;
    sections_collect(&sections);
    for (size_t i = 0; i < sections.count; i++)
        markdown_section(&sections.at[i]);
}

/* Of the file that `revocation` names: what an entry may say. */
static void revocation_print(void)
{
    const struct section entry = {"", revocation_schema()->rows[0].table};
    markdown_section(&entry);
}

static void metrics_print(void)
{
    const struct metric_family *families = figures_table();
    puts("\n| metric | kind | labels | meaning |\n|---|---|---|---|");
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        printf("| `%s` | %s | ", families[i].name, metric_kind_name(families[i].kind));
        for (const char *at = families[i].labels; *at != '\0'; at++)
            printf(*at == ',' ? ", " : "%c", *at);
        printf("%s| ", families[i].labels[0] == '\0' ? "" : " ");
        cell_print(families[i].help);
        puts(" |");
    }
}

static void reasons_print(enum reason from, enum reason to)
{
    puts("\n| reason | status | message to the client | what to do |\n|---|---|---|---|");
    for (unsigned i = from; i <= to; i++) {
        const struct reason_info *info = reason_info((enum reason)i);
        printf("| `%s` | ", info->name);
        if (info->status != 0)
            printf("%u", info->status);
        printf("%s| ", info->status == 0 ? "" : " ");
        cell_print(info->message);
        printf("%s| ", info->message[0] == '\0' ? "" : " ");
        cell_print(info->advice);
        puts(info->advice[0] == '\0' ? "|" : " |");
    }
}

static void verdicts_print(void)
{
    reasons_print(REASON_TOKEN_NOT_PRESENT, REASON_OPENID_CONFIG_UNAVAILABLE);
}

static void refusals_print(void)
{
    reasons_print(REASON_BAD_REQUEST, REASON_VERSION_UNSUPPORTED);
}

/* A section each: what is seen, where to look, what to do. */
static void trouble_print(enum reason from, enum reason to)
{
    for (unsigned i = from; i <= to; i++) {
        const struct reason_info *info = reason_info((enum reason)i);
        printf("\n### %s\n\n%u, \"%s\"\n\n- Where to look: %s\n- What to do: %s.\n", info->name, info->status,
               info->message, info->look, info->advice);
    }
}

static void token_trouble_print(void)
{
    trouble_print(REASON_TOKEN_NOT_PRESENT, REASON_OPENID_CONFIG_UNAVAILABLE);
}

static void request_trouble_print(void)
{
    trouble_print(REASON_BAD_REQUEST, REASON_VERSION_UNSUPPORTED);
}

/* ---- manual page ---- */

/* Text of mdoc: a control character at the beginning of a line, backslashes and backquotes mean something there. */
static void mdoc_print(const char *text)
{
    if (*text == '.' || *text == '\'')
        printf("\\&");
    for (; *text != '\0'; text++)
        if (*text == '\\')
            printf("\\e");
        else if (*text != '`')
            putchar(*text);
}

static void mdoc_row(const struct schema *schema, const struct schema_row *row)
{
    char value[VALUE_BYTES];
    row_describe(schema, row, value, sizeof value);
    printf(".It Cm %s\n", row->name);
    mdoc_print(row->help);
    printf(".\nValue: ");
    mdoc_print(value);
    printf(".\n");
    if (row->is_required)
        puts("Required.");
    else if (row->preset != NULL)
        printf("Default:\n.Cm %s .\n", row->preset);
}

static void mdoc_section(const struct section *section)
{
    printf(".Ss %s\n.Bl -tag -width Ds\n", section->path[0] == '\0' ? "The document" : section->path);
    for (size_t i = 0; i < section->schema->count; i++)
        if (row_is_shown(section->schema, &section->schema->rows[i]))
            mdoc_row(section->schema, &section->schema->rows[i]);
    puts(".El");
}

static void manual_print(void)
{
    struct sections sections;
    sections_collect(&sections);
    for (size_t i = 0; i < sections.count; i++)
        mdoc_section(&sections.at[i]);
}

/* ---- */

static void schema_print(void)
{
    struct sections sections;
    sections_collect(&sections);
    json_schema_print(&sections);
}

static const struct {
    const char *name;
    void (*print)(void);
} parts[] = {
    {"configuration", configuration_print}, {"metrics", metrics_print},      {"verdicts", verdicts_print},
    {"refusals", refusals_print},           {"manual", manual_print},        {"schema", schema_print},
    {"revocation", revocation_print},       {"tokens", token_trouble_print}, {"requests", request_trouble_print},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < COUNT_OF(parts); i++)
        if (strcmp(argv[1], parts[i].name) == 0) {
            parts[i].print();
            return 0;
        }
    fprintf(stderr, "Usage: %s configuration|metrics|verdicts|refusals|manual|schema|revocation|tokens|requests\n",
            argv[0]);
    return 2;
}
