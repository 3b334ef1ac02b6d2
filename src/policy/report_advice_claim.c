/* SPDX-License-Identifier: Apache-2.0 */
/* Advice on required claims: where the value is in the token after all, only elsewhere or otherwise. */
#include "report_advice_int.h"

#include "judge_int.h"

/* The policy's claim that was checked; NULL for our own typ and iat. */
static const struct rule_claim *required(const struct advising *a)
{
    for (size_t i = 0; i < a->rule->claim_count; i++)
        if (span_eq(a->rule->claims[i].name, a->check->claim) ||
            (a->rule->claims[i].other_name.len > 0 && span_eq(a->rule->claims[i].other_name, a->check->claim)))
            return &a->rule->claims[i];
    return NULL;
}

static bool is_claim(const struct advising *a, struct span name)
{
    return span_eq(a->check->claim, name);
}

/* ---- absent ---- */

static const char *name_case_advice(const struct advising *a)
{
    const struct tape *tape = &a->claims->tape;
    const struct tape_item *root = &tape->items[0];
    for (const struct tape_item *name = tape_first(tape, root); name != NULL;) {
        if (advising_is_case_apart(tape_span(tape, name), a->check->claim))
            return advising_say(a, "the token has a claim %s: names of claims are compared with their letter case",
                                SHOWN(tape_span(tape, name)));
        const struct tape_item *value = tape_next(tape, root, name);
        name = value == NULL ? NULL : tape_next(tape, root, value);
    }
    return NULL;
}

static const char *scope_name_advice(const struct advising *a)
{
    if (is_claim(a, SPAN("scp")) && advising_has(a, SPAN("scope")))
        return "this provider writes scopes into the claim scope, Entra and Okta into scp: name the one that the token "
               "has";
    if (is_claim(a, SPAN("scope")) && advising_has(a, SPAN("scp")))
        return "this provider writes scopes into the claim scp: name the one that the token has";
    return NULL;
}

static const char *app_only_advice(const struct advising *a)
{
    bool is_app = is_claim(a, SPAN("scp")) && (advising_has(a, SPAN("roles")) || advising_has(a, SPAN("appid")) ||
                                               span_eq(advising_text(a, SPAN("idtyp")), SPAN("app")));
    return is_app ? "a token of an application itself (client credentials) has no scp, but roles: demand an "
                    "application role "
                    "under roles, or have a user sign in"
                  : NULL;
}

static const char *delegated_advice(const struct advising *a)
{
    bool is_delegated = is_claim(a, SPAN("roles")) && advising_has(a, SPAN("scp"));
    return is_delegated
               ? "a token of a signed-in user has scopes in scp, and roles only where some are assigned to the user: "
                 "demand the scope, or assign the role"
               : NULL;
}

static const char *path_advice(const struct advising *a)
{
    AUTO(buf) path = {0};
    buf_add_span(&path, a->check->claim);
    for (size_t i = 0; i < buf_len(&path); i++)
        if (path.at[i] == '.')
            path.at[i] = '/';
    if (path.is_broken || !rule_is_claim_path(buf_span(&path)) || span_chr(buf_span(&path), '/') == NULL ||
        !advising_values(a, buf_span(&path), true).is_present)
        return NULL;
    return advising_say(a,
                        "names of claims reach the top level only: write path %s in place of the name (gw:path in XML)",
                        SHOWN(buf_span(&path)));
}

/* Whether the list of roles holds what the policy wants; without values any role will do. */
static bool holds_wanted(const struct rule_claim *claim, const struct tape *tape, const struct tape_item *roles)
{
    bool is_list = roles != NULL && tape_kind_of(roles) == TAPE_ARRAY;
    const struct tape_item *role = is_list ? tape_first(tape, roles) : NULL;
    for (; role != NULL; role = tape_next(tape, roles, role)) {
        for (size_t i = 0; claim != NULL && i < claim->count; i++)
            if (span_eq(tape_span(tape, role), claim->values[i]))
                return true;
        if (claim == NULL || claim->count == 0)
            return true;
    }
    return false;
}

/* Keycloak keeps the roles of a client below resource_access, under its id. */
static const char *client_role_advice(const struct advising *a)
{
    const struct tape *tape = &a->claims->tape;
    const struct tape_item *all = tape_member(tape, NULL, SPAN("resource_access"));
    if (!is_claim(a, SPAN("roles")) || all == NULL || tape_kind_of(all) != TAPE_OBJECT)
        return NULL;
    for (const struct tape_item *name = tape_first(tape, all); name != NULL;) {
        const struct tape_item *access = tape_next(tape, all, name);
        struct span client = tape_span(tape, name);
        if (holds_wanted(required(a), tape, tape_member(tape, access, SPAN("roles"))))
            return advising_say(
                a,
                "the token has it among the roles of the client %s, in resource_access/%s/roles: %s, or map "
                "client roles to roles",
                SHOWN(client), SHOWN(client),
                span_chr(client, '/') == NULL ? "demand that path (gw:path in XML)"
                                              : "give the client a name without a slash and demand that path");
        name = tape_next(tape, all, access);
    }
    return NULL;
}

static const char *realm_role_advice(const struct advising *a)
{
    bool is_nested = (is_claim(a, SPAN("roles")) || is_claim(a, SPAN("groups"))) &&
                     advising_values(a, SPAN("realm_access/roles"), true).is_present;
    if (is_nested && is_claim(a, SPAN("groups")))
        return "groups come with the scope microprofile-jwt: have the client ask for it; or demand the path "
               "realm_access/roles";
    return is_nested
               ? "Keycloak keeps roles in realm_access/roles: demand that path (gw:path in XML), or map them to roles"
               : NULL;
}

static const char *microprofile_advice(const struct advising *a)
{
    bool is_missing = (is_claim(a, SPAN("upn")) || is_claim(a, SPAN("groups"))) && advising_is_keycloak(a);
    return is_missing ? "upn and groups come with the scope microprofile-jwt: have the client ask for it" : NULL;
}

static const char *overage_advice(const struct advising *a)
{
    bool is_over = is_claim(a, SPAN("groups")) && advising_values(a, SPAN("_claim_names/groups"), true).is_present;
    return is_over
               ? "the user is in too many groups for the token (_claim_names): have Entra send only groups assigned to "
                 "the application, or use application roles"
               : NULL;
}

static const char *client_claim_advice(const struct advising *a)
{
    if (is_claim(a, SPAN("azp")) && advising_has(a, SPAN("appid")))
        return "a v1 token of Entra names the client in appid, a v2 token in azp";
    if (is_claim(a, SPAN("appid")) && advising_has(a, SPAN("azp")))
        return "the token names the client in azp; appid is of v1 tokens of Entra";
    if ((is_claim(a, SPAN("azp")) || is_claim(a, SPAN("appid"))) && advising_has(a, SPAN("client_id")))
        return "this provider names the client in client_id";
    return NULL;
}

/* ---- there, but not right ---- */

/* Whether the claim holds the value in any letter case. */
static bool holds_in_other_case(const struct rule_claim *claim, const struct claim_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        for (size_t k = 0; k < claim->count; k++) {
            struct span rest = values->texts[i], piece;
            if (advising_is_case_apart(rest, claim->values[k]))
                return true;
            while (claim->separator.len == 1 && span_split(&rest, claim->separator.at[0], &piece))
                if (advising_is_case_apart(piece, claim->values[k]))
                    return true;
        }
    return false;
}

static const char *value_case_advice(const struct advising *a)
{
    const struct rule_claim *claim = required(a);
    struct claim_values values = advising_values(a, a->check->claim, claim->is_path);
    return holds_in_other_case(claim, &values)
               ? "the values differ in letter case only; they are compared to the letter (client ids too)"
               : NULL;
}

static size_t count_held(const struct rule_claim *claim, const struct claim_values *values)
{
    size_t held = 0;
    for (size_t i = 0; i < claim->count; i++)
        held += judge_holds_value(claim, values, claim->values[i]);
    return held;
}

static const char *separator_advice(const struct advising *a)
{
    static const struct span separators[] = {SPAN_INIT(" "), SPAN_INIT(","), SPAN_INIT(";"), SPAN_INIT("|")};
    struct rule_claim claim = *required(a);
    struct claim_values values = advising_values(a, a->check->claim, claim.is_path);
    size_t held = count_held(&claim, &values);
    struct span given = claim.separator;
    for (size_t i = 0; i < COUNT_OF(separators); i++) {
        claim.separator = separators[i];
        if (!span_eq(given, separators[i]) && count_held(&claim, &values) > held)
            return advising_say(a, "the claim is a list in one text: %s separator=\"%.*s\" in the policy",
                                given.len == 0 ? "set" : "it wants", SPAN_ARG(separators[i]));
    }
    return NULL;
}

static const char *match_all_advice(const struct advising *a)
{
    const struct rule_claim *claim = required(a);
    struct claim_values values = advising_values(a, a->check->claim, claim->is_path);
    if (claim->match != MATCH_ALL || claim->count < 2 || count_held(claim, &values) == 0)
        return NULL;
    return "the token has one of the values, the policy demands all of them: match is `all` by default; write "
           "match=\"any\" where one is enough";
}

static const char *object_advice(const struct advising *a)
{
    const struct rule_claim *claim = required(a);
    struct claim_values values = advising_values(a, a->check->claim, claim->is_path);
    bool is_object = values.count > 0 && !values.has_only_strings && span_starts(values.texts[0], SPAN("{"));
    return is_object
               ? "the claim is an object: demand what lies in it by a path, such as realm_access/roles (gw:path in XML)"
               : NULL;
}

static const char *scope_advice(const struct advising *a)
{
    return is_claim(a, SPAN("scp")) || is_claim(a, SPAN("scope"))
               ? "have the client ask for the scope, and the provider grant it; or correct match, separator and values "
                 "in the policy"
               : NULL;
}

/* Our own check of the token's age. */
static const char *age_advice(const struct advising *a)
{
    const char *advice = report_advice_time(a);
    return advice == NULL && a->check->reason == REASON_CLAIM_VALUE_NOT_ALLOWED
               ? "max-age allows no token made then: fetch a fresh token; if it is fresh, compare the clocks"
               : advice;
}

const char *report_advice_claim(const struct advising *a)
{
    static advisor *const absent[] = {name_case_advice,    scope_name_advice,  app_only_advice,   delegated_advice,
                                      path_advice,         client_role_advice, realm_role_advice, overage_advice,
                                      microprofile_advice, client_claim_advice};
    static advisor *const wrong[] = {separator_advice, match_all_advice, value_case_advice, object_advice,
                                     scope_advice};
    if (a->claims == NULL)
        return NULL;
    if (is_claim(a, SPAN("iat")) && required(a) == NULL)
        return age_advice(a);
    if (a->check->reason == REASON_CLAIM_NOT_FOUND)
        return advising_ask(a, absent, COUNT_OF(absent));
    return required(a) == NULL ? NULL : advising_ask(a, wrong, COUNT_OF(wrong));
}
