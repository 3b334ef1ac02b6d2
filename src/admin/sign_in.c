/* SPDX-License-Identifier: Apache-2.0 */
/* Forms out, queries and JSON in.  All that comes in was made by others: a browser's address bar, a provider's answer. */
#include "admin/sign_in.h"

#include "base/ascii.h"
#include "http/uri.h"
#include "jose/b64url.h"
#include "jose/tape.h"

#include <inttypes.h>

enum { ANSWER_DEPTH_MAX = 16, EXPIRES_S_MAX = 10 * 366 * 86400 };

/* ---- out ---- */

void sign_in_put_form(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (ascii_is_letter(c) || ascii_is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL))
            buf_add_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

static void put_pair(struct buf *out, const char *name, struct span value)
{
    size_t len = buf_len(out);
    char last = len == 0 ? '?' : buf_span(out).at[len - 1];
    if (last != '?' && last != '&')
        buf_add_char(out, '&');
    sign_in_put_form(out, span_str(name));
    buf_add_char(out, '=');
    sign_in_put_form(out, value);
}

static struct span join_scopes(const struct schema_texts *scopes, struct buf *joined)
{
    if (scopes->count == 0)
        return SPAN("openid");
    for (size_t i = 0; i < scopes->count; i++) {
        if (i > 0)
            buf_add_char(joined, ' ');
        buf_add_span(joined, scopes->at[i]);
    }
    return buf_span(joined);
}

static void put_parameters(struct buf *out, const struct node *parameters)
{
    AUTO(buf) name = {0};
    for (const struct node *node = parameters == NULL ? NULL : parameters->children; node != NULL; node = node->next) {
        buf_clear(&name);
        buf_add_span(&name, node->key);
        buf_add_char(&name, '\0');
        if (!name.is_broken)
            put_pair(out, buf_span(&name).at, node->text);
    }
    out->is_broken = out->is_broken || name.is_broken;
}

bool sign_in_put_location(struct buf *out, struct span endpoint, const struct login *login,
                          const struct console_settings *settings, struct err *err)
{
    AUTO(buf) joined = {0};
    char challenge[SECRET_TEXT_BYTES];
    if (!login_challenge(login->verifier, challenge, err))
        return false;
    buf_add_span(out, endpoint);
    if (span_chr(endpoint, '?') == NULL)
        buf_add_char(out, '?');
    put_pair(out, "response_type", SPAN("code"));
    put_pair(out, "client_id", login->terms.client_id);
    put_pair(out, "redirect_uri", login->terms.redirect_uri);
    put_pair(out, "scope", join_scopes(&settings->scopes, &joined));
    put_pair(out, "state", span_str(login->state));
    put_pair(out, "nonce", span_str(login->nonce));
    put_pair(out, "code_challenge", span_str(challenge));
    put_pair(out, "code_challenge_method", SPAN("S256"));
    put_parameters(out, settings->parameters);
    return (!out->is_broken && !joined.is_broken) || fail(err, REASON_OUT_OF_MEMORY, "no memory for the address");
}

bool sign_in_put_exchange(struct buf *out, const struct login *login, struct span code, struct span secret,
                          struct err *err)
{
    put_pair(out, "grant_type", SPAN("authorization_code"));
    put_pair(out, "code", code);
    put_pair(out, "redirect_uri", login->terms.redirect_uri);
    put_pair(out, "code_verifier", span_str(login->verifier));
    /* RFC 6749 2.3.1: one way of showing who one is, not two */
    if (secret.at == NULL || login->terms.posts_secret)
        put_pair(out, "client_id", login->terms.client_id);
    if (secret.at != NULL && login->terms.posts_secret)
        put_pair(out, "client_secret", secret);
    return !out->is_broken || fail(err, REASON_OUT_OF_MEMORY, "no memory for the form");
}

bool sign_in_put_basic(struct buf *out, struct span client_id, struct span secret, struct err *err)
{
    AUTO(buf) pair = {0};
    AUTO(buf) encoded = {0};
    sign_in_put_form(&pair, client_id);
    buf_add_char(&pair, ':');
    sign_in_put_form(&pair, secret);
    size_t size = b64url_standard_chars(buf_len(&pair));
    if (pair.is_broken || !buf_reserve(&encoded, size + 1))
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the client's secret");
    b64url_encode_standard(buf_span(&pair).at, buf_len(&pair), encoded.at);
    buf_add_str(out, "Basic ");
    buf_add(out, encoded.at, size);
    return !out->is_broken || fail(err, REASON_OUT_OF_MEMORY, "no memory for the client's secret");
}

/* ---- back from the provider ---- */

/* A name or a value: `+` is a blank there, other than in the rest of an address. */
static bool decode(struct arena *arena, struct span text, struct span *value, struct err *err)
{
    char *copy = arena_take(arena, text.len + 1);
    if (copy == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the query");
    for (size_t i = 0; i < text.len; i++)
        copy[i] = text.at[i] == '+' ? ' ' : text.at[i];
    return uri_decode(arena, span_of(copy, text.len), value, err);
}

static struct span *member_of(struct sign_in_return *found, struct span name)
{
    const struct {
        struct span name;
        struct span *member;
    } members[] = {
        {SPAN("code"), &found->code},
        {SPAN("state"), &found->state},
        {SPAN("iss"), &found->iss},
        {SPAN("error"), &found->error},
        {SPAN("error_description"), &found->error_description},
    };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (span_eq(members[i].name, name))
            return members[i].member;
    return NULL;
}

static bool read_pair(struct sign_in_return *found, struct arena *arena, struct span pair, struct err *err)
{
    const char *equals = span_chr(pair, '=');
    struct span raw = equals == NULL ? pair : span_cut(pair, (size_t)(equals - pair.at));
    struct span name, value;
    if (!decode(arena, raw, &name, err) ||
        !decode(arena, equals == NULL ? SPAN("") : span_from(pair, raw.len + 1), &value, err))
        return false;
    struct span *member = member_of(found, name);
    if (member == NULL)
        return true;
    if (member->at != NULL)
        return fail(err, REASON_BAD_REQUEST, "the parameter %s is there twice", QUOTED(name));
    *member = span_of(value.len == 0 ? "" : value.at, value.len);
    return true;
}

bool sign_in_read_return(struct sign_in_return *found, struct arena *arena, struct span query, struct err *err)
{
    struct span rest = span_from(query, 1);
    struct span pair;
    *found = (struct sign_in_return){.code = {NULL, 0}};
    while (rest.len > 0 && span_split(&rest, '&', &pair))
        if (pair.len > 0 && !read_pair(found, arena, pair, err))
            return false;
    if (found->state.len == 0)
        return fail(err, REASON_BAD_REQUEST, "there is no state: this address is for a provider to send a browser to");
    if ((found->code.len > 0) == (found->error.len > 0))
        return fail(err, REASON_BAD_REQUEST, "there must be a code or an error");
    return true;
}

bool sign_in_iss_check(const struct login_terms *terms, struct span iss, struct err *err)
{
    if (iss.at == NULL && !terms->promises_iss)
        return true;
    if (iss.at == NULL)
        return fail(err, REASON_BAD_REQUEST,
                    "the answer does not say which provider it is of, as this provider promises that it would");
    return span_eq(iss, terms->issuer) ||
           fail(err, REASON_BAD_REQUEST, "the answer is of another provider, \"%s\"", QUOTED(iss));
}

/* ---- tokens ---- */

static bool refused_by_provider(const struct tape *tape, unsigned status, struct err *err)
{
    struct span error = tape == NULL ? (struct span){NULL, 0} : tape_text(tape, NULL, SPAN("error"));
    struct span more = tape == NULL ? (struct span){NULL, 0} : tape_text(tape, NULL, SPAN("error_description"));
    if (error.len == 0)
        return fail(err, REASON_FETCH_FAILED, "the token endpoint answered %u", status);
    if (more.len == 0)
        return fail(err, REASON_FETCH_FAILED, "the token endpoint answered %u: %s", status, QUOTED(error));
    return fail(err, REASON_FETCH_FAILED, "the token endpoint answered %u: %s: %s", status, QUOTED(error),
                QUOTED(more));
}

static bool unusable(struct err *err, const char *what)
{
    return fail(err, REASON_FETCH_FAILED, "the token endpoint's answer %s", what);
}

/* A number; some providers write it as a text. */
static int64_t read_seconds(const struct tape *tape)
{
    const struct tape_item *item = tape_member(tape, NULL, SPAN("expires_in"));
    struct span text = tape_text(tape, NULL, SPAN("expires_in"));
    uint64_t written = 0;
    int64_t seconds = -1;
    if (text.at != NULL)
        return span_u64(text, EXPIRES_S_MAX, &written) ? (int64_t)written : -1;
    if (item == NULL || !tape_whole(tape, item, &seconds) || seconds < 0 || seconds > EXPIRES_S_MAX)
        return -1;
    return seconds;
}

bool sign_in_read_tokens(struct sign_in_tokens *tokens, struct arena *arena, unsigned status, struct span body,
                         struct err *err)
{
    struct tape tape;
    struct err broken;
    bool is_json = tape_read(&tape, arena, body, ANSWER_DEPTH_MAX, &broken);
    if (!is_json && broken.reason == REASON_OUT_OF_MEMORY)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the token endpoint's answer");
    if (status != 200)
        return refused_by_provider(is_json ? &tape : NULL, status, err);
    if (!is_json)
        return unusable(err, "is no JSON");
    struct span type = tape_text(&tape, NULL, SPAN("token_type"));
    *tokens = (struct sign_in_tokens){.access_token = tape_text(&tape, NULL, SPAN("access_token")),
                                      .id_token = tape_text(&tape, NULL, SPAN("id_token")),
                                      .scope = tape_text(&tape, NULL, SPAN("scope")),
                                      .expires_in_s = read_seconds(&tape)};
    if (tokens->access_token.len == 0)
        return unusable(err, "has no access_token");
    if (type.at != NULL && !span_eq_nocase(type, SPAN("Bearer")))
        return fail(err, REASON_FETCH_FAILED, "the token endpoint gave a token of the type \"%s\", not Bearer",
                    QUOTED(type));
    return true;
}
