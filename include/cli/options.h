/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines from tables: reading, `--help`, `--version` and usage errors alike for every command.
 *
 * Options are `--name VALUE`, `--name=VALUE`, and with a letter `-c VALUE` or `-cVALUE`; flags take no value.  They may stand
 * before, between and behind the operands; `--` ends them; a lone `-` is an operand.  Each is given at most once, but those
 * that gather texts.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buf.h"

enum option_kind {
    OPTION_FLAG,  /* bool */
    OPTION_TEXT,  /* const char *; NULL when not given, unless preset by the caller */
    OPTION_TEXTS, /* struct option_texts: may be given several times */
    OPTION_NUMBER /* unsigned, at most `max` */
};

enum { OPTION_TEXTS_MAX = 64 };

struct option_texts {
    const char *at[OPTION_TEXTS_MAX]; /* in the order given */
    size_t count;
};

struct option_row {
    const char *name;     /* without dashes */
    const char *argument; /* as shown in help; NULL for flags */
    enum option_kind kind;
    size_t offset;    /* of the destination in the command's own struct */
    const char *help; /* may hold line breaks */
    unsigned max;     /* of OPTION_NUMBER */
    char letter;      /* short form; 0: none */
    bool is_required;
};

struct command {
    const char *name;     /* `serve`; empty for the program's only command */
    const char *summary;  /* one line without final stop for the list of commands; heads the command's own help too */
    const char *synopsis; /* what follows the name: "[-c FILE] [--online]" */
    const char *description; /* paragraphs, lines broken as they shall be shown; may be NULL */
    const char *examples;    /* lines, indented as they shall be shown */
    const struct option_row *options;
    size_t count;
    size_t operands_max;
    int (*run)(const struct command *command, int argc, char **argv); /* returns the exit status; argv[0] is the name */
};

struct program {
    const char *name;  /* `jwtgate` */
    const char *about; /* what it is, for `--help`; may be NULL */
    const struct command *const *commands;
    size_t count;
};

/* What is left of a command line when its options are taken out; borrowed from argv. */
struct operands {
    char *const *at;
    size_t count;
};

enum { OPTIONS_USAGE_STATUS = 2 };

/* Reads argv[1] and on into `out`, the command's struct, which holds the presets.  False when the command is not to run, with
 * the exit status in `*status`: 0 after `--help` or `--version`, 2 after a usage error told on standard error.  Operands are
 * moved to the front of argv[1...].
 */
bool options_read(const struct program *program, const struct command *command, int argc, char **argv, void *out,
                  struct operands *operands, int *status) MUST_CHECK;

/* Tells a usage error that only the command itself can see, and how to get help; returns the status 2. */
int options_wrong(const struct program *program, const struct command *command, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The help of a command, of the program: what `--help` prints. */
bool options_help(const struct program *program, const struct command *command, struct buf *out);
/* The help of the program as a whole. */
bool options_overview(const struct program *program, struct buf *out);

/* Runs the command that argv[1] names: `PROGRAM COMMAND ...`, `PROGRAM help [COMMAND]`, `--help`, `--version`; the nearest
 * name for an unknown one.  Returns the exit status: 1 where all went well but standard output could not be written.
 */
int options_dispatch(const struct program *program, int argc, char **argv);

#endif
