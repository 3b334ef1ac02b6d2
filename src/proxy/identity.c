/* SPDX-License-Identifier: Apache-2.0 */
/* Claims as header values, written so that no two texts look alike and none can end a line. */
#include "proxy/identity.h"

#include "base/ascii.h"
#include "base/buf.h"

bool identity_is_name(const struct site *site, struct span name)
{
    if ((site->identity_lengths >> (name.len & 63) & 1u) == 0)
        return false;
    for (size_t i = 0; i < site->identity_count; i++)
        if (field_is_spelled(name, site->identity_names[i]))
            return true;
    return false;
}

/* Whether the byte at `i` goes out as %XX. */
static bool is_encoded(struct span text, size_t i, bool is_item)
{
    char c = text.at[i];
    if (c == '%')
        return i + 2 < text.len && ascii_is_hex(text.at[i + 1]) && ascii_is_hex(text.at[i + 2]);
    if (c == ' ')
        return i == 0 || i + 1 == text.len;
    return c < ' ' || c > '~' || (is_item && c == ',');
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* False: the text holds control bytes. */
static bool add_text(struct buf *out, struct span text, bool is_item)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_control(text.at[i]))
            return false;
        if (is_encoded(text, i, is_item))
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text.at[i]);
        else
            buf_add_char(out, text.at[i]);
    }
    return true;
}

static bool add_values(struct buf *out, const struct claim_values *values, bool is_list)
{
    for (size_t i = 0; i < values->count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (!add_text(out, values->texts[i], is_list))
            return false;
    }
    return true;
}

/* One header's value.  False with `*is_bad`: control bytes; else out of memory. */
static bool read_value(const struct identity_header *header, const struct claims *claims, struct arena *arena,
                       struct span *value, bool *is_bad)
{
    struct claim_values values = {.is_present = false};
    struct err err;
    AUTO(buf) text = {0};
    if (!claims_values(claims, arena, header->claim, header->is_path, &values, &err))
        return false;
    if (!values.is_present || values.count == 0)
        return true;
    *is_bad = !add_values(&text, &values, header->is_list || values.is_array);
    if (*is_bad || text.is_broken)
        return false;
    *value = buf_len(&text) == 0 ? SPAN("") : arena_copy(arena, buf_span(&text));
    return value->at != NULL;
}

const struct span *identity_values(const struct site_route *route, const struct claims *claims, struct arena *arena,
                                   const struct identity_header **bad)
{
    struct span *out = arena_zero(arena, route->identity_count * sizeof *out);
    *bad = NULL;
    for (size_t i = 0; out != NULL && i < route->identity_count; i++) {
        bool is_bad = false;
        if (read_value(&route->identity[i], claims, arena, &out[i], &is_bad))
            continue;
        *bad = is_bad ? &route->identity[i] : NULL;
        return NULL;
    }
    return out;
}
