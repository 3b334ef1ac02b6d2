/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a trace context is taken for one exactly when the W3C's Trace Context says that it is, and never by halves.
 * Method: the cases of the recommendation, each invalid one beside a valid one that differs in what makes it so.
 */
#include "http/trace.h"
#include "unit.h"

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT_ID "00f067aa0ba902b7"
#define PARENT "00-" TRACE_ID "-" PARENT_ID "-01"

static void traceparent_is_valid_by_its_version(void **state)
{
    static const struct {
        const char *value;
        bool is_valid;
    } cases[] = {
        {PARENT, true},
        {"00-" TRACE_ID "-" PARENT_ID "-00", true},
        {"00-" TRACE_ID "-" PARENT_ID "-ff", true}, /* flags that are not known yet */
        {"00-" TRACE_ID "-" PARENT_ID "-0", false},
        {"00-" TRACE_ID "-" PARENT_ID "-0g", false},
        {"00-" TRACE_ID "-" PARENT_ID "-0A", false},
        {"00-" TRACE_ID "-" PARENT_ID "-01-", false}, /* nothing follows in version 00 */
        {"00-" TRACE_ID "-" PARENT_ID "-01-what", false},
        {"00-" TRACE_ID "-" PARENT_ID "-011", false},
        {"cc-" TRACE_ID "-" PARENT_ID "-01", true},
        {"cc-" TRACE_ID "-" PARENT_ID "-01-", true},
        {"cc-" TRACE_ID "-" PARENT_ID "-01-what", true},
        {"cc-" TRACE_ID "-" PARENT_ID "-01.what", false},
        {"cc-" TRACE_ID "-" PARENT_ID "-01 ", false},
        {"01-" TRACE_ID "-" PARENT_ID "-01", true},
        {"fe-" TRACE_ID "-" PARENT_ID "-01", true},
        {"ff-" TRACE_ID "-" PARENT_ID "-01", false},
        {"0g-" TRACE_ID "-" PARENT_ID "-01", false},
        {"CC-" TRACE_ID "-" PARENT_ID "-01", false},
        {"0--" TRACE_ID "-" PARENT_ID "-01", false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT_ID "-01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT_ID "-01", false},
        {"00-00000000000000000000000000000000-" PARENT_ID "-01", false},
        {"00-00000000000000000000000000000001-" PARENT_ID "-01", true},
        {"00-" TRACE_ID "-0000000000000000-01", false},
        {"00-" TRACE_ID "-0000000000000001-01", true},
        {"00-" TRACE_ID "-00F067AA0BA902B7-01", false},
        {"00_" TRACE_ID "-" PARENT_ID "-01", false},
        {"00-" TRACE_ID "_" PARENT_ID "-01", false},
        {"00-" TRACE_ID "-" PARENT_ID "_01", false},
        {"00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT_ID "-01", false},
        {"00-" TRACE_ID "-" PARENT_ID, false},
        {"", false},
    };
    struct trace trace;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_valid = trace_parse(span_str(cases[i].value), &trace);
        if (is_valid != cases[i].is_valid)
            fail_msg("%s", cases[i].value);
        assert_int_equal(trace.trace_id.len, is_valid ? TRACE_ID_CHARS : 0);
        assert_int_equal(trace.parent_id.len, is_valid ? TRACE_PARENT_CHARS : 0);
    }
    assert_true(trace_parse(SPAN(PARENT), &trace));
    assert_true(span_eq(trace.trace_id, SPAN(TRACE_ID)) && span_eq(trace.parent_id, SPAN(PARENT_ID)));
}

static void members_that_are_empty_do_not_count(void **state)
{
    (void)state;
    assert_int_equal(trace_members(SPAN("")), 0);
    assert_int_equal(trace_members(SPAN("a=1")), 1);
    assert_int_equal(trace_members(SPAN("a=1,b=2 , c=3")), 3);
    assert_int_equal(trace_members(SPAN(",a=1, ,\t,b=2,")), 2);
}

/* A head of these fields, `|` between them: `p` begins a traceparent, `s` a tracestate, `h` a traceparent that Connection names. */
static struct trace trace_of(const char *text)
{
    static struct field fields[64];
    struct head head = {.fields = fields};
    struct trace trace;
    struct span rest = span_str(text), piece;
    while (head.count < COUNT_OF(fields) && span_split(&rest, '|', &piece))
        fields[head.count++] = (struct field){.value = span_from(piece, 1),
                                              .id = piece.at[0] == 's' ? FIELD_TRACESTATE : FIELD_TRACEPARENT,
                                              .is_hop = piece.at[0] == 'h'};
    trace_read(&head, &trace);
    return trace;
}

static void a_request_has_a_trace_by_one_valid_traceparent(void **state)
{
    static const struct {
        const char *fields;
        bool is_valid, has_state;
    } cases[] = {
        {"p" PARENT, true, true},
        {"p" PARENT "|sa=1", true, true},
        {"sa=1|p" PARENT "|sb=2", true, true},
        {"sa=1", false, false},
        {"pnonsense|sa=1", false, false},
        {"p" PARENT "|p" PARENT "|sa=1", false, false},
        {"h" PARENT "|sa=1", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct trace trace = trace_of(cases[i].fields);
        assert_int_equal(trace.trace_id.len > 0, cases[i].is_valid);
        assert_int_equal(trace.has_state, cases[i].has_state);
    }
}

static void tracestate_has_32_members_in_all_its_fields_together(void **state)
{
    char text[512] = "p" PARENT "|s";
    (void)state;
    for (int i = 0; i < 31; i++)
        strcat(text, i == 15 ? "k=v|s" : "k=v,");
    strcat(text, "k=v");
    assert_true(trace_of(text).has_state);
    strcat(text, ", ,");
    assert_true(trace_of(text).has_state);
    strcat(text, "k=v");
    assert_false(trace_of(text).has_state);
    assert_int_equal(trace_of(text).trace_id.len, TRACE_ID_CHARS);
}

static void what_is_spelled_is_valid_whatever_the_dice_say(void **state)
{
    const uint64_t none[2] = {0, 0};
    const uint64_t some[2] = {UINT64_C(0x4bf92f3577b34da6), UINT64_C(0xa3ce929d0e0e4736)};
    char text[TRACE_TEXT_BYTES];
    struct trace trace;
    (void)state;
    trace_spell(some, UINT64_C(0x00f067aa0ba902b7), text);
    assert_string_equal(text, PARENT);
    trace_spell(none, 0, text);
    assert_string_equal(text, "00-00000000000000000000000000000001-0000000000000001-01");
    assert_true(trace_parse(span_str(text), &trace));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(traceparent_is_valid_by_its_version),
        cmocka_unit_test(members_that_are_empty_do_not_count),
        cmocka_unit_test(a_request_has_a_trace_by_one_valid_traceparent),
        cmocka_unit_test(tracestate_has_32_members_in_all_its_fields_together),
        cmocka_unit_test(what_is_spelled_is_valid_whatever_the_dice_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
