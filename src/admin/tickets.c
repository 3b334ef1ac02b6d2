/* SPDX-License-Identifier: Apache-2.0 */
/* A row of tickets, oldest first; contents are wiped when they go. */
#include "admin/tickets.h"

#include "jose/digest.h"

static void wipe(struct ticket *ticket)
{
    secret_wipe(ticket->content.at, ticket->content.size);
    buf_fini(&ticket->content);
    secret_wipe(ticket, sizeof *ticket);
}

static void drop(struct tickets *tickets, size_t index)
{
    wipe(&tickets->at[index]);
    tickets->count--;
    memmove(&tickets->at[index], &tickets->at[index + 1], (tickets->count - index) * sizeof tickets->at[0]);
    tickets->at[tickets->count] = (struct ticket){.made_ms = 0};
}

void tickets_expire(struct tickets *tickets, int64_t mono_ms)
{
    while (tickets->count > 0 && mono_ms - tickets->at[0].made_ms > TICKETS_AGE_MS)
        drop(tickets, 0);
}

void tickets_fini(struct tickets *tickets)
{
    while (tickets->count > 0)
        drop(tickets, 0);
}

/* The memory is taken whole before anything is put in: growing would leave copies behind. */
const char *tickets_make(struct tickets *tickets, struct span content, int64_t mono_ms, struct err *err)
{
    struct ticket made = {.made_ms = mono_ms};
    tickets_expire(tickets, mono_ms);
    if (!secret_text(made.text, err))
        return NULL;
    if (!buf_reserve(&made.content, content.len) || !buf_add_span(&made.content, content)) {
        wipe(&made);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a ticket");
        return NULL;
    }
    if (tickets->count == TICKETS_MAX)
        drop(tickets, 0);
    tickets->at[tickets->count] = made;
    return tickets->at[tickets->count++].text;
}

bool tickets_take(struct tickets *tickets, struct span text, int64_t mono_ms, struct buf *content, struct err *err)
{
    tickets_expire(tickets, mono_ms);
    size_t found = tickets->count;
    for (size_t i = 0; i < tickets->count; i++)
        if (digest_eq(span_str(tickets->at[i].text), text))
            found = i;
    if (found == tickets->count)
        return fail(err, REASON_BAD_REQUEST, "the ticket is not known: it was used before, or is older than %d seconds",
                    TICKETS_AGE_MS / 1000);
    bool is_ok = buf_add_span(content, buf_span(&tickets->at[found].content));
    drop(tickets, found);
    return is_ok || fail(err, REASON_OUT_OF_MEMORY, "no memory for the tokens");
}
