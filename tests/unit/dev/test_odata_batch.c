/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a batch is read whole or refused: boundaries, fields, request lines, change sets.  Method: bodies as tables; every body cut
 * at every byte.
 */
#include "dev/odata_batch.h"
#include "odata_read.h"

#define TYPE "multipart/mixed; boundary=b"
#define HTTP "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
#define GET(target) "--b\r\n" HTTP "\r\nGET " target " HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
#define SET_BEGIN "--b\r\nContent-Type: multipart/mixed;boundary=\"c\"\r\n\r\n"
#define POST(id)                                                                   \
    "--c\r\n" HTTP "Content-ID: " id "\r\n\r\nPOST Set HTTP/1.1\r\nContent-Type: " \
    "application/json\r\n\r\n{\"a\":1}\r\n"
#define SET_END "--c--\r\n"
#define END "--b--\r\n"

struct batch_case {
    const char *type, *body;
    size_t count; /* requests */
    unsigned change_sets;
};

static const struct batch_case good[] = {
    {TYPE, "--b--", 0, 0},
    {TYPE, GET("Set") END, 1, 0},
    {TYPE, "preamble\r\n" GET("Set") GET("Set('1')") END "epilogue", 2, 0},
    {TYPE, SET_BEGIN POST("1") POST("2") SET_END END, 2, 1},
    {TYPE, GET("a") SET_BEGIN POST("1") SET_END GET("b") SET_BEGIN POST("1") SET_END END, 4, 2},
    {"Multipart/Mixed;charset=utf-8; Boundary=b", GET("Set") END, 1, 0},
    {TYPE, "--b  \r\n" HTTP "\r\nGET x HTTP/1.1\r\n\r\n--b-- \r\n", 1, 0},
    {TYPE, "--b\nContent-Type: application/http\n\nGET x HTTP/1.1\n\n--b--\n", 1, 0},
    {TYPE, "--b\r\n" HTTP "\r\nGET x HTTP/1.1\r\n\r\n--bb is no boundary\r\n--b--", 1, 0},
    {TYPE, "--b\r\n" HTTP "\r\nGET x HTTP/1.1\r\n\r\nnor is --b\r\n--b--", 1, 0},
};

static const struct batch_case bad[] = {
    {"multipart/mixed", GET("Set") END, 0, 0},
    {"multipart/form-data; boundary=b", GET("Set") END, 0, 0},
    {"multipart/mixed; boundary=\"b b\"", GET("Set") END, 0, 0},
    {"multipart/mixed; boundary=", "--\r\n----", 0, 0},
    {TYPE, "", 0, 0},
    {TYPE, GET("Set"), 0, 0},
    {TYPE, "--b\r\nContent-Type: text/plain\r\n\r\nGET x HTTP/1.1\r\n\r\n" END, 0, 0},
    {TYPE, "--b\r\n\r\nGET x HTTP/1.1\r\n\r\n" END, 0, 0},
    {TYPE, "--b\r\nContent-Type: application/http\r\n" END, 0, 0},
    {TYPE, "--b\r\n" HTTP "\r\nGET x\r\n\r\n" END, 0, 0},
    {TYPE, "--b\r\n" HTTP "\r\nGET  HTTP/1.1\r\n\r\n" END, 0, 0},
    {TYPE, "--b\r\n" HTTP "\r\nGET x HTTP/1.1\r\nno colon\r\n\r\n" END, 0, 0},
    {TYPE, "--b\r\n" HTTP "\r\nGET \x01 HTTP/1.1\r\n\r\n" END, 0, 0},
    {TYPE, "--b\r\n" HTTP "\r\nPOST x HTTP/1.1\r\nContent-Length: 99\r\n\r\nx\r\n" END, 0, 0},
    {TYPE, SET_BEGIN POST("1") END, 0, 0},
    {TYPE, SET_BEGIN GET("x") SET_END END, 0, 0},
    {TYPE, SET_BEGIN "--c\r\n" HTTP "\r\nGET x HTTP/1.1\r\n\r\n" SET_END END, 0, 0},
    {TYPE, SET_BEGIN "--c\r\nContent-Type: multipart/mixed;boundary=d\r\n\r\n--d--\r\n" SET_END END, 0, 0},
};

static bool read(const struct batch_case *each, size_t len, struct arena *arena, struct odata_batch *batch)
{
    struct odata_failure failure;
    return odata_batch_read(batch, arena, span_str(each->type), span_of(each->body, len), &failure);
}

static void what_is_whole_is_read_and_what_is_not_refused(void **state)
{
    struct odata_batch batch;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        AUTO(arena) arena = {0};
        if (!read(&good[i], strlen(good[i].body), &arena, &batch) || batch.count != good[i].count ||
            batch.change_sets != good[i].change_sets)
            fail_msg("%s: %zu requests", good[i].body, batch.count);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(arena) arena = {0};
        if (read(&bad[i], strlen(bad[i].body), &arena, &batch))
            fail_msg("was taken: %s", bad[i].body);
    }
}

static void requests_keep_method_target_fields_id_and_body(void **state)
{
    AUTO(arena) arena = {0};
    struct odata_batch batch;
    (void)state;
    assert_true(read(&good[4], strlen(good[4].body), &arena, &batch));
    assert_int_equal(batch.requests[0].head.method, METHOD_GET);
    assert_span(batch.requests[0].head.target, "a");
    assert_span(head_find(&batch.requests[0].head, SPAN("accept"), NULL)->value, "application/json");
    assert_int_equal(batch.requests[0].change_set, 0);
    assert_int_equal(batch.requests[1].head.method, METHOD_POST);
    assert_span(batch.requests[1].content_id, "1");
    assert_span(batch.requests[1].body, "{\"a\":1}");
    assert_int_equal(batch.requests[1].change_set, 1);
    assert_int_equal(batch.requests[3].change_set, 2);
}

/* Only what ends in the last boundary is whole. */
static void a_batch_cut_short_is_refused_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT_OF(good); i++) {
        const char *last = strstr(good[i].body, "--b--");
        for (size_t len = 0; len < (size_t)(last - good[i].body) + 5; len++) {
            AUTO(arena) arena = {0};
            AUTO(buf) copy = {0};
            struct odata_batch batch;
            struct batch_case cut = good[i];
            buf_add(&copy, cut.body, len);
            cut.body = copy.at;
            assert_false(read(&cut, len, &arena, &batch));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_whole_is_read_and_what_is_not_refused),
        cmocka_unit_test(requests_keep_method_target_fields_id_and_body),
        cmocka_unit_test(a_batch_cut_short_is_refused_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
