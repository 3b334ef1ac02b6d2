/* SPDX-License-Identifier: Apache-2.0 */
/* One table says which parameters there are; one function each says what is wrong, in the order in which a client is told. */
#include "dev/authorization.h"

#include "base/ascii.h"
#include "http/uri.h"
#include "jose/b64url.h"

#include <openssl/sha.h>

#include <stddef.h>

enum { CHALLENGE_CHARS = 43, VERIFIER_CHARS_MAX = 128 };

#define PARAMETER(name)                             \
    {                                               \
#name, offsetof(struct authorization, name) \
    }

static const struct {
    const char *name;
    size_t offset;
} parameters[] = {
    PARAMETER(client_id),     PARAMETER(redirect_uri),   PARAMETER(response_type),
    PARAMETER(response_mode), PARAMETER(scope),          PARAMETER(state),
    PARAMETER(nonce),         PARAMETER(code_challenge), PARAMETER(code_challenge_method),
    PARAMETER(prompt),        PARAMETER(login_hint),     PARAMETER(request),
    PARAMETER(request_uri),   PARAMETER(username),       PARAMETER(password),
    PARAMETER(cancel),
};

/* --- forms --- */

/* A form is a query but for its `+`, which means a blank. */
static struct span form_as_query(struct arena *arena, struct span form)
{
    char *text = arena_take(arena, form.len * 3 + 1);
    size_t len = 0;
    if (text == NULL)
        return (struct span){NULL, 0};
    for (size_t i = 0; i < form.len; i++) {
        if (form.at[i] == '+') {
            memcpy(text + len, "%20", 3);
            len += 3;
        } else {
            text[len++] = form.at[i];
        }
    }
    return span_of(text, len);
}

static const char *read_parameter(struct arena *arena, struct span query, const char *name, struct span *value)
{
    size_t count = 0;
    struct span found = {NULL, 0};
    if (!uri_query(arena, query, span_str(name), &found, &count, NULL))
        return "the form is badly encoded";
    if (count > 1)
        return "a parameter stands there more than once";
    if (count == 1)
        *value = found;
    return NULL;
}

const char *authorization_parameter(struct arena *arena, struct span form, const char *name, struct span *value)
{
    struct span query = form_as_query(arena, form);
    return query.at == NULL ? "there is no memory for the form" : read_parameter(arena, query, name, value);
}

static const char *read_all(struct authorization *authorization, struct arena *arena, struct span query)
{
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        struct span *value = (struct span *)(void *)((char *)authorization + parameters[i].offset);
        const char *wrong = read_parameter(arena, query, parameters[i].name, value);
        if (wrong != NULL)
            return wrong;
        if (!span_is_printable(*value))
            return "a parameter holds bytes other than printable ASCII";
    }
    return NULL;
}

/* --- what may be asked --- */

bool authorization_holds(struct span words, const char *wanted)
{
    struct span word;
    while (words.len > 0 && span_split(&words, ' ', &word))
        if (span_eq(word, span_str(wanted)))
            return true;
    return false;
}

bool authorization_is_redirect(struct span url)
{
    struct uri uri;
    return uri_read(url, &uri, NULL) && !uri.is_https && uri_is_loopback(uri.host) &&
           span_eq(uri.path, SPAN("/callback")) && uri.query.at == NULL;
}

struct span authorization_origin(struct span redirect_uri)
{
    struct uri uri;
    if (!uri_read(redirect_uri, &uri, NULL))
        return SPAN("");
    return span_cut(redirect_uri, (size_t)(uri.authority.at - redirect_uri.at) + uri.authority.len);
}

/* RFC 7636 4.1, 4.2: unreserved characters; the challenge is base64url, which has no `.` and `~`. */
static bool is_unreserved(struct span text, bool has_all)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_right =
            ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '_' || (has_all && (c == '.' || c == '~'));
        if (!is_right)
            return false;
    }
    return true;
}

bool authorization_is_verifier(struct span verifier, struct span challenge)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (verifier.len < CHALLENGE_CHARS || verifier.len > VERIFIER_CHARS_MAX || !is_unreserved(verifier, true))
        return false;
    SHA256((const unsigned char *)verifier.at, verifier.len, digest);
    return b64url_is_of(challenge, span_of(digest, sizeof digest));
}

static struct authorization_fault fault(const char *error, const char *description)
{
    return (struct authorization_fault){error, description, true};
}

/* The code flow, its answer in the query, no request objects (RFC 9101). */
static struct authorization_fault check_flow(const struct authorization *asked)
{
    if (asked->request.at != NULL)
        return fault("request_not_supported", "request objects are not read");
    if (asked->request_uri.at != NULL)
        return fault("request_uri_not_supported", "request objects are not fetched");
    if (asked->response_type.at == NULL)
        return fault("invalid_request", "response_type is missing");
    if (!span_eq(asked->response_type, SPAN("code")))
        return fault("unsupported_response_type", "code is the only response_type");
    if (asked->response_mode.at != NULL && !span_eq(asked->response_mode, SPAN("query")))
        return fault("invalid_request", "query is the only response_mode");
    return fault(NULL, NULL);
}

/* Of every client, also of those with a secret (RFC 9700 2.1.1). */
static struct authorization_fault check_challenge(const struct authorization *asked)
{
    if (asked->code_challenge.at == NULL)
        return fault("invalid_request", "code_challenge is missing: PKCE is demanded of every client");
    if (!span_eq(asked->code_challenge_method, SPAN("S256")))
        return fault("invalid_request", "S256 is the only code_challenge_method");
    if (asked->code_challenge.len != CHALLENGE_CHARS || !is_unreserved(asked->code_challenge, false))
        return fault("invalid_request", "code_challenge is not the base64url of a SHA-256");
    return fault(NULL, NULL);
}

static bool is_prompt(struct span word)
{
    static const struct span prompts[] = {SPAN_INIT("login"), SPAN_INIT("consent"), SPAN_INIT("select_account")};
    for (size_t i = 0; i < COUNT_OF(prompts); i++)
        if (span_eq(word, prompts[i]))
            return true;
    return false;
}

/* OpenID Connect Core 3.1.2.1: nobody stays signed in here, so that `none` is never possible, and all others are the same. */
static struct authorization_fault check_prompt(const struct authorization *asked)
{
    struct span rest = asked->prompt, word;
    if (span_eq(asked->prompt, SPAN("none")))
        return fault("login_required", "nobody stays signed in at this provider");
    while (rest.len > 0 && span_split(&rest, ' ', &word))
        if (!is_prompt(word))
            return fault("invalid_request", "prompt is none, or some of login, consent and select_account");
    return fault(NULL, NULL);
}

static struct authorization_fault judge(const struct authorization *asked)
{
    struct authorization_fault found = check_flow(asked);
    if (found.error == NULL)
        found = check_challenge(asked);
    return found.error == NULL ? check_prompt(asked) : found;
}

struct authorization_fault authorization_read(struct authorization *authorization, struct arena *arena,
                                              struct span form)
{
    struct span query = form_as_query(arena, form);
    *authorization = (struct authorization){.client = NULL};
    const char *wrong = query.at == NULL ? "there is no memory for the form" : read_all(authorization, arena, query);
    if (wrong != NULL)
        return (struct authorization_fault){"invalid_request", wrong, false};
    authorization->client = provider_client_find(authorization->client_id);
    if (authorization->client == NULL)
        return (struct authorization_fault){"invalid_request", "no client has this client_id", false};
    if (!authorization_is_redirect(authorization->redirect_uri))
        return (struct authorization_fault){
            "invalid_request", "redirect_uri is not http://127.0.0.1:PORT/callback or another loopback host's", false};
    return judge(authorization);
}
