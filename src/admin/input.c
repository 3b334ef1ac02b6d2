/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies held to their members: what is not known is refused, so that a misspelt member is not passed over in silence. */
#include "input_int.h"

enum { INPUT_DEPTH_MAX = 4 };

static struct input_member *find_member(struct input_member *members, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (span_eq(span_str(members[i].name), name))
            return &members[i];
    return NULL;
}

static const char *kinds_text(unsigned kinds)
{
    if (kinds == INPUT_LIST)
        return "a list";
    if (kinds == INPUT_NUMBER)
        return "a number";
    return (kinds & INPUT_NUMBER) != 0 ? "a text or a number" : "a text";
}

static bool take_member(const struct tape *tape, const struct tape_item *name, struct input_member *members,
                        size_t count, struct err *err)
{
    struct input_member *member = find_member(members, count, tape_span(tape, name));
    const struct tape_item *value = tape_next(tape, &tape->items[0], name);
    if (member == NULL)
        return fail(err, REASON_BAD_REQUEST, "unknown member \"%s\"", QUOTED(tape_span(tape, name)));
    if (tape_kind_of(value) == TAPE_NULL)
        return true;
    if ((member->kinds & (1U << tape_kind_of(value))) == 0)
        return fail(err, REASON_BAD_REQUEST, "\"%s\" must be %s", member->name, kinds_text(member->kinds));
    member->item = value;
    return true;
}

bool input_read(struct tape *tape, struct arena *arena, struct span body, struct input_member *members, size_t count,
                struct err *err)
{
    if (!tape_read(tape, arena, body, INPUT_DEPTH_MAX, err)) {
        err->reason = err->reason == REASON_OUT_OF_MEMORY ? REASON_OUT_OF_MEMORY : REASON_BAD_REQUEST;
        return err_prefix(err, "the body");
    }
    const struct tape_item *root = &tape->items[0];
    if (tape_kind_of(root) != TAPE_OBJECT)
        return fail(err, REASON_BAD_REQUEST, "the body must be a JSON object");
    for (const struct tape_item *name = tape_first(tape, root); name != NULL;
         name = tape_next(tape, root, tape_next(tape, root, name)))
        if (!take_member(tape, name, members, count, err))
            return false;
    for (size_t i = 0; i < count; i++)
        if (members[i].is_required && members[i].item == NULL)
            return fail(err, REASON_BAD_REQUEST, "\"%s\" is missing", members[i].name);
    return true;
}

struct span input_text(const struct tape *tape, const struct input_member *member)
{
    return member->item == NULL ? (struct span){NULL, 0} : tape_span(tape, member->item);
}
