/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of secret keys share. */
#ifndef DEV_SECRET_KEY_INT_H
#define DEV_SECRET_KEY_INT_H

#include "dev/secret_key.h"

/* A key without material. */
struct secret_key *secret_key_empty(enum alg alg, struct span kid, struct err *err) MUST_CHECK;

/* Gives a key with material its algorithm: `asked`, else the one it has, else the first that fits.  Fails when it does not fit. */
bool secret_key_settle_alg(struct secret_key *key, enum alg asked, struct err *err) MUST_CHECK;

/* secret_key_read for JSON. */
struct secret_key *secret_key_read_jwk(struct span bytes, enum alg alg, const char *kid, struct err *err) MUST_CHECK;

#endif
