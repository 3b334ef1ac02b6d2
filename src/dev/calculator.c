/* SPDX-License-Identifier: Apache-2.0 */
/* Four operations and two spellings of the result.  The XML is, to the byte, what the labs' original sends. */
#include "dev/calculator.h"

#include "http/uri.h"

#include <inttypes.h>

enum operation { ADD, SUBTRACT, MULTIPLY, DIVIDE };

static const struct {
    struct span name;
    enum operation operation;
} names[] = {
    {SPAN_INIT("add"), ADD},       {SPAN_INIT("sub"), SUBTRACT},      {SPAN_INIT("subtract"), SUBTRACT},
    {SPAN_INIT("mul"), MULTIPLY},  {SPAN_INIT("multiply"), MULTIPLY}, {SPAN_INIT("div"), DIVIDE},
    {SPAN_INIT("divide"), DIVIDE},
};
static const char *const operation_names[] = {"add", "subtract", "multiply", "divide"};

struct sum {
    enum operation operation;
    int64_t a, b, result;
};

static bool operation_find(struct span name, enum operation *operation)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!span_eq(name, names[i].name))
            continue;
        *operation = names[i].operation;
        return true;
    }
    return false;
}

/* An optional minus and digits, within 64 bits. */
static bool integer_read(struct span text, int64_t *value)
{
    bool is_negative = text.len > 1 && text.at[0] == '-';
    uint64_t size;
    uint64_t max = (uint64_t)INT64_MAX + is_negative;
    if (!span_u64(span_from(text, is_negative), max, &size))
        return false;
    *value = is_negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

static bool refuse(struct reply *reply, const char *format, const char *detail)
{
    reply->status = 400;
    reply->content_type = SPAN("application/json; charset=utf-8");
    buf_add_str(&reply->body, "{\"error\":\"");
    buf_printf(&reply->body, format, detail);
    buf_add_str(&reply->body, "\"}");
    return false;
}

static bool operand_read(const struct request *request, const char *name, int64_t *value, struct reply *reply)
{
    struct span text = {NULL, 0};
    size_t count = 0;
    if (!uri_query(request->arena, request->query, span_str(name), &text, &count, NULL))
        return refuse(reply, "the query is badly encoded%s", "");
    if (count != 1)
        return refuse(reply, count == 0 ? "%s is missing" : "%s stands there more than once", name);
    return integer_read(text, value) || refuse(reply, "%s is no integer of 64 bits", name);
}

static bool compute(struct sum *sum, struct reply *reply)
{
    bool is_past = false;
    switch (sum->operation) {
    case ADD: is_past = __builtin_add_overflow(sum->a, sum->b, &sum->result); break;
    case SUBTRACT: is_past = __builtin_sub_overflow(sum->a, sum->b, &sum->result); break;
    case MULTIPLY: is_past = __builtin_mul_overflow(sum->a, sum->b, &sum->result); break;
    case DIVIDE:
        if (sum->b == 0)
            return refuse(reply, "division by zero%s", "");
        is_past = sum->a == INT64_MIN && sum->b == -1;
        sum->result = is_past ? 0 : sum->a / sum->b;
        break;
    }
    return !is_past || refuse(reply, "the result has more than 64 bits%s", "");
}

/* The first type of Accept that is one of ours decides. */
static bool prefers_json(const struct head *head)
{
    const struct field *accept = head_find(head, SPAN("Accept"), NULL);
    struct span rest = accept == NULL ? (struct span){NULL, 0} : accept->value;
    struct span item;
    while (span_split(&rest, ',', &item)) {
        struct span type;
        if (!span_split(&item, ';', &type))
            continue;
        type = span_trim(type);
        if (span_eq_nocase(type, SPAN("application/json")))
            return true;
        if (span_eq_nocase(type, SPAN("application/xml")) || span_eq_nocase(type, SPAN("text/xml")))
            return false;
    }
    return false;
}

static void write_json(const struct sum *sum, struct reply *reply)
{
    reply->content_type = SPAN("application/json; charset=utf-8");
    buf_printf(&reply->body, "{\"operation\":\"%s\",\"a\":%" PRId64 ",\"b\":%" PRId64 ",\"result\":%" PRId64 "}",
               operation_names[sum->operation], sum->a, sum->b, sum->result);
}

static void write_xml(const struct sum *sum, struct reply *reply)
{
    reply->content_type = SPAN("application/xml; charset=utf-8");
    responder_add_field(reply, "Cache-Control", SPAN("no-cache"));
    responder_add_field(reply, "Pragma", SPAN("no-cache"));
    responder_add_field(reply, "Expires", SPAN("-1"));
    buf_printf(&reply->body,
               "<result><value>%" PRId64
               "</value><broughtToYouBy>Azure API Management - http://azure.microsoft.com/apim/ "
               "</broughtToYouBy></result>",
               sum->result);
}

/* Takes `prefix` off the front; whether it stood there. */
static bool cut_prefix(struct span *path, struct span prefix)
{
    if (!span_starts(*path, prefix))
        return false;
    *path = span_from(*path, prefix.len);
    return true;
}

void calculator_answer(void *context, const struct request *request, struct reply *reply)
{
    struct span name = request->path;
    struct sum sum = {ADD, 0, 0, 0};
    bool is_json = cut_prefix(&name, SPAN("/json/"));
    (void)context;
    if (!is_json && !cut_prefix(&name, SPAN("/api/")))
        cut_prefix(&name, SPAN("/"));
    bool is_health = span_eq(request->path, SPAN("/healthz"));
    if (!is_health && !operation_find(name, &sum.operation)) {
        responder_refuse(reply, REASON_NO_ROUTE);
        return;
    }
    if (!responder_wants_get(request, reply))
        return;
    if (is_health) {
        reply->content_type = SPAN("text/plain; charset=utf-8");
        buf_add_str(&reply->body, "ok\n");
        return;
    }
    if (!operand_read(request, "a", &sum.a, reply) || !operand_read(request, "b", &sum.b, reply) ||
        !compute(&sum, reply))
        return;
    if (is_json || prefers_json(request->head))
        write_json(&sum, reply);
    else
        write_xml(&sum, reply);
}
