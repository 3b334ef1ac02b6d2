/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the calculator answers as the labs' original does, byte for byte, and refuses what it cannot compute.  Method: targets and
 * answers as a table.
 */
#include "asking.h"
#include "dev/calculator.h"

#define XML(value)                                                                                             \
    "<result><value>" value "</value><broughtToYouBy>Azure API Management - http://azure.microsoft.com/apim/ " \
    "</broughtToYouBy></result>"
#define MAX "9223372036854775807"
#define MIN "-9223372036854775808"

struct target_case {
    const char *target, *accept; /* NULL: no Accept */
    unsigned status;
    const char *body;
};

static const struct target_case cases[] = {
    {"/add?a=51&b=49", NULL, 200, XML("100")},
    {"/api/add?a=51&b=49", NULL, 200, XML("100")},
    {"/api/sub?a=100&b=50", NULL, 200, XML("50")},
    {"/api/mul?a=20&b=5", NULL, 200, XML("100")},
    {"/api/div?a=100&b=20", NULL, 200, XML("5")},
    {"/div?a=-7&b=2", NULL, 200, XML("-3")},
    {"/add?b=1&a=-1&c=x", NULL, 200, XML("0")},
    {"/add?a=%35&b=0", NULL, 200, XML("5")},
    {"/json/add?a=3&b=5", NULL, 200, "{\"operation\":\"add\",\"a\":3,\"b\":5,\"result\":8}"},
    {"/json/subtract?a=3&b=5", NULL, 200, "{\"operation\":\"subtract\",\"a\":3,\"b\":5,\"result\":-2}"},
    {"/multiply?a=3&b=5", "application/json", 200, "{\"operation\":\"multiply\",\"a\":3,\"b\":5,\"result\":15}"},
    {"/divide?a=7&b=2", "text/html, application/json;q=0.9, */*", 200,
     "{\"operation\":\"divide\",\"a\":7,\"b\":2,\"result\":3}"},
    {"/add?a=51&b=49", "application/xml, application/json", 200, XML("100")},
    {"/add?a=51&b=49", "*/*", 200, XML("100")},
    {"/add?a=" MAX "&b=0", NULL, 200, XML(MAX)},
    {"/add?a=" MAX "&b=1", NULL, 400, "{\"error\":\"the result has more than 64 bits\"}"},
    {"/sub?a=" MIN "&b=0", NULL, 200, XML(MIN)},
    {"/sub?a=" MIN "&b=1", NULL, 400, "{\"error\":\"the result has more than 64 bits\"}"},
    {"/mul?a=" MIN "&b=-1", NULL, 400, "{\"error\":\"the result has more than 64 bits\"}"},
    {"/div?a=" MIN "&b=-1", NULL, 400, "{\"error\":\"the result has more than 64 bits\"}"},
    {"/div?a=" MIN "&b=1", NULL, 200, XML(MIN)},
    {"/div?a=1&b=0", NULL, 400, "{\"error\":\"division by zero\"}"},
    {"/add?a=9223372036854775808&b=0", NULL, 400, "{\"error\":\"a is no integer of 64 bits\"}"},
    {"/add?a=-9223372036854775809&b=0", NULL, 400, "{\"error\":\"a is no integer of 64 bits\"}"},
    {"/add?a=1.5&b=0", NULL, 400, "{\"error\":\"a is no integer of 64 bits\"}"},
    {"/add?a=&b=0", NULL, 400, "{\"error\":\"a is no integer of 64 bits\"}"},
    {"/add?a=-&b=0", NULL, 400, "{\"error\":\"a is no integer of 64 bits\"}"},
    {"/add?a=+1&b=0", NULL, 400, "{\"error\":\"a is no integer of 64 bits\"}"},
    {"/add?a=1", NULL, 400, "{\"error\":\"b is missing\"}"},
    {"/add", NULL, 400, "{\"error\":\"a is missing\"}"},
    {"/add?a=1&b=2&a=3", NULL, 400, "{\"error\":\"a stands there more than once\"}"},
    {"/healthz", NULL, 200, "ok\n"},
    {"/", NULL, 404, NULL},
    {"/api/", NULL, 404, NULL},
    {"/adds?a=1&b=2", NULL, 404, NULL},
    {"/api/api/add?a=1&b=2", NULL, 404, NULL},
};

static void each_target_gets_its_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct asking asking;
        ask_for(&asking, METHOD_GET, cases[i].target, cases[i].accept == NULL ? NULL : "Accept", cases[i].accept);
        struct request request = asking_request(&asking, "");
        calculator_answer(NULL, &request, &asking.reply);
        if (asking.reply.status != cases[i].status)
            fail_msg("%s: status %u", cases[i].target, asking.reply.status);
        if (cases[i].body != NULL)
            assert_span(buf_span(&asking.reply.body), cases[i].body);
        asking_end(&asking);
    }
}

static void the_xml_answer_has_the_length_and_fields_of_the_original(void **state)
{
    struct asking asking;
    (void)state;
    ask_for(&asking, METHOD_GET, "/api/add?a=51&b=49", NULL, NULL);
    struct request request = asking_request(&asking, "");
    calculator_answer(NULL, &request, &asking.reply);
    assert_int_equal(buf_len(&asking.reply.body), 124);
    assert_span(asking.reply.content_type, "application/xml; charset=utf-8");
    assert_span(reply_field(&asking.reply, "Cache-Control"), "no-cache");
    assert_span(reply_field(&asking.reply, "Pragma"), "no-cache");
    assert_span(reply_field(&asking.reply, "Expires"), "-1");
    asking_end(&asking);
}

static void only_get_and_head_are_allowed(void **state)
{
    (void)state;
    for (enum method method = METHOD_GET; method <= METHOD_OPTIONS; method++) {
        struct asking asking;
        bool is_allowed = method == METHOD_GET || method == METHOD_HEAD;
        ask_for(&asking, method, "/add?a=1&b=2", NULL, NULL);
        struct request request = asking_request(&asking, "");
        calculator_answer(NULL, &request, &asking.reply);
        assert_int_equal(asking.reply.status, is_allowed ? 200 : 405);
        if (!is_allowed)
            assert_span(reply_field(&asking.reply, "Allow"), "GET, HEAD");
        asking_end(&asking);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_target_gets_its_answer),
        cmocka_unit_test(the_xml_answer_has_the_length_and_fields_of_the_original),
        cmocka_unit_test(only_get_and_head_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
