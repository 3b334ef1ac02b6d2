/* SPDX-License-Identifier: Apache-2.0 */
/* Members and items of JSON, one call each. */
#include "say_int.h"

#include "base/now.h"

#include <inttypes.h>

/* The comma, unless something was just opened, and the member's name. */
static void say_key(struct buf *out, const char *key)
{
    struct span before = buf_span(out);
    char last = before.len == 0 ? '{' : before.at[before.len - 1];
    if (last != '{' && last != '[')
        buf_add_char(out, ',');
    if (key == NULL)
        return;
    buf_add_json_text(out, span_str(key));
    buf_add_char(out, ':');
}

void say_open(struct buf *out, const char *key, char bracket)
{
    if (buf_len(out) > 0)
        say_key(out, key);
    buf_add_char(out, bracket);
}

void say_close(struct buf *out, char bracket)
{
    buf_add_char(out, bracket);
}

void say_text(struct buf *out, const char *key, struct span value)
{
    if (value.at == NULL) {
        say_null(out, key);
        return;
    }
    say_key(out, key);
    buf_add_json_text(out, value);
}

void say_number(struct buf *out, const char *key, int64_t value)
{
    say_key(out, key);
    buf_printf(out, "%" PRId64, value);
}

void say_bool(struct buf *out, const char *key, bool value)
{
    say_key(out, key);
    buf_add_str(out, value ? "true" : "false");
}

void say_null(struct buf *out, const char *key)
{
    say_key(out, key);
    buf_add_str(out, "null");
}

void say_moment(struct buf *out, const char *key, int64_t wall_s)
{
    char text[NOW_TEXT_BYTES];
    if (wall_s == 0) {
        say_null(out, key);
        return;
    }
    now_second_text(wall_s, text);
    say_text(out, key, span_str(text));
}

void say_raw(struct buf *out, const char *key, struct span json)
{
    say_key(out, key);
    buf_add_span(out, json);
}
