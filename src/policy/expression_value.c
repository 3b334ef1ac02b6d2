/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text, and the variables of one request. */
#include "expression_int.h"

static bool text_of(struct arena *arena, const char *made, struct span *text, struct err *err)
{
    *text = arena_copy(arena, span_str(made));
    return text->at != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for a value's text");
}

static bool int_text(int64_t integer, struct arena *arena, struct span *text, struct err *err)
{
    const char *made = arena_printf(arena, "%lld", (long long)integer);
    *text = span_str(made);
    return made != NULL || fail(err, REASON_OUT_OF_MEMORY, "no memory for a value's text");
}

static bool time_text(int64_t ms, struct arena *arena, struct span *text, struct err *err)
{
    char out[EXPRESSION_TIME_BYTES];
    if (!expression_time_spell(ms, SPAN(""), out))
        return fail(err, REASON_EXPRESSION_FAILED, "a time outside of the years 1 to 9999 has no text");
    return text_of(arena, out, text, err);
}

bool value_text(const struct value *value, struct arena *arena, struct span *text, struct err *err)
{
    *text = SPAN("");
    switch (value->kind) {
    case VALUE_NULL: return true;
    case VALUE_BOOL: *text = value->boolean ? SPAN("True") : SPAN("False"); return true;
    case VALUE_INT: return int_text(value->integer, arena, text, err);
    case VALUE_TEXT: *text = value->text; return true;
    case VALUE_TIME: return time_text(value->integer, arena, text, err);
    case VALUE_TOKEN: *text = value->token->token->raw; return true;
    case VALUE_CERTIFICATE:
        return fail(err, REASON_EXPRESSION_FAILED, "a certificate has no text; name a member of it");
    case VALUE_TEXTS: break;
    }
    return fail(err, REASON_EXPRESSION_FAILED, "a list has no text; join it by string.Join");
}

struct variable {
    struct variable *next;
    struct span name;
    struct value value;
};

static struct variable *find(const struct variables *variables, struct span name)
{
    struct variable *at = variables == NULL ? NULL : variables->first;
    while (at != NULL && !span_eq(at->name, name))
        at = at->next;
    return at;
}

const struct value *variables_find(const struct variables *variables, struct span name)
{
    const struct variable *found = find(variables, name);
    return found == NULL ? NULL : &found->value;
}

bool variables_set(struct variables *variables, struct arena *arena, struct span name, struct value value)
{
    struct variable *variable = find(variables, name);
    if (variable == NULL) {
        variable = arena_take(arena, sizeof *variable);
        if (variable == NULL)
            return false;
        *variable = (struct variable){.next = variables->first, .name = name};
        variables->first = variable;
    }
    variable->value = value;
    return true;
}
