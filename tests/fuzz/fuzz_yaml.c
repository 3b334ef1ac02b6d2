/* SPDX-License-Identifier: Apache-2.0 */
/* YAML of any bytes: no tree without a clean reading, and what a tree promises to those that walk it. */
#include "fuzz_nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    AUTO(problems) problems;
    problems_init(&problems);
    const struct node *root = node_read_yaml(&arena, "fuzz.yaml", span_of(data, size), &problems);
    tree_check(root, &problems);
    return 0;
}
