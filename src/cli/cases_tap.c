/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes as TAP 14: one line a case, and a YAML block below one that does not hold. */
#include "cli/cases.h"

enum { FOUND_BYTES_MAX = 200 };

void cases_tap_plan(struct buf *out, size_t count)
{
    buf_printf(out, "TAP version 14\n1..%zu\n", count);
}

/* A `#` would begin a directive, a line break another line. */
static void add_description(struct buf *out, struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.at[i];
        if (byte == '#' || byte == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, byte < ' ' || byte == 0x7f ? ' ' : (char)byte);
    }
}

/* A JSON string is a YAML scalar, whatever it holds. */
static void add_text(struct buf *out, const char *indent, const char *key, struct span text)
{
    buf_printf(out, "  %s%s: ", indent, key);
    buf_add_json_text(out, text);
    buf_add_char(out, '\n');
}

static void add_expected(struct buf *out, const struct case_row *row)
{
    buf_printf(out, "  expected:\n    verdict: %s\n", row->expect == EXPECT_PASS ? "pass" : "refuse");
    if (row->reason.at != NULL)
        add_text(out, "  ", "reason", row->reason);
    if (row->status != 0)
        buf_printf(out, "    status: %u\n", (unsigned)row->status);
}

static void add_found(struct buf *out, const struct case_outcome *outcome)
{
    buf_printf(out, "  found:\n    verdict: %s\n", outcome->verdict);
    if (outcome->reason != REASON_NONE)
        add_text(out, "  ", "reason", span_str(reason_name(outcome->reason)));
    buf_printf(out, "    status: %u\n", outcome->status);
    if (outcome->rule_count > 1 && outcome->reason != REASON_NONE)
        buf_printf(out, "    rule: %zu\n", outcome->rule + 1);
}

static void add_failed(struct buf *out, const struct check *failed)
{
    AUTO(arena) arena = {0};
    buf_add_str(out, "  failed:\n");
    add_text(out, "  ", "check", span_str(check_name_text(failed, &arena)));
    if (failed->expected.len > 0)
        add_text(out, "  ", "expected", span_cut(failed->expected, FOUND_BYTES_MAX));
    if (failed->found.len > 0)
        add_text(out, "  ", "found", span_cut(failed->found, FOUND_BYTES_MAX));
}

static void add_diagnostic(struct buf *out, const struct case_row *row, const struct case_outcome *outcome)
{
    AUTO(buf) place = {0};
    buf_printf(&place, "%s:%u:%u", row->node->file, row->node->line, row->node->column);
    buf_add_str(out, "  ---\n");
    add_text(out, "", "at", buf_span(&place));
    add_text(out, "", "route", row->route);
    add_expected(out, row);
    add_found(out, outcome);
    if (outcome->failed != NULL)
        add_failed(out, outcome->failed);
    if (outcome->advice[0] != '\0')
        add_text(out, "", "advice", span_str(outcome->advice));
    buf_add_str(out, "  ...\n");
}

void cases_tap_line(struct buf *out, size_t number, const struct case_row *row, const struct case_outcome *outcome)
{
    buf_printf(out, "%sok %zu - ", outcome->holds ? "" : "not ", number);
    add_description(out, row->name);
    buf_add_char(out, '\n');
    if (!outcome->holds)
        add_diagnostic(out, row, outcome);
}
