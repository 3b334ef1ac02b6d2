/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1 on a client connection: reading requests and writing answers, for the two files of it. */
#ifndef SERVER_CONN_H1_INT_H
#define SERVER_CONN_H1_INT_H

#include "conn_int.h"

/* Goes on after a stream has finished. */
void conn_h1_finished(struct conn *conn, struct stream *stream);
/* Starts or stops waiting for the body, as it is wanted. */
void conn_h1_pace_body(struct conn *conn);
/* Sends 100 Continue when the client waits for it and the body is wanted. */
void conn_h1_continue(struct conn *conn);

/* The stream functions of the protocol. */
enum flow conn_h1_answer(struct stream *stream, const struct answer *answer, struct span piece, bool is_last);
enum flow conn_h1_piece(struct stream *stream, struct span piece, bool is_last);
enum flow conn_h1_upgrade(struct stream *stream, const struct field *fields, size_t count);
enum flow conn_h1_interim(struct stream *stream, unsigned status, const struct field *fields, size_t count);
void conn_h1_want_body(struct stream *stream, bool wants);
size_t conn_h1_pending(const struct stream *stream);
void conn_h1_finish(struct stream *stream);

#endif
