/* SPDX-License-Identifier: Apache-2.0 */
/* GET /callback: the browser is back from the provider; the code is exchanged, and a small page hands a ticket for the tokens to the
 * console.  POST /console/ticket: the console fetches them.
 *
 * Neither code nor tokens stand in an answer that a browser keeps: the page has the ticket alone, which is good once and for a minute.
 */
#include "assets_int.h"
#include "console_int.h"
#include "input_int.h"
#include "jose/secret.h"
#include "login_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define POLICY                                                                                                       \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; " \
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

/* ---- the page ---- */

/* callback.html with its two places filled in. */
static void put_page(struct buf *out, const char *message, const char *ticket)
{
    static const struct span marks[] = {SPAN_INIT("{{message}}"), SPAN_INIT("{{ticket}}")};
    const char *const texts[] = {message, ticket};
    const struct asset *page = assets_find(SPAN("callback.html"));
    struct span rest = page == NULL ? SPAN("{{message}}") : page->body;
    while (rest.len > 0) {
        size_t i = 0;
        while (i < COUNT_OF(marks) && !span_starts(rest, marks[i]))
            i++;
        if (i < COUNT_OF(marks))
            buf_add_html(out, span_str(texts[i]));
        else
            buf_add_char(out, rest.at[0]);
        rest = span_from(rest, i < COUNT_OF(marks) ? marks[i].len : 1);
    }
}

static void fill_page(struct reply *reply, unsigned status, const char *message, const char *ticket)
{
    static const struct {
        const char *name;
        struct span value;
    } fields[] = {
        {"Content-Security-Policy", SPAN_INIT(POLICY)},
        {"Referrer-Policy", SPAN_INIT("no-referrer")},
        {"Cache-Control", SPAN_INIT("no-store")},
        {"Set-Cookie", SPAN_INIT(LOGIN_COOKIE "=; Path=/callback; Max-Age=0; HttpOnly; SameSite=Lax")},
    };
    reply->status = status;
    reply->content_type = SPAN("text/html; charset=utf-8");
    admin_dress(reply);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        responder_add_field(reply, fields[i].name, fields[i].value);
    put_page(&reply->body, message, ticket);
}

PRINTF_LIKE(3, 4)
static void fill_refusal(struct reply *reply, unsigned status, const char *format, ...)
{
    char text[2 * ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fill_page(reply, status, text, "");
}

/* ---- the exchange ---- */

/* A login whose code is being exchanged. */
struct exchanging {
    struct errand *errand;
    struct login *login;
};

static void drop_login(void *context)
{
    struct exchanging *exchanging = context;
    login_free(STEAL(exchanging->login));
}

static void end_exchange(struct exchanging *exchanging, struct reply *reply)
{
    login_free(STEAL(exchanging->login));
    errand_answer(exchanging->errand, reply);
}

static void put_text(struct buf *out, const char *name, struct span text)
{
    buf_printf(out, "\"%s\":", name);
    if (text.at == NULL)
        buf_add_str(out, "null");
    else
        buf_add_json_text(out, text);
}

static void put_tokens(struct buf *out, const struct sign_in_tokens *tokens, const char *note)
{
    buf_add_char(out, '{');
    put_text(out, "access_token", tokens->access_token);
    buf_add_char(out, ',');
    put_text(out, "id_token", tokens->id_token);
    buf_add_char(out, ',');
    put_text(out, "scope", tokens->scope);
    buf_add_str(out, ",\"expires_in\":");
    if (tokens->expires_in_s < 0)
        buf_add_str(out, "null");
    else
        buf_printf(out, "%" PRId64, tokens->expires_in_s);
    buf_add_str(out, ",\"notes\":[");
    if (note != NULL)
        buf_add_json_text(out, span_str(note));
    buf_add_str(out, "]}");
}

static const char *make_ticket(struct console *console, const struct sign_in_tokens *tokens, const char *note,
                               struct err *err)
{
    struct buf content = {.at = NULL};
    const char *ticket = NULL;
    int64_t mono_ms = worker_now(console->worker)->mono_ms;
    put_tokens(&content, tokens, note);
    if (content.is_broken)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the tokens");
    else
        ticket = tickets_make(&console->tickets, buf_span(&content), mono_ms, err);
    secret_wipe(content.at, content.size);
    buf_fini(&content);
    if (ticket != NULL)
        deadline_start(console->worker, &console->sweep_class, &console->sweep);
    return ticket;
}

/* Whom somebody signed in as is told by a hash, as everywhere in the log. */
static void log_login(const struct login *login, struct span sub)
{
    char hash[TOKEN_SHORT_HASH_BYTES] = "";
    if (sub.len > 0)
        token_short_hash(sub, hash);
    LOG_EVENT(LOG_INFO, "console-login", LOG_TEXT("issuer", login->terms.issuer), LOG_STR("sub_hash", hash));
}

static void take_tokens(const struct exchanging *exchanging, const struct sign_in_tokens *tokens, struct reply *reply)
{
    const struct errand *errand = exchanging->errand;
    struct id_token_found found = {.sub = {NULL, 0}};
    struct err err;
    if (tokens->id_token.at == NULL)
        found.note = "the provider gave no ID token: who signed in is not known";
    else if (!id_token_judge(errand->call.site, exchanging->login, tokens->id_token, errand->request.arena, &found,
                             &err)) {
        fill_refusal(reply, 502, "Signing in failed: %s.", err.text);
        return;
    }
    const char *ticket = make_ticket(errand->console, tokens, found.note, &err);
    if (ticket == NULL) {
        fill_refusal(reply, 503, "Signing in failed: %s.", err.text);
        return;
    }
    log_login(exchanging->login, found.sub);
    fill_page(reply, 200, "You are signed in. This window can be closed.", ticket);
}

static void on_tokens(void *context, const struct call_answer *answer)
{
    struct exchanging *exchanging = context;
    struct sign_in_tokens tokens;
    struct reply reply = {.status = 200};
    struct err err = answer->err;
    exchanging->errand->fetch = NULL;
    if (answer->is_ok &&
        sign_in_read_tokens(&tokens, exchanging->errand->request.arena, answer->status, answer->body, &err))
        take_tokens(exchanging, &tokens, &reply);
    else
        fill_refusal(&reply, 502, "Signing in failed: the code could not be exchanged at the provider: %s.", err.text);
    end_exchange(exchanging, &reply);
}

static bool start_exchange(struct exchanging *exchanging, struct span code, struct err *err)
{
    struct errand *errand = exchanging->errand;
    const struct login_terms *terms = &exchanging->login->terms;
    struct span secret = errand->call.site->settings.admin.console.client_secret;
    AUTO(buf) form = {0};
    AUTO(buf) basic = {0};
    struct call_field fields[3] = {
        {SPAN("Accept"), SPAN("application/json")},
        {SPAN("Content-Type"), SPAN("application/x-www-form-urlencoded")},
        {.name = SPAN("Authorization")},
    };
    bool shows_basic = secret.at != NULL && !terms->posts_secret;
    if (!sign_in_put_exchange(&form, exchanging->login, code, secret, err) ||
        (shows_basic && !sign_in_put_basic(&basic, terms->client_id, secret, err)))
        return false;
    fields[2].value = buf_span(&basic);
    const struct fetch_options to = errand_fetch_options(errand, terms->provider, terms->token_endpoint.at);
    const struct call_options options = {
        .to = &to, .method = "POST", .fields = fields, .count = shows_basic ? 3 : 2, .body = buf_span(&form)};
    errand->fetch = call_start(errand->console->fetcher, &options, on_tokens, exchanging, err);
    secret_wipe(form.at, form.size);
    secret_wipe(basic.at, basic.size);
    return errand->fetch != NULL;
}

/* Takes the login over. */
static void exchange_code(const struct admin_call *call, struct login *login, struct span code, struct reply *reply)
{
    struct err err;
    struct exchanging *exchanging = arena_zero(call->request->arena, sizeof *exchanging);
    struct errand *errand = exchanging == NULL ? NULL : errand_begin(call, reply);
    if (errand == NULL) {
        login_free(login);
        reply->count = 0;
        buf_clear(&reply->body);
        fill_refusal(reply, 503, "Signing in failed: the gateway has no room for it now. Try again.");
        return;
    }
    *exchanging = (struct exchanging){errand, login};
    errand->context = exchanging;
    errand->dropped = drop_login;
    if (start_exchange(exchanging, code, &err))
        return;
    struct reply refusal = {.status = 502};
    fill_refusal(&refusal, 502, "Signing in failed: the provider cannot be asked: %s.", err.text);
    end_exchange(exchanging, &refusal);
}

/* ---- the browser is back ---- */

/* The value of our cookie (RFC 6265 5.4); empty: there is none. */
static struct span cookie_of(const struct head *head)
{
    const struct field *field = NULL;
    while ((field = head_find(head, SPAN("Cookie"), field)) != NULL) {
        struct span rest = field->value;
        struct span pair;
        while (rest.at != NULL && span_split(&rest, ';', &pair)) {
            pair = span_trim(pair);
            if (span_starts(pair, SPAN(LOGIN_COOKIE "=")))
                return span_from(pair, sizeof LOGIN_COOKIE);
        }
    }
    return SPAN("");
}

/* A reload may have taken back what the login was begun for. */
static bool is_still_wanted(const struct admin_call *call, const struct login *login)
{
    const struct console_settings *settings = &call->site->settings.admin.console;
    return settings->node != NULL && span_eq(settings->client_id, login->terms.client_id) &&
           login_is_provider(call->site, call->request->arena, login->terms.provider);
}

static void tell_error(const struct sign_in_return *found, struct reply *reply)
{
    if (found->error_description.len > 0)
        fill_refusal(reply, 400, "The provider did not sign you in: %s: %s", QUOTED(found->error),
                     QUOTED(found->error_description));
    else
        fill_refusal(reply, 400, "The provider did not sign you in: %s", QUOTED(found->error));
}

/* Who comes with the right state has used it up, whatever else is wrong. */
static struct login *find_login(const struct admin_call *call, struct console *console, struct sign_in_return *found,
                                struct err *err)
{
    const struct request *request = call->request;
    if (!sign_in_read_return(found, request->arena, request->query, err))
        return NULL;
    int64_t mono_ms = worker_now(console->worker)->mono_ms;
    AUTO_PTR(login) login = logins_take(console->logins, found->state, cookie_of(request->head), mono_ms, err);
    if (login == NULL || !sign_in_iss_check(&login->terms, found->iss, err))
        return NULL;
    if (is_still_wanted(call, login))
        return STEAL(login);
    fail(err, REASON_BAD_REQUEST, "the configuration was changed since this sign-in was begun");
    return NULL;
}

void callback_answer(const struct admin_call *call, struct reply *reply)
{
    struct sign_in_return found;
    struct err err;
    struct console *console = console_of(call, reply);
    if (console == NULL)
        return;
    struct login *login = find_login(call, console, &found, &err);
    if (login == NULL) {
        fill_refusal(reply, 400, "Signing in failed: %s.", err.text);
    } else if (found.error.len > 0) {
        login_free(login);
        tell_error(&found, reply);
    } else {
        exchange_code(call, login, found.code, reply);
    }
}

/* ---- the ticket ---- */

void ticket_answer(const struct admin_call *call, struct reply *reply)
{
    struct input_member members[] = {{.name = "ticket", .kinds = INPUT_TEXT, .is_required = true}};
    struct tape body;
    struct err err;
    struct console *console = console_of(call, reply);
    if (console == NULL)
        return;
    int64_t mono_ms = worker_now(console->worker)->mono_ms;
    if (!input_read(&body, call->request->arena, call->request->body, members, 1, &err) ||
        !tickets_take(&console->tickets, input_text(&body, &members[0]), mono_ms, &reply->body, &err)) {
        admin_refuse(reply, err.reason == REASON_OUT_OF_MEMORY ? 503 : 400, "%s", err.text);
        return;
    }
    admin_say_json(reply);
}
