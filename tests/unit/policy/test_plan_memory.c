/* SPDX-License-Identifier: Apache-2.0 */
/* Documents read without enough memory are refused, never read in part: a policy or a value left out would open a door.  A
 * rule that cannot be evaluated for want of memory refuses the request.
 *
 * Method: the same documents with the first, second ... allocation failing.
 */
#include "alloc_fail.h"
#include "plan_case.h"

#define HEADER "@(context.Request.Headers.GetValueOrDefault(&quot;X&quot;, &quot;d&quot;))"

static const char *const documents[] = {
    "<policies><inbound><cors allow-credentials='true'><allowed-origins><origin>https://a</origin></allowed-origins>"
    "<allowed-methods preflight-result-max-age='9'><method>PUT</method></allowed-methods><allowed-headers/></cors>"
    "<ip-filter action='forbid'><address>10.0.0.1</address><address-range from='::1' to='::2'/></ip-filter>"
    "<validate-jwt header-name='Authorization' output-token-variable-name='j'>" KEYS_XML
    "<audiences><audience>{{tid}}</audience><audience>" HEADER
    "</audience></audiences><required-claims><claim name='a'>"
    "<value>" HEADER "</value></claim></required-claims></validate-jwt></inbound>"
    "<on-error><return-response><set-status code='@(400 + 1)'/><set-header name='X'><value>a</value></set-header>"
    "<set-body>b</set-body></return-response></on-error></policies>",
    "<policies><inbound><base/><choose><when condition='@(context.Request.Method == \"A\")'>"
    "<set-header name='X'><value>a</value><value>" HEADER "</value></set-header></when><otherwise>"
    "<check-header name='X' failed-check-httpcode='400' failed-check-error-message='m' ignore-case='true'>"
    "<value>a</value></check-header></otherwise></choose><validate-azure-ad-token tenant-id='{{tid}}'>"
    "<client-application-ids><application-id>{{tid}}</application-id></client-application-ids>"
    "<backend-application-ids><application-id>{{tid}}</application-id></backend-application-ids>"
    "</validate-azure-ad-token><set-variable name='a' value='b'/><set-backend-service backend-id='b'/>"
    "<rewrite-uri template='/a'/></inbound></policies>",
};

static void require_whole(const struct plan *plan)
{
    const struct rule *azure = &plan->rules[1];
    assert_int_equal(plan->count, 12);
    assert_int_equal(plan->rule_count, 2);
    assert_int_equal(plan->rules[0].inline_keys->count, 1);
    assert_int_equal(plan->rules[0].audience_count, 2);
    assert_int_equal(plan->rules[0].dynamic_count, 2);
    assert_int_equal(azure->issuer_count + azure->audience_count + azure->claim_count, 5);
    assert_int_equal(plan->cors->origin_count + plan->cors->method_count, 2);
    assert_int_equal(plan->steps[1].ip_filter->count, 2);
    assert_int_equal(plan->steps[3].kind, PLAN_WHEN);
    assert_int_equal(plan->steps[3].when.otherwise, 6);
    assert_int_equal(plan->steps[4].assignment->count, 2);
    assert_int_equal(plan->steps[5].jump, 7);
    assert_int_equal(plan->steps[11].answer->header_count, 1);
}

static bool load(void *arg)
{
    struct plan_loaded loaded;
    (void)arg;
    plan_load(&loaded, documents, COUNT_OF(documents));
    if (loaded.is_read)
        require_whole(&loaded.plan);
    bool is_read = loaded.is_read;
    plan_unload(&loaded);
    return is_read;
}

static void documents_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_true(alloc_fail_each(load, NULL, true) > 0);
}

static bool evaluate(void *arg)
{
    const struct rule *rule = arg;
    struct plan_request request = {.method = "GET", .header = "h"};
    struct expression_context context = plan_request_context(&request);
    struct rule evaluated;
    struct err err;
    bool is_done = rule_evaluate(rule, &context, &evaluated, &err);
    if (is_done) {
        assert_span(evaluated.audiences[1], "h");
        assert_span(evaluated.claims[0].values[0], "h");
    } else {
        assert_int_equal(err.reason, REASON_OUT_OF_MEMORY);
    }
    plan_request_fini(&request);
    return is_done;
}

static void a_rule_is_evaluated_whole_or_not_at_all(void **state)
{
    (void)state;
    struct plan_loaded loaded;
    plan_load(&loaded, documents, COUNT_OF(documents));
    assert_true(loaded.is_read);
    assert_true(alloc_fail_each(evaluate, &loaded.plan.rules[0], false) > 0);
    plan_unload(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_read_whole_or_not_at_all),
        cmocka_unit_test(a_rule_is_evaluated_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
