/* SPDX-License-Identifier: Apache-2.0 */
/* Members of `context`: facts, fields, parameters and variables of the request, the clock, random bytes.
 *
 * `..._or` is GetValueOrDefault(): a name and perhaps a default, which else is null.
 */
#include "expression_int.h"

#include <stdio.h>

/* A lookup: the name, and the bytes found. */
typedef bool lookup(struct expression_call *call, struct span name, struct span *found);

static bool look_header(struct expression_call *call, struct span name, struct span *found)
{
    const struct expression_context *context = call->run->context;
    return context->host->header(context->of, (enum message)call->op->member->which, name, found);
}

static bool look_query(struct expression_call *call, struct span name, struct span *found)
{
    const struct expression_context *context = call->run->context;
    return context->host->query(context->of, call->op->member->which == 1, name, found);
}

static bool give_default(struct expression_call *call)
{
    call->at[0] = call->op->count > 1 ? call->at[1] : (struct value){.kind = VALUE_NULL};
    return true;
}

static bool give_found(struct expression_call *call, lookup *look, const char *missing)
{
    struct span name;
    struct span found;
    if (!expression_text_at(call, 0, &name))
        return false;
    if (look(call, name, &found))
        return expression_give_text(call, found);
    return missing == NULL ? give_default(call) : expression_fail(call, missing);
}

static bool give_whether(struct expression_call *call, lookup *look)
{
    struct span name;
    struct span found;
    return expression_text_at(call, 0, &name) && expression_give_bool(call, look(call, name, &found));
}

bool expression_host_header(struct expression_call *call)
{
    return give_found(call, look_header, "there is no such field");
}

bool expression_host_header_or(struct expression_call *call)
{
    return give_found(call, look_header, NULL);
}

bool expression_host_header_has(struct expression_call *call)
{
    return give_whether(call, look_header);
}

bool expression_host_query(struct expression_call *call)
{
    return give_found(call, look_query, "there is no such parameter");
}

bool expression_host_query_or(struct expression_call *call)
{
    return give_found(call, look_query, NULL);
}

bool expression_host_query_has(struct expression_call *call)
{
    return give_whether(call, look_query);
}

bool expression_host_fact(struct expression_call *call)
{
    const struct expression_context *context = call->run->context;
    call->at[0] = context->host->fact(context->of, (enum fact)call->op->member->which);
    if (call->at[0].kind == VALUE_TEXT)
        return expression_give_text(call, call->at[0].text);
    return true;
}

/* --- variables --- */

static bool find_variable(struct expression_call *call, const struct value **value)
{
    struct span name;
    if (!expression_text_at(call, 0, &name))
        return false;
    *value = variables_find(call->run->context->variables, name);
    return true;
}

bool expression_host_variable(struct expression_call *call)
{
    const struct value *value;
    if (!find_variable(call, &value))
        return false;
    if (value == NULL)
        return expression_fail(call, "there is no such variable");
    call->at[0] = *value;
    return true;
}

bool expression_host_variable_or(struct expression_call *call)
{
    const struct value *value;
    if (!find_variable(call, &value))
        return false;
    if (value == NULL)
        return give_default(call);
    call->at[0] = *value;
    return true;
}

bool expression_host_variable_has(struct expression_call *call)
{
    const struct value *value;
    return find_variable(call, &value) && expression_give_bool(call, value != NULL);
}

/* --- of no request --- */

/* RFC 9562 5.4: version 4, all random but for six bits. */
bool expression_host_guid(struct expression_call *call)
{
    const struct expression_context *context = call->run->context;
    unsigned char bytes[16];
    char spelled[40];
    size_t len = 0;
    context->host->random(context->of, bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bool has_dash = i == 4 || i == 6 || i == 8 || i == 10;
        len += (size_t)snprintf(spelled + len, sizeof spelled - len, "%s%02x", has_dash ? "-" : "", bytes[i]);
    }
    struct span made = span_of(spelled, len);
    return expression_give_joined(call, SPAN(""), &made, 1);
}

bool expression_host_now(struct expression_call *call)
{
    call->at[0] = (struct value){.kind = VALUE_TIME, .integer = call->run->context->now_ms};
    return true;
}
