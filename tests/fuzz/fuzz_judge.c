/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a credential, judged by a fixed policy with fixed keys.
 *
 * Property: what passes is, byte for byte, one of the tokens that were soundly signed.  RS256 and HS256 have one signature for
 * one input, and decoding is strict, so there is no second spelling.  Besides, the verdict is the same with every check wanted
 * and with the signature remembered, and its JSON report is JSON.
 */
#include "jose/jsondoc.h"
#include "policy/report.h"

enum { NOW_S = 1795219200, DEPTH_MAX = 32 };

static const char jwks[] =
    "{\"keys\":["
    "{\"kty\":\"RSA\",\"n\":\"2wTF6q8EmTF0EQJWilkWjuYahLd--zLRYvYoCziRSbz25RBppbpRNNfooWzsPCdBpvnWJxmKszyG_AF"
    "BB7b8dE5kd3aCPNJV4S_tiJnUQspmSQMqG3_yrvpE3fDgySxdc-awUXY-gZ2h94cw7VR-UHf6AdY9t-nyUJzLCHwFrLaJbUqj3fq2jbz"
    "xVicZbOskM8jyC6VdAIvzzcopSE7a-e_LwT8gP5InNX97U5w2pVS6-AoplH48ejXlcpNCtqF6wARVLhx2_UVsIC4wYq3OQ59Uoqs5yyQ"
    "E0JpzFyYokUWVGNyKTgSkyag1DK_51nSU2JKPqX8ahhyz69P_Y2-Hhw\",\"e\":\"AQAB\",\"kid\":\"r1\"}"
    "]}";

static const char policy[] =
    "<validate-jwt header-name='Authorization'><openid-config url='https://a'/><issuer-signing-keys>"
    "<key id='h1'>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys>"
    "<audiences><audience>api</audience></audiences><required-claims><claim name='scp' match='any' "
    "separator=' '><value>a</value></claim></required-claims></validate-jwt>";

static const char *const sound[] = {
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIxIn0.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZS8iLCJhdWQiOiJhcGki"
    "LCJleHAiOjQxMDI0NDQ4MDAsIm5iZiI6MSwic2NwIjoiYSBiIn0.WCVgi3Fzx3uOlubZP9VQ-fVMTmdcK4TPg3FLDE_MFMoc5-uBzD7x"
    "Xjyt4bNBv5gjSkg4qR3m-AN99ejpx5RiEcIQcShTY0wC0JoGtxuSvneM6111P4pOFVI3JGHXiJO6l9aSVbpsvL1LLdmcwIGagbc32M3_"
    "yH5bBWvHjnhzx6g5WdnhNFwE68knohlHu8TEcRJmfN9-5nkl4fb1dtVOI4VZKPuL8fH8xMbgOfdCiuNB4h9hWfqlWiSrYuM6Dbt6-rB6"
    "PuikxmS6S57sBn_zAz_kDaE6XXC_MX8vRP4Y3F1zJ1y8Gad7AUuu6-0Lfw1kkkiQ-OF2w4vtEGpA0iUoag",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImgxIn0.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZS8iLCJhdWQiOiJhcGki"
    "LCJleHAiOjQxMDI0NDQ4MDAsIm5iZiI6MSwic2NwIjoiYSBiIn0.REZwtBDroJU3XHSq3qUT-m6f-ju5TqcdXQ61s6hA828",
};

static struct {
    struct arena arena;
    struct rule rule;
    struct trust trusts[2];
} fixed;

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void make_trust(size_t i, struct keyset *set)
{
    fixed.trusts[i].verifier = verifier_new(set);
    require(fixed.trusts[i].verifier != NULL);
}

static void set_up(void)
{
    struct err err;
    AUTO(problems) problems;
    problems_init(&problems);
    struct rule_settings settings = {.now_s = NOW_S};
    const struct node *root = node_read_xml(&fixed.arena, "policy.xml", span_of(policy, sizeof policy - 1), &problems);
    require(root != NULL && rule_read_xml(&fixed.rule, root, &settings, &fixed.arena, &problems));
    AUTO_PTR(jsondoc) doc = jsondoc_read(span_of(jwks, sizeof jwks - 1), DEPTH_MAX, &err);
    struct keyset *set = keyset_new(SPAN("https://a.example/"), NOW_S);
    require(doc != NULL && set != NULL && keyset_add_jwks(set, jsondoc_root(doc), &err));
    make_trust(0, set);
    keyset_release(set);
    make_trust(1, fixed.rule.inline_keys);
}

static bool is_sound(struct span token)
{
    for (size_t i = 0; i < COUNT_OF(sound); i++)
        if (span_eq(token, span_str(sound[i])))
            return true;
    return false;
}

static void require_report(struct arena *arena, const struct judgement *judgement)
{
    AUTO(buf) out = {0};
    struct err err;
    struct tape tape; /* not jansson, which has no room for 1e999 */
    struct report_input input = {.judgement = judgement, .rule = &fixed.rule, .at_s = NOW_S, .arena = arena};
    require(report_text(&input, &out));
    buf_clear(&out);
    require(report_json(&input, &out));
    require(tape_read(&tape, arena, buf_span(&out), DEPTH_MAX + 8, &err));
}

static void require_same(struct judge_input *input, const struct judgement *quiet)
{
    struct judgement again;
    input->wants_every_check = true;
    judge(input, &again);
    require(again.reason == quiet->reason && again.has_passed == quiet->has_passed && again.refetch == quiet->refetch);
    require_report(input->arena, &again);
    if (quiet->key == NULL)
        return;
    struct remembered remembered = {quiet->token, quiet->claims, quiet->key};
    input->wants_every_check = false;
    input->remembered = &remembered;
    judge(input, &again);
    require(again.reason == quiet->reason && again.was_remembered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool passes(struct span credential)
{
    AUTO(arena) arena = {0};
    struct judgement judgement;
    struct judge_input input = {.rule = &fixed.rule,
                                .trusts = fixed.trusts,
                                .now_s = NOW_S,
                                .limits = {.token_bytes_max = 16384, .json_depth_max = DEPTH_MAX},
                                .arena = &arena,
                                .credential = credential};
    judge(&input, &judgement);
    require(judgement.has_passed == (judgement.reason == REASON_NONE));
    require(!judgement.has_passed || is_sound(judgement.token->raw));
    require_same(&input, &judgement);
    return judgement.has_passed;
}

/* The property says nothing where the sound tokens themselves do not pass. */
static void require_sound_ones_pass(void)
{
    for (size_t i = 0; i < COUNT_OF(sound); i++) {
        AUTO(buf) credential = {0};
        require(buf_printf(&credential, "Bearer %s", sound[i]));
        require(passes(buf_span(&credential)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (fixed.trusts[0].verifier == NULL) {
        set_up();
        require_sound_ones_pass();
    }
    (void)passes(span_of(data, size));
    return 0;
}
