/* SPDX-License-Identifier: Apache-2.0 */
/* An expression while it is read: tokens come in by expression_read.c, operations go out by expression_write.c.
 *
 * Operators wait on a stack of frames for their right side (Dijkstra's shunting yard), brackets for their end; a stack of
 * operands holds the types of the values that will be on the stack when it runs.
 */
#ifndef POLICY_EXPRESSION_READ_INT_H
#define POLICY_EXPRESSION_READ_INT_H

#include "expression_int.h"

#include "base/buf.h"

struct operand {
    enum expression_type type;
    size_t at;        /* offset of its first token */
    struct span text; /* of a text literal; else `at` is NULL */
};

enum frame_kind {
    FRAME_BINARY,
    FRAME_UNARY,
    FRAME_CAST,
    FRAME_AND,
    FRAME_OR,
    FRAME_COALESCE,
    FRAME_ELSE, /* behind the `:` of ?: */
    /* These wait for their closing sign. */
    FRAME_PAREN,
    FRAME_CALL,
    FRAME_INDEX,
    FRAME_THEN /* between `?` and `:` */
};

/* How strongly operators bind, as in C#. */
enum strength {
    STRENGTH_CONDITIONAL = 1,
    STRENGTH_COALESCE,
    STRENGTH_OR,
    STRENGTH_AND,
    STRENGTH_EQUALITY,
    STRENGTH_ORDER,
    STRENGTH_SUM,
    STRENGTH_UNARY
};

struct frame {
    enum frame_kind kind;
    enum strength strength; /* of operators */
    size_t at;              /* offset of its token */
    const struct expression_member *member;
    enum expression_type type; /* of the cast, the <T>, the left side; TYPE_COUNT: none */
    unsigned arguments;        /* of a call that are whole */
    struct span key;           /* the first of them, where it is a name written as a literal */
    size_t jump;               /* operation whose `jump` waits for its place */
};

struct reader {
    struct span text;
    bool is_secret;
    struct arena *arena;
    size_t *offset;
    struct err *err;
    struct expression_token token; /* the next one */
    struct buf ops;                /* of struct expression_op */
    struct operand operands[EXPRESSION_HEIGHT_MAX];
    size_t height;
    struct frame frames[EXPRESSION_DEPTH_MAX];
    size_t depth;
    size_t joined; /* operations when a jump was last aimed here: what was left may come from elsewhere */
};

/* Fails with CONFIG at `at`. */
bool reader_refuse(struct reader *r, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);

size_t reader_op_count(const struct reader *r);

/* Adds an operation that puts a constant on the stack. */
bool reader_literal(struct reader *r, enum expression_type type, struct value value, size_t at);
/* Adds an operand for which nothing has to run. */
bool reader_push(struct reader *r, enum expression_type type, size_t at);

/* A frame for an operator or bracket at the current token. */
bool reader_open(struct reader *r, const struct frame *frame);
/* Writes the operators that bind at least as strongly as `strength`, down to the innermost bracket. */
bool reader_unwind(struct reader *r, enum strength strength);

/* What has to be done when the left side of && || ?? and the condition of ?: are whole; `frame` gets its type and jump. */
bool reader_left(struct reader *r, struct frame *frame);
/* Between the two results of ?:, whose frame is the innermost. */
bool reader_else(struct reader *r);

/* Before a member or index is looked up: a field by index becomes a list. */
bool reader_listen(struct reader *r);
/* The innermost operand becomes its property. */
bool reader_property(struct reader *r, const struct expression_member *member);
/* The innermost operand is the next argument of the call or index `frame`. */
bool reader_argument(struct reader *r, struct frame *frame);
/* All arguments are there. */
bool reader_call(struct reader *r, struct frame *frame);

/* The innermost operand is what the expression gives. */
bool reader_result(struct reader *r);

#endif
