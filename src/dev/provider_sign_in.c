/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization endpoint: a page where one of the users signs in, then a redirect with a code.  The page's form carries the whole
 * request, which is read and judged anew when it comes back: there is no session, so nothing to keep and nothing to steal.
 */
#include "provider_int.h"

#include "base/ascii.h"

/* RFC 3986 2.3: all but unreserved characters. */
static void put_encoded(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_plain = ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
        if (is_plain)
            buf_add_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

static void put_parameter(struct buf *out, const char *name, struct span value)
{
    buf_printf(out, "&%s=", name);
    put_encoded(out, value);
}

/* One request at the endpoint. */
struct sign_in {
    struct provider *provider;
    const struct provider_place *place;
    const struct request *request;
    struct reply *reply;
    struct authorization asked;
};

/* RFC 9207 2: who answers, so that a client of several providers does not send one's code to another. */
static void put_issuer(const struct sign_in *in, struct buf *out)
{
    AUTO(buf) issuer = {0};
    if (provider_place_is_entra(in->place))
        return;
    provider_place_put_issuer(in->place, in->provider->base, true, &issuer);
    put_parameter(out, "iss", buf_span(&issuer));
}

/* RFC 9700 4.12: 303, so that no browser sends the password on. */
static void redirect(const struct sign_in *in, const struct buf *answer)
{
    AUTO(buf) url = {0};
    buf_printf(&url, "%.*s?%.*s", SPAN_ARG(in->asked.redirect_uri), SPAN_ARG(buf_span(answer)));
    if (in->asked.state.at != NULL)
        put_parameter(&url, "state", in->asked.state);
    put_issuer(in, &url);
    bool is_broken = answer->is_broken || url.is_broken;
    struct span location = is_broken ? (struct span){NULL, 0} : arena_copy(in->request->arena, buf_span(&url));
    if (location.at == NULL) {
        responder_refuse(in->reply, REASON_OUT_OF_MEMORY);
        return;
    }
    in->reply->status = 303;
    responder_add_field(in->reply, "Location", location);
    responder_add_field(in->reply, "Cache-Control", SPAN("no-store"));
}

/* RFC 6749 4.1.2.1 */
static void redirect_fault(const struct sign_in *in, const struct authorization_fault *fault)
{
    AUTO(buf) answer = {0};
    buf_printf(&answer, "error=%s", fault->error);
    put_parameter(&answer, "error_description", span_str(fault->description));
    redirect(in, &answer);
}

static void redirect_code(const struct sign_in *in, const struct provider_user *user)
{
    AUTO(buf) answer = {0};
    struct span code = provider_code_give(in->provider, in->place, &in->asked, user, in->request->arena);
    if (code.at == NULL) {
        responder_refuse(in->reply, REASON_OUT_OF_MEMORY);
        return;
    }
    buf_printf(&answer, "code=%.*s", SPAN_ARG(code));
    redirect(in, &answer);
}

/* A realm tells so before anybody signs in. */
static bool knows_scope(const struct sign_in *in)
{
    const struct grant grant = {.place = *in->place, .scope = in->asked.scope};
    return provider_grant_knows_scope(&grant);
}

/* The form of the page came back; a request that a client posts (OpenID Connect Core 3.1.2.1) has no such fields. */
static void answer_form(const struct sign_in *in)
{
    static const struct authorization_fault denied = {"access_denied", "the user did not want to sign in", true};
    const struct authorization *asked = &in->asked;
    const struct provider_user *user = provider_user_find(asked->username);
    if (asked->cancel.at != NULL)
        redirect_fault(in, &denied);
    else if (asked->username.at == NULL)
        provider_page_sign_in(asked, NULL, in->request, in->reply);
    else if (user == NULL || !span_eq(asked->password, span_str(user->password)))
        provider_page_sign_in(asked, "No user has this name and password.", in->request, in->reply);
    else
        redirect_code(in, user);
}

void provider_answer_authorization(struct provider *provider, const struct provider_place *place,
                                   const struct request *request, struct reply *reply)
{
    struct sign_in in = {.provider = provider, .place = place, .request = request, .reply = reply};
    bool is_post = request->head->method == METHOD_POST;
    struct authorization_fault fault =
        authorization_read(&in.asked, request->arena, is_post ? request->body : request->query);
    if (fault.error == NULL && !knows_scope(&in))
        fault = (struct authorization_fault){"invalid_scope", "the realm has no such scope", true};
    if (fault.error != NULL && !fault.is_for_client)
        provider_page_fault(&fault, reply);
    else if (fault.error != NULL)
        redirect_fault(&in, &fault);
    else if (is_post)
        answer_form(&in);
    else
        provider_page_sign_in(&in.asked, NULL, request, reply);
}
