/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs of possession (RFC 9449): whether who sends a token holds the key that the token is bound to.
 *
 * Pure functions of plain values.  That a proof comes once only is for whoever remembers the names of proofs.
 */
#ifndef POLICY_DPOP_H
#define POLICY_DPOP_H

#include "base/arena.h"
#include "base/buf.h"
#include "jose/alg.h"
#include "jose/digest.h"
#include "jose/token.h"

enum {
    DPOP_NONCES = 2,       /* that are taken at one time: the current one and the one before */
    DPOP_NONCE_BYTES = 23, /* base64url of 16 bytes, with the final NUL */
    DPOP_JTI_BYTES_MAX = 256
};

/* What a client is told (RFC 9449 7.1, 9). */
enum dpop_error { DPOP_NO_ERROR, DPOP_INVALID_TOKEN, DPOP_INVALID_PROOF, DPOP_USE_NONCE };

/* The error code's name; "" for DPOP_NO_ERROR. */
const char *dpop_error_name(enum dpop_error error);

/* What the request says, and what is asked of its proof. */
struct dpop_request {
    struct span proof;      /* value of the DPoP field */
    size_t proof_count;     /* how many such fields there are */
    struct span method;     /* as sent */
    bool is_https;          /* the URL's scheme as the client sees it */
    struct span authority;  /* host[:port] as sent */
    struct span path;       /* raw, without query */
    bool is_target_unknown; /* nobody who is believed tells method and URL: no proof is good */
    int64_t window_s;       /* how far iat may be from now, either way */
    bool wants_nonce;
    struct span nonces[DPOP_NONCES]; /* with wants_nonce: the current one first; empty: none */
};

/* The token that the proof belongs to, and by which rules it is read. */
struct dpop_binding {
    struct span token; /* as sent */
    struct span jkt;   /* its cnf.jkt (RFC 9449 6.1) */
    struct alg_set algs;
    int64_t now_s; /* wall clock */
    struct token_limits limits;
};

/* A proof that was found good. */
struct dpop_proof {
    unsigned char name[DIGEST_BYTES]; /* of key and jti: two proofs of one name are one */
    int64_t iat_s;
    bool is_nonce_old; /* the nonce before the current one */
};

/* Why a proof was not taken. */
struct dpop_fault {
    enum dpop_error error;
    bool is_out_of_memory;
    const char *expected;
    struct span found; /* foreign bytes, in the arena or the request; never the proof itself */
};

/* RFC 9449 4.3, 7.1: one DPoP field; typ dpop+jwt; an asymmetric algorithm of `algs`; a public jwk whose thumbprint is jkt; its
 * signature; htm, htu, iat within the window, a jti of 1 to 256 bytes, ath of this token, and the nonce where one is asked for.
 * Memory from `arena`.
 */
bool dpop_check(const struct dpop_request *request, const struct dpop_binding *binding, struct arena *arena,
                struct dpop_proof *proof, struct dpop_fault *fault) MUST_CHECK;

/* Whether `htu` names the request's target: query and fragment are passed over; scheme and host compare without letter case, a
 * default port counts like none, an empty path like `/`, percent-encoded letters, digits, `-`, `.`, `_`, `~` like themselves
 * (RFC 3986 6.2.2, RFC 3986 6.2.3).
 */
bool dpop_is_target(struct span htu, const struct dpop_request *request);

/* The nonce of the time `now_s`, or with `age` 1 the one before; each stands for `lifetime_s`.  A keyed hash of the time alone, so
 * that nothing is kept.
 */
bool dpop_nonce(struct span key, int64_t now_s, int64_t lifetime_s, unsigned age, char out[DPOP_NONCE_BYTES],
                struct err *err) MUST_CHECK;

/* The asymmetric algorithms as challenges list them: names with blanks between. */
void dpop_add_algs(struct alg_set algs, struct buf *out);

#endif
