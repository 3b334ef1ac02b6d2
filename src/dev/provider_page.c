/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of the authorization endpoint: plain HTML without script, each under a Content-Security-Policy of its own.  What was sent
 * stands in them only as escaped text.
 */
#include "provider_int.h"

#include "http/uri.h"

#include <openssl/evp.h>

enum { DIGEST_BYTES = 32, DIGEST_TEXT_BYTES = 45 };

static const char style[] = ":root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}"
                            "main{max-width:24rem;margin:2rem auto;padding:0 1rem}"
                            "label,input{display:block;box-sizing:border-box;width:100%}"
                            "input{font:inherit;padding:.5rem;margin:0 0 1rem}"
                            "button{font:inherit;padding:.5rem 1rem;margin:0 .5rem 0 0}"
                            ".wrong{border-left:.25rem solid;padding-left:.75rem;font-weight:bold}";

/* The one style element is named by its digest.  `form_action` is where the form may lead, redirects included. */
static void put_policy(struct buf *out, struct span form_action)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0}, text[DIGEST_TEXT_BYTES];
    EVP_Digest(style, sizeof style - 1, digest, NULL, EVP_sha256(), NULL);
    EVP_EncodeBlock(text, digest, DIGEST_BYTES);
    buf_printf(out,
               "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; frame-ancestors 'none'; form-action %.*s",
               (const char *)text, SPAN_ARG(form_action));
}

static void put_begin(struct buf *out, const char *title)
{
    buf_printf(out,
               "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>%s</h1>\n",
               title, style, title);
}

static void put_end(struct buf *out)
{
    buf_add_str(out, "</main>\n</body>\n</html>\n");
}

static void add_fields(struct reply *reply, struct span policy)
{
    reply->content_type = SPAN("text/html; charset=utf-8");
    responder_add_field(reply, "Content-Security-Policy", policy);
    responder_add_field(reply, "Cache-Control", SPAN("no-store"));
    responder_add_field(reply, "Referrer-Policy", SPAN("no-referrer"));
    responder_add_field(reply, "X-Content-Type-Options", SPAN("nosniff"));
}

void provider_page_fault(const struct authorization_fault *fault, struct reply *reply)
{
    add_fields(reply, SPAN("default-src 'none'; frame-ancestors 'none'"));
    reply->status = 400;
    buf_add_str(&reply->body,
                "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>No sign-in</title>\n<h1>No "
                "sign-in</h1>\n<p>");
    buf_add_html(&reply->body, span_str(fault->description));
    buf_add_str(&reply->body, "</p>\n</html>\n");
}

/* --- the form --- */

/* What the form carries so that the request comes back whole. */
static void put_hidden(struct buf *out, const char *name, struct span value)
{
    if (value.at == NULL)
        return;
    buf_printf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    buf_add_html(out, value);
    buf_add_str(out, "\">\n");
}

static void put_request(struct buf *out, const struct authorization *asked)
{
    put_hidden(out, "client_id", asked->client_id);
    put_hidden(out, "redirect_uri", asked->redirect_uri);
    put_hidden(out, "response_type", asked->response_type);
    put_hidden(out, "scope", asked->scope);
    put_hidden(out, "state", asked->state);
    put_hidden(out, "nonce", asked->nonce);
    put_hidden(out, "code_challenge", asked->code_challenge);
    put_hidden(out, "code_challenge_method", asked->code_challenge_method);
    put_hidden(out, "prompt", asked->prompt);
}

/* The name is there already where the client gave a hint, or where only the password was wrong. */
static void put_inputs(struct buf *out, const struct authorization *asked)
{
    struct span name = asked->username.at == NULL ? asked->login_hint : asked->username;
    bool has_name = name.len > 0;
    buf_printf(
        out,
        "<label for=\"username\">User</label>\n<input id=\"username\" name=\"username\" autocomplete=\"username\" "
        "required%s value=\"",
        has_name ? "" : " autofocus");
    buf_add_html(out, name);
    buf_printf(
        out,
        "\">\n<label for=\"password\">Password</label>\n<input id=\"password\" name=\"password\" type=\"password\" "
        "autocomplete=\"current-password\" required%s>\n",
        has_name ? " autofocus" : "");
}

static void put_users(struct buf *out)
{
    buf_add_str(out, "<h2>Users of the demo</h2>\n<ul>\n");
    for (const struct provider_user *user = provider_users; user->name != NULL; user++)
        buf_printf(out, "<li>%s, password %s: %s</li>\n", user->name, user->password,
                   user->has_rights ? "may use the APIs" : "may sign in, but has no rights");
    buf_add_str(out, "</ul>\n");
}

static void put_form(struct buf *out, const struct authorization *asked, struct span path)
{
    buf_add_str(out, "<form method=\"post\" action=\"");
    buf_add_html(out, path);
    buf_add_str(out, "\">\n");
    put_request(out, asked);
    put_inputs(out, asked);
    buf_add_str(out, "<button>Sign in</button>\n"
                     "<button name=\"cancel\" value=\"1\" formnovalidate>Cancel</button>\n</form>\n");
}

/* A redirect that answers the form is held to form-action too, and CSP cannot spell an IPv6 host. */
static struct span policy_for(const struct authorization *asked, struct arena *arena)
{
    AUTO(buf) text = {0}, target = {0};
    struct span origin = authorization_origin(asked->redirect_uri);
    buf_printf(&target, "'self' %.*s", SPAN_ARG(span_chr(origin, '[') == NULL ? origin : SPAN("http:")));
    put_policy(&text, buf_span(&target));
    return text.is_broken || target.is_broken ? (struct span){NULL, 0} : arena_copy(arena, buf_span(&text));
}

void provider_page_sign_in(const struct authorization *asked, const char *wrong, const struct request *request,
                           struct reply *reply)
{
    struct buf *out = &reply->body;
    struct span policy = policy_for(asked, request->arena);
    if (policy.at == NULL) {
        responder_refuse(reply, REASON_OUT_OF_MEMORY);
        return;
    }
    add_fields(reply, policy);
    reply->status = wrong == NULL ? 200 : 403;
    put_begin(out, "Sign in to the demo");
    if (wrong != NULL)
        buf_printf(out, "<p class=\"wrong\" role=\"alert\">%s</p>\n", wrong);
    buf_add_str(out, "<p>For the client <strong>");
    buf_add_html(out, span_str(asked->client->id));
    buf_add_str(out, "</strong>. This provider is for demos and tests: its passwords are known to all.</p>\n");
    put_form(out, asked, request->path);
    put_users(out);
    put_end(out);
}
