/* SPDX-License-Identifier: Apache-2.0 */
/* What expressions see of a request, its answer, its variables and its verified token.
 *
 * What is missing is null or a failure, as in C#, and a failure refuses the request: a condition on a variable that was never set
 * must not turn out true or false.
 */
#include "expression_case.h"

#define JWT "((Jwt)context.Variables[\"jwt\"])"

static void requests_have_members(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(context.Request.Method)", "text POST"},
        {"@(context.Request.IpAddress)", "text 192.0.2.7"},
        {"@(context.Request.Url.Scheme)", "text http"},
        {"@(context.Request.Url.Host)", "text backend"},
        {"@(context.Request.Url.Port)", "int 80"},
        {"@(context.Request.Url.Path)", "text /items"},
        {"@(context.Request.Url.QueryString)", "text ?n=1"},
        {"@(context.Request.OriginalUrl.Scheme)", "text https"},
        {"@(context.Request.OriginalUrl.Host)", "text api.example"},
        {"@(context.Request.OriginalUrl.Port)", "int 8443"},
        {"@(context.Request.OriginalUrl.Path)", "text /v1/items"},
        {"@(context.Request.OriginalUrl.QueryString)", "text ?q=a%2Cb&q=c"},
        {"@(context.RequestId.ToString())", "text 11111111-2222-3333-4444-555555555555"},
        {"@(context . Request /* a comment */ . Method == \"POST\")", "bool True"},
        {"@(\"https://\" + context.Request.OriginalUrl.Host + \":\" + context.Request.OriginalUrl.Port)",
         "text https://api.example:8443"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

#define CERTIFICATE "context.Request.Certificate"

static void a_certificate_tells_who_has_its_key(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(" CERTIFICATE " != null)", "bool True"},
        {"@(" CERTIFICATE ".Thumbprint)", "text AB12"},
        {"@(" CERTIFICATE ".Thumbprint == \"AB12\")", "bool True"},
        {"@(" CERTIFICATE ".Subject)", "text CN=client, O=Org"},
        {"@(" CERTIFICATE ".SubjectName.Name == \"CN=client, O=Org\")", "bool True"},
        {"@(" CERTIFICATE ".Issuer.Contains(\"CN=CA\"))", "bool True"},
        {"@(" CERTIFICATE ".IssuerName.Name)", "text CN=CA, O=Org"},
        {"@(" CERTIFICATE ".SerialNumber.ToLower())", "text 0a"},
        {"@(" CERTIFICATE ".NotBefore)", "time 1795000000000"},
        {"@(" CERTIFICATE ".NotAfter > DateTime.UtcNow)", "bool True"},
        {"@(" CERTIFICATE ".Verify())", "bool True"},
        {"@(" CERTIFICATE " == null || !" CERTIFICATE ".Verify() || " CERTIFICATE
         ".Issuer != \"CN=CA, O=Org\" || " CERTIFICATE ".SubjectName.Name != \"CN=client, O=Org\")",
         "bool False"},
        {"@(" CERTIFICATE " == null ? \"none\" : " CERTIFICATE ".Thumbprint)", "text AB12"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void without_a_certificate_its_members_are_no_values(void **state)
{
    (void)state;
    static const char *const members[] = {".Thumbprint", ".Subject", ".Verify()", ".NotAfter", ".SubjectName.Name"};
    struct expression_world world;
    expression_world_init(&world);
    world.has_certificate = false;
    assert_string_equal(expression_outcome(&world, "@(" CERTIFICATE " == null)"), "bool True");
    assert_string_equal(expression_outcome(&world, "@(" CERTIFICATE " == null || " CERTIFICATE ".Thumbprint == \"\")"),
                        "bool True");
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        char text[128];
        snprintf(text, sizeof text, "@(%s%s)", CERTIFICATE, members[i]);
        assert_non_null(strstr(expression_outcome(&world, text), "null, where a certificate is needed"));
    }
    expression_world_fini(&world);
}

static void a_certificate_is_no_text(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(" CERTIFICATE " == \"AB12\")", 30, "does not take a certificate and a text", "@(" CERTIFICATE " == null)"},
        {"@(" CERTIFICATE " == " CERTIFICATE ")", 30, "does not take a certificate and a certificate",
         "@(" CERTIFICATE ".Thumbprint == " CERTIFICATE ".Thumbprint)"},
        {"@(\"\" + " CERTIFICATE ")", 5, "does not take a text and a certificate", "@(\"\" + " CERTIFICATE ".Subject)"},
        {"@(string.Concat(" CERTIFICATE "))", 16, "a certificate", "@(string.Concat(" CERTIFICATE ".Subject))"},
        {"@(" CERTIFICATE ".SubjectName)", 2, "is no value", "@(" CERTIFICATE ".SubjectName.Name)"},
        {"@(" CERTIFICATE ".RawData)", 30, "there are Thumbprint, Subject", "@(" CERTIFICATE ".Thumbprint)"},
        {"@(" CERTIFICATE ".Verify)", 30, "Verify is a method", "@(" CERTIFICATE ".Verify())"},
        {"@(" CERTIFICATE "?.Thumbprint)", 29, "write x.Member", "@(" CERTIFICATE ".Thumbprint)"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void fields_are_texts_and_as_lists_have_one_element(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(context.Request.Headers.GetValueOrDefault(\"X-Role\", \"none\"))", "text admin, user"},
        {"@(context.Request.Headers.GetValueOrDefault(\"x-role\"))", "text admin, user"},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-None\", \"none\"))", "text none"},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-None\"))", "null"},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-None\", null))", "null"},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-Empty\", \"none\"))", "text "},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-\" + \"Role\", \"\").Contains(\"admin\"))", "bool True"},
        {"@(context.Request.Headers[\"X-Role\"])", "text admin, user"},
        {"@(context.Request.Headers[\"X-Role\"] == \"admin, user\")", "bool True"},
        {"@(context.Request.Headers[\"X-Role\"].Contains(\"admin\"))", "bool False"},
        {"@(context.Request.Headers[\"X-Role\"].Contains(\"admin, user\"))", "bool True"},
        {"@(context.Request.Headers[\"X-Role\"].FirstOrDefault())", "text admin, user"},
        {"@(context.Request.Headers[\"X-Role\"][0].Split(',')[1].Trim())", "text user"},
        {"@(context.Request.Headers[\"X-Role\"].Length)", "int 1"},
        {"@(string.Join(\",\", context.Request.Headers[\"X-Role\"]))", "text admin, user"},
        {"@((string)context.Request.Headers[\"X-Role\"])", "text admin, user"},
        {"@(true ? context.Request.Headers[\"X-Role\"] : \"\")", "text admin, user"},
        {"@(context.Request.Headers.ContainsKey(\"X-Role\"))", "bool True"},
        {"@(context.Request.Headers.ContainsKey(\"X-None\"))", "bool False"},
        {"@(context.Request.Headers[\"X-Bytes\"].FirstOrDefault().Length)", "int 2"},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-Back\", \"none\"))", "text none"},
        {"@(context.Response.Headers.GetValueOrDefault(\"X-Back\", \"none\"))", "text b1"},
        {"@(context.Response.Headers[\"X-Back\"])", "text b1"},
        {"@(context.Response.Headers.ContainsKey(\"X-Role\"))", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void parameters_are_those_of_their_url(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(context.Request.OriginalUrl.Query.GetValueOrDefault(\"q\", \"\"))", "text a,b,c"},
        {"@(context.Request.Url.Query.GetValueOrDefault(\"q\", \"none\"))", "text none"},
        {"@(context.Request.Url.Query.GetValueOrDefault(\"n\"))", "text 1"},
        {"@(context.Request.Url.Query.GetValueOrDefault(\"N\"))", "null"},
        {"@(context.Request.Url.Query[\"n\"] + \"\")", "text 1"},
        {"@(context.Request.Url.Query[\"n\"][0])", "text 1"},
        {"@(context.Request.Url.Query.ContainsKey(\"n\"))", "bool True"},
        {"@(context.Request.OriginalUrl.Query.ContainsKey(\"n\"))", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void answers_and_errors_have_members(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(context.Response.StatusCode)", "int 404"},
        {"@(context.Response.StatusCode >= 400 && context.Response.StatusCode < 500)", "bool True"},
        {"@(context.Response.StatusReason)", "text Not Found"},
        {"@(context.LastError.Source)", "text validate-jwt"},
        {"@(context.LastError.Reason)", "text TokenExpired"},
        {"@(context.LastError.Message)", "text expired"},
        {"@(context.LastError.Scope)", "text api"},
        {"@(context.LastError.Section)", "text inbound"},
        {"@(context.LastError.Path)", "text validate-jwt[1]"},
        {"@(context.LastError.PolicyId)", "text p1"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void variables_have_the_type_they_were_set_with(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(context.Variables[\"text\"])", "text t1"},
        {"@(context.Variables[\"yes\"])", "bool True"},
        {"@(context.Variables[\"five\"])", "int 5"},
        {"@(context.Variables[\"nothing\"])", "null"},
        {"@(context.Variables[\"jwt\"])", "token h.p.s"},
        {"@((string)context.Variables[\"text\"] + \"!\")", "text t1!"},
        {"@((int)context.Variables[\"five\"] + 1)", "int 6"},
        {"@((bool)context.Variables[\"yes\"] && true)", "bool True"},
        {"@(context.Variables[\"yes\"] && true)", "bool True"},
        {"@(true && context.Variables[\"yes\"])", "bool True"},
        {"@(!context.Variables[\"yes\"])", "bool False"},
        {"@(context.Variables[\"yes\"] ? 1 : 2)", "int 1"},
        {"@((string)context.Variables[\"nothing\"])", "null"},
        {"@((string)context.Variables[\"nothing\"] == null)", "bool True"},
        {"@(context.Variables[\"five\"] == 5)", "bool True"},
        {"@(context.Variables[\"text\"] == \"t1\")", "bool True"},
        {"@(context.Variables[\"five\"] + 1)", "int 6"},
        {"@(context.Variables[\"five\"] + \"1\")", "text 51"},
        {"@(context.Variables[\"text\"] + context.Variables[\"five\"])", "text t15"},
        {"@(context.Variables[\"five\"].ToString())", "text 5"},
        {"@(context.Variables[\"te\" + \"xt\"])", "text t1"},
        {"@(context.Variables.GetValueOrDefault<string>(\"text\"))", "text t1"},
        {"@(context.Variables.GetValueOrDefault<string>(\"text\", \"d\").Length)", "int 2"},
        {"@(context.Variables.GetValueOrDefault<string>(\"no\", \"d\"))", "text d"},
        {"@(context.Variables.GetValueOrDefault<string>(\"no\"))", "null"},
        {"@(context.Variables.GetValueOrDefault<int>(\"no\") + 1)", "int 1"},
        {"@(context.Variables.GetValueOrDefault<bool>(\"no\") || false)", "bool False"},
        {"@(context.Variables.GetValueOrDefault<int>(\"no\", 7))", "int 7"},
        {"@(context.Variables.GetValueOrDefault < Jwt > (\"jwt\").Subject)", "text u1"},
        {"@(context.Variables.GetValueOrDefault<Jwt>(\"no\") == null)", "bool True"},
        {"@(context.Variables.GetValueOrDefault(\"no\", \"d\") + 1)", "text d1"},
        {"@(context.Variables.GetValueOrDefault(\"five\", 1) - 1)", "int 4"},
        {"@(context.Variables.GetValueOrDefault(\"yes\", false) && true)", "bool True"},
        {"@(context.Variables.GetValueOrDefault(\"no\", null))", "null"},
        {"@(context.Variables.GetValueOrDefault(\"no\"))", "null"},
        {"@(context.Variables.GetValueOrDefault(\"no\", context.Variables[\"five\"]))", "int 5"},
        {"@(context.Variables.ContainsKey(\"text\"))", "bool True"},
        {"@(context.Variables.ContainsKey(\"nothing\"))", "bool True"},
        {"@(context.Variables.ContainsKey(\"Text\"))", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void tokens_have_members(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(" JWT ".Subject)", "text u1"},
        {"@(" JWT ".Issuer)", "text https://idp/"},
        {"@(" JWT ".Id)", "text id-1"},
        {"@(" JWT ".Algorithm)", "text RS256"},
        {"@(" JWT ".Type)", "text JWT"},
        {"@(" JWT ".Audiences)", "list a1|a2"},
        {"@(" JWT ".Audiences.Contains(\"a2\"))", "bool True"},
        {"@(" JWT ".ExpirationTime)", "time 1795280367000"},
        {"@(" JWT ".IssuedAt)", "time 1795280000000"},
        {"@(" JWT ".NotBefore)", "null"},
        {"@(" JWT ".NotBefore == null)", "bool True"},
        {"@(" JWT ".ExpirationTime > ((Jwt)context.Variables[\"jwt\"]).IssuedAt)", "bool True"},
        {"@(" JWT ".ToString())", "text h.p.s"},
        {"@(" JWT ".Claims[\"group\"])", "list finance|sales"},
        {"@(" JWT ".Claims[\"group\"].Contains(\"finance\"))", "bool True"},
        {"@(" JWT ".Claims[\"group\"].Contains(\"fin\"))", "bool False"},
        {"@(" JWT ".Claims[\"group\"][1])", "text sales"},
        {"@(" JWT ".Claims[\"empty\"].FirstOrDefault())", "null"},
        {"@(" JWT ".Claims[\"empty\"].Any())", "bool False"},
        {"@(" JWT ".Claims[\"level\"].FirstOrDefault())", "text 3"},
        {"@(" JWT ".Claims[\"ok\"][0] == \"true\")", "bool True"},
        {"@(" JWT ".Claims[\"https://x/y\"][0])", "text z"},
        {"@(" JWT ".Claims[\"broken\"][0])", "text a\r\nb"},
        {"@(" JWT ".Claims.GetValueOrDefault(\"group\", \"\"))", "text finance,sales"},
        {"@(" JWT ".Claims.GetValueOrDefault(\"no\", \"d\"))", "text d"},
        {"@(" JWT ".Claims.GetValueOrDefault(\"none\", \"d\"))", "text d"},
        {"@(" JWT ".Claims.GetValueOrDefault(\"empty\", \"d\"))", "text "},
        {"@(" JWT ".Claims.GetValueOrDefault(\"no\"))", "null"},
        {"@(" JWT ".Claims.ContainsKey(\"group\"))", "bool True"},
        {"@(" JWT ".Claims.ContainsKey(\"none\"))", "bool False"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void times_and_identifiers_print_as_in_csharp(void **state)
{
    (void)state;
    static const struct expression_value_case cases[] = {
        {"@(DateTime.UtcNow)", "time 1795280367123"},
        {"@(DateTime.UtcNow.ToString())", "text 11/21/2026 16:59:27"},
        {"@(\"\" + DateTime.UtcNow)", "text 11/21/2026 16:59:27"},
        {"@(DateTime.UtcNow.ToString(\"o\"))", "text 2026-11-21T16:59:27.1230000Z"},
        {"@(DateTime.UtcNow.ToString(\"s\"))", "text 2026-11-21T16:59:27"},
        {"@(DateTime.UtcNow.ToString(\"yyyy-MM-ddTHH:mm:ssZ\"))", "text 2026-11-21T16:59:27Z"},
        {"@(DateTime.UtcNow.ToString(\"r\"))", "text Sat, 21 Nov 2026 16:59:27 GMT"},
        {"@(DateTime.UtcNow.ToString(\"R\") == DateTime.UtcNow.ToString(\"r\"))", "bool True"},
        {"@(DateTime.UtcNow == DateTime.UtcNow)", "bool True"},
        {"@(" JWT ".ExpirationTime < DateTime.UtcNow)", "bool True"},
        {"@(Guid.NewGuid().ToString())", "text 00112233-4455-4677-8899-aabbccddeeff"},
    };
    expression_values_run(cases, COUNT_OF(cases));
}

static void what_is_missing_or_of_another_type_fails(void **state)
{
    (void)state;
    static const struct expression_refusal_case cases[] = {
        {"@(context.Variables[\"no\"])", RUNS, "context.Variables[\"no\"]: there is no such variable",
         "@(context.Variables[\"text\"])"},
        {"@(context.Variables[\"Text\"])", RUNS, "no such variable", "@(context.Variables[\"text\"])"},
        {"@(context.Variables[(string)null])", RUNS, "null, where a text is needed",
         "@(context.Variables[(string)\"text\"])"},
        {"@((string)context.Variables[\"five\"])", RUNS, "context.Variables[\"five\"]: it is not a text",
         "@((int)context.Variables[\"five\"])"},
        {"@((bool)context.Variables[\"nothing\"])", RUNS, "it is not a bool",
         "@((string)context.Variables[\"nothing\"])"},
        {"@((int)context.Variables[\"text\"])", RUNS, "it is not an int", "@((int)context.Variables[\"five\"])"},
        {"@((Jwt)context.Variables[\"text\"])", RUNS, "it is not a Jwt", "@((Jwt)context.Variables[\"jwt\"])"},
        {"@(((Jwt)context.Variables[\"nothing\"]).Subject)", RUNS, "Subject: null, where a Jwt is needed",
         "@(" JWT ".Subject)"},
        {"@(context.Variables.GetValueOrDefault<bool>(\"text\"))", RUNS,
         "GetValueOrDefault(\"text\"): it is not a bool", "@(context.Variables.GetValueOrDefault<bool>(\"yes\"))"},
        {"@(context.Variables.GetValueOrDefault(\"five\", \"\"))", RUNS, "it is not a text",
         "@(context.Variables.GetValueOrDefault(\"five\", 0))"},
        {"@(context.Variables[\"five\"] == \"5\")", RUNS, "==: two values of different types",
         "@(context.Variables[\"five\"].ToString() == \"5\")"},
        {"@(context.Variables[\"jwt\"] == context.Variables[\"jwt\"])", RUNS, "only compared with null",
         "@(context.Variables[\"jwt\"] != null)"},
        {"@(context.Variables[\"five\"] && true)", RUNS, "&&: a bool is needed",
         "@(context.Variables[\"yes\"] && true)"},
        {"@(true && context.Variables[\"five\"])", RUNS, "it is not a bool", "@(true && context.Variables[\"yes\"])"},
        {"@(context.Variables[\"nothing\"] ? 1 : 2)", RUNS, "?:: a bool is needed",
         "@(context.Variables[\"yes\"] ? 1 : 2)"},
        {"@(!context.Variables[\"text\"])", RUNS, "!: a bool is needed", "@(!context.Variables[\"yes\"])"},
        {"@(context.Variables[\"yes\"] + 1)", RUNS, "two ints, or a text and something else",
         "@(context.Variables[\"five\"] + 1)"},
        {"@(context.Variables[\"text\"] < 1)", RUNS, "two ints or two times", "@(context.Variables[\"five\"] < 1)"},
        {"@(context.Variables[\"nothing\"].ToString())", RUNS, "null has no ToString()",
         "@(context.Variables[\"text\"].ToString())"},
        {"@((int)context.Variables[\"five\"] + 2147483643)", RUNS, "more than an int holds",
         "@((int)context.Variables[\"five\"] + 2147483642)"},
        {"@(-(int)context.Variables[\"five\"] - 2147483644)", RUNS, "more than an int holds",
         "@(-(int)context.Variables[\"five\"] - 2147483643)"},
        {"@(context.Request.Headers[\"X-None\"])", RUNS, "context.Request.Headers[\"X-None\"]: there is no such field",
         "@(context.Request.Headers[\"X-Empty\"])"},
        {"@(context.Request.Headers.GetValueOrDefault(\"X-None\").Length)", RUNS, "Length: null",
         "@(context.Request.Headers.GetValueOrDefault(\"X-None\", \"\").Length)"},
        {"@(context.Request.Headers[\"X-Role\"][1])", RUNS, "no such element",
         "@(context.Request.Headers[\"X-Role\"][0])"},
        {"@(context.Request.Url.Query[\"q\"])", RUNS, "context.Request.Url.Query[\"q\"]: there is no such parameter",
         "@(context.Request.OriginalUrl.Query[\"q\"])"},
        {"@(" JWT ".Claims[\"no\"])", RUNS, "Claims[\"no\"]: the token has no such claim",
         "@(" JWT ".Claims[\"empty\"])"},
        {"@(" JWT ".Claims[\"none\"])", RUNS, "no such claim", "@(" JWT ".Claims[\"ok\"])"},
        {"@(" JWT ".NotBefore < DateTime.UtcNow)", RUNS, "two times are needed",
         "@(" JWT ".IssuedAt < DateTime.UtcNow)"},
        {"@(" JWT ".NotBefore.ToString(\"o\"))", RUNS, "null, where a time", "@(" JWT ".IssuedAt.ToString(\"o\"))"},
    };
    expression_refusals_run(cases, COUNT_OF(cases));
}

static void expect(struct expression_world *world, const char *text, const char *wanted)
{
    assert_string_equal(expression_outcome(world, text), wanted);
}

static void an_answer_or_error_that_is_not_there_is_null(void **state)
{
    (void)state;
    struct expression_world world;
    expression_world_init(&world);
    expect(&world, "@(context.LastError.Reason ?? \"none\")", "text TokenExpired");
    world.has_error = world.has_response = false;
    expect(&world, "@(context.LastError.Reason ?? \"none\")", "text none");
    expect(&world, "@(context.LastError.Reason == null)", "bool True");
    expect(&world, "@(context.Response.StatusCode == null)", "bool True");
    expect(&world, "@(context.Response.StatusCode + 1)", "run: +: two ints, or a text and something else, are needed");
    expect(&world, "@(context.Response.StatusReason + \"\")", "text ");
    expect(&world, "@(context.Response.Headers.ContainsKey(\"X-Back\"))", "bool False");
    expression_world_fini(&world);
}

static void claims_of_the_wrong_type_fail(void **state)
{
    (void)state;
    static const char json[] = "{\"sub\":1,\"exp\":\"soon\",\"iat\":9007199254740992}";
    struct expression_world world;
    struct err err;
    expression_world_init(&world);
    assert_true(claims_read_json(&world.claims, &world.arena, span_str(json), 8, &err));
    expect(&world, "@(" JWT ".Subject)", "run: Subject: the claim is no text");
    expect(&world, "@(" JWT ".Issuer)", "null");
    expect(&world, "@(" JWT ".ExpirationTime)", "run: ExpirationTime: the claim is no time");
    expect(&world, "@(" JWT ".IssuedAt.ToString())",
           "run: ToString(): a time outside of the years 1 to 9999 has no text");
    expression_world_fini(&world);
}

static void times_have_the_years_of_csharp(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text; /* NULL: none */
    } cases[] = {
        {0, "01/01/1970 00:00:00"},
        {-1, "12/31/1969 23:59:59"},
        {-62135596800000, "01/01/0001 00:00:00"},
        {-62135596800001, NULL},
        {253402300799999, "12/31/9999 23:59:59"},
        {253402300800000, NULL},
        {INT64_MAX, NULL},
        {INT64_MIN, NULL},
    };
    AUTO(arena) arena = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct value value = {.kind = VALUE_TIME, .integer = cases[i].ms};
        struct span text;
        struct err err;
        assert_int_equal(value_text(&value, &arena, &text, &err), cases[i].text != NULL);
        if (cases[i].text != NULL)
            assert_span(text, cases[i].text);
        else
            assert_int_equal(err.reason, REASON_EXPRESSION_FAILED);
    }
}

static void values_print_as_policies_show_them(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    static const struct span texts[] = {SPAN_INIT("a")};
    const struct token token = {.raw = SPAN("h.p.s")};
    const struct value_token jwt = {&token, NULL};
    const struct {
        struct value value;
        const char *text; /* NULL: none */
    } cases[] = {
        {{.kind = VALUE_NULL}, ""},
        {{.kind = VALUE_BOOL, .boolean = true}, "True"},
        {{.kind = VALUE_BOOL, .boolean = false}, "False"},
        {{.kind = VALUE_INT, .integer = -12}, "-12"},
        {{.kind = VALUE_TEXT, .text = texts[0]}, "a"},
        {{.kind = VALUE_TEXTS, .texts = {texts, 1}}, NULL},
        {{.kind = VALUE_TOKEN, .token = &jwt}, "h.p.s"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct span text;
        struct err err;
        assert_int_equal(value_text(&cases[i].value, &arena, &text, &err), cases[i].text != NULL);
        if (cases[i].text != NULL)
            assert_span(text, cases[i].text);
    }
}

static void a_variable_set_again_has_the_new_value(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    struct variables variables = {NULL};
    const struct value one = {.kind = VALUE_INT, .integer = 1};
    const struct value two = {.kind = VALUE_INT, .integer = 2};
    assert_null(variables_find(&variables, SPAN("a")));
    assert_true(variables_set(&variables, &arena, SPAN("a"), one));
    assert_true(variables_set(&variables, &arena, SPAN("A"), one));
    assert_true(variables_set(&variables, &arena, SPAN("a"), two));
    assert_int_equal(variables_find(&variables, SPAN("a"))->integer, 2);
    assert_int_equal(variables_find(&variables, SPAN("A"))->integer, 1);
    assert_null(variables_find(NULL, SPAN("a")));
}

static void count_name(void *of, struct span name)
{
    char *names = of;
    strncat(names, name.at, name.len);
    strcat(names, ";");
}

static void variables_named_by_literals_are_told(void **state)
{
    (void)state;
    AUTO(arena) arena = {0};
    char names[64] = "";
    const struct expression *expression;
    size_t offset;
    struct err err;
    static const char text[] =
        "@(context.Variables[\"a\"] == context.Variables.GetValueOrDefault<string>(\"b\", \"x\") && "
        "context.Variables.ContainsKey(\"\") && context.Variables[\"c\" + \"d\"] == context.Request.Headers[\"h\"])";
    assert_true(
        expression_read(&(struct expression_source){span_str(text), false}, &arena, &expression, &offset, &err));
    expression_each_variable(expression, count_name, names);
    assert_string_equal(names, "a;b;;");
}

static void only_what_depends_on_nothing_is_constant(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_constant;
    } cases[] = {
        {"@(\"a\" + 1)", true},
        {"@(\"a b\".Split(' ')[1] == string.Empty ? null : int.Parse(\"1\").ToString())", true},
        {"@(true || context.Request.Method == \"GET\")", false},
        {"@(context.Request.Method)", false},
        {"@(context.Request.Headers.ContainsKey(\"a\"))", false},
        {"@(context.Request.Url.Query[\"a\"])", false},
        {"@(context.Variables[\"a\"])", false},
        {"@(context.RequestId)", false},
        {"@(Guid.NewGuid())", false},
        {"@(DateTime.UtcNow.ToString())", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena) arena = {0};
        const struct expression *expression;
        struct value value;
        size_t offset;
        struct err err;
        assert_true(expression_read(&(struct expression_source){span_str(cases[i].text), false}, &arena, &expression,
                                    &offset, &err));
        if (expression_is_constant(expression, &arena, &value) != cases[i].is_constant)
            fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_members),
        cmocka_unit_test(a_certificate_tells_who_has_its_key),
        cmocka_unit_test(without_a_certificate_its_members_are_no_values),
        cmocka_unit_test(a_certificate_is_no_text),
        cmocka_unit_test(fields_are_texts_and_as_lists_have_one_element),
        cmocka_unit_test(parameters_are_those_of_their_url),
        cmocka_unit_test(answers_and_errors_have_members),
        cmocka_unit_test(variables_have_the_type_they_were_set_with),
        cmocka_unit_test(tokens_have_members),
        cmocka_unit_test(times_and_identifiers_print_as_in_csharp),
        cmocka_unit_test(what_is_missing_or_of_another_type_fails),
        cmocka_unit_test(an_answer_or_error_that_is_not_there_is_null),
        cmocka_unit_test(claims_of_the_wrong_type_fail),
        cmocka_unit_test(times_have_the_years_of_csharp),
        cmocka_unit_test(values_print_as_policies_show_them),
        cmocka_unit_test(a_variable_set_again_has_the_new_value),
        cmocka_unit_test(variables_named_by_literals_are_told),
        cmocka_unit_test(only_what_depends_on_nothing_is_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
