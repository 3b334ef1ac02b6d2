/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's expression, read and evaluated over one made-up request.
 *
 * The first byte chooses whether the rest is the whole text or stands in `@(...)`, and what the request has.  What is read gives
 * the same when it is evaluated again, a constant gives what it was folded to, and nothing longer than the maximum comes out.
 */
#include "base/buf.h"
#include "policy/expression.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

enum { HAS_WHOLE_TEXT = 1, HAS_ANSWER = 2, HAS_LONG_FIELDS = 4 };

static char long_text[EXPRESSION_RESULT_MAX + 1];

static struct value fact(void *of, enum fact fact)
{
    const uint8_t *choice = of;
    if (fact >= FACT_STATUS_CODE && (*choice & HAS_ANSWER) == 0)
        return (struct value){.kind = VALUE_NULL};
    static const struct value_certificate certificate = {.thumbprint = SPAN_INIT("AB"), .not_after_s = 1795280367};
    if (fact == FACT_CERTIFICATE)
        return (struct value){.kind = VALUE_CERTIFICATE, .certificate = &certificate};
    if (fact == FACT_URL_PORT || fact == FACT_ORIGINAL_PORT || fact == FACT_STATUS_CODE)
        return (struct value){.kind = VALUE_INT, .integer = 443};
    return (struct value){.kind = VALUE_TEXT, .text = SPAN("/a\xc3\xa9/b")};
}

static bool header(void *of, enum message message, struct span name, struct span *joined)
{
    const uint8_t *choice = of;
    bool is_long = (*choice & HAS_LONG_FIELDS) != 0;
    *joined = is_long ? span_of(long_text, sizeof long_text - 1 + (name.len == 1)) : SPAN("Bearer a, \xff");
    return name.len > 0 && (message == MESSAGE_REQUEST || (*choice & HAS_ANSWER) != 0);
}

static bool query(void *of, bool is_original, struct span name, struct span *joined)
{
    (void)of;
    *joined = is_original ? SPAN("a,b") : SPAN("");
    return name.len > 0;
}

static void random_bytes(void *of, unsigned char out[16])
{
    (void)of;
    memset(out, 0xa5, 16);
}

static bool is_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_NULL: return true;
    case VALUE_BOOL: return a->boolean == b->boolean;
    case VALUE_INT:
    case VALUE_TIME: return a->integer == b->integer;
    case VALUE_TEXT: return span_eq(a->text, b->text);
    case VALUE_TEXTS: break;
    case VALUE_TOKEN: return a->token == b->token;
    case VALUE_CERTIFICATE: return a->certificate == b->certificate;
    }
    for (size_t i = 0; i < a->texts.count && a->texts.count == b->texts.count; i++)
        if (!span_eq(a->texts.at[i], b->texts.at[i]))
            return false;
    return a->texts.count == b->texts.count;
}

static void check_bounds(const struct value *value, struct arena *arena)
{
    struct span text;
    struct err err;
    if (value_text(value, arena, &text, &err))
        must(text.len <= EXPRESSION_RESULT_MAX);
    else
        must(err.reason == REASON_EXPRESSION_FAILED &&
             (value->kind == VALUE_TEXTS || value->kind == VALUE_TIME || value->kind == VALUE_CERTIFICATE));
    for (size_t i = 0; value->kind == VALUE_TEXTS && i < value->texts.count; i++)
        must(value->texts.at[i].len <= EXPRESSION_RESULT_MAX);
    must(value->kind != VALUE_INT || (value->integer >= INT32_MIN && value->integer <= INT32_MAX));
}

static void check_name(void *of, struct span name)
{
    (void)of;
    must(name.at != NULL && name.len <= EXPRESSION_BYTES_MAX);
}

static void set_variables(struct variables *variables, struct arena *arena, const struct value_token *jwt)
{
    must(variables_set(variables, arena, SPAN("t"), (struct value){.kind = VALUE_TEXT, .text = SPAN("a b")}));
    must(variables_set(variables, arena, SPAN("b"), (struct value){.kind = VALUE_BOOL, .boolean = true}));
    must(variables_set(variables, arena, SPAN("i"), (struct value){.kind = VALUE_INT, .integer = 7}));
    must(variables_set(variables, arena, SPAN("n"), (struct value){.kind = VALUE_NULL}));
    must(variables_set(variables, arena, SPAN("jwt"), (struct value){.kind = VALUE_TOKEN, .token = jwt}));
}

static void evaluate(const struct expression *expression, uint8_t choice, struct arena *arena)
{
    static const char json[] =
        "{\"sub\":\"u\",\"aud\":[\"a\",\"b\"],\"exp\":1795280367,\"g\":[\"x\",1,true],\"iss\":3}";
    const struct token token = {.raw = SPAN("h.p.s"), .alg_text = SPAN("RS256")};
    const struct expression_host host = {fact, header, query, random_bytes};
    struct claims claims;
    struct variables variables = {NULL};
    struct err err;
    must(claims_read_json(&claims, arena, span_str(json), 8, &err));
    const struct value_token jwt = {&token, &claims};
    set_variables(&variables, arena, &jwt);
    const struct expression_context context = {&host, &choice, &variables, 1795280367123, arena};
    struct value values[2];
    struct value constant;
    bool is_constant = expression_is_constant(expression, arena, &constant);
    bool is_given = expression_evaluate(expression, &context, &values[0], &err);
    must(is_given || (err.reason == REASON_EXPRESSION_FAILED && err.text[0] != '\0' && !is_constant));
    must(expression_evaluate(expression, &context, &values[1], &err) == is_given);
    must(!is_given || is_equal(&values[0], &values[1]));
    must(!is_constant || is_equal(&values[0], &constant));
    if (is_given)
        check_bounds(&values[0], arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    AUTO(arena) arena = {0};
    AUTO(buf) text = {0};
    const struct expression *expression;
    size_t offset;
    struct err err;
    bool is_whole = (data[0] & HAS_WHOLE_TEXT) != 0;
    memset(long_text, ',', sizeof long_text);
    buf_add_str(&text, is_whole ? "" : "@(");
    buf_add(&text, data + 1, size - 1);
    buf_add_str(&text, is_whole ? "" : ")");
    must(!text.is_broken);
    if (!expression_read(&(struct expression_source){buf_span(&text), false}, &arena, &expression, &offset, &err)) {
        must(err.reason == REASON_CONFIG && err.text[0] != '\0' && offset <= buf_len(&text) && expression == NULL);
        return 0;
    }
    must(expression_is(buf_span(&text)));
    expression_each_variable(expression, check_name, NULL);
    evaluate(expression, data[0], &arena);
    return 0;
}
