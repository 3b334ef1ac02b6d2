/* SPDX-License-Identifier: Apache-2.0 */
/* The program that an expression is: what expression_read.c writes and expression_run.c runs, and the tables of operators,
 * members and types that both go by.
 */
#ifndef POLICY_EXPRESSION_INT_H
#define POLICY_EXPRESSION_INT_H

#include "policy/expression.h"

enum {
    EXPRESSION_ARGUMENTS_MAX = 16,                    /* of one call */
    EXPRESSION_HEIGHT_MAX = 2 * EXPRESSION_DEPTH_MAX, /* values that wait for their operator or call */
    EXPRESSION_WORK_MAX = 16 * EXPRESSION_RESULT_MAX  /* bytes of all texts and lists of one evaluation */
};

/* What is known of a value while an expression is read. */
enum expression_type {
    TYPE_ANY, /* known only when it runs: a variable without a cast */
    TYPE_NULL,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_TEXT,
    TYPE_LINES, /* a field or parameter by index: a text, and a list of it where a member of a list is called */
    TYPE_TEXTS,
    TYPE_TIME,
    TYPE_TOKEN,
    TYPE_CERTIFICATE,
    TYPE_CHAR,         /* only an argument; when it runs it is a text */
    TYPE_CLAIMS,       /* no value; when it runs it is the token */
    TYPE_SUBJECT_NAME, /* no value; when it runs it is the certificate */
    TYPE_ISSUER_NAME,  /* the same */
    /* No values, and nothing when it runs. */
    TYPE_CONTEXT,
    TYPE_REQUEST,
    TYPE_RESPONSE,
    TYPE_REQUEST_HEADERS,
    TYPE_RESPONSE_HEADERS,
    TYPE_URL,
    TYPE_ORIGINAL_URL,
    TYPE_QUERY,
    TYPE_ORIGINAL_QUERY,
    TYPE_VARIABLES,
    TYPE_LAST_ERROR,
    TYPE_STRING_CLASS,
    TYPE_INT_CLASS,
    TYPE_BOOL_CLASS,
    TYPE_GUID_CLASS,
    TYPE_TIME_CLASS,
    TYPE_COUNT
};

/* As the user calls it: "a text", "context.Request". */
const char *expression_type_name(enum expression_type type);
/* Whether it can be compared, handed on, be a result. */
static inline bool expression_type_is_value(enum expression_type type)
{
    return type <= TYPE_CERTIFICATE;
}
/* Whether there is something on the stack when it runs. */
static inline bool expression_type_is_there(enum expression_type type)
{
    return type <= TYPE_ISSUER_NAME;
}
/* What it is where it is no list: lines count as one text. */
static inline enum expression_type expression_type_plain(enum expression_type type)
{
    return type == TYPE_LINES ? TYPE_TEXT : type;
}

/* --- tokens, expression_lex.c --- */

enum expression_token_kind { LEX_END, LEX_WORD, LEX_INT, LEX_TEXT, LEX_CHAR, LEX_SIGN, LEX_BAD };

struct expression_token {
    enum expression_token_kind kind;
    size_t at;           /* offset of its first byte */
    struct span source;  /* as written */
    const char *problem; /* LEX_BAD: what is wrong with it */
};

/* What C# takes for white space, of ASCII. */
static inline bool expression_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The token at or behind `at`; blanks and comments before it are passed. */
struct expression_token expression_lex(struct span text, size_t at);

/* What a LEX_TEXT or LEX_CHAR says.  False: OUT_OF_MEMORY, or CONFIG with `*offset` where in the whole text. */
bool expression_lex_text(const struct expression_token *token, struct arena *arena, struct span *text, size_t *offset,
                         struct err *err) MUST_CHECK;

/* --- the program --- */

struct expression_run; /* one evaluation under way */
struct expression_op;

/* Operator or member at work: values from `at` on are taken, the result goes into at[0]. */
struct expression_call {
    struct expression_run *run;
    const struct expression_op *op;
    struct value *at;
    struct err *err;
};

enum expression_member_kind { MEMBER_PROPERTY, MEMBER_METHOD, MEMBER_INDEX, MEMBER_OPERATOR };

struct expression_member {
    enum expression_type of;
    enum expression_member_kind kind;
    const char *name; /* of an index: empty */
    enum expression_type gives;
    /* Arguments.  Each is of the type `takes`, the last of all rows also of those behind it; TYPE_CHAR takes a text too. */
    unsigned least, most;
    enum expression_type takes[2];
    bool (*run)(struct expression_call *call); /* NULL: a step on the way to a value */
    int which;                                 /* fact, message, claim: for functions of several rows */
    bool is_constant;                          /* depends on nothing but what it takes */
};

enum expression_op_kind {
    OP_PUSH,       /* the literal */
    OP_CALL,       /* the member, with `count` values */
    OP_CAST,       /* fails unless the value is `wanted`, or null where that may be */
    OP_LIST,       /* the text becomes a list of it */
    OP_JUMP,       /* to `jump` */
    OP_JUMP_FALSE, /* takes a condition; to `jump` when false */
    OP_AND,        /* false stays and jumps; true is taken */
    OP_OR,         /* true stays and jumps; false is taken */
    OP_COALESCE    /* null is taken; all else stays and jumps */
};

struct expression_op {
    enum expression_op_kind kind;
    enum expression_type wanted;
    size_t count, jump; /* jumps only go forward */
    const struct expression_member *member;
    struct span key; /* name of the field, variable ..., where it is written as a literal; else `at` is NULL */
    struct value literal;
};

struct expression {
    const struct expression_op *ops;
    size_t count;
    bool is_constant;
    struct value value; /* of a constant one */
};

struct expression_run {
    const struct expression_context *context;
    size_t work; /* bytes made so far */
};

/* --- tables, expression_members.c --- */

/* The member of `type` with this name, or index; NULL. */
const struct expression_member *expression_member_find(enum expression_type type, struct span name, bool is_index);

/* What a name stands for outside of any member: `context`, `string`, ...; TYPE_COUNT: nothing. */
enum expression_type expression_word_type(struct span word);

/* A type as a cast or `<T>` names it; TYPE_COUNT: none. */
enum expression_type expression_cast_type(struct span word);

/* Behind "TYPE has no member NAME" or "NAME is not known": why, what to write instead, or the nearest name; may be empty.
 * `type` TYPE_COUNT: outside of any member.
 */
void expression_hint(enum expression_type type, struct span name, char *out, size_t size);

/* --- functions of rows --- */

/* Fails with EXPRESSION_FAILED: the part of the expression, and `why`; no values. */
bool expression_fail(const struct expression_call *call, const char *why);
/* Memory of the evaluation, counted; NULL with the error set. */
void *expression_take(struct expression_call *call, size_t bytes);
/* A value of the call as text, which has to be one; false: it is null or something else. */
bool expression_text_at(struct expression_call *call, size_t index, struct span *text) MUST_CHECK;
/* The same of an int. */
bool expression_int_at(struct expression_call *call, size_t index, int64_t *integer) MUST_CHECK;
/* Any value as text; false for a list. */
bool expression_print_at(struct expression_call *call, size_t index, struct span *text) MUST_CHECK;
/* The results of a call. */
bool expression_give_text(struct expression_call *call, struct span text);
bool expression_give_bool(struct expression_call *call, bool is_true);
/* An int of 32 bits as in C#; fails past them. */
bool expression_give_int(struct expression_call *call, int64_t integer);
bool expression_give_null(struct expression_call *call);
/* `texts` joined by `separator`. */
bool expression_give_joined(struct expression_call *call, struct span separator, const struct span *texts,
                            size_t count);

/* expression_operators.c: NULL for other signs.  A unary one takes one value. */
const struct expression_member *expression_operator(struct span sign, bool is_unary);
/* What an operator gives for these types, TYPE_COUNT: it does not take them. */
enum expression_type expression_operator_type(const struct expression_member *sign, enum expression_type left,
                                              enum expression_type right);
/* The type of what is one or the other, TYPE_COUNT: they have none. */
enum expression_type expression_type_join(enum expression_type one, enum expression_type other);

/* expression_text.c */
bool expression_text_to_string(struct expression_call *call);
bool expression_text_lower(struct expression_call *call);
bool expression_text_upper(struct expression_call *call);
bool expression_text_starts(struct expression_call *call);
bool expression_text_ends(struct expression_call *call);
bool expression_text_contains(struct expression_call *call);
bool expression_text_equals(struct expression_call *call);
bool expression_text_trim(struct expression_call *call);
bool expression_text_split(struct expression_call *call);
bool expression_text_length(struct expression_call *call);
bool expression_text_replace(struct expression_call *call);
bool expression_text_substring(struct expression_call *call);
bool expression_text_is_empty(struct expression_call *call); /* which: 1 blanks count as empty */
bool expression_text_empty(struct expression_call *call);
bool expression_text_join(struct expression_call *call);
bool expression_text_concat(struct expression_call *call);
bool expression_text_parse_int(struct expression_call *call);
bool expression_text_parse_bool(struct expression_call *call);

/* expression_list.c */
bool expression_list_contains(struct expression_call *call);
bool expression_list_first(struct expression_call *call);
bool expression_list_length(struct expression_call *call);
bool expression_list_any(struct expression_call *call);
bool expression_list_at(struct expression_call *call);

/* expression_host.c; `which`: the fact, the message, 1 for the original URL's query */
bool expression_host_fact(struct expression_call *call);
bool expression_host_header(struct expression_call *call);
bool expression_host_header_or(struct expression_call *call);
bool expression_host_header_has(struct expression_call *call);
bool expression_host_query(struct expression_call *call);
bool expression_host_query_or(struct expression_call *call);
bool expression_host_query_has(struct expression_call *call);
bool expression_host_variable(struct expression_call *call);
bool expression_host_variable_or(struct expression_call *call);
bool expression_host_variable_has(struct expression_call *call);
bool expression_host_guid(struct expression_call *call);
bool expression_host_now(struct expression_call *call);

/* expression_token.c; `which`: enum expression_token_part */
enum expression_token_part {
    PART_SUBJECT,
    PART_ISSUER,
    PART_ID,
    PART_ALGORITHM,
    PART_TYPE,
    PART_EXPIRATION,
    PART_NOT_BEFORE,
    PART_ISSUED_AT
};
bool expression_token_text(struct expression_call *call);
bool expression_token_time(struct expression_call *call);
bool expression_token_audiences(struct expression_call *call);
bool expression_token_claim(struct expression_call *call);
bool expression_token_claim_or(struct expression_call *call);
bool expression_token_claim_has(struct expression_call *call);

/* expression_certificate.c; `which`: enum expression_certificate_part */
enum expression_certificate_part {
    PART_THUMBPRINT,
    PART_CERTIFICATE_SUBJECT,
    PART_CERTIFICATE_ISSUER,
    PART_SERIAL,
    PART_VALID_FROM,
    PART_VALID_TO
};
bool expression_certificate_text(struct expression_call *call);
bool expression_certificate_time(struct expression_call *call);
bool expression_certificate_verify(struct expression_call *call);

/* expression_time.c */
enum { EXPRESSION_TIME_BYTES = 40 };
/* Whether ToString() knows the format. */
bool expression_time_format_is(struct span format);
/* Spells a moment; false: no such format, or a year outside of 1 to 9999. */
bool expression_time_spell(int64_t ms, struct span format, char out[EXPRESSION_TIME_BYTES]);
bool expression_time_to_string(struct expression_call *call);

#endif
