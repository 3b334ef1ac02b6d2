/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a table of cases, all files it names being absent.
 *
 * Property: rows without a problem are whole, and their claims are JSON as strict as a token's; whatever a name or a found value
 * holds, a case is told in the lines of its form.
 */
#include "cli/cases.h"
#include "jose/tape.h"

#include <errno.h>
#include <stdarg.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_open(const char *path, int flags, ...);

/* What an input names must not be opened: it could be a device, or never end. */
int __wrap_open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    errno = ENOENT;
    return -1;
}

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void require_claims(const struct case_row *row, struct arena *arena)
{
    struct tape tape;
    struct err err = {.reason = REASON_NONE};
    if (row->claims_json.at == NULL)
        return;
    require(tape_read(&tape, arena, row->claims_json, NODE_DEPTH_MAX + 1, &err));
    require(tape_kind_of(&tape.items[0]) == TAPE_OBJECT);
}

/* `TAP` lines: a test point, then perhaps a block between `---` and `...`, its lines indented. */
static void require_lines(struct span text, bool holds)
{
    struct span line;
    size_t count = 0;
    require(span_ends(text, SPAN("\n")));
    text.len--;
    while (span_split(&text, '\n', &line)) {
        require(count > 0 ? span_starts(line, SPAN("  ")) : span_starts(line, holds ? SPAN("ok ") : SPAN("not ok ")));
        count++;
    }
    require(holds == (count == 1));
}

static void require_told(const struct case_row *row)
{
    AUTO(buf) out = {0};
    const struct check check = {.name = CHECK_CLAIM, .claim = row->name, .expected = row->route, .found = row->token};
    const struct case_outcome outcome = {
        .verdict = "refuse", .reason = REASON_JWT_INVALID, .failed = &check, .advice = ""};
    const struct case_outcome good = {.holds = true, .verdict = "pass", .advice = ""};
    cases_tap_line(&out, 1, row, &outcome);
    require_lines(buf_span(&out), false);
    buf_clear(&out);
    cases_tap_line(&out, 2, row, &good);
    require_lines(buf_span(&out), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    struct case_table table;
    problems_init(&problems);
    bool is_read = cases_read(&table, "cases.yaml", span_of(data, size), &arena, &problems);
    require(is_read == (problems.errors == 0));
    for (size_t i = 0; is_read && i < table.count; i++) {
        const struct case_row *row = &table.rows[i];
        require(row->node != NULL && row->name.len > 0 && row->route.at != NULL);
        require((row->claims != NULL) == (row->claims_json.at != NULL));
        require_claims(row, &arena);
        require_told(row);
    }
    return 0;
}
