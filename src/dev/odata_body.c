/* SPDX-License-Identifier: Apache-2.0 */
/* On the tape: it tells numbers as written, and refuses names that stand there twice. */
#include "dev/odata_body.h"

#include "jose/tape.h"

static bool read_value(const struct tape *tape, const struct tape_item *item, struct odata_value *value)
{
    *value = (struct odata_value){.type = ODATA_NULL};
    switch (tape_kind_of(item)) {
    case TAPE_NULL: return true;
    case TAPE_FALSE:
    case TAPE_TRUE:
        value->type = ODATA_TRUTH;
        value->truth = tape_kind_of(item) == TAPE_TRUE;
        return true;
    case TAPE_NUMBER: value->type = ODATA_NUMBER; return odata_number_read(tape_span(tape, item), &value->number);
    case TAPE_STRING:
        value->type = ODATA_TEXT;
        value->text = tape_span(tape, item);
        return true;
    case TAPE_ARRAY:
    case TAPE_OBJECT: break;
    }
    return false;
}

static bool read_member(const struct tape *tape, const struct odata_set *set, struct span name,
                        const struct tape_item *item, struct odata_value *values, bool *has,
                        struct odata_failure *failure)
{
    size_t at = odata_model_property(set, name);
    if (span_chr(name, '@') != NULL)
        return true;
    if (at == ODATA_NO_PROPERTY)
        return odata_fail(failure, ODATA_DESERIALIZATION, "%s has no property \"%s\" that can be sent so", set->type,
                          QUOTED(name));
    has[at] = true;
    if (!read_value(tape, item, &values[at]))
        return odata_fail(failure, ODATA_DESERIALIZATION, "%s takes no such value", set->properties[at].name);
    if (odata_model_fits(&set->properties[at], &values[at], failure))
        return true;
    failure->error = ODATA_DESERIALIZATION;
    return false;
}

bool odata_body_read(struct arena *arena, const struct odata_set *set, struct span json,
                     struct odata_value values[ODATA_PROPERTIES_MAX], bool has[ODATA_PROPERTIES_MAX],
                     struct odata_failure *failure)
{
    struct tape tape;
    struct err err = {0};
    if (json.len > ODATA_JSON_BYTES_MAX)
        return odata_fail(failure, ODATA_TOO_LARGE, "a body of JSON has %d bytes at most", ODATA_JSON_BYTES_MAX);
    if (!tape_read(&tape, arena, json, ODATA_JSON_DEPTH_MAX, &err))
        return odata_fail(failure, ODATA_DESERIALIZATION, "%s", err.text);
    if (tape_kind_of(tape.items) != TAPE_OBJECT)
        return odata_fail(failure, ODATA_DESERIALIZATION, "expected an object");
    const struct tape_item *name = tape_first(&tape, tape.items);
    while (name != NULL) {
        const struct tape_item *item = tape_next(&tape, tape.items, name);
        if (!read_member(&tape, set, tape_span(&tape, name), item, values, has, failure))
            return false;
        name = tape_next(&tape, tape.items, item);
    }
    return true;
}
