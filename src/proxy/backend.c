/* SPDX-License-Identifier: Apache-2.0 */
/* A leased connection to a backend's server: sending, reading one answer after the other, one way to end. */
#include "proxy/backend.h"

#include "backend_int.h"

#include <string.h>

void backend_watch_read(struct backend *backend, bool wants)
{
    worker_watch(&backend->read_event, &backend->is_reading, wants);
}

void backend_watch_write(struct backend *backend, bool wants)
{
    worker_watch(&backend->write_event, &backend->is_writing, wants);
}

static void backend_bury(struct grave *grave)
{
    struct backend *backend = CONTAINER_OF(grave, backend, grave);
    buf_fini(&backend->in);
    buf_fini(&backend->out);
    backend->magic = 0;
    free(backend);
}

void backend_close(struct backend *backend)
{
    struct pool *pool = backend->pool;
    if (backend->state == BACKEND_CLOSED)
        return;
    backend->user = NULL;
    backend_connect_cancel(backend);
    deadline_cancel(&backend->deadline);
    list_remove(&backend->task.link);
    backend_watch_read(backend, false);
    backend_watch_write(backend, false);
    transport_close(&backend->transport);
    worker_bury(pool->worker, &backend->grave);
    pool_forget(pool, backend);
}

static void end_lease(struct backend *backend, const struct err *err, bool is_unanswered)
{
    void *user = backend->user;
    const struct backend_user *vtable = backend->vtable;
    backend_close(backend);
    if (user != NULL)
        vtable->failed(user, err, is_unanswered);
}

void backend_fail(struct backend *backend, const struct err *err)
{
    end_lease(backend, err, false);
}

static void fail_with(struct backend *backend, enum reason reason, const char *text)
{
    struct err err;
    fail(&err, reason, "%s", text);
    backend_fail(backend, &err);
}

static void start_deadline(struct backend *backend, struct deadline_class *class)
{
    deadline_start(backend->pool->worker, class, &backend->deadline);
}

static bool awaits_answer(const struct backend *backend)
{
    return backend->is_request_done && !backend->has_head && buf_len(&backend->out) == 0;
}

/* Time runs only while the server is to do something: a slow client is the client connection's affair. */
static void restart_deadline(struct backend *backend)
{
    struct pool *pool = backend->pool;
    if (backend->is_paused || backend->is_raw)
        deadline_cancel(&backend->deadline);
    else if (awaits_answer(backend))
        start_deadline(backend, &pool->response_class);
    else if (buf_len(&backend->out) > 0 || backend->has_head || backend->is_deaf)
        start_deadline(backend, &pool->idle_class);
    else
        deadline_cancel(&backend->deadline);
}

static void on_deadline(struct deadline *deadline)
{
    struct backend *backend = CONTAINER_OF(deadline, backend, deadline);
    switch (backend->state) {
    case BACKEND_CONNECTING:
    case BACKEND_SHAKING: backend_connect_over(backend); return;
    case BACKEND_IDLE: backend_close(backend); return;
    case BACKEND_LEASED:
        pool_count(backend->pool,
                   awaits_answer(backend) ? backend->pool->options.late_answers : backend->pool->options.late_bodies);
        fail_with(backend, REASON_BACKEND_TIMEOUT,
                  awaits_answer(backend) ? "no answer within timeouts.response" : "no progress within timeouts.idle");
        return;
    case BACKEND_CLOSED: return;
    }
}

/* Whether TLS holds bytes behind the answer, which no event would tell of: they would be the next request's answer.  What is no
 * data (session tickets) is taken in by the look.
 */
static bool has_leftovers(struct backend *backend)
{
    char byte;
    size_t got = 0;
    if (!transport_pending(&backend->transport))
        return false;
    return transport_read(&backend->transport, &byte, 1, &got) != IO_WANT_READ ||
           transport_pending(&backend->transport);
}

/* After a whole answer: into the pool, or away. */
static void give_back(struct backend *backend)
{
    bool is_clean = backend->is_request_done && !backend->wants_close && !backend->is_deaf &&
                    !backend->is_read_blocked && buf_len(&backend->out) == 0 && !has_leftovers(backend);
    backend->user = NULL;
    if (!is_clean || !pool_keep(backend->pool, backend)) {
        backend_close(backend);
        return;
    }
    buf_fini(&backend->in);
    h1_next(&backend->h1);
    backend_watch_read(backend, true);
}

/* What the next step of the answer's body is, one ahead: so that the last piece is known as the last. */
struct body_event {
    struct span piece;
    bool is_last;
    bool is_broken;
    struct err err;
};

static void next_body(struct backend *backend, struct span *rest, struct body_event *event, struct span *ahead)
{
    enum h1_step step = H1_PIECE;
    struct span piece = *ahead;
    *ahead = (struct span){NULL, 0};
    if (piece.at == NULL)
        step = h1_read_body(&backend->h1, rest, &piece, &event->err);
    if (step == H1_PIECE) {
        event->piece = piece;
        step = h1_read_body(&backend->h1, rest, ahead, &event->err);
        if (step == H1_PIECE)
            return;
        *ahead = (struct span){NULL, 0};
    }
    event->is_last = step == H1_END;
    event->is_broken = step == H1_BROKEN;
}

/* Hands a piece on; the lease may end in here. */
static void deliver(struct backend *backend, const struct head *head, const struct body_event *event)
{
    void *user = backend->user;
    if (event->is_last)
        backend->user = NULL;
    if (head != NULL)
        backend->vtable->answer(user, head, event->piece, event->is_last);
    else if (event->piece.len > 0 || event->is_last)
        backend->vtable->piece(user, event->piece, event->is_last);
    if (event->is_last && backend->state == BACKEND_LEASED)
        give_back(backend);
}

/* Reads body from `rest` until it is used up, the answer ends, or the user pauses. */
static void feed_body(struct backend *backend, struct span *rest, const struct head *head)
{
    struct span ahead = {NULL, 0};
    do {
        struct body_event event = {0};
        next_body(backend, rest, &event, &ahead);
        if (event.is_last && rest->len > 0)
            backend->wants_close = true; /* bytes nobody asked for: not to be used again */
        if (event.is_broken) {
            if (head == NULL && event.piece.len > 0) /* while nothing was sent on, it can still be a 502 */
                deliver(backend, NULL, &(struct body_event){.piece = event.piece});
            if (backend->state == BACKEND_LEASED)
                backend_fail(backend, &event.err);
            return;
        }
        deliver(backend, head, &event);
        head = NULL;
    } while (ahead.at != NULL && backend->state == BACKEND_LEASED && backend->user != NULL);
}

static bool has_no_body(const struct head *head)
{
    return head->body == BODY_NONE || (head->body == BODY_SIZED && head->body_bytes == 0);
}

static void take_final_head(struct backend *backend, struct span *rest, const struct head *head)
{
    backend->has_head = true;
    backend->wants_switch = false;
    backend->wants_close = head->wants_close || head->body == BODY_UNTIL_CLOSE;
    start_deadline(backend, &backend->pool->idle_class);
    if (has_no_body(head)) {
        backend->wants_close = backend->wants_close || rest->len > 0;
        deliver(backend, head, &(struct body_event){.is_last = true});
        return;
    }
    if (rest->len > 0)
        feed_body(backend, rest, head);
    else
        backend->vtable->answer(backend->user, head, (struct span){NULL, 0}, false);
}

/* The server agrees to another protocol, or says so unasked. */
static void take_switch(struct backend *backend, const struct head *head)
{
    if (!backend->wants_switch || !backend->is_request_done || buf_len(&backend->out) > 0) {
        fail_with(backend, REASON_BACKEND_BROKEN, "the backend switched protocols unasked");
        return;
    }
    backend->is_raw = true;
    deadline_cancel(&backend->deadline);
    backend->vtable->switched(backend->user, head);
}

/* All that is there, unless it is held back. */
static void feed_raw(struct backend *backend, struct span *rest)
{
    struct span piece = *rest;
    bool is_leased = backend->state == BACKEND_LEASED && backend->user != NULL;
    if (!is_leased || backend->is_paused || piece.len == 0)
        return;
    *rest = span_from(*rest, rest->len);
    backend->vtable->piece(backend->user, piece, false);
}

/* True when more heads may follow in `rest`. */
static bool feed_head(struct backend *backend, struct span *rest)
{
    struct err err = {0};
    struct head head = {0};
    size_t skip = 0;
    size_t len = 0;
    enum h1_find found = h1_find_head(&backend->h1, *rest, &skip, &len, &err);
    if (found == H1_PARTIAL)
        return false;
    struct span bytes = span_of(rest->at + skip, len);
    if (found == H1_BAD || !h1_read_answer(&backend->h1, bytes, backend->to_head, backend->arena, &head, &err)) {
        if (err.reason != REASON_OUT_OF_MEMORY)
            err.reason = REASON_BACKEND_BROKEN;
        backend_fail(backend, &err);
        return false;
    }
    *rest = span_from(*rest, skip + len);
    if (head.status >= 200) {
        take_final_head(backend, rest, &head);
        return false;
    }
    if (head.status == 101) {
        take_switch(backend, &head);
        return false;
    }
    if (++backend->interims > INTERIMS_MAX) {
        fail_with(backend, REASON_BACKEND_BROKEN, "interim answers without end");
        return false;
    }
    h1_next(&backend->h1);
    if (head.status != 100)
        backend->vtable->interim(backend->user, &head);
    return backend->state == BACKEND_LEASED && backend->user != NULL;
}

static bool keep(struct backend *backend, struct span rest, bool is_scratch)
{
    if (!is_scratch)
        buf_take(&backend->in, buf_len(&backend->in) - rest.len);
    else if (rest.len > 0)
        return buf_add_span(&backend->in, rest);
    return true;
}

static void feed(struct backend *backend, struct span bytes, bool is_scratch)
{
    struct span rest = bytes;
    backend->has_bytes = true;
    if (!backend->has_head && !backend->is_raw) {
        while (feed_head(backend, &rest))
            ;
    } else if (!backend->is_raw) {
        feed_body(backend, &rest, NULL);
    }
    if (backend->is_raw)
        feed_raw(backend, &rest);
    if (backend->state == BACKEND_LEASED && !keep(backend, rest, is_scratch))
        fail_with(backend, REASON_OUT_OF_MEMORY, "no memory for the answer");
}

static void run_task(struct task *task)
{
    struct backend *backend = CONTAINER_OF(task, backend, task);
    if (backend->state == BACKEND_LEASED && !backend->is_paused && buf_len(&backend->in) > 0)
        feed(backend, buf_span(&backend->in), false);
}

/* The server ended its side of a raw connection; ours may go on. */
static void on_raw_end(struct backend *backend)
{
    if (buf_len(&backend->in) > 0)
        feed(backend, buf_span(&backend->in), false);
    if (backend->state != BACKEND_LEASED)
        return;
    backend->has_end = true;
    backend_watch_read(backend, false);
    backend->vtable->ended(backend->user);
}

/* The server ended its side. */
static void on_end(struct backend *backend, bool is_clean)
{
    if (backend->state != BACKEND_LEASED) {
        backend_close(backend);
        return;
    }
    if (is_clean && backend->is_raw) {
        on_raw_end(backend);
        return;
    }
    if (is_clean && backend->has_head && h1_read_eof(&backend->h1)) {
        backend->wants_close = true;
        deliver(backend, NULL, &(struct body_event){.is_last = true});
        return;
    }
    struct err err;
    fail(&err, REASON_BACKEND_BROKEN, "%s%s",
         transport_is_flooded(&backend->transport) ? "TLS messages without end: " : "",
         backend->has_head ? "the backend closed in the middle of its answer" : "the backend closed without an answer");
    end_lease(backend, &err, !backend->has_bytes);
}

static void on_bytes(struct backend *backend, size_t got, bool is_scratch)
{
    if (backend->state == BACKEND_IDLE) {
        backend_close(backend); /* an answer nobody asked for must not become the next request's */
        return;
    }
    if (!is_scratch)
        backend->in.end += got;
    if (backend->has_head)
        start_deadline(backend, &backend->pool->idle_class);
    feed(backend, is_scratch ? span_of(backend->pool->worker->scratch, got) : buf_span(&backend->in), is_scratch);
    if (backend->state == BACKEND_LEASED && backend->is_reading && transport_pending(&backend->transport))
        worker_again(backend->pool->worker, &backend->read_event);
}

/* TLS has to answer before it reads on; who waits in the pool is not waited for. */
static void block_reading(struct backend *backend)
{
    if (backend->state == BACKEND_IDLE) {
        backend_close(backend);
        return;
    }
    backend->is_read_blocked = true;
    backend_watch_read(backend, false);
    backend_watch_write(backend, true);
}

/* Reading as the user wants it, now that TLS lets it. */
static void watch_reading(struct backend *backend)
{
    backend_watch_read(backend, !backend->is_paused && !backend->has_end && !backend->is_read_blocked);
    if (backend->is_reading && transport_pending(&backend->transport))
        worker_again(backend->pool->worker, &backend->read_event);
}

static void on_readable(struct backend *backend)
{
    bool is_scratch = buf_len(&backend->in) == 0;
    size_t got = 0;
    if (!is_scratch && !buf_reserve(&backend->in, 16384)) {
        fail_with(backend, REASON_OUT_OF_MEMORY, "no memory for the answer");
        return;
    }
    char *at = is_scratch ? backend->pool->worker->scratch : backend->in.at + backend->in.end;
    size_t size = is_scratch ? WORKER_SCRATCH_BYTES : backend->in.size - backend->in.end;
    if ((backend->has_head || backend->is_raw) && size > backend->pool->high_bytes)
        size = backend->pool->high_bytes;
    switch (transport_read(&backend->transport, at, size, &got)) {
    case IO_OK: on_bytes(backend, got, is_scratch); return;
    case IO_END: on_end(backend, true); return;
    case IO_FAILED: on_end(backend, false); return;
    case IO_WANT_READ: return;
    case IO_WANT_WRITE: block_reading(backend); return;
    }
}

/* The server takes no more, but may have said why, as 413 does: reading goes on, to an answer or to the connection's end. */
static void stop_writing(struct backend *backend)
{
    backend->is_deaf = true;
    backend->had_full = false;
    buf_fini(&backend->out);
    backend_watch_write(backend, false);
    backend->is_read_blocked = false;
    watch_reading(backend);
}

/* TLS says good-bye first, which a full socket takes later. */
static void end_writing(struct backend *backend)
{
    if (transport_end_writing(&backend->transport) == IO_WANT_WRITE)
        backend_watch_write(backend, true);
}

static void on_writable(struct backend *backend)
{
    if (backend->is_read_blocked) {
        backend->is_read_blocked = false;
        watch_reading(backend);
    }
    if (!transport_flush(&backend->transport, &backend->out))
        stop_writing(backend);
    restart_deadline(backend);
    if (buf_len(&backend->out) > 0)
        return;
    backend_watch_write(backend, false);
    if (backend->is_ending)
        end_writing(backend);
    if (backend->had_full && backend->user != NULL) {
        backend->had_full = false;
        backend->vtable->drained(backend->user);
    }
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct backend *backend = CHECKED(context, backend, BACKEND_MAGIC);
    (void)fd;
    switch (backend->state) {
    case BACKEND_CONNECTING: return; /* attempts have events of their own */
    case BACKEND_SHAKING: backend_shake_hands(backend); return;
    case BACKEND_IDLE:
    case BACKEND_LEASED:
        if ((what & EV_WRITE) != 0)
            on_writable(backend);
        else
            on_readable(backend);
        return;
    case BACKEND_CLOSED: return;
    }
}

void backend_set_socket(struct backend *backend, int fd)
{
    struct event_base *base = backend->pool->worker->base;
    backend->transport.fd = fd;
    event_assign(&backend->read_event, base, fd, EV_READ | EV_PERSIST, on_event, backend);
    event_assign(&backend->write_event, base, fd, EV_WRITE | EV_PERSIST, on_event, backend);
}

void backend_init(struct backend *backend, struct pool *pool)
{
    backend->magic = BACKEND_MAGIC;
    backend->state = BACKEND_CONNECTING;
    backend->pool = pool;
    backend->transport.fd = -1;
    backend->deadline.run = on_deadline;
    backend->task.run = run_task;
    backend->grave.bury = backend_bury;
    h1_init(&backend->h1, H1_ANSWERS, &pool->limits);
}

void backend_begin(struct backend *backend, bool to_head, struct arena *arena)
{
    backend->to_head = to_head;
    backend->arena = arena;
}

static bool keep_rest(struct backend *backend, const struct iovec *pieces, int count, size_t done)
{
    for (int i = 0; i < count; i++) {
        size_t skip = done < pieces[i].iov_len ? done : pieces[i].iov_len;
        done -= skip;
        if (!buf_add(&backend->out, (const char *)pieces[i].iov_base + skip, pieces[i].iov_len - skip))
            return false;
    }
    backend_watch_write(backend, true);
    return true;
}

enum flow backend_send(struct backend *backend, const struct iovec *pieces, int count)
{
    size_t total = 0;
    size_t done = 0;
    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (total > 0 && buf_len(&backend->out) == 0 && !backend->is_deaf) {
        enum io io = transport_write(&backend->transport, pieces, count, &done);
        if (io == IO_FAILED || io == IO_END)
            stop_writing(backend);
    }
    if (backend->is_deaf)
        done = total;
    if (done < total && !keep_rest(backend, pieces, count, done))
        return FLOW_GONE;
    restart_deadline(backend);
    if (buf_len(&backend->out) < backend->pool->high_bytes)
        return FLOW_OPEN;
    backend->had_full = true;
    return FLOW_FULL;
}

void backend_request_done(struct backend *backend, bool to_head)
{
    backend->to_head = to_head;
    backend->is_request_done = true;
    restart_deadline(backend);
}

void backend_await_switch(struct backend *backend)
{
    backend->wants_switch = true;
}

void backend_end_writing(struct backend *backend)
{
    backend->is_ending = true;
    if (buf_len(&backend->out) == 0)
        end_writing(backend);
}

size_t backend_pending(const struct backend *backend)
{
    return buf_len(&backend->out);
}

void backend_want(struct backend *backend, bool wants)
{
    if (backend->is_paused == !wants)
        return;
    backend->is_paused = !wants;
    restart_deadline(backend);
    if (wants && buf_len(&backend->in) > 0)
        worker_defer(backend->pool->worker, &backend->task);
    watch_reading(backend);
}

void backend_drop(struct backend *backend)
{
    backend_close(backend);
}
