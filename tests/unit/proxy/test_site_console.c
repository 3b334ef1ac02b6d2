/* SPDX-License-Identifier: Apache-2.0 */
/* The section admin.console: what a provider would refuse, or what would take the place of the protocol's own words, is told by `check`
 * with its place; beside each the like of it that stands.
 */
#include "site_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define GUARDED(urls)  \
    LISTENERS BACKENDS \
        "routes: [ { name: r, path: /, backend: b, validate_jwt: { audiences: [a], openid_config: [" urls "] } } ]\n"
#define ONE "{ url: \"https://a.example\" }"
#define TWO ONE ", { url: \"https://b.example\" }"

static void the_section_holds_what_signing_in_needs(void **state)
{
    static const struct {
        const char *console, *said; /* NULL: nothing */
    } cases[] = {
        {"{ client_id: c }", NULL},
        {"{ }", "key \"client_id\" is required"},
        {"{ client_id: \"\" }", "\"client_id\" is printable ASCII"},
        {"{ client_id: c, client_secret: s, scopes: [openid, api://x/.default], provider: \"https://c.example/\" }",
         NULL},
        {"{ client_id: c, client_secret: \"\" }", "\"client_secret\" is empty"},
        {"{ client_id: c, scopes: openid }", NULL},
        {"{ client_id: c, scopes: [\"openid profile\"] }", "\"openid profile\" is no scope"},
        {"{ client_id: c, scopes: [\"\"] }", "is no scope"},
        {"{ client_id: c, provider: \"http://c.example/\" }", "plain http"},
        {"{ client_id: c, provider: \"http://127.0.0.1:1/\" }", NULL},
        {"{ client_id: c, provider: c }", "is no absolute URL"},
        {"{ client_id: c, parameters: { prompt: select_account, max_age: 60, x: true } }", NULL},
        {"{ client_id: c, parameters: { prompt: [login] } }", "a parameter is a text, not a list"},
        {"{ client_id: c, parameters: [prompt] }", "\"parameters\" is a map"},
        {"{ client_id: c, parameters: { state: x } }", "\"state\" is the gateway's to set"},
        {"{ client_id: c, parameters: { redirect_uri: x } }", "\"redirect_uri\" is the gateway's to set"},
        {"{ client_id: c, parameters: { code_challenge_method: plain } }", "the gateway's to set"},
        {"{ client_id: c, parameters: { request: x } }", "the gateway's to set"},
        {"{ client_id: c, parameters: { response_mode: fragment } }", "the gateway's to set"},
        {"{ client_id: c, parameters: { \"\": x } }", "name is printable ASCII"},
        {"{ client_id: c, secret: x }", "unknown key \"secret\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct site_case c;
        char text[1024];
        snprintf(text, sizeof text, "admin: { console: %s }\n%s", cases[i].console, GUARDED(ONE));
        const char *said = site_case_read(&c, text);
        bool is_right = cases[i].said == NULL ? said[0] == '\0' : strstr(said, cases[i].said) != NULL && c.site == NULL;
        if (!is_right)
            fail_msg("%s: \"%s\"", cases[i].console, said);
        site_case_end(&c);
    }
}

static void whose_the_client_is_must_be_known(void **state)
{
    static const struct {
        const char *text, *said;
        bool is_good;
    } cases[] = {
        {"admin: { console: { client_id: c } }\n" LISTENERS BACKENDS ROUTES, "\"provider\" is missing, and no policy",
         false},
        {"admin: { console: { client_id: c, provider: \"https://a.example\" } }\n" LISTENERS BACKENDS ROUTES, NULL,
         true},
        {"admin: { console: { client_id: c } }\n" GUARDED(TWO), NULL, true},
        {"admin: { console: { client_id: c, client_secret: s } }\n" GUARDED(TWO), "several providers", true},
        {"admin: { console: { client_id: c, client_secret: s, provider: \"https://b.example\" } }\n" GUARDED(TWO), NULL,
         true},
        {"admin: { console: { client_id: c, client_secret: s } }\n" GUARDED(ONE ", " ONE), NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct site_case c;
        const char *said = site_case_read(&c, cases[i].text);
        bool is_told = cases[i].said == NULL ? strstr(said, "provider") == NULL : strstr(said, cases[i].said) != NULL;
        if ((c.site != NULL) != cases[i].is_good || !is_told)
            fail_msg("case %zu: \"%s\"", i, said);
        site_case_end(&c);
    }
}

static void an_entry_of_providers_for_the_consoles_own_has_its_effect(void **state)
{
    struct site_case c;
    const char *said =
        site_case_read(&c, "admin: { console: { client_id: c, provider: \"https://c.example/\" } }\n"
                           "providers: [ { url: \"https://c.example\", proxy: \"http://p:1\" } ]\n" GUARDED(ONE));
    (void)state;
    assert_string_equal(said, "");
    assert_true(
        span_eq(c.site->settings.admin.console.provider, SPAN("https://c.example/.well-known/openid-configuration")));
    site_case_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_section_holds_what_signing_in_needs),
        cmocka_unit_test(whose_the_client_is_must_be_known),
        cmocka_unit_test(an_entry_of_providers_for_the_consoles_own_has_its_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
