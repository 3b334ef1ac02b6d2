/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that nobody can guess, and memory that does not keep them. */
#ifndef JOSE_SECRET_H
#define JOSE_SECRET_H

#include "base/err.h"

enum { SECRET_TEXT_BYTES = 44 };

/* 256 random bits as 43 characters of base64url, with a final NUL: also what RFC 7636 4.1 takes for a code verifier.  Reason SYSTEM:
 * the system gives none.
 */
bool secret_text(char out[SECRET_TEXT_BYTES], struct err *err) MUST_CHECK;

/* Overwrites memory before it is given back, whatever a compiler thinks of that; NULL is let through. */
void secret_wipe(void *at, size_t bytes);

#endif
