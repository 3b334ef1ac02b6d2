/* SPDX-License-Identifier: Apache-2.0 */
/* Small things every file needs: attributes, owning locals, typed `void *`, counting of array elements. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The result says whether the call worked: ignoring it does not compile in the development presets. */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* An owning local: `AUTO(buf) b = {0};` runs buf_fini(&b), `AUTO_PTR(rule) r = NULL;` runs rule_free(r), when the scope
 * ends.  A type that takes part defines its function with AUTO_FINI(buf) or AUTO_FREE(rule) in its header.
 */
#define AUTO(type) __attribute__((cleanup(auto_fini_##type))) struct type
#define AUTO_PTR(type) __attribute__((cleanup(auto_free_##type))) struct type *
#define AUTO_FINI(type)                                  \
    static inline void auto_fini_##type(struct type *at) \
    {                                                    \
        type##_fini(at);                                 \
    }
#define AUTO_FREE(type)                                   \
    static inline void auto_free_##type(struct type **at) \
    {                                                     \
        type##_free(*at);                                 \
    }

/* Hands the pointer in an owning local to somebody else: the value, with the local set to NULL. */
#define STEAL(pointer)                           \
    (__extension__({                             \
        __typeof__(pointer) stolen_ = (pointer); \
        (pointer) = NULL;                        \
        stolen_;                                 \
    }))

/* Objects that come back through a `void *` begin with `uint32_t magic` set to TYPE_MAGIC and overwritten when they end.
 * `struct conn *c = CHECKED(arg, conn, CONN_MAGIC);` stops the process on anything else: a wrong pointer must not go on.
 */
#define CHECKED(pointer, type, magic_value) ((struct type *)checked_magic((pointer), (magic_value)))
static inline void *checked_magic(void *pointer, uint32_t magic)
{
    uint32_t found = pointer == NULL ? 0 : *(uint32_t *)pointer;
    if (found != magic)
        abort();
    return pointer;
}

/* The object of `type` whose `member` stands at `pointer`. */
#define CONTAINER_OF(pointer, type, member) ((struct type *)(void *)((char *)(pointer)-offsetof(struct type, member)))

#endif
