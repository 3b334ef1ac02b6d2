/* SPDX-License-Identifier: Apache-2.0 */
/* Members in an array: there are few, and their order is to stay. */
#include "dev/members.h"

#include "jose/tape.h"

#include <inttypes.h>
#include <stdio.h>

static struct member *find(struct members *members, struct span name)
{
    for (size_t i = 0; i < members->count; i++)
        if (span_eq(members->at[i].name, name))
            return &members->at[i];
    return NULL;
}

static bool check_json(struct members *members, struct span name, struct span json, struct err *err)
{
    struct tape tape;
    if (tape_read(&tape, members->arena, json, MEMBERS_DEPTH_MAX, err))
        return true;
    err_prefix(err, "%s is not JSON (a text stands in quotes, as %s='\"text\"')", QUOTED(name), QUOTED(name));
    if (err != NULL)
        err->reason = REASON_USAGE;
    return false;
}

static bool put(struct members *members, struct span name, struct span json, struct err *err)
{
    struct member *member = find(members, name);
    if (member == NULL && members->count == MEMBERS_MAX)
        return fail(err, REASON_USAGE, "more than %d members", MEMBERS_MAX);
    struct member copy = {arena_copy(members->arena, name), arena_copy(members->arena, json)};
    if ((copy.name.at == NULL && name.len > 0) || copy.json.at == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a member");
    if (member == NULL)
        member = &members->at[members->count++];
    *member = copy;
    return true;
}

bool members_set(struct members *members, struct span name, struct span json, struct err *err)
{
    return check_json(members, name, json, err) && put(members, name, json, err);
}

bool members_set_pair(struct members *members, const char *pair, struct err *err)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL)
        return fail(err, REASON_USAGE, "expected NAME=JSON, found \"%s\"", QUOTED(span_str(pair)));
    return members_set(members, span_of(pair, (size_t)(equals - pair)), span_str(equals + 1), err);
}

bool members_set_text(struct members *members, const char *name, struct span text, struct err *err)
{
    AUTO(buf) json = {0};
    buf_add_json_text(&json, text);
    if (json.is_broken)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for a member");
    return put(members, span_str(name), buf_span(&json), err);
}

bool members_set_number(struct members *members, const char *name, int64_t number, struct err *err)
{
    char json[24];
    snprintf(json, sizeof json, "%" PRId64, number);
    return put(members, span_str(name), span_str(json), err);
}

struct span members_find(const struct members *members, struct span name)
{
    for (size_t i = 0; i < members->count; i++)
        if (span_eq(members->at[i].name, name))
            return members->at[i].json;
    return (struct span){NULL, 0};
}

void members_remove(struct members *members, struct span name)
{
    struct member *member = find(members, name);
    if (member == NULL)
        return;
    size_t behind = (size_t)(members->at + members->count - (member + 1));
    memmove(member, member + 1, behind * sizeof *member);
    members->count--;
}

bool members_write(const struct members *members, struct buf *out)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < members->count; i++) {
        buf_add_str(out, i == 0 ? "" : ",");
        buf_add_json_text(out, members->at[i].name);
        buf_add_char(out, ':');
        buf_add_span(out, members->at[i].json);
    }
    return buf_add_char(out, '}') && !out->is_broken;
}
