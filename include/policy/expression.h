/* SPDX-License-Identifier: Apache-2.0 */
/* Policy expressions, `@(...)`: a small part of C# over typed values, read once and evaluated for each request.
 *
 * What is not in that part is an error when it is read, never a value: a policy that cannot be evaluated must not be skipped.
 * Evaluating is a pure function of the context; it allocates from the context's arena and never blocks.
 */
#ifndef POLICY_EXPRESSION_H
#define POLICY_EXPRESSION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"
#include "jose/claims.h"
#include "jose/token.h"

enum {
    EXPRESSION_BYTES_MAX = 8192,  /* of one expression's text */
    EXPRESSION_DEPTH_MAX = 64,    /* of parentheses, calls and operators within each other */
    EXPRESSION_RESULT_MAX = 65536 /* bytes of any text that evaluating makes */
};

/* A token whose signature and claims a policy found right: the type `Jwt`. */
struct value_token {
    const struct token *token;
    const struct claims *claims;
};

/* What the client's certificate says, which was verified: the type X509Certificate2. */
struct value_certificate {
    struct span thumbprint;      /* SHA-1 in capital hex digits */
    struct span subject, issuer; /* as `CN=name, O=org` */
    struct span serial;          /* capital hex digits */
    int64_t not_before_s, not_after_s;
};

enum value_kind {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_TEXT,
    VALUE_TEXTS,
    VALUE_TIME,
    VALUE_TOKEN,
    VALUE_CERTIFICATE
};

struct value {
    enum value_kind kind;
    union {
        bool boolean;
        int64_t integer; /* VALUE_INT, 32 bits as in C#; VALUE_TIME: milliseconds since 1970 */
        struct span text;
        struct {
            const struct span *at;
            size_t count;
        } texts;
        const struct value_token *token;
        const struct value_certificate *certificate;
    };
};

/* What is known of the request and its answer; each is read by name in an expression. */
enum fact {
    FACT_METHOD,     /* context.Request.Method */
    FACT_IP_ADDRESS, /* context.Request.IpAddress */
    FACT_URL_SCHEME, /* context.Request.Url: as it goes to the backend so far */
    FACT_URL_HOST,
    FACT_URL_PORT, /* VALUE_INT */
    FACT_URL_PATH,
    FACT_URL_QUERY,       /* with its `?`, or empty */
    FACT_ORIGINAL_SCHEME, /* context.Request.OriginalUrl: as the client sent it */
    FACT_ORIGINAL_HOST,
    FACT_ORIGINAL_PORT, /* VALUE_INT */
    FACT_ORIGINAL_PATH,
    FACT_ORIGINAL_QUERY,
    FACT_CERTIFICATE,   /* context.Request.Certificate, VALUE_CERTIFICATE; VALUE_NULL: the client showed none */
    FACT_REQUEST_ID,    /* context.RequestId */
    FACT_STATUS_CODE,   /* context.Response.StatusCode, VALUE_INT; VALUE_NULL before there is an answer */
    FACT_STATUS_REASON, /* context.Response.StatusReason */
    FACT_ERROR_SOURCE,  /* context.LastError.*; VALUE_NULL while there is none */
    FACT_ERROR_REASON,
    FACT_ERROR_MESSAGE,
    FACT_ERROR_SCOPE,
    FACT_ERROR_SECTION,
    FACT_ERROR_PATH,
    FACT_ERROR_POLICY_ID,
    FACT_COUNT
};

enum message { MESSAGE_REQUEST, MESSAGE_RESPONSE };

/* Where an expression's values come from.  Every function gets `of`. */
struct expression_host {
    /* The value of a fact; texts live as long as the arena of the evaluation. */
    struct value (*fact)(void *of, enum fact fact);
    /* All lines of a header field joined by ", ", name compared without letter case; false: there is none. */
    bool (*header)(void *of, enum message message, struct span name, struct span *joined);
    /* All values of a query parameter, percent-decoded, joined by ","; false: there is none. */
    bool (*query)(void *of, bool is_original, struct span name, struct span *joined);
    /* 16 random bytes, for Guid.NewGuid(). */
    void (*random)(void *of, unsigned char out[16]);
};

/* Variables of one request, by name (letter case counts). */
struct variables {
    struct variable *first;
};

/* The value of a variable, or NULL. */
const struct value *variables_find(const struct variables *variables, struct span name);
/* Sets a variable; name and value are not copied.  False: no memory. */
bool variables_set(struct variables *variables, struct arena *arena, struct span name, struct value value) MUST_CHECK;

struct expression_context {
    const struct expression_host *host;
    void *of;
    const struct variables *variables;
    int64_t now_ms; /* wall clock */
    struct arena *arena;
};

struct expression;

/* Whether the text is meant as an expression: blanks aside, it begins with `@(` or `@{`.  One that does not end as it
 * should is for expression_read() to refuse; it is no plain text.
 */
bool expression_is(struct span text);

struct expression_source {
    struct span text;
    bool is_secret; /* no message, of reading or of evaluating, shows anything of it but words that are known here */
};

/* Reads `@(...)` into memory of `arena`.  False with CONFIG: what was found, what would be right; `*offset` is where in the text
 * (bytes) the trouble begins.  `@{...}` is refused.  `*expression` is borrowed from the arena; the text must live as long.
 */
bool expression_read(const struct expression_source *source, struct arena *arena, const struct expression **expression,
                     size_t *offset, struct err *err) MUST_CHECK;

/* Whether it depends on nothing but itself; then `*value` is what it always gives, as long as the expression's memory lives.
 * (One that would always fail is not read.)
 */
bool expression_is_constant(const struct expression *expression, struct arena *arena, struct value *value);

/* Calls `visit` for the name of every variable that it reads by a literal name. */
void expression_each_variable(const struct expression *expression, void (*visit)(void *of, struct span name), void *of);

/* What of the request and its answer it may look at: bits 1 << enum fact, and EXPRESSION_READS_FIELDS for the request's header
 * fields, EXPRESSION_READS_QUERY for its query parameters.
 */
enum { EXPRESSION_READS_FIELDS = 1 << FACT_COUNT, EXPRESSION_READS_QUERY = 1 << (FACT_COUNT + 1) };
unsigned expression_reads(const struct expression *expression);

/* Evaluates.  False with EXPRESSION_FAILED: a missing variable, a wrong type, a missing list element, a text past
 * EXPRESSION_RESULT_MAX; or OUT_OF_MEMORY.  The caller refuses the request then.
 */
bool expression_evaluate(const struct expression *expression, const struct expression_context *context,
                         struct value *value, struct err *err) MUST_CHECK;

/* The value as text, as C#'s ToString() gives it for what policies print: `True`, `12`, the text, the token's own text, a
 * time as `11/21/2026 16:59:27`.  NULL gives an empty text.  False for a list: EXPRESSION_FAILED.
 */
bool value_text(const struct value *value, struct arena *arena, struct span *text, struct err *err) MUST_CHECK;

#endif
