/* SPDX-License-Identifier: Apache-2.0 */
/* Requests handed to an `answer` without any socket. */
#ifndef UNIT_DEV_ASKING_H
#define UNIT_DEV_ASKING_H

#include "server/responder.h"
#include "unit.h"

struct asking {
    struct arena arena;
    struct field fields[4];
    struct head head;
    struct reply reply;
};

/* `target` is path and query; `name` and `value` a field, or NULL. */
static inline void ask_for(struct asking *asking, enum method method, const char *target, const char *name,
                           const char *value)
{
    struct span whole = span_str(target);
    const char *mark = span_chr(whole, '?');
    *asking = (struct asking){.reply = {.status = 200}};
    asking->head.method = method;
    asking->head.target = whole;
    asking->head.path = mark == NULL ? whole : span_cut(whole, (size_t)(mark - whole.at));
    asking->head.query = mark == NULL ? (struct span){NULL, 0} : span_from(whole, asking->head.path.len);
    asking->head.fields = asking->fields;
    if (name != NULL)
        asking->fields[asking->head.count++] =
            (struct field){span_str(name), span_str(value), field_id_of(span_str(name)), false};
}

static inline struct request asking_request(struct asking *asking, const char *body)
{
    return (struct request){
        .head = &asking->head,
        .path = asking->head.path,
        .query = asking->head.query,
        .body = span_str(body),
        .arena = &asking->arena,
    };
}

static inline void asking_end(struct asking *asking)
{
    buf_fini(&asking->reply.body);
    arena_fini(&asking->arena);
}

/* The value of a field of the reply; at NULL: none. */
static inline struct span reply_field(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->count; i++)
        if (span_eq(reply->fields[i].name, span_str(name)))
            return reply->fields[i].value;
    return (struct span){NULL, 0};
}

#endif
