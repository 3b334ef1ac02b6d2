/* SPDX-License-Identifier: Apache-2.0 */
/* A place to judge tokens in tests: keys, providers, a policy, the time 2026-11-21.
 *
 * Each judgement is made in three ways, quiet, with every check, and with the signature remembered; they must agree.
 */
#ifndef UNIT_POLICY_COURT_H
#define UNIT_POLICY_COURT_H

#include "policy/judge.h"
#include "signing.h"
#include "unit.h"

enum { NOW_S = 1795219200, COURT_SETS_MAX = 8 };

/* Providers that policies name by URL: https://a and https://b, each with its issuer and key; https://t with the templated
 * issuer of many tenants; https://t1 and https://t2, two tenants of one service with one key; https://t3 that
 * narrows that key to RS512; https://nameless whose document's issuer is empty; https://down without keys.
 */
#define ISS_A "https://a.example/"
#define ISS_B "https://b.example"
#define TENANT_1 "11111111-2222-3333-4444-555555555555"
#define TENANT_2 "99999999-2222-3333-4444-555555555555"
#define ISS_T(tenant) "https://login.example/" tenant "/v2.0"

/* A document of a test's own, which policies name by its URL: its issuer, and the elements of `keys` in its JWK Set. */
struct court_document {
    const char *url, *issuer;
    const char *keys;
};

struct court {
    struct signer *rsa, *ec, *ed, *secret, *tenant, *consumer, *stranger;
    struct arena arena;
    struct problems problems;
    struct rule rule;
    const struct court_document *document; /* NULL: none */
    struct verifier *verifiers[COURT_SETS_MAX];
    struct trust trusts[COURT_SETS_MAX];
    struct token_limits limits;
    int64_t now_s;
    struct judge_input asked; /* cnf, request, certificate and revocation, for every judgement from now on */
    struct judge_input input; /* of the last judgement */
    struct judgement quiet, loud;
};

/* For cmocka_run_group_tests: makes the keys. */
int court_set_up(void **state);
int court_take_down(void **state);

/* Opens with a policy in YAML; `{{SECRET}}` in it stands for the base64 of the court's secret.  court_close() ends it. */
void court_open(struct court *court, const char *policy);
void court_close(struct court *court);

/* Judges what stands in the field; the judgement with every check is in court->loud. */
const struct judgement *court_judge(struct court *court, struct span credential);
/* `Bearer TOKEN`; frees the token. */
const struct judgement *court_hear(struct court *court, char *token);
/* A token of these claims by the key, with the header of its kind. */
const struct judgement *court_claims(struct court *court, const struct signer *signer, const char *claims);

/* Ends the test unless the reason is this one; NONE: passed. */
void assert_reason(const struct judgement *judgement, enum reason reason, const char *what);

#endif
