/* SPDX-License-Identifier: Apache-2.0 */
/* What libjwt thinks of a signature: a second reader of token, algorithm and key, for people who compare.
 *
 * It decides nothing.  libjwt 1.x reads JSON, header and key anew for each token and knows fewer algorithms than we do, so it often
 * cannot say; what it takes and we do not is listed in DESIGN.md.
 */
#ifndef JOSE_SECOND_OPINION_H
#define JOSE_SECOND_OPINION_H

#include "jose/key.h"
#include "jose/token.h"

enum opinion {
    OPINION_NONE, /* libjwt cannot say */
    OPINION_GOOD, /* the signature is that of the key */
    OPINION_BAD
};

enum { SECOND_OPINION_TEXT_BYTES = 160 };

struct second_opinion {
    enum opinion opinion;
    char text[SECOND_OPINION_TEXT_BYTES]; /* why, in words; nothing of the token in it */
};

/* Whether `token`, as token_read left it, was signed by `key`, of which libjwt gets the bytes and nothing else: it takes the
 * algorithm from the token itself.  Allocates; not for the way of a request.
 */
void second_opinion_ask(const struct token *token, const struct key *key, struct second_opinion *opinion);

#endif
