/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below the service root.  A key that was read and is written as a literal is read as itself. */
#include "dev/odata_path.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static void check_key(const struct odata_path *path)
{
    AUTO(arena) arena = {0};
    AUTO(buf) raw = {0};
    struct odata_failure failure;
    struct odata_path again;
    buf_printf(&raw, "/%s(", path->set->name);
    for (size_t i = 0; i < path->set->key_count; i++) {
        buf_printf(&raw, "%s%s=", i == 0 ? "" : ",", path->set->properties[i].name);
        odata_value_put_literal(&raw, &path->key[i]);
    }
    buf_add_char(&raw, ')');
    must(odata_path_read(&again, &arena, buf_span(&raw), &failure) && again.place == ODATA_AT_ENTITY);
    for (size_t i = 0; i < path->set->key_count; i++)
        must(odata_value_compare(&path->key[i], &again.key[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct odata_failure failure = {.allow = NULL};
    struct odata_path path;
    if (!odata_path_read(&path, &arena, span_of(data, size), &failure)) {
        must(failure.text[0] != '\0');
        return 0;
    }
    must((path.set == NULL) == (path.place <= ODATA_AT_BATCH));
    if (path.place >= ODATA_AT_ENTITY)
        check_key(&path);
    return 0;
}
