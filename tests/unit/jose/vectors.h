/* SPDX-License-Identifier: Apache-2.0 */
/* Files of published vectors: read, their keys made, their answers counted. */
#ifndef UNIT_JOSE_VECTORS_H
#define UNIT_JOSE_VECTORS_H

#include "jose/decrypt.h"
#include "jose/keyset.h"

enum { VECTOR_DEPTH = 32 };

/* What the code under test does with one test, and what it should do. */
enum answer {
    ANSWER_ACCEPT,
    ANSWER_REFUSE,
    ANSWER_NO_ALG,       /* skipped, as all below */
    ANSWER_SHORT_SECRET, /* taken from 16 bytes on, with a warning; the file refuses it by its length */
    ANSWER_BOUND_KEY,    /* opened by a key whose JWK names another alg; keys of a policy name none */
    ANSWER_COUNT
};
enum expected { EXPECT_ACCEPT, EXPECT_REFUSE, EXPECT_EITHER };

struct tally {
    const char *file;
    unsigned counts[ANSWER_COUNT];
    unsigned wrong;
};

/* Where the files are; set before anything else. */
extern const char *vectors_directory;

/* The file as JSON; a bare compact token as a tape of text alone. */
struct tape vectors_read(struct arena *arena, const char *name);

/* Members; `at` NULL when missing, and with `object` NULL. */
struct span vectors_text(const struct tape *tape, const struct tape_item *object, const char *name);
int64_t vectors_number(const struct tape *tape, const struct tape_item *object, const char *name);
struct span vectors_hex(struct arena *arena, const struct tape *tape, const struct tape_item *object, const char *name);
/* The object or array of that name. */
const struct tape_item *vectors_member(const struct tape *tape, const struct tape_item *object, const char *name);

/* What the file says of a test, or exceptions.json, which goes before it. */
enum expected vectors_expected(struct arena *arena, const char *file, int64_t id, struct span result);

/* Counts an answer; a wrong one is printed. */
void vectors_count(struct tally *tally, int64_t id, enum answer answer, enum expected expected);
/* Prints what was counted, adds it to the total, and fails the test when an answer was wrong. */
void vectors_finish(const struct tally *tally);
void vectors_print_total(void);

/* A published key set of one JWK or a JWK Set, as text. */
struct keyset *vectors_public_set(struct span json);
/* The keys of a group: `oct` keys alone are secrets of the configuration, taken for what their JWK says they are for; all else
 * is a published set.  `*is_long_enough`: no secret is shorter than its digest.
 */
struct keyset *vectors_key_set(const struct tape *tape, const struct tape_item *key, bool *is_long_enough);
/* The JWK of a key on a NIST curve in DER (SubjectPublicKeyInfo), for free(). */
char *vectors_jwk_of_der(struct span der);
/* The private key or secret of a JWK, to decrypt with. */
struct decrypt_keys *vectors_decrypt_keys(const struct tape *tape, const struct tape_item *jwk);

#endif
