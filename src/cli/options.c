/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines read by table.  No getopt: its messages name no nearest option and its tables hold no help. */
#include "cli/options.h"

#include "base/err.h"
#include "base/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 64, HELP_COLUMN = 26 };

/* Where the reading of one command line stands. */
struct reading {
    const struct program *program;
    const struct command *command;
    int argc;
    char **argv;
    int at;    /* the argument looked at */
    char *out; /* destination */
    bool is_given[NAMES_MAX];
    bool wants_help, wants_version;
    struct operands operands;
    char **kept; /* where the next operand goes */
};

static void put(FILE *to, struct span text)
{
    fwrite(text.at, 1, text.len, to);
}

static const char *gap(const struct command *command)
{
    return command->name[0] == '\0' ? "" : " ";
}

static int wrong_va(const struct program *program, const struct command *command, const char *format, va_list arguments)
{
    char text[ERR_TEXT_BYTES];
    AUTO(buf) out = {0};
    vsnprintf(text, sizeof text, format, arguments);
    buf_printf(&out, "%s%s%s: %s\n", program->name, gap(command), command->name, text);
    buf_printf(&out, "Try: %s%s%s --help\n", program->name, gap(command), command->name);
    put(stderr, buf_span(&out));
    return OPTIONS_USAGE_STATUS;
}

int options_wrong(const struct program *program, const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = wrong_va(program, command, format, arguments);
    va_end(arguments);
    return status;
}

PRINTF_LIKE(2, 3) static bool wrong(const struct reading *reading, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    wrong_va(reading->program, reading->command, format, arguments);
    va_end(arguments);
    return false;
}

/* --- help --- */

static void put_option(struct buf *out, char letter, const char *name, const char *argument, const char *help)
{
    char head[128];
    char letter_text[] = {letter == '\0' ? ' ' : '-', letter == '\0' ? ' ' : letter, letter == '\0' ? ' ' : ',', '\0'};
    int used = snprintf(head, sizeof head, "  %s --%s%s%s", letter_text, name, argument == NULL ? "" : " ",
                        argument == NULL ? "" : argument);
    struct span rest = span_str(help);
    struct span line;
    buf_add_str(out, head);
    if (used >= HELP_COLUMN) {
        buf_add_char(out, '\n');
        used = 0;
    }
    while (span_split(&rest, '\n', &line)) {
        buf_printf(out, "%*s%.*s\n", HELP_COLUMN - used, "", SPAN_ARG(line));
        used = 0;
    }
}

static struct span without_last_newline(struct span text)
{
    return span_cut(text, text.len - span_ends(text, SPAN("\n")));
}

/* The summary as a sentence. */
static void put_summary(struct buf *out, const char *summary)
{
    bool is_lower = summary[0] >= 'a' && summary[0] <= 'z';
    buf_add_char(out, (char)(is_lower ? summary[0] - 'a' + 'A' : summary[0]));
    buf_printf(out, "%s.\n", summary + 1);
}

bool options_help(const struct program *program, const struct command *command, struct buf *out)
{
    buf_printf(out, "Usage: %s%s%s %s\n\n", program->name, gap(command), command->name, command->synopsis);
    put_summary(out, command->summary);
    if (command->description != NULL)
        buf_printf(out, "\n%.*s\n", SPAN_ARG(without_last_newline(span_str(command->description))));
    buf_add_str(out, "\nOptions:\n");
    for (size_t i = 0; i < command->count; i++) {
        const struct option_row *row = &command->options[i];
        put_option(out, row->letter, row->name, row->argument, row->help);
    }
    put_option(out, '\0', "help", NULL, "this text");
    put_option(out, '\0', "version", NULL, "the program's version");
    buf_printf(out, "\nExamples:\n%.*s\n", SPAN_ARG(without_last_newline(span_str(command->examples))));
    return !out->is_broken;
}

bool options_overview(const struct program *program, struct buf *out)
{
    buf_printf(out, "Usage: %s COMMAND [options]\n", program->name);
    if (program->about != NULL)
        buf_printf(out, "\n%s\n", program->about);
    buf_add_str(out, "\nCommands:\n");
    for (size_t i = 0; i < program->count; i++)
        buf_printf(out, "  %-12s %s\n", program->commands[i]->name, program->commands[i]->summary);
    buf_printf(out, "\nSee %s COMMAND --help for options and examples of each; %s --version for the version.\n",
               program->name, program->name);
    return !out->is_broken;
}

static int print_version(const struct program *program)
{
    AUTO(buf) out = {0};
    buf_printf(&out, "%s %s\n", program->name, JWTGATE_VERSION);
    put(stdout, buf_span(&out));
    return 0;
}

/* --- reading --- */

static bool unknown_option(const struct reading *reading, struct span name)
{
    const char *names[NAMES_MAX + 2];
    size_t count = 0;
    for (size_t i = 0; i < reading->command->count; i++)
        names[count++] = reading->command->options[i].name;
    names[count++] = "help";
    names[count++] = "version";
    const char *nearest = schema_nearest(name, names, count);
    if (nearest == NULL)
        return wrong(reading, "unknown option --%s", QUOTED(name));
    return wrong(reading, "unknown option --%s; did you mean --%s?", QUOTED(name), nearest);
}

static bool store_number(const struct reading *reading, const struct option_row *row, const char *value)
{
    uint64_t number;
    if (!span_u64(span_str(value), row->max, &number))
        return wrong(reading, "--%s takes a whole number up to %u, found \"%s\"", row->name, row->max,
                     QUOTED(span_str(value)));
    *(unsigned *)(void *)(reading->out + row->offset) = (unsigned)number;
    return true;
}

static bool store_texts(const struct reading *reading, const struct option_row *row, const char *value)
{
    struct option_texts *texts = (struct option_texts *)(void *)(reading->out + row->offset);
    if (texts->count == OPTION_TEXTS_MAX)
        return wrong(reading, "--%s is given more than %d times", row->name, OPTION_TEXTS_MAX);
    texts->at[texts->count++] = value;
    return true;
}

static bool store(struct reading *reading, const struct option_row *row, const char *value)
{
    bool *given = &reading->is_given[row - reading->command->options];
    if (*given && row->kind != OPTION_TEXTS)
        return wrong(reading, "--%s is given twice", row->name);
    *given = true;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)(reading->out + row->offset) = true; return true;
    case OPTION_TEXT: *(const char **)(void *)(reading->out + row->offset) = value; return true;
    case OPTION_TEXTS: return store_texts(reading, row, value);
    case OPTION_NUMBER: return store_number(reading, row, value);
    }
    return false;
}

/* The value that stands in the same argument (`inside`, may be NULL) or is the next one. */
static bool take_value(struct reading *reading, const struct option_row *row, const char *inside)
{
    if (row->kind == OPTION_FLAG)
        return inside == NULL ? store(reading, row, NULL) : wrong(reading, "--%s takes no value", row->name);
    if (inside == NULL && reading->at + 1 >= reading->argc)
        return wrong(reading, "--%s needs a value: --%s %s", row->name, row->name, row->argument);
    if (inside == NULL)
        inside = reading->argv[++reading->at];
    return store(reading, row, inside);
}

static bool read_long(struct reading *reading, const char *text)
{
    const char *equals = strchr(text, '=');
    struct span name = equals == NULL ? span_str(text) : span_of(text, (size_t)(equals - text));
    for (size_t i = 0; i < reading->command->count; i++)
        if (span_eq(name, span_str(reading->command->options[i].name)))
            return take_value(reading, &reading->command->options[i], equals == NULL ? NULL : equals + 1);
    reading->wants_help = reading->wants_help || span_eq(name, SPAN("help"));
    reading->wants_version = reading->wants_version || span_eq(name, SPAN("version"));
    return reading->wants_help || reading->wants_version || unknown_option(reading, name);
}

static bool read_short(struct reading *reading, const char *text)
{
    for (size_t i = 0; i < reading->command->count; i++)
        if (reading->command->options[i].letter == text[0])
            return take_value(reading, &reading->command->options[i], text[1] == '\0' ? NULL : text + 1);
    reading->wants_help = reading->wants_help || strcmp(text, "h") == 0;
    return reading->wants_help || wrong(reading, "unknown option -%s", QUOTED(span_str(text)));
}

static bool keep_operand(struct reading *reading, char *text)
{
    if (reading->operands.count == reading->command->operands_max)
        return wrong(reading, "unexpected argument \"%s\"", QUOTED(span_str(text)));
    reading->kept[reading->operands.count++] = text;
    return true;
}

static bool read_all(struct reading *reading)
{
    bool has_ended = false;
    for (reading->at = 1; reading->at < reading->argc; reading->at++) {
        char *text = reading->argv[reading->at];
        bool is_option = !has_ended && text[0] == '-' && text[1] != '\0';
        bool is_right = true;
        if (is_option && strcmp(text, "--") == 0)
            has_ended = true;
        else if (is_option)
            is_right = text[1] == '-' ? read_long(reading, text + 2) : read_short(reading, text + 1);
        else
            is_right = keep_operand(reading, text);
        if (!is_right)
            return false;
    }
    return true;
}

static bool check_required(const struct reading *reading)
{
    for (size_t i = 0; i < reading->command->count; i++) {
        const struct option_row *row = &reading->command->options[i];
        if (row->is_required && !reading->is_given[i])
            return wrong(reading, "--%s %s is missing", row->name, row->argument);
    }
    return true;
}

bool options_read(const struct program *program, const struct command *command, int argc, char **argv, void *out,
                  struct operands *operands, int *status)
{
    struct reading reading = {
        .program = program, .command = command, .argc = argc, .argv = argv, .out = out, .kept = argv + 1};
    assert(command->count <= NAMES_MAX);
    *status = OPTIONS_USAGE_STATUS;
    if (!read_all(&reading))
        return false;
    if (reading.wants_help || reading.wants_version) {
        AUTO(buf) help = {0};
        *status = reading.wants_help ? 0 : print_version(program);
        if (reading.wants_help && options_help(program, command, &help))
            put(stdout, buf_span(&help));
        return false;
    }
    reading.operands.at = argv + 1;
    *operands = reading.operands;
    return check_required(&reading);
}

/* --- commands --- */

static const struct command *command_named(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->count; i++)
        if (strcmp(program->commands[i]->name, name) == 0)
            return program->commands[i];
    return NULL;
}

static int unknown_command(const struct program *program, const char *name)
{
    static const struct command none = {.name = ""};
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < program->count && count < NAMES_MAX; i++)
        names[count++] = program->commands[i]->name;
    const char *nearest = schema_nearest(span_str(name), names, count);
    if (nearest == NULL)
        return options_wrong(program, &none, "unknown command \"%s\"", QUOTED(span_str(name)));
    return options_wrong(program, &none, "unknown command \"%s\"; did you mean %s?", QUOTED(span_str(name)), nearest);
}

static int print_overview(const struct program *program, FILE *to, int status)
{
    AUTO(buf) out = {0};
    options_overview(program, &out);
    put(to, buf_span(&out));
    return status;
}

static int print_help_of(const struct program *program, const char *name)
{
    AUTO(buf) out = {0};
    const struct command *command = command_named(program, name);
    if (command == NULL)
        return unknown_command(program, name);
    options_help(program, command, &out);
    put(stdout, buf_span(&out));
    return 0;
}

static int dispatch(const struct program *program, int argc, char **argv)
{
    if (argc < 2)
        return print_overview(program, stderr, OPTIONS_USAGE_STATUS);
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0)
        return print_version(program);
    bool asks_help = strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
    if (asks_help)
        return argc > 2 ? print_help_of(program, argv[2]) : print_overview(program, stdout, 0);
    const struct command *command = command_named(program, name);
    return command == NULL ? unknown_command(program, name) : command->run(command, argc - 1, argv + 1);
}

/* A command that failed has told so itself. */
int options_dispatch(const struct program *program, int argc, char **argv)
{
    int status = dispatch(program, argc, argv);
    bool is_written = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (status != 0 || is_written)
        return status;
    fprintf(stderr, "%s: standard output could not be written\n", program->name);
    return 1;
}
