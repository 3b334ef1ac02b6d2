/* SPDX-License-Identifier: Apache-2.0 */
/* The made-up request, and what an expression makes of it. */
#include "expression_case.h"

static const char claims_json[] =
    "{\"sub\":\"u1\",\"iss\":\"https://idp/\",\"jti\":\"id-1\",\"aud\":[\"a1\",\"a2\"],\"exp\":1795280367,"
    "\"iat\":1795280000.5,\"group\":[\"finance\",\"sales\"],\"level\":3,\"ok\":true,\"none\":null,\"empty\":[],"
    "\"https://x/y\":\"z\",\"broken\":\"a\\r\\nb\"}";

static struct value text_value(const char *text)
{
    return (struct value){.kind = VALUE_TEXT, .text = span_str(text)};
}

static const struct value_certificate certificate = {.thumbprint = SPAN_INIT("AB12"),
                                                     .subject = SPAN_INIT("CN=client, O=Org"),
                                                     .issuer = SPAN_INIT("CN=CA, O=Org"),
                                                     .serial = SPAN_INIT("0A"),
                                                     .not_before_s = 1795000000,
                                                     .not_after_s = 1796000000};

static struct value world_fact(void *of, enum fact fact)
{
    static const char *const texts[FACT_COUNT] = {
        [FACT_METHOD] = "POST",
        [FACT_IP_ADDRESS] = "192.0.2.7",
        [FACT_URL_SCHEME] = "http",
        [FACT_URL_HOST] = "backend",
        [FACT_URL_PATH] = "/items",
        [FACT_URL_QUERY] = "?n=1",
        [FACT_ORIGINAL_SCHEME] = "https",
        [FACT_ORIGINAL_HOST] = "api.example",
        [FACT_ORIGINAL_PATH] = "/v1/items",
        [FACT_ORIGINAL_QUERY] = "?q=a%2Cb&q=c",
        [FACT_REQUEST_ID] = "11111111-2222-3333-4444-555555555555",
        [FACT_STATUS_REASON] = "Not Found",
        [FACT_ERROR_SOURCE] = "validate-jwt",
        [FACT_ERROR_REASON] = "TokenExpired",
        [FACT_ERROR_MESSAGE] = "expired",
        [FACT_ERROR_SCOPE] = "api",
        [FACT_ERROR_SECTION] = "inbound",
        [FACT_ERROR_PATH] = "validate-jwt[1]",
        [FACT_ERROR_POLICY_ID] = "p1",
    };
    const struct expression_world *world = of;
    struct value none = {.kind = VALUE_NULL};
    if (fact >= FACT_ERROR_SOURCE && !world->has_error)
        return none;
    if ((fact == FACT_STATUS_CODE || fact == FACT_STATUS_REASON) && !world->has_response)
        return none;
    if (fact == FACT_CERTIFICATE)
        return world->has_certificate ? (struct value){.kind = VALUE_CERTIFICATE, .certificate = &certificate} : none;
    if (fact == FACT_STATUS_CODE)
        return (struct value){.kind = VALUE_INT, .integer = 404};
    if (fact == FACT_URL_PORT || fact == FACT_ORIGINAL_PORT)
        return (struct value){.kind = VALUE_INT, .integer = fact == FACT_URL_PORT ? 80 : 8443};
    return text_value(texts[fact]);
}

static bool find(const char *const pairs[][2], size_t count, bool has_case, struct span name, struct span *found)
{
    for (size_t i = 0; i < count; i++) {
        struct span key = span_str(pairs[i][0]);
        if (has_case ? !span_eq(key, name) : !span_eq_nocase(key, name))
            continue;
        *found = span_str(pairs[i][1]);
        return true;
    }
    return false;
}

static bool world_header(void *of, enum message message, struct span name, struct span *joined)
{
    static const char *const request[][2] = {{"X-Role", "admin, user"}, {"X-Empty", ""}, {"X-Bytes", "\xff\x80"}};
    static const char *const response[][2] = {{"X-Back", "b1"}};
    const struct expression_world *world = of;
    if (message == MESSAGE_REQUEST && span_eq_nocase(name, SPAN("X-Long"))) {
        *joined = span_of(world->long_text, world->long_bytes);
        return true;
    }
    return message == MESSAGE_REQUEST ? find(request, COUNT_OF(request), false, name, joined)
                                      : world->has_response && find(response, COUNT_OF(response), false, name, joined);
}

static bool world_query(void *of, bool is_original, struct span name, struct span *joined)
{
    static const char *const original[][2] = {{"q", "a,b,c"}};
    static const char *const now[][2] = {{"n", "1"}};
    (void)of;
    return is_original ? find(original, COUNT_OF(original), true, name, joined)
                       : find(now, COUNT_OF(now), true, name, joined);
}

static void world_random(void *of, unsigned char out[16])
{
    (void)of;
    for (unsigned char i = 0; i < 16; i++)
        out[i] = (unsigned char)(i * 0x11);
}

static void set(struct expression_world *world, const char *name, struct value value)
{
    assert_true(variables_set(&world->variables, &world->arena, span_str(name), value));
}

void expression_world_init(struct expression_world *world)
{
    struct err err;
    *world = (struct expression_world){.has_response = true, .has_error = true, .has_certificate = true};
    world->host = (struct expression_host){world_fact, world_header, world_query, world_random};
    assert_true(claims_read_json(&world->claims, &world->arena, span_of(claims_json, sizeof claims_json - 1), 8, &err));
    world->token = (struct token){.raw = SPAN("h.p.s"), .alg_text = SPAN("RS256"), .typ = SPAN("JWT")};
    world->jwt = (struct value_token){&world->token, &world->claims};
    set(world, "jwt", (struct value){.kind = VALUE_TOKEN, .token = &world->jwt});
    set(world, "text", text_value("t1"));
    set(world, "yes", (struct value){.kind = VALUE_BOOL, .boolean = true});
    set(world, "five", (struct value){.kind = VALUE_INT, .integer = 5});
    set(world, "nothing", (struct value){.kind = VALUE_NULL});
    world->long_bytes = EXPRESSION_RESULT_MAX;
    world->long_text = malloc(EXPRESSION_RESULT_MAX + 1);
    assert_non_null(world->long_text);
    memset(world->long_text, ',', EXPRESSION_RESULT_MAX + 1);
}

void expression_world_fini(struct expression_world *world)
{
    arena_fini(&world->arena);
    free(world->long_text);
}

struct expression_context expression_world_context(struct expression_world *world)
{
    return (struct expression_context){.host = &world->host,
                                       .of = world,
                                       .variables = &world->variables,
                                       .now_ms = INT64_C(1795280367123),
                                       .arena = &world->arena};
}

static const char *list_outcome(struct expression_world *world, const struct value *value)
{
    char *outcome = arena_printf(&world->arena, "list ");
    for (size_t i = 0; i < value->texts.count; i++)
        outcome = arena_printf(&world->arena, "%s%s%.*s", outcome, i > 0 ? "|" : "", SPAN_ARG(value->texts.at[i]));
    return outcome;
}

static const char *value_outcome(struct expression_world *world, const struct value *value)
{
    static const char *const kinds[] = {"null", "bool", "int", "text", "list", "time", "token", "certificate"};
    struct span text;
    struct err err;
    if (value->kind == VALUE_NULL)
        return "null";
    if (value->kind == VALUE_TEXTS)
        return list_outcome(world, value);
    if (value->kind == VALUE_CERTIFICATE)
        return "certificate";
    if (value->kind == VALUE_TIME)
        return arena_printf(&world->arena, "time %lld", (long long)value->integer);
    assert_true(value_text(value, &world->arena, &text, &err));
    return arena_printf(&world->arena, "%s %.*s", kinds[value->kind], SPAN_ARG(text));
}

const char *expression_outcome(struct expression_world *world, const char *text)
{
    struct expression_context context = expression_world_context(world);
    const struct expression *expression;
    size_t offset;
    struct err err;
    struct value value;
    struct value constant;
    if (!expression_read(&(struct expression_source){span_str(text), false}, &world->arena, &expression, &offset,
                         &err)) {
        assert_int_equal(err.reason, REASON_CONFIG);
        assert_null(expression);
        return arena_printf(&world->arena, "read %zu: %s", offset, err.text);
    }
    if (!expression_evaluate(expression, &context, &value, &err)) {
        assert_int_equal(err.reason, REASON_EXPRESSION_FAILED);
        return arena_printf(&world->arena, "run: %s", err.text);
    }
    if (expression_is_constant(expression, &world->arena, &constant))
        assert_string_equal(value_outcome(world, &constant), value_outcome(world, &value));
    return value_outcome(world, &value);
}

void expression_values_run(const struct expression_value_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct expression_world world;
        expression_world_init(&world);
        const char *outcome = expression_outcome(&world, cases[i].text);
        if (strcmp(outcome, cases[i].outcome) != 0)
            fail_msg("%s gives \"%s\", not \"%s\"", cases[i].text, outcome, cases[i].outcome);
        expression_world_fini(&world);
    }
}

static bool is_refused(const struct expression_refusal_case *each, const char *outcome)
{
    char begin[32];
    snprintf(begin, sizeof begin, "read %zu: ", each->offset);
    return strncmp(outcome, each->offset == RUNS ? "run: " : begin, strlen(each->offset == RUNS ? "run: " : begin)) ==
               0 &&
           strstr(outcome, each->holds) != NULL;
}

void expression_refusals_run(const struct expression_refusal_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct expression_world world;
        expression_world_init(&world);
        const char *outcome = expression_outcome(&world, cases[i].text);
        if (!is_refused(&cases[i], outcome))
            fail_msg("%s gives \"%s\", not %zu \"%s\"", cases[i].text, outcome, cases[i].offset, cases[i].holds);
        outcome = expression_outcome(&world, cases[i].good);
        if (strncmp(outcome, "read ", 5) == 0 || strncmp(outcome, "run: ", 5) == 0)
            fail_msg("the neighbour %s gives \"%s\"", cases[i].good, outcome);
        expression_world_fini(&world);
    }
}
