/* SPDX-License-Identifier: Apache-2.0 */
/* Logins under way and tickets: each is good once, for its time, for the browser that began it; the tables are bounded, and the oldest
 * makes room.
 */
#include "admin/logins.h"
#include "admin/tickets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct login_terms terms = {.provider = SPAN_INIT("https://p/.well-known/openid-configuration"),
                                         .issuer = SPAN_INIT("https://p"),
                                         .token_endpoint = SPAN_INIT("https://p/token"),
                                         .client_id = SPAN_INIT("c"),
                                         .redirect_uri = SPAN_INIT("http://127.0.0.1:1/callback")};

/* What a browser comes back with. */
struct kept {
    char state[SECRET_TEXT_BYTES], browser[SECRET_TEXT_BYTES];
};

static struct kept begin(struct logins *logins, int64_t mono_ms)
{
    struct kept kept;
    const struct login *login = logins_begin(logins, &terms, mono_ms, NULL);
    assert_non_null(login);
    memcpy(kept.state, login->state, sizeof kept.state);
    memcpy(kept.browser, login->browser, sizeof kept.browser);
    return kept;
}

/* Whether the login is there, and taken by that. */
static bool take(struct logins *logins, const char *state, const char *browser, int64_t mono_ms)
{
    struct err err = {0};
    AUTO_PTR(login) login = logins_take(logins, span_str(state), span_str(browser), mono_ms, &err);
    if (login == NULL)
        assert_int_equal(err.reason, REASON_BAD_REQUEST);
    else
        assert_true(span_eq(login->terms.token_endpoint, terms.token_endpoint));
    return login != NULL;
}

static void a_login_is_taken_once_by_the_browser_that_began_it(void **state)
{
    AUTO_PTR(logins) logins = logins_new();
    struct kept kept = begin(logins, 0);
    struct kept other = begin(logins, 0);
    (void)state;
    assert_false(take(logins, "", kept.browser, 0));
    assert_false(take(logins, kept.browser, kept.browser, 0));
    assert_true(take(logins, kept.state, kept.browser, 0));
    assert_false(take(logins, kept.state, kept.browser, 0));
    assert_false(take(logins, other.state, kept.browser, 0));
    assert_false(take(logins, other.state, other.browser, 0)); /* used up by the wrong browser */
    assert_int_equal(logins_count(logins), 0);
}

static void a_login_of_ten_minutes_is_taken_and_a_millisecond_later_it_is_not(void **state)
{
    AUTO_PTR(logins) logins = logins_new();
    (void)state;
    for (int64_t late_ms = 0; late_ms < 2; late_ms++) {
        struct kept kept = begin(logins, 5);
        assert_int_equal(take(logins, kept.state, kept.browser, 5 + LOGINS_AGE_MS + late_ms), late_ms == 0);
    }
}

static void when_the_table_is_full_the_oldest_goes(void **state)
{
    AUTO_PTR(logins) logins = logins_new();
    struct kept kept[LOGINS_MAX + 1];
    (void)state;
    for (int i = 0; i <= LOGINS_MAX; i++)
        kept[i] = begin(logins, i);
    assert_int_equal(logins_count(logins), LOGINS_MAX);
    assert_false(take(logins, kept[0].state, kept[0].browser, 0));
    assert_true(take(logins, kept[1].state, kept[1].browser, 0));
    assert_true(take(logins, kept[LOGINS_MAX].state, kept[LOGINS_MAX].browser, 0));
    begin(logins, LOGINS_AGE_MS + LOGINS_MAX + 1); /* what is too old makes room by itself */
    assert_int_equal(logins_count(logins), 1);
}

static void no_two_secrets_of_logins_are_alike(void **state)
{
    AUTO_PTR(logins) logins = logins_new();
    const struct login *login = logins_begin(logins, &terms, 0, NULL);
    const char *const texts[] = {login->state, login->browser, login->nonce, login->verifier};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(strlen(texts[i]), 43); /* RFC 7636 4.1: 43 at least */
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
}

/* RFC 7636 appendix B */
static void the_challenge_is_s256_of_the_verifier(void **state)
{
    char challenge[SECRET_TEXT_BYTES];
    (void)state;
    assert_true(login_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge, NULL));
    assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

/* ---- tickets ---- */

static char *make(struct tickets *tickets, const char *content, int64_t mono_ms)
{
    const char *text = tickets_make(tickets, span_str(content), mono_ms, NULL);
    assert_non_null(text);
    return strdup(text);
}

static bool redeem(struct tickets *tickets, const char *text, const char *content, int64_t mono_ms)
{
    AUTO(buf) got = {0};
    struct err err = {0};
    bool is_ok = tickets_take(tickets, span_str(text), mono_ms, &got, &err);
    if (is_ok)
        assert_true(span_eq(buf_span(&got), span_str(content)));
    else
        assert_int_equal(err.reason, REASON_BAD_REQUEST);
    return is_ok;
}

static void a_ticket_is_good_once_and_for_a_minute(void **state)
{
    AUTO(tickets) tickets = {.count = 0};
    char *one = make(&tickets, "one", 0);
    char *two = make(&tickets, "two", 0);
    char *late = make(&tickets, "late", 0);
    (void)state;
    assert_false(redeem(&tickets, "", "", 0));
    assert_true(redeem(&tickets, one, "one", 0));
    assert_false(redeem(&tickets, one, "one", 0));
    assert_true(redeem(&tickets, two, "two", TICKETS_AGE_MS));
    assert_false(redeem(&tickets, late, "late", TICKETS_AGE_MS + 1));
    assert_int_equal(tickets.count, 0);
    free(one);
    free(two);
    free(late);
}

static void more_tickets_than_the_table_has_push_out_the_oldest(void **state)
{
    AUTO(tickets) tickets = {.count = 0};
    char *texts[TICKETS_MAX + 1];
    (void)state;
    for (int i = 0; i <= TICKETS_MAX; i++)
        texts[i] = make(&tickets, "x", 0);
    assert_int_equal(tickets.count, TICKETS_MAX);
    assert_false(redeem(&tickets, texts[0], "x", 0));
    assert_true(redeem(&tickets, texts[1], "x", 0));
    tickets_expire(&tickets, TICKETS_AGE_MS + 1);
    assert_int_equal(tickets.count, 0);
    for (int i = 0; i <= TICKETS_MAX; i++)
        free(texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_is_taken_once_by_the_browser_that_began_it),
        cmocka_unit_test(a_login_of_ten_minutes_is_taken_and_a_millisecond_later_it_is_not),
        cmocka_unit_test(when_the_table_is_full_the_oldest_goes),
        cmocka_unit_test(no_two_secrets_of_logins_are_alike),
        cmocka_unit_test(the_challenge_is_s256_of_the_verifier),
        cmocka_unit_test(a_ticket_is_good_once_and_for_a_minute),
        cmocka_unit_test(more_tickets_than_the_table_has_push_out_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
