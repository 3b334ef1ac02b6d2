/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 4 << 20 };

const char *vectors_directory;

static struct tally total;

static const char *const answer_names[ANSWER_COUNT] = {
    "accepted",
    "refused",
    "skipped (algorithm not ours)",
    "skipped (secret shorter than its digest: taken from 16 bytes on, with a warning)",
    "skipped (opened, but the JWK is for another alg: keys of a policy name none)",
};

struct tape vectors_read(struct arena *arena, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", vectors_directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    char *bytes = malloc(FILE_BYTES_MAX);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    while (len > 0 && bytes[len - 1] == '\n')
        len--;
    struct tape tape;
    struct err err;
    if (!tape_read(&tape, arena, span_of(bytes, len), VECTOR_DEPTH, &err)) {
        tape = (struct tape){.text = arena_take(arena, len), .text_len = len};
        memcpy(tape.text, bytes, len);
    }
    free(bytes);
    return tape;
}

struct span vectors_text(const struct tape *tape, const struct tape_item *object, const char *name)
{
    const struct tape_item *item = object == NULL ? NULL : tape_member(tape, object, span_str(name));
    return item == NULL ? (struct span){NULL, 0} : tape_span(tape, item);
}

int64_t vectors_number(const struct tape *tape, const struct tape_item *object, const char *name)
{
    int64_t value = -1;
    const struct tape_item *item = tape_member(tape, object, span_str(name));
    assert_true(item != NULL && tape_whole(tape, item, &value));
    return value;
}

struct span vectors_hex(struct arena *arena, const struct tape *tape, const struct tape_item *object, const char *name)
{
    struct span hex = vectors_text(tape, object, name);
    assert_true(hex.at != NULL && hex.len % 2 == 0);
    char *out = arena_take(arena, hex.len / 2 + 1);
    assert_non_null(out);
    for (size_t i = 0; i < hex.len / 2; i++) {
        char pair[3] = {hex.at[2 * i], hex.at[2 * i + 1], '\0'};
        out[i] = (char)strtoul(pair, NULL, 16);
    }
    return span_of(out, hex.len / 2);
}

const struct tape_item *vectors_member(const struct tape *tape, const struct tape_item *object, const char *name)
{
    return tape_member(tape, object, span_str(name));
}

enum expected vectors_expected(struct arena *arena, const char *file, int64_t id, struct span result)
{
    struct tape list = vectors_read(arena, "wycheproof/exceptions.json");
    const char *base = strrchr(file, '/') + 1;
    for (const struct tape_item *at = tape_first(&list, list.items); at != NULL;
         at = tape_next(&list, list.items, at)) {
        if (!span_eq(vectors_text(&list, at, "file"), span_str(base)) || vectors_number(&list, at, "tcId") != id)
            continue;
        struct span expect = vectors_text(&list, at, "expect");
        return span_eq(expect, SPAN("accept"))   ? EXPECT_ACCEPT
               : span_eq(expect, SPAN("reject")) ? EXPECT_REFUSE
                                                 : EXPECT_EITHER;
    }
    return span_eq(result, SPAN("valid")) ? EXPECT_ACCEPT : EXPECT_REFUSE;
}

void vectors_count(struct tally *tally, int64_t id, enum answer answer, enum expected expected)
{
    tally->counts[answer]++;
    bool is_wrong = (answer == ANSWER_ACCEPT && expected == EXPECT_REFUSE) ||
                    (answer == ANSWER_REFUSE && expected == EXPECT_ACCEPT);
    if (!is_wrong)
        return;
    tally->wrong++;
    print_error("%s: test %lld is %s\n", tally->file, (long long)id, answer_names[answer]);
}

static void print_tally(const struct tally *tally)
{
    print_message("%s:", tally->file);
    for (size_t i = 0; i < ANSWER_COUNT; i++)
        if (tally->counts[i] > 0)
            print_message(" %u %s", tally->counts[i], answer_names[i]);
    print_message("\n");
}

void vectors_finish(const struct tally *tally)
{
    print_tally(tally);
    for (size_t i = 0; i < ANSWER_COUNT; i++)
        total.counts[i] += tally->counts[i];
    assert_int_equal(tally->wrong, 0);
}

void vectors_print_total(void)
{
    total.file = "in total";
    print_tally(&total);
}
