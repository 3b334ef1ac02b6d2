/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, providers and the three ways to judge. */
#include "court.h"

#include "base/buf.h"

int court_set_up(void **state)
{
    static struct court court;
    court = (struct court){
        .rsa = signer_new(SIGNER_RSA2048, "r1"),
        .ec = signer_new(SIGNER_P256, "e1"),
        .ed = signer_new(SIGNER_ED25519, "d1"),
        .secret = signer_new(SIGNER_SECRET, "h1"),
        .tenant = signer_new(SIGNER_RSA2048, "t1"),
        .consumer = signer_new(SIGNER_RSA2048, "c1"),
        .stranger = signer_new(SIGNER_RSA2048, "r1"),
    };
    *state = &court;
    return 0;
}

int court_take_down(void **state)
{
    struct court *c = *state;
    struct signer *signers[] = {c->rsa, c->ec, c->ed, c->secret, c->tenant, c->consumer, c->stranger};
    for (size_t i = 0; i < COUNT_OF(signers); i++)
        signer_free(signers[i]);
    return 0;
}

/* ---- providers ---- */

static void add_keys(struct keyset *set, const char *keys)
{
    struct err err;
    AUTO(buf) document = {0};
    buf_printf(&document, "{\"keys\":[%s]}", keys);
    AUTO_PTR(jsondoc) doc = jsondoc_read(buf_span(&document), 16, &err);
    assert_non_null(doc);
    assert_true(keyset_add_jwks(set, jsondoc_root(doc), &err));
}

static void add_key(struct keyset *set, const struct signer *signer, const char *members)
{
    char *jwk = signer_jwk(signer, members);
    add_keys(set, jwk);
    free(jwk);
}

static struct keyset *make_set(const struct court *c, struct span url)
{
    const char *template = ISS_T("{tenantid}");
    struct keyset *set = NULL;
    if (c->document != NULL && span_eq(url, span_str(c->document->url))) {
        set = keyset_new(span_str(c->document->issuer), NOW_S);
        add_keys(set, c->document->keys);
    } else if (span_eq(url, SPAN("https://a"))) {
        set = keyset_new(SPAN(ISS_A), NOW_S);
        add_key(set, c->rsa, NULL);
    } else if (span_eq(url, SPAN("https://b"))) {
        set = keyset_new(SPAN(ISS_B), NOW_S);
        add_key(set, c->ec, NULL);
        add_key(set, c->ed, NULL);
    } else if (span_eq(url, SPAN("https://t"))) {
        set = keyset_new(span_str(template), NOW_S);
        add_key(set, c->tenant, "\"issuer\":\"https://login.example/{TenantId}/v2.0\"");
        add_key(set, c->consumer, "\"issuer\":\"" ISS_T(TENANT_2) "\"");
    } else if (span_eq(url, SPAN("https://t1")) || span_eq(url, SPAN("https://t2"))) {
        set = keyset_new(span_ends(url, SPAN("1")) ? SPAN(ISS_T(TENANT_1)) : SPAN(ISS_T(TENANT_2)), NOW_S);
        add_key(set, c->tenant, NULL);
    } else if (span_eq(url, SPAN("https://t3"))) {
        set = keyset_new(SPAN(ISS_T(TENANT_2)), NOW_S);
        add_key(set, c->tenant, "\"alg\":\"RS512\"");
        add_key(set, c->consumer, "\"issuer\":\"https://sts.example/" TENANT_2 "/\"");
    } else if (span_eq(url, SPAN("https://nameless"))) {
        set = keyset_new(SPAN(""), NOW_S);
        add_key(set, c->rsa, NULL);
    } else {
        assert_true(span_eq(url, SPAN("https://down")));
    }
    return set;
}

static void add_trust(struct court *c, size_t i, struct keyset *set)
{
    c->verifiers[i] = set == NULL ? NULL : verifier_new(set);
    c->trusts[i] = (struct trust){.verifier = c->verifiers[i]};
}

static void make_trusts(struct court *c)
{
    size_t i = 0;
    assert_true(c->rule.provider_count < COURT_SETS_MAX);
    for (; i < c->rule.provider_count; i++) {
        struct keyset *set = make_set(c, c->rule.providers[i].url);
        add_trust(c, i, set);
        keyset_release(set);
    }
    if (c->rule.inline_keys != NULL)
        add_trust(c, i, c->rule.inline_keys);
}

void court_open(struct court *court, const char *policy)
{
    static const struct span name = SPAN_INIT("SECRET");
    char *secret = signer_base64url(court->secret->secret);
    struct span value = span_str(secret);
    struct rule_settings settings = {.named_names = &name, .named_values = &value, .named_count = 1, .now_s = NOW_S};
    problems_init(&court->problems);
    const struct node *map = node_read_yaml(&court->arena, "policy.yaml", span_str(policy), &court->problems);
    assert_non_null(map);
    bool is_read = rule_read_yaml(&court->rule, map, &settings, &court->arena, &court->problems);
    if (!is_read)
        print_error("%s\n", court->problems.first->text);
    assert_true(is_read);
    free(secret);
    make_trusts(court);
    court->limits = (struct token_limits){.token_bytes_max = 16384, .json_depth_max = 32};
    court->now_s = NOW_S;
    court->asked = (struct judge_input){.cnf = CNF_REFUSE};
}

void court_close(struct court *court)
{
    for (size_t i = 0; i < COURT_SETS_MAX; i++) {
        verifier_free(court->verifiers[i]);
        court->verifiers[i] = NULL;
    }
    rule_fini(&court->rule);
    problems_fini(&court->problems);
    arena_fini(&court->arena);
}

/* ---- judging ---- */

static void assert_agree(const struct judgement *a, const struct judgement *b)
{
    assert_int_equal(a->has_passed, b->has_passed);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->has_token, b->has_token);
    assert_int_equal(a->only_claims_failed, b->only_claims_failed);
    assert_int_equal(a->failed == NULL, b->failed == NULL);
    assert_int_equal(a->refetch, b->refetch);
    assert_int_equal(a->is_dpop, b->is_dpop);
    assert_int_equal(a->dpop, b->dpop);
    assert_int_equal(a->has_proof, b->has_proof);
    assert_ptr_equal(a->revoked, b->revoked);
    if (a->failed != NULL)
        assert_int_equal(a->failed->name, b->failed->name);
}

const struct judgement *court_judge(struct court *court, struct span credential)
{
    court->input = (struct judge_input){.rule = &court->rule,
                                        .trusts = court->trusts,
                                        .now_s = court->now_s,
                                        .limits = court->limits,
                                        .arena = &court->arena,
                                        .credential = arena_copy(&court->arena, credential),
                                        .cnf = court->asked.cnf,
                                        .request = court->asked.request,
                                        .certificate = court->asked.certificate,
                                        .revocation = court->asked.revocation};
    if (credential.at == NULL)
        court->input.credential = credential;
    judge(&court->input, &court->quiet);
    assert_int_equal(court->quiet.check_count, court->quiet.has_passed ? 0 : 1);
    assert_int_equal(court->quiet.has_passed, court->quiet.reason == REASON_NONE);
    court->input.wants_every_check = true;
    judge(&court->input, &court->loud);
    assert_agree(&court->quiet, &court->loud);
    court->input.wants_every_check = false;
    if (court->quiet.key == NULL)
        return &court->quiet;
    struct judgement again;
    struct remembered remembered = {court->quiet.token, court->quiet.claims, court->quiet.key};
    court->input.remembered = &remembered;
    judge(&court->input, &again);
    court->input.remembered = NULL;
    assert_int_equal(again.was_remembered, !court->quiet.was_encrypted);
    assert_agree(&court->quiet, &again);
    return &court->quiet;
}

const struct judgement *court_hear(struct court *court, char *token)
{
    size_t len = strlen(token);
    char *credential = malloc(len + 8);
    snprintf(credential, len + 8, "Bearer %s", token);
    const struct judgement *judgement = court_judge(court, span_of(credential, len + 7));
    free(credential);
    free(token);
    return judgement;
}

const struct judgement *court_claims(struct court *court, const struct signer *signer, const char *claims)
{
    return court_hear(court, signer_token(signer, signer_alg(signer), NULL, span_str(claims)));
}

void assert_reason(const struct judgement *judgement, enum reason reason, const char *what)
{
    if (judgement->reason != reason)
        print_error("%s: %s, wanted %s (%s)\n", what, reason_name(judgement->reason), reason_name(reason),
                    judgement->failed == NULL ? "" : QUOTED(judgement->failed->found));
    assert_int_equal(judgement->reason, reason);
    assert_int_equal(judgement->has_passed, reason == REASON_NONE);
}
