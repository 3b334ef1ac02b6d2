/* SPDX-License-Identifier: Apache-2.0 */
/* Members of lists of texts. */
#include "expression_int.h"

static bool is_list(const struct expression_call *call)
{
    return call->at[0].kind == VALUE_TEXTS || expression_fail(call, "null, where a list is needed");
}

bool expression_list_contains(struct expression_call *call)
{
    bool is_there = false;
    struct span text;
    if (!is_list(call))
        return false;
    if (call->at[1].kind == VALUE_NULL)
        return expression_give_bool(call, false); /* no element is null */
    if (!expression_text_at(call, 1, &text))
        return false;
    for (size_t i = 0; i < call->at[0].texts.count; i++)
        is_there = is_there || span_eq(call->at[0].texts.at[i], text);
    return expression_give_bool(call, is_there);
}

bool expression_list_first(struct expression_call *call)
{
    if (!is_list(call))
        return false;
    return call->at[0].texts.count == 0 ? expression_give_null(call)
                                        : expression_give_text(call, call->at[0].texts.at[0]);
}

bool expression_list_length(struct expression_call *call)
{
    return is_list(call) && expression_give_int(call, (int64_t)call->at[0].texts.count);
}

bool expression_list_any(struct expression_call *call)
{
    return is_list(call) && expression_give_bool(call, call->at[0].texts.count > 0);
}

bool expression_list_at(struct expression_call *call)
{
    int64_t index;
    if (!is_list(call) || !expression_int_at(call, 1, &index))
        return false;
    if (index < 0 || (uint64_t)index >= call->at[0].texts.count)
        return expression_fail(call, "the list has no such element");
    return expression_give_text(call, call->at[0].texts.at[index]);
}
