/* SPDX-License-Identifier: Apache-2.0 */
/* What reading signed and encrypted tokens has in common. */
#ifndef JOSE_TOKEN_INT_H
#define JOSE_TOKEN_INT_H

#include "jose/token.h"

enum { TOKEN_SIGNED_PARTS = 3, TOKEN_ENCRYPTED_PARTS = 5 };

/* Cuts `text` at its dots into at most TOKEN_ENCRYPTED_PARTS; returns how many there are, one more than that for any more. */
size_t token_split(struct span text, struct span parts[TOKEN_ENCRYPTED_PARTS]);

/* The header's JSON object out of its base64url. */
bool token_read_object(struct tape *header, struct arena *arena, struct span part, unsigned depth_max,
                       struct err *err) MUST_CHECK;

/* A member of the header that may be missing, but must be a string where it stands; else `*text` stays as it is. */
bool token_read_text(const struct tape *header, struct span name, struct span *text, struct err *err) MUST_CHECK;

/* RFC 7515 4.1.11, RFC 7516 4.1.13, RFC 7797 6: no extension is understood, so a header that counts on one is refused. */
bool token_refuse_extensions(const struct tape *header, struct err *err) MUST_CHECK;

#endif
