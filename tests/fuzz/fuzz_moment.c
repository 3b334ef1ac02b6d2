/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people give them at a command line.  What is taken lies within the years 1970 to 9999, and spelled by us it is read as the
 * same moment.
 */
#include "base/now.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    int64_t wall_s, again;
    char spelled[NOW_TEXT_BYTES];
    if (!now_from_text(span_of(data, size), &wall_s, &err))
        return 0;
    now_second_text(wall_s, spelled);
    if (!now_from_text(span_str(spelled), &again, &err) || again != wall_s)
        abort();
    return 0;
}
