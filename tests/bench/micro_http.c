/* SPDX-License-Identifier: Apache-2.0 */
/* What reading a head costs: nanoseconds for the look-over and for all of it, best and median of many runs.
 *
 * The request is a browser's or client's with a bearer token of 1.3 KB and six fields, the answer one of 200 bytes.
 */
#include "http/h1.h"

#include <stdio.h>
#include <time.h>

enum { RUNS = 201, TURNS = 2000, TOKEN_BYTES = 1300 };

static const struct h1_limits limits = {
    .head_bytes_max = 65536, .field_bytes_max = 32768, .fields_max = 128, .target_bytes_max = 32768};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct subject {
    const char *name;
    enum h1_role role;
    struct span head;
    struct arena arena;
};

static void must(bool is_right)
{
    if (!is_right) {
        fprintf(stderr, "micro_http: the subject was refused\n");
        exit(1);
    }
}

static void find(struct subject *subject, struct h1 *h)
{
    size_t skip, len;
    h1_next(h);
    must(h1_find_head(h, subject->head, &skip, &len, NULL) == H1_WHOLE && len == subject->head.len);
}

static void find_and_read(struct subject *subject, struct h1 *h)
{
    struct head head;
    struct err err;
    subject->arena.used = 0; /* the same memory each time, as an arena with a pool would give */
    find(subject, h);
    if (subject->role == H1_REQUESTS)
        must(h1_read_request(h, subject->head, &subject->arena, &head, &err));
    else
        must(h1_read_answer(h, subject->head, false, &subject->arena, &head, &err));
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct subject *subject, const char *what, void (*turn)(struct subject *, struct h1 *))
{
    static double ns[RUNS];
    struct h1 h;
    h1_init(&h, subject->role, &limits);
    for (int run = 0; run < RUNS; run++) {
        uint64_t begin = now_ns();
        for (int i = 0; i < TURNS; i++)
            turn(subject, &h);
        ns[run] = (double)(now_ns() - begin) / TURNS;
    }
    qsort(ns, RUNS, sizeof ns[0], by_size);
    printf("%-8s %5zu bytes  %-14s  best %6.1f ns  median %6.1f ns\n", subject->name, subject->head.len, what, ns[0],
           ns[RUNS / 2]);
}

int main(void)
{
    static char token[TOKEN_BYTES + 1], text[4096];
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        token[i] = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9-_abcdefghijklmnopq"[i * 7 % 55];
    snprintf(
        text, sizeof text,
        "GET "
        "/main/ifsapplications/projection/v1/CustomerOrder.svc/Orders(OrderNo='P100')?$select=OrderNo,State&$top=25 "
        "HTTP/1.1\r\nHost: ifs.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 "
        "Firefox/128.0\r\n"
        "Accept: application/json;odata.metadata=minimal;IEEE754Compatible=true\r\nAccept-Encoding: gzip, deflate\r\n"
        "Connection: keep-alive\r\nAuthorization: Bearer %s\r\n\r\n",
        token);
    struct subject request = {.name = "request", .role = H1_REQUESTS, .head = span_str(text)};
    struct subject answer = {
        .name = "answer",
        .role = H1_ANSWERS,
        .head = SPAN(
            "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 16:00:00 GMT\r\n"
            "Content-Type: application/json;odata.metadata=minimal\r\nContent-Length: 1024\r\nOData-Version: 4.0\r\n"
            "Connection: keep-alive\r\n\r\n")};
    measure(&request, "find", find);
    measure(&request, "find and read", find_and_read);
    measure(&answer, "find", find);
    measure(&answer, "find and read", find_and_read);
    arena_fini(&request.arena);
    arena_fini(&answer.arena);
    return 0;
}
