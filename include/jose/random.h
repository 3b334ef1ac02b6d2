/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that nobody can guess. */
#ifndef JOSE_RANDOM_H
#define JOSE_RANDOM_H

#include "base/err.h"

enum { RANDOM_TEXT_BYTES = 44 };

/* 256 random bits as 43 characters of base64url, with a final NUL: also what RFC 7636 4.1 takes for a code verifier.  Reason SYSTEM:
 * the system gives none.
 */
bool random_text(char out[RANDOM_TEXT_BYTES], struct err *err) MUST_CHECK;

#endif
