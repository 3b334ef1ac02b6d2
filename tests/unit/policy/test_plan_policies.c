/* SPDX-License-Identifier: Apache-2.0 */
/* Each policy beside validate-jwt: what loads has its meaning, and what does not is refused at its place.
 *
 * Method: tables of documents, each beside a neighbour that differs in the tested point alone and loads.  A policy that was
 * passed over, or read with another meaning than the author's, could open a door.
 */
#include "plan_case.h"

#define SET_HEADER(attributes) INBOUND("<set-header " attributes "><value>v</value></set-header>")
#define SET_HEADER_GOOD SET_HEADER("name='X-A' exists-action='append'")

static const struct rule_case header_cases[] = {
    {"a header has a name", SET_HEADER("exists-action='skip'"), 2, 1, "needs the attribute \"name\"", SET_HEADER_GOOD,
     0},
    {"a header's name is one word", SET_HEADER("name='X A'"), 2, 18, "letters, digits", SET_HEADER("name='X-A'"), 0},
    {"a pseudo header is no name", SET_HEADER("name=':path'"), 2, 18, "letters, digits", SET_HEADER("name='path'"), 0},
    {"exists-action is one of four words", SET_HEADER("name='X' exists-action='Append'"), 2, 36, "exists-action",
     SET_HEADER_GOOD, 0},
    {"framing is not changed", SET_HEADER("name='content-length'"), 2, 18, "frames the message", SET_HEADER_GOOD, 0},
    {"connections are not changed", SET_HEADER("name='Connection'"), 2, 18, "one connection", SET_HEADER_GOOD, 0},
    {"hop-by-hop fields are not changed", SET_HEADER("name='Te'"), 2, 18, "one connection", SET_HEADER("name='T'"), 0},
    {"upgrades are not changed", SET_HEADER("name='Upgrade'"), 2, 18, "one connection", SET_HEADER("name='Up'"), 0},
    {"transfer codings are not deleted", INBOUND("<set-header name='Transfer-Encoding' exists-action='delete'/>"), 2,
     18, "frames", INBOUND("<set-header name='Transfer' exists-action='delete'/>"), 0},
    {"expectations are not changed", SET_HEADER("name='expect'"), 2, 18, "frames the message",
     SET_HEADER("name='expected'"), 0},
    {"settings of HTTP/2 are not changed", SET_HEADER("name='HTTP2-Settings'"), 2, 18, "one connection",
     SET_HEADER("name='HTTP2-Setting'"), 0},
    {"credentials for proxies are not changed",
     BACKEND("\n<set-header name='Proxy-Authorization' exists-action='delete'/>"), 3, 18, "one connection",
     BACKEND("\n<set-header name='Authorization' exists-action='delete'/>"), 0},
    {"challenges of proxies are not changed",
     OUTBOUND("\n<set-header name='Proxy-Authenticate'><value>v</value></set-header>"), 3, 18, "one connection",
     OUTBOUND("\n<set-header name='WWW-Authenticate'><value>v</value></set-header>"), 0},
    {"the way of a request is not changed", SET_HEADER("name='via'"), 2, 18, "written by the gateway",
     OUTBOUND("<set-header name='via'><value>v</value></set-header>"), 0},
    {"the way of a request is not hidden", BACKEND("\n<set-header name='Via' exists-action='delete'/>"), 3, 18,
     "written by the gateway", ON_ERROR("\n<set-header name='Via' exists-action='delete'/>"), 0},
    {"the way of an answer is its author's",
     INBOUND("<set-header name='Via' exists-action='append'><value>v</value></set-header>"), 2, 18,
     "written by the gateway",
     INBOUND("<return-response><set-header name='Via'><value>v</value></set-header></return-response>"), 0},
    {"a value begins no other field", INBOUND("<set-header name='X'><value>a\nb</value></set-header>"), 2, 22,
     "line end", INBOUND("<set-header name='X'><value>a b</value></set-header>"), 0},
    {"a carriage return begins no other field", INBOUND("<set-header name='X'><value>a&#13;b</value></set-header>"), 2,
     22, "line end", INBOUND("<set-header name='X'><value>a&#9;b</value></set-header>"), 0},
    {"a constant value begins no other field",
     INBOUND("<set-header name='X'><value>@(\"a\\r\\nb\")</value></set-header>"), 2, 22, "line end",
     INBOUND("<set-header name='X'><value>@(\"a b\")</value></set-header>"), 0},
    {"a header has a value", INBOUND("<set-header name='X'/>"), 2, 1, "needs a <value>",
     INBOUND("<set-header name='X' exists-action='delete'/>"), 0},
    {"deleting needs no values", SET_HEADER("name='X' exists-action='delete'"), 2, 1, "no effect", SET_HEADER_GOOD,
     PROBLEM_WARNING},
    {"only values stand there", INBOUND("<set-header name='X'><val>a</val></set-header>"), 2, 22,
     "did you mean \"value\"", SET_HEADER_GOOD, 0},
    {"values have no attributes", INBOUND("<set-header name='X'><value a='b'>a</value></set-header>"), 2, 29,
     "unknown attribute", SET_HEADER_GOOD, 0},
    {"values have no elements", INBOUND("<set-header name='X'><value><b/></value></set-header>"), 2, 29,
     "unknown element", SET_HEADER_GOOD, 0},
    {"an unknown attribute is refused", SET_HEADER("name='X' exist-action='skip'"), 2, 22,
     "did you mean \"exists-action\"", SET_HEADER("id='i' name='X' exists-action='skip'"), 0},
    {"an attribute of a namespace is unknown", SET_HEADER("name='X' xmlns:g='urn:g' g:exists-action='skip'"), 2, 38,
     "unknown attribute", SET_HEADER_GOOD, 0},
    {"an id is no expression", SET_HEADER("id='@(1)' name='X'"), 2, 17, "takes no expression",
     SET_HEADER("id='1' name='@(context.Request.Method)'"), 0},
    {"an expression's fault is told at its place",
     INBOUND("<set-header name='X'><value>@(context.Request.Methodd)</value></set-header>"), 2, 47, "Methodd",
     INBOUND("<set-header name='X'><value>@(context.Request.Method)</value></set-header>"), 0},
    {"an expression's fault is told in its line",
     INBOUND("<set-header name='X'><value>\n  @(\n    context.Nope)</value></set-header>"), 4, 13, "Nope",
     INBOUND("<set-header name='X'><value>\n  @(\n    context.RequestId)</value></set-header>"), 0},
    {"the server's name stays", OUTBOUND("<set-header name='server' exists-action='delete'/>"), 2, 200,
     "cannot be removed", OUTBOUND("<set-header name='server'><value>x</value></set-header>"), 0},
    {"text between values means nothing", INBOUND("<set-header name='X'>\nstray<value>v</value></set-header>"), 3, 1,
     "no meaning", SET_HEADER_GOOD, PROBLEM_WARNING},
    {"an unknown named value is refused", SET_HEADER("name='{{nope}}'"), 2, 18, "named value \"nope\"",
     SET_HEADER("name='{{tid}}'"), 0},
    {"a query parameter has a name", INBOUND("<set-query-parameter name=''><value>v</value></set-query-parameter>"), 2,
     27, "is empty", INBOUND("<set-query-parameter name='a b'><value>v</value></set-query-parameter>"), 0},
    {"a query parameter has a value", INBOUND("<set-query-parameter name='a'/>"), 2, 1, "needs a <value>",
     INBOUND("<set-query-parameter name='a' exists-action='delete'/>"), 0},
};

static void headers_and_parameters_are_checked(void **state)
{
    (void)state;
    plan_cases_run(header_cases, COUNT_OF(header_cases));
}

#define CHECK_HEADER(name, code, message, case_) \
    INBOUND("<check-header " name " " code " " message " " case_ "><value>v</value></check-header>")
#define CHECK_GOOD \
    CHECK_HEADER("name='X'", "failed-check-httpcode='400'", "failed-check-error-message='m'", "ignore-case='true'")

static const struct rule_case check_cases[] = {
    {"check-header names its header",
     CHECK_HEADER("", "failed-check-httpcode='400'", "failed-check-error-message='m'", "ignore-case='true'"), 2, 1,
     "needs the attribute \"name\"", CHECK_GOOD, 0},
    {"check-header names its status",
     CHECK_HEADER("name='X'", "", "failed-check-error-message='m'", "ignore-case='true'"), 2, 1,
     "needs the attribute \"failed-check-httpcode\"", CHECK_GOOD, 0},
    {"check-header names its message",
     CHECK_HEADER("name='X'", "failed-check-httpcode='400'", "", "ignore-case='true'"), 2, 1,
     "needs the attribute \"failed-check-error-message\"", CHECK_GOOD, 0},
    {"check-header says whether case counts",
     CHECK_HEADER("name='X'", "failed-check-httpcode='400'", "failed-check-error-message='m'", ""), 2, 1,
     "needs the attribute \"ignore-case\"", CHECK_GOOD, 0},
    {"its status is in range",
     CHECK_HEADER("name='X'", "failed-check-httpcode='99'", "failed-check-error-message='m'", "ignore-case='true'"), 2,
     46, "200 to 599", CHECK_GOOD, 0},
    {"its status has a body",
     CHECK_HEADER("name='X'", "failed-check-httpcode='304'", "failed-check-error-message='m'", "ignore-case='true'"), 2,
     46, "no body", CHECK_GOOD, 0},
    {"its case is a boolean",
     CHECK_HEADER("name='X'", "failed-check-httpcode='400'", "failed-check-error-message='m'", "ignore-case='yes'"), 2,
     95, "true or false",
     CHECK_HEADER("name='X'", "failed-check-httpcode='400'", "failed-check-error-message='m'",
                  "ignore-case='@(context.Request.Method == \"GET\")'"),
     0},
    {"check-header stands in inbound only",
     OUTBOUND(
         "\n<check-header name='X' failed-check-httpcode='400' failed-check-error-message='m' ignore-case='true'/>"),
     3, 1, "belongs into <inbound>, not <outbound>", CHECK_GOOD, 0},
};

static void checks_of_headers_are_checked(void **state)
{
    (void)state;
    plan_cases_run(check_cases, COUNT_OF(check_cases));
}

#define FILTER(content) INBOUND("<ip-filter action='allow'>" content "</ip-filter>")

static const struct rule_case ip_cases[] = {
    {"a filter allows or forbids", INBOUND("<ip-filter action='deny'><address>10.0.0.1</address></ip-filter>"), 2, 19,
     "allow or forbid", INBOUND("<ip-filter action='forbid'><address>10.0.0.1</address></ip-filter>"), 0},
    {"an empty filter is refused", FILTER(""), 2, 1, "names no address", FILTER("<address>::1</address>"), 0},
    {"an empty address is refused", FILTER("<address/>"), 2, 27, "<address> is empty", FILTER("<address>::1</address>"),
     0},
    {"networks are written by their ends", FILTER("<address>10.0.0.0/8</address>"), 2, 36, "address-range",
     FILTER("<address-range from='10.0.0.0' to='10.255.255.255'/>"), 0},
    {"an address has four parts", FILTER("<address>10.0.0</address>"), 2, 36, "IPv4 or IPv6",
     FILTER("<address>10.0.0.0</address>"), 0},
    {"an address has no leading zeros", FILTER("<address>10.0.0.010</address>"), 2, 36, "IPv4 or IPv6",
     FILTER("<address>10.0.0.10</address>"), 0},
    {"a name is no address", FILTER("<address>localhost</address>"), 2, 36, "IPv4 or IPv6",
     FILTER("<address> 127.0.0.1 </address>"), 0},
    {"a range goes up", FILTER("<address-range from='10.0.0.2' to='10.0.0.1'/>"), 2, 61, "before it begins",
     FILTER("<address-range from='10.0.0.1' to='10.0.0.1'/>"), 0},
    {"a range is of one family", FILTER("<address-range from='10.0.0.2' to='::1'/>"), 2, 61, "both ends",
     FILTER("<address-range from='::1' to='::2'/>"), 0},
    {"a range has both ends", FILTER("<address-range from='10.0.0.2'/>"), 2, 27, "needs the attribute \"to\"",
     FILTER("<address-range from='10.0.0.2' to='10.0.0.3'/>"), 0},
    {"an address is no expression", FILTER("<address>@(context.Request.IpAddress)</address>"), 2, 36,
     "takes no expression", FILTER("<address>::1</address>"), 0},
    {"other elements are refused", FILTER("<adress>::1</adress>"), 2, 27, "did you mean \"address\"",
     FILTER("<address>::1</address>"), 0},
};

static void filters_are_checked(void **state)
{
    (void)state;
    plan_cases_run(ip_cases, COUNT_OF(ip_cases));
}

static void an_address_lies_in_a_range_with_its_ends(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_held, is_address;
    } cases[] = {
        {"10.0.0.0", false, true},       {"10.0.0.1", true, true},
        {"10.0.0.9", true, true},        {"10.0.0.10", false, true},
        {"::ffff:10.0.0.5", true, true}, {"2001:db8::ff", true, true},
        {"2001:db8::1", true, true},     {"2001:db8::100", false, true},
        {"192.0.2.7", true, true},       {"192.0.2.8", false, true},
        {"unix:", false, false},         {"", false, false},
        {"10.0.0.5 ", false, false},     {"10.0.0.5:80", false, false},
        {"[::1]", false, false},         {"0:0:0:0:0:ffff:a00:2", true, true},
    };
    struct plan_loaded loaded;
    plan_load_good(&loaded, FILTER("<address-range from='10.0.0.1' to='10.0.0.9'/><address>192.0.2.7</address>"
                                   "<address-range from='2001:DB8::1' to='2001:db8:0::ff'/>"));
    const struct plan_ip_filter *filter = loaded.plan.steps[0].ip_filter;
    assert_true(filter->is_allow);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_address;
        assert_int_equal(plan_holds_address(filter, span_str(cases[i].address), &is_address), cases[i].is_held);
        assert_int_equal(is_address, cases[i].is_address);
    }
    plan_unload(&loaded);
}

static const struct rule_case route_cases[] = {
    {"a variable has a name", INBOUND("<set-variable value='a'/>"), 2, 1, "needs the attribute \"name\"",
     INBOUND("<set-variable name='a' value=''/>"), 0},
    {"a variable's name is not empty", INBOUND("<set-variable name='' value='a'/>"), 2, 20, "is empty",
     INBOUND("<set-variable name='a' value='a'/>"), 0},
    {"a variable's name is no expression", INBOUND("<set-variable name='@(\"a\")' value='a'/>"), 2, 21,
     "takes no expression", INBOUND("<set-variable name='a' value='@(\"a\")'/>"), 0},
    {"a variable holds nothing", INBOUND("<set-variable name='a' value='a'><b/></set-variable>"), 2, 34,
     "expected to be empty", INBOUND("<set-variable name='a' value='a'></set-variable>"), 0},
    {"one backend is named: none", INBOUND("<set-backend-service/>"), 2, 1, "exactly one",
     INBOUND("<set-backend-service backend-id='b'/>"), 0},
    {"one backend is named: two", INBOUND("<set-backend-service backend-id='b' base-url='https://a'/>"), 2, 1,
     "exactly one", INBOUND("<set-backend-service base-url='https://a'/>"), 0},
    {"a backend's name is not empty", INBOUND("<set-backend-service backend-id=''/>"), 2, 33, "is empty",
     INBOUND("<set-backend-service backend-id='@(context.Request.Method)'/>"), 0},
    {"a base URL is no expression", INBOUND("<set-backend-service base-url='@(context.Request.Method)'/>"), 2, 32,
     "use backend-id", INBOUND("<set-backend-service base-url='https://{{tid}}.example/a'/>"), 0},
    {"a base URL is absolute", INBOUND("<set-backend-service base-url='/a'/>"), 2, 31, "absolute URL",
     INBOUND("<set-backend-service base-url='http://a/a'/>"), 0},
    {"a base URL has no query", INBOUND("<set-backend-service base-url='http://a/?b'/>"), 2, 31, "query",
     INBOUND("<set-backend-service base-url='http://a/'/>"), 0},
    {"Service Fabric is not there", INBOUND("<set-backend-service base-url='http://a' sf-resolve-condition='x'/>"), 2,
     42, "Service Fabric", INBOUND("<set-backend-service base-url='http://a'/>"), 0},
    {"a backend is chosen before the answer", OUTBOUND("\n<set-backend-service backend-id='b'/>"), 3, 1,
     "<inbound> or <backend>, not <outbound>", BACKEND("\n<set-backend-service backend-id='b'/>"), 0},
    {"a target begins with a slash", INBOUND("<rewrite-uri template='a'/>"), 2, 23, "begins with /",
     INBOUND("<rewrite-uri template='/a?b=c'/>"), 0},
    {"there are no template parameters", INBOUND("<rewrite-uri template='/a/{id}'/>"), 2, 23, "no URL template",
     INBOUND("<rewrite-uri template='/a/id' copy-unmatched-params='false'/>"), 0},
    {"a target is percent-encoded", INBOUND("<rewrite-uri template='/a b'/>"), 2, 23, "percent-encoded",
     INBOUND("<rewrite-uri template='/a%20b'/>"), 0},
    {"a target's encodings are whole", INBOUND("<rewrite-uri template='/a%zz'/>"), 2, 23, "two hexadecimal digits",
     INBOUND("<rewrite-uri template='/a%aA'/>"), 0},
    {"an encoding ends with the target", INBOUND("<rewrite-uri template='/a%2'/>"), 2, 23, "two hexadecimal digits",
     INBOUND("<rewrite-uri template='/a%25'/>"), 0},
    {"a query's encodings are whole", INBOUND("<rewrite-uri template='/a?b=100%'/>"), 2, 23, "two hexadecimal digits",
     INBOUND("<rewrite-uri template='/a?b=100%25'/>"), 0},
    {"a target has no fragment", INBOUND("<rewrite-uri template='/a#b'/>"), 2, 23, "or #",
     INBOUND("<rewrite-uri template='/a'/>"), 0},
    {"a target has no dot segments", INBOUND("<rewrite-uri template='/a/../b'/>"), 2, 23, "no segments",
     INBOUND("<rewrite-uri template='/a/..b/?c=/../'/>"), 0},
    {"copying is a boolean", INBOUND("<rewrite-uri template='/' copy-unmatched-params='no'/>"), 2, 49, "true or false",
     INBOUND("<rewrite-uri template='@(\"/\" + context.Request.Method)'/>"), 0},
    {"a constant target is a target", INBOUND("<rewrite-uri template='@(\"a\" + \"b\")'/>"), 2, 24, "begins with /",
     INBOUND("<rewrite-uri template='@(\"/a\" + \"b\")'/>"), 0},
};

static void variables_backends_and_targets_are_checked(void **state)
{
    (void)state;
    plan_cases_run(route_cases, COUNT_OF(route_cases));
}

#define RETURN(content) INBOUND(VALIDATE "\n<return-response>" content "</return-response>")
#define RETURN_GOOD                                           \
    RETURN("<set-status code='403' reason='No'/><set-header " \
           "name='X'><value>v</value></set-header><set-body>b</set-body>")

static const struct rule_case return_cases[] = {
    {"the status comes first", RETURN("<set-body>b</set-body><set-status code='403'/>"), 3, 40, "the order is",
     RETURN_GOOD, 0},
    {"header fields come before the body",
     RETURN("<set-body>b</set-body><set-header name='X'><value>v</value></set-header>"), 3, 40, "the order is",
     RETURN_GOOD, 0},
    {"the status is given once", RETURN("<set-status code='403'/><set-status code='403'/>"), 3, 42, "given twice",
     RETURN("<set-status code='403'/>"), 0},
    {"the body is given once", RETURN("<set-body>b</set-body><set-body>b</set-body>"), 3, 40, "given twice",
     RETURN("<set-body>b</set-body>"), 0},
    {"a status has a code", RETURN("<set-status reason='a'/>"), 3, 18, "needs the attribute \"code\"",
     RETURN("<set-status code='599'/>"), 0},
    {"a code is in range", RETURN("<set-status code='100'/>"), 3, 35, "200 to 599", RETURN("<set-status code='200'/>"),
     0},
    {"a phrase is of ASCII",
     RETURN("<set-status code='200' reason='Zur\xc3\xbc"
            "ck'/>"),
     3, 48, "ASCII", RETURN("<set-status code='200' reason='back'/>"), 0},
    {"a phrase begins no header field", RETURN("<set-status code='200' reason='a&#10;b'/>"), 3, 48, "line end",
     RETURN("<set-status code='200' reason='a b'/>"), 0},
    {"no body goes with 204", RETURN("<set-status code='204'/><set-body>b</set-body>"), 3, 42, "has no body",
     RETURN("<set-status code='204'/>"), 0},
    {"liquid is not built", RETURN("<set-body template='liquid'>b</set-body>"), 3, 28, "\"template\" is not supported",
     RETURN("<set-body>{{tid}}</set-body>"), 0},
    {"a body is a text", RETURN("<set-body><b/></set-body>"), 3, 28, "CDATA",
     RETURN("<set-body><![CDATA[<b/>]]></set-body>"), 0},
    {"framing is not set", RETURN("<set-header name='Content-Length'><value>1</value></set-header>"), 3, 35, "frames",
     RETURN("<set-header name='Content-Type'><value>text/plain</value></set-header>"), 0},
    {"response variables are not built", INBOUND(VALIDATE "\n<return-response response-variable-name='r'/>"), 3, 18,
     "is not supported", RETURN(""), 0},
    {"other policies do not stand there", RETURN("<set-variable name='a' value='b'/>"), 3, 18, "unknown element",
     RETURN_GOOD, 0},
};

static void answers_are_checked(void **state)
{
    (void)state;
    plan_cases_run(return_cases, COUNT_OF(return_cases));
}

static const struct rule_case section_cases[] = {
    {"validating stands in inbound", DOCUMENT("", "<outbound>\n" VALIDATE "</outbound>"), 3, 1,
     "belongs into <inbound>, not <outbound>", DOCUMENT("", "<outbound>\n</outbound>"), 0},
    {"parameters are set before the answer",
     ON_ERROR("\n<set-query-parameter name='a'><value>b</value></set-query-parameter>"), 3, 1,
     "<inbound> or <backend>, not <on-error>",
     BACKEND("\n<set-query-parameter name='a'><value>b</value></set-query-parameter>"), 0},
    {"targets are rewritten in inbound", BACKEND("\n<rewrite-uri template='/'/>"), 3, 1, "<inbound>, not <backend>",
     INBOUND("<rewrite-uri template='/'/>"), 0},
    {"forwarding stands in backend", INBOUND("<forward-request/>"), 2, 1, "<backend>, not <inbound>",
     BACKEND("<forward-request/>"), 0},
    {"forwarding has no attributes", BACKEND("\n<forward-request timeut='9'/>"), 3, 18,
     "unknown attribute of <forward-request> \"timeut\"", BACKEND("\n<forward-request/>"), 0},
    {"a time limit of forwarding is the backend's", BACKEND("\n<forward-request timeout='20'/>"), 3, 18,
     "backends.NAME.timeouts.response", BACKEND("\n<forward-request/>"), 0},
    {"redirects are not followed", BACKEND("\n<forward-request follow-redirects='true'/>"), 3, 18,
     "redirects are passed on", BACKEND("\n<forward-request/>"), 0},
    {"bodies are not buffered", BACKEND("\n<forward-request buffer-request-body='true'/>"), 3, 18,
     "bodies are streamed", BACKEND("\n<forward-request/>"), 0},
    {"forwarding is not a choice", BACKEND("<choose><when condition='true'>\n<forward-request/></when></choose>"), 3, 1,
     "directly in <backend>", BACKEND("<choose><when condition='true'>\n</when></choose><forward-request/>"), 0},
    {"nothing stands behind forwarding", BACKEND("<forward-request/>\n<set-variable name='a' value='b'/>"), 3, 1,
     "behind <forward-request>", BACKEND("<set-variable name='a' value='b'/>\n<forward-request/>"), 0},
    {"a request is forwarded once", BACKEND("<forward-request/>\n<forward-request/>"), 3, 1, "a second",
     BACKEND("<forward-request/>"), 0},
    {"a policy that is not built is refused by name", INBOUND("<rate-limit calls='1' renewal-period='2'/>"), 2, 1,
     "policy \"rate-limit\" is not supported", INBOUND(""), 0},
    {"a mistyped policy is told from it", INBOUND("<rewrite-url template='/'/>"), 2, 1, "did you mean \"rewrite-uri\"",
     INBOUND("<rewrite-uri template='/'/>"), 0},
    {"a policy of a namespace is unknown", INBOUND("<g:set-header xmlns:g='urn:g' name='X'/>"), 2, 1, "unknown policy",
     INBOUND(""), 0},
    {"set-body stands in return-response", OUTBOUND("\n<set-body>a</set-body>"), 3, 1, "not supported",
     ON_ERROR("\n<return-response><set-body>a</set-body></return-response>"), 0},
    {"a section has no attributes", "<policies><inbound a='b'>" VALIDATE "</inbound></policies>", 1, 20,
     "is not supported", "<policies><inbound>" VALIDATE "</inbound></policies>", 0},
    {"a section is given once", DOCUMENT("", "\n<inbound/>"), 3, 1, "given twice", DOCUMENT("", "\n<outbound/>"), 0},
};

static void policies_stand_in_their_sections(void **state)
{
    (void)state;
    plan_cases_run(section_cases, COUNT_OF(section_cases));
}

/* Every policy once, with what its attributes say. */
static void policies_have_their_meaning(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(&loaded,
                   INBOUND("<set-header id='h' name='X-{{status}}' exists-action='skip'><value>a</value><value> b "
                           "</value></set-header>"
                           "<set-query-parameter name='q' exists-action='@(context.Request.Method)'/>"
                           "<check-header name='X' failed-check-httpcode='401' failed-check-error-message='m' "
                           "ignore-case='True'/>"
                           "<set-variable name='n' value='@(1 + 1)'/><set-variable name='t' value='2'/>"
                           "<set-backend-service backend-id='b'/><set-backend-service base-url='https://a/b'/>"
                           "<rewrite-uri template='@(\"/\" + \"a\")' copy-unmatched-params='false'/>"));
    const struct plan_step *steps = loaded.plan.steps;
    assert_int_equal(loaded.plan.count, 9);
    assert_int_equal(steps[0].kind, PLAN_SET_HEADER);
    assert_string_equal(steps[0].source, "set-header");
    assert_string_equal(steps[0].path, "set-header[1]");
    assert_span(steps[0].id, "h");
    assert_span(steps[0].assignment->name.literal, "X-403");
    assert_int_equal(steps[0].assignment->action, EXISTS_SKIP);
    assert_int_equal(steps[0].assignment->count, 2);
    assert_span(steps[0].assignment->values[1].literal, "b");
    assert_int_equal(steps[1].kind, PLAN_SET_QUERY);
    assert_non_null(steps[1].assignment->action_text.expression);
    assert_int_equal(steps[2].kind, PLAN_CHECK_HEADER);
    assert_true(steps[2].check_header->ignores_case);
    assert_int_equal(steps[2].check_header->count, 0);
    assert_span(steps[2].check_header->status.literal, "401");
    assert_non_null(steps[3].variable->value.expression);
    assert_null(steps[4].variable->value.expression);
    assert_span(steps[4].variable->value.literal, "2");
    assert_string_equal(steps[4].path, "set-variable[2]");
    assert_span(steps[5].backend->id.literal, "b");
    assert_int_equal(steps[5].backend->base_url.len, 0);
    assert_span(steps[6].backend->base_url, "https://a/b");
    assert_int_equal(steps[6].backend->id.literal.len, 0);
    assert_span(steps[7].rewrite->target.literal, "/a");
    assert_false(steps[7].rewrite->copies_unmatched);
    assert_int_equal(steps[8].kind, PLAN_VALIDATE);
    assert_int_equal(loaded.plan.end[SECTION_INBOUND], 9);
    plan_unload(&loaded);
}

static void an_answer_has_its_meaning(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load_good(&loaded, RETURN_GOOD);
    const struct plan_answer *answer = loaded.plan.steps[1].answer;
    assert_span(answer->status.literal, "403");
    assert_span(answer->phrase.literal, "No");
    assert_int_equal(answer->header_count, 1);
    assert_true(answer->has_body);
    assert_span(answer->body.literal, "b");
    plan_unload(&loaded);
    plan_load_good(&loaded, RETURN(""));
    assert_false(loaded.plan.steps[1].answer->has_body);
    assert_int_equal(loaded.plan.steps[1].answer->status.literal.len, 0);
    plan_unload(&loaded);
}

/* Policies as they are found in the wild, in API Management's raw form too: they load as they are. */
static const char *const shapes[] = {
    /* A: a shared secret, the host as audience. */
    "<validate-jwt header-name=\"Authorization\" require-scheme=\"Bearer\">\n  <issuer-signing-keys><key "
    "id=\"k1\">{{key}}</key><key id=\"k2\">{{key}}</key></issuer-signing-keys>\n"
    "  <audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>\n"
    "  <issuers><issuer>https://idp.example/</issuer></issuers>\n</validate-jwt>",
    /* J: the verified subject goes to the backend. */
    "<policies><inbound><base /><validate-jwt header-name=\"Authorization\" "
    "output-token-variable-name=\"jwt\">" KEYS_XML
    "</validate-jwt><set-header name=\"X-User\" exists-action=\"override\"><value>@(((Jwt)context.Variables[\"jwt\"])"
    ".Subject)</value></set-header></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base />"
    "</on-error></policies>",
    /* K: a role for a method. */
    "<policies><inbound><base /><validate-jwt header-name=\"Authorization\" "
    "output-token-variable-name=\"jwt\">" KEYS_XML "</validate-jwt><choose><when condition=\"@(context.Request.Method "
    "== \"POST\" && !((Jwt)context.Variables[\"jwt\"])"
    ".Claims[\"group\"].Contains(\"finance\"))\"><return-response><set-status code=\"403\" reason=\"Forbidden\" />"
    "</return-response></when></choose></inbound><backend><forward-request /></backend></policies>",
    /* A token from where no attribute reaches. */
    "<validate-jwt token-value=\"@(context.Request.Headers.GetValueOrDefault(\"X-Token\", \"\").Replace(\"Bearer \", "
    "\"\"))\">" KEYS_XML "</validate-jwt>",
    /* Entra in short, pages of another origin, refusals in a shape of one's own. */
    "<policies><inbound><cors allow-credentials=\"true\"><allowed-origins><origin>https://app.example</origin>"
    "</allowed-origins><allowed-methods preflight-result-max-age=\"300\"><method>*</method></allowed-methods>"
    "<allowed-headers><header>*</header></allowed-headers><expose-headers><header>*</header></expose-headers></cors>"
    "<validate-azure-ad-token tenant-id=\"{{tid}}\" header-name=\"Authorization\" failed-validation-httpcode=\"401\">"
    "<client-application-ids><application-id>{{tid}}</application-id></client-application-ids></"
    "validate-azure-ad-token>"
    "</inbound><on-error><set-header name=\"X-Reason\"><value>@(context.LastError.Reason)</value></set-header>"
    "</on-error></policies>",
};

static void policies_of_the_wild_load_without_a_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct plan_loaded loaded;
        plan_load_good(&loaded, shapes[i]);
        assert_int_equal(loaded.problems.warnings + loaded.problems.notes, 0);
        assert_true(loaded.plan.always_validates);
        plan_unload(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_of_the_wild_load_without_a_word),
        cmocka_unit_test(headers_and_parameters_are_checked),
        cmocka_unit_test(checks_of_headers_are_checked),
        cmocka_unit_test(filters_are_checked),
        cmocka_unit_test(an_address_lies_in_a_range_with_its_ends),
        cmocka_unit_test(variables_backends_and_targets_are_checked),
        cmocka_unit_test(answers_are_checked),
        cmocka_unit_test(policies_stand_in_their_sections),
        cmocka_unit_test(policies_have_their_meaning),
        cmocka_unit_test(an_answer_has_its_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
