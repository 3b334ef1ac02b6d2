/* SPDX-License-Identifier: Apache-2.0 */
/* A question of another proxy with each allocation failing once.  The attack: a gateway short of memory that answers 200, and leaves
 * out the headers by which the application tells one user from another.
 */
#include "alloc_fail.h"
#include "house.h"
#include "signing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SECRET_TEXT "0123456789abcdef0123456789abcdef"
#define SECRET_BASE64 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static const char site_text[] =
    "trusted_proxies: [127.0.0.1]\n"
    "listeners: [ { bind: \"127.0.0.1:0\" } ]\n"
    "backends: { b: { servers: [\"http://127.0.0.1:%u\"] } }\n"
    "routes:\n- { name: r, path: /, backend: b, forward_auth: true, claims_to_headers: { X-User: sub },\n"
    "    validate_jwt: { audiences: [a], issuer_signing_keys: [ { base64: \"" SECRET_BASE64 "\" } ] } }\n";

struct asked {
    struct house house;
    char request[1024];
    size_t len;
    char answer[2048];
};

static char *token_of(const char *claims)
{
    struct signer *signer = signer_from_secret(SPAN(SECRET_TEXT), NULL);
    char *token = signer_token(signer, ALG_HS256, NULL, span_str(claims));
    signer_free(signer);
    return token;
}

static void write_request(struct asked *asked, const char *claims)
{
    char *token = token_of(claims);
    int len = snprintf(asked->request, sizeof asked->request,
                       "GET /_jwtgate/auth/r HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nX-User: evil\r\n"
                       "Authorization: Bearer %s\r\n\r\n",
                       token);
    assert_true(len > 0 && (size_t)len < sizeof asked->request);
    asked->len = (size_t)len;
    free(token);
}

/* Fills asked->answer with all that came until the answer's head ended, or the connection did. */
static void ask(struct asked *asked)
{
    size_t len = 0;
    int client = house_client(&asked->house);
    send(client, asked->request, asked->len, MSG_NOSIGNAL);
    for (int turn = 0; turn < 20000; turn++) {
        house_turn(&asked->house);
        ssize_t got = recv(client, asked->answer + len, sizeof asked->answer - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
        bool is_over = got == 0 || (got < 0 && errno != EAGAIN);
        if (is_over || span_holds(span_of(asked->answer, len), SPAN("\r\n\r\n")))
            break;
        if (turn > 100)
            usleep(50);
    }
    asked->answer[len] = '\0';
    close(client);
    house_turn(&asked->house);
}

static bool is_answered_well(void *arg)
{
    struct asked *asked = arg;
    ask(asked);
    bool has_passed = strstr(asked->answer, "HTTP/1.1 200 ") == asked->answer;
    assert_null(strstr(asked->answer, "evil"));
    if (has_passed)
        assert_non_null(strstr(asked->answer, "\r\nX-User: ann\r\n"));
    return has_passed;
}

static bool is_refused(void *arg)
{
    struct asked *asked = arg;
    ask(asked);
    assert_null(strstr(asked->answer, "HTTP/1.1 200 "));
    return strstr(asked->answer, "HTTP/1.1 401 ") == asked->answer;
}

static void without_memory_no_question_is_answered_by_half(void **state)
{
    struct asked *asked = calloc(1, sizeof *asked);
    (void)state;
    assert_non_null(asked);
    house_open(&asked->house, site_text);
    write_request(asked, "{\"exp\":4102444800,\"aud\":\"a\",\"sub\":\"ann\"}");
    assert_true(alloc_fail_each(is_answered_well, asked, true) > 1);
    assert_true(is_answered_well(asked));
    assert_false(house_has_connection(&asked->house, 0));
    house_close(&asked->house);
    free(asked);
}

static void without_memory_no_refusal_is_a_pass(void **state)
{
    struct asked *asked = calloc(1, sizeof *asked);
    (void)state;
    assert_non_null(asked);
    house_open(&asked->house, site_text);
    write_request(asked, "{\"exp\":4102444800,\"aud\":\"b\",\"sub\":\"ann\"}");
    assert_true(alloc_fail_each(is_refused, asked, true) > 1);
    assert_true(is_refused(asked));
    house_close(&asked->house);
    free(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_no_question_is_answered_by_half),
        cmocka_unit_test(without_memory_no_refusal_is_a_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
