/* SPDX-License-Identifier: Apache-2.0 */
/* A proof, looked at in the order of RFC 9449 4.3.  The key stands in the proof itself: only that its thumbprint is the one in the
 * verified token makes it worth anything, so this is compared before anything is computed with the key.
 */
#include "policy/dpop.h"

#include "jose/claims.h"
#include "jose/jsondoc.h"
#include "jose/key.h"
#include "jose/verify.h"

#include <inttypes.h>

enum { KEY_DEPTH_MAX = 4 };

struct proving {
    const struct dpop_request *request;
    const struct dpop_binding *binding;
    struct arena *arena;
    struct token token;
    struct claims claims;
    struct key *key; /* owned until the signature is checked */
    struct dpop_proof *proof;
    struct dpop_fault *fault;
};

static bool refuse(struct proving *p, enum dpop_error error, const char *expected, struct span found)
{
    *p->fault = (struct dpop_fault){.error = error, .expected = expected, .found = found};
    return false;
}

static bool refuse_proof(struct proving *p, const char *expected, struct span found)
{
    return refuse(p, DPOP_INVALID_PROOF, expected, found);
}

/* With the text of an error of those beneath. */
static bool refuse_for(struct proving *p, const char *expected, const struct err *err)
{
    refuse_proof(p, expected, arena_copy(p->arena, span_str(err->text)));
    p->fault->is_out_of_memory = err->reason == REASON_OUT_OF_MEMORY;
    return false;
}

static bool check_field(struct proving *p)
{
    struct err err;
    if (p->request->proof_count == 0)
        return refuse_proof(p, "a DPoP field with a proof", SPAN("no such field"));
    if (p->request->proof_count > 1)
        return refuse_proof(p, "one DPoP field", SPAN("several"));
    if (!token_read(&p->token, p->arena, p->request->proof, &p->binding->limits, &err))
        return refuse_for(p, "one compact signed proof", &err);
    return (!p->token.is_encrypted && !p->token.is_unsigned) ||
           refuse_proof(p, "a signed proof", p->token.is_encrypted ? SPAN("an encrypted one") : SPAN("alg none"));
}

/* RFC 9449 4.2 */
static bool check_typ(struct proving *p)
{
    return span_eq(p->token.typ, SPAN("dpop+jwt")) ||
           refuse_proof(p, "typ dpop+jwt", p->token.typ.len == 0 ? SPAN("no typ") : p->token.typ);
}

static bool is_asymmetric(enum alg alg)
{
    return alg != ALG_UNKNOWN && alg_info(alg)->family != KEY_OCT;
}

static bool check_alg(struct proving *p)
{
    return (is_asymmetric(p->token.alg) && alg_set_has(p->binding->algs, p->token.alg)) ||
           refuse_proof(p, "an asymmetric algorithm that the policy takes", p->token.alg_text);
}

/* RFC 9449 4.3: the jwk must not contain a private key.  Who sent one has shown it to all on the way. */
static bool holds_secret(const struct tape *header, const struct tape_item *jwk)
{
    static const struct span names[] = {SPAN_INIT("d"),  SPAN_INIT("p"),  SPAN_INIT("q"),   SPAN_INIT("dp"),
                                        SPAN_INIT("dq"), SPAN_INIT("qi"), SPAN_INIT("oth"), SPAN_INIT("k")};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (tape_member(header, jwk, names[i]) != NULL)
            return true;
    return false;
}

static bool check_jwk(struct proving *p)
{
    const struct tape_item *jwk = tape_member(&p->token.header, NULL, SPAN("jwk"));
    struct err err;
    if (jwk == NULL || tape_kind_of(jwk) != TAPE_OBJECT)
        return refuse_proof(p, "a public key in the header's jwk", jwk == NULL ? SPAN("no jwk") : SPAN("no object"));
    if (holds_secret(&p->token.header, jwk))
        return refuse_proof(p, "a public key in the header's jwk", SPAN("a private or secret one"));
    AUTO_PTR(jsondoc) doc = jsondoc_read(tape_span(&p->token.header, jwk), KEY_DEPTH_MAX, &err);
    p->key = doc == NULL ? NULL : key_from_jwk(jsondoc_root(doc), &err);
    return p->key != NULL || refuse_for(p, "a usable public key in the header's jwk", &err);
}

/* RFC 9449 7.1: the token is bound to another key. */
static bool check_thumbprint(struct proving *p)
{
    return span_eq(span_str(p->key->thumbprint), p->binding->jkt) ||
           refuse(p, DPOP_INVALID_TOKEN, "a proof by the key of the token's cnf.jkt",
                  arena_copy(p->arena, span_str(p->key->thumbprint)));
}

/* A verifier of one key, which is handed over. */
static struct verifier *verifier_for(struct proving *p, struct err *err)
{
    struct keyset *set = keyset_new(SPAN(""), 0);
    struct verifier *verifier = NULL;
    fail(err, REASON_OUT_OF_MEMORY, "no memory to verify the proof");
    if (set != NULL && keyset_add(set, p->key, err)) {
        p->key = NULL;
        verifier = verifier_new(set);
    }
    if (set != NULL)
        keyset_release(set);
    return verifier;
}

static bool check_signature(struct proving *p)
{
    struct err err;
    AUTO_PTR(verifier) verifier = verifier_for(p, &err);
    if (verifier == NULL)
        return refuse_for(p, "a signature by the header's jwk", &err);
    const struct key *key = verifier_keys(verifier)->keys[0];
    return verifier_check(verifier, key, p->token.alg, p->token.signing_input, p->token.signature, &err) ||
           refuse_for(p, "a signature by the header's jwk", &err);
}

static bool read_payload(struct proving *p)
{
    struct err err;
    return claims_read(&p->claims, p->arena, p->token.payload_text, p->binding->limits.json_depth_max, &err) ||
           refuse_for(p, "a payload that is a JSON object", &err);
}

/* A text of the payload; at NULL where there is none. */
static struct span text_of(const struct proving *p, struct span name)
{
    return tape_text(&p->claims.tape, NULL, name);
}

static bool check_method(struct proving *p)
{
    struct span htm = text_of(p, SPAN("htm"));
    return (htm.at != NULL && span_eq(htm, p->request->method)) ||
           refuse_proof(p, "htm: the request's method", htm.at == NULL ? SPAN("no htm") : htm);
}

/* What follows `?` may hold secrets of the client. */
static struct span without_query(struct span url)
{
    struct span part = url;
    span_split(&url, '?', &part);
    return part;
}

static bool check_target(struct proving *p)
{
    struct span htu = text_of(p, SPAN("htu"));
    return (htu.at != NULL && dpop_is_target(htu, p->request)) ||
           refuse_proof(p,
                        p->request->is_https ? "htu: the request's URL, https and without query"
                                             : "htu: the request's URL, http and without query",
                        htu.at == NULL ? SPAN("no htu") : without_query(htu));
}

static struct span number_text(struct proving *p, int64_t number)
{
    return span_str(arena_printf(p->arena, "%" PRId64, number));
}

static bool check_time(struct proving *p)
{
    const struct claim_time *iat = &p->claims.iat;
    int64_t now_s = p->binding->now_s;
    if (iat->state != CLAIM_PRESENT)
        return refuse_proof(p, "iat", iat->state == CLAIM_ABSENT ? SPAN("no iat") : SPAN("no number of seconds"));
    p->proof->iat_s = iat->at_s;
    int64_t age_s = now_s - iat->at_s;
    return (age_s <= p->request->window_s && -age_s <= p->request->window_s) ||
           refuse_proof(p, "iat within dpop.window of the gateway's clock", number_text(p, iat->at_s));
}

/* Key and jti: other keys may use the same jti.  A thumbprint has one length, so nothing can be shifted between the two. */
static bool check_jti(struct proving *p)
{
    struct span jti = text_of(p, SPAN("jti"));
    struct err err;
    if (jti.len == 0 || jti.len > DPOP_JTI_BYTES_MAX)
        return refuse_proof(p, "a jti of 1 to 256 bytes", jti.len == 0 ? SPAN("none") : SPAN("a longer one"));
    char *both = arena_take(p->arena, p->binding->jkt.len + jti.len);
    if (both == NULL) {
        fail(&err, REASON_OUT_OF_MEMORY, "no memory for the proof");
        return refuse_for(p, "a jti", &err);
    }
    memcpy(both, p->binding->jkt.at, p->binding->jkt.len);
    memcpy(both + p->binding->jkt.len, jti.at, jti.len);
    return digest_sha256(span_of(both, p->binding->jkt.len + jti.len), p->proof->name, &err) ||
           refuse_for(p, "a jti", &err);
}

static bool check_token_hash(struct proving *p)
{
    struct span ath = text_of(p, SPAN("ath"));
    char hash[DIGEST_TEXT_BYTES];
    struct err err;
    if (!digest_text(p->binding->token, hash, &err))
        return refuse_for(p, "ath", &err);
    return span_eq(ath, span_str(hash)) ||
           refuse_proof(p, "ath: the hash of this token", ath.at == NULL ? SPAN("no ath") : SPAN("another hash"));
}

/* RFC 9449 9: last, so that who is asked for a nonce has a proof that would do with one. */
static bool check_nonce(struct proving *p)
{
    struct span nonce = text_of(p, SPAN("nonce"));
    if (!p->request->wants_nonce)
        return true;
    for (size_t i = 0; nonce.len > 0 && i < DPOP_NONCES; i++)
        if (digest_eq(nonce, p->request->nonces[i])) {
            p->proof->is_nonce_old = i > 0;
            return true;
        }
    return refuse(p, DPOP_USE_NONCE, "the nonce that the answer's DPoP-Nonce gives",
                  nonce.at == NULL ? SPAN("no nonce") : SPAN("another or an old one"));
}

/* RFC 9449 4.3: a proof that cannot be compared with its request could be anybody's. */
static bool check_request(struct proving *p)
{
    return !p->request->is_target_unknown ||
           refuse_proof(p, "method and URL of the request, told by a trusted proxy", SPAN("none"));
}

static bool (*const steps[])(struct proving *) = {
    check_request, check_field,  check_typ,    check_alg,  check_jwk, check_thumbprint, check_signature,
    read_payload,  check_method, check_target, check_time, check_jti, check_token_hash, check_nonce,
};

bool dpop_check(const struct dpop_request *request, const struct dpop_binding *binding, struct arena *arena,
                struct dpop_proof *proof, struct dpop_fault *fault)
{
    struct proving p = {.request = request, .binding = binding, .arena = arena, .proof = proof, .fault = fault};
    bool is_good = true;
    *proof = (struct dpop_proof){.iat_s = 0};
    *fault = (struct dpop_fault){.error = DPOP_NO_ERROR};
    for (size_t i = 0; is_good && i < COUNT_OF(steps); i++)
        is_good = steps[i](&p);
    key_free(p.key);
    return is_good;
}

const char *dpop_error_name(enum dpop_error error)
{
    switch (error) {
    case DPOP_NO_ERROR: break;
    case DPOP_INVALID_TOKEN: return "invalid_token";
    case DPOP_INVALID_PROOF: return "invalid_dpop_proof";
    case DPOP_USE_NONCE: return "use_dpop_nonce";
    }
    return "";
}

void dpop_add_algs(struct alg_set algs, struct buf *out)
{
    size_t count = 0;
    for (int alg = ALG_UNKNOWN + 1; alg < ALG_COUNT; alg++)
        if (alg_set_has(algs, (enum alg)alg) && is_asymmetric((enum alg)alg))
            buf_printf(out, "%s%s", count++ == 0 ? "" : " ", alg_info((enum alg)alg)->name);
}
