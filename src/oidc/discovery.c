/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of the discovery document, and what a URL must look like before anything is fetched from it.
 *
 * jwks_uri comes from a document of somebody else and decides whose keys are believed, so URLs are taken apart here more
 * narrowly than libcurl does: what two readers could understand differently (user names, backslashes, percent signs in the host)
 * is refused.
 */
#include "oidc/discovery.h"

#include "base/ascii.h"
#include "jose/jsondoc.h"

enum { ISSUER_BYTES_MAX = 2048 };

static const struct span well_known = SPAN_INIT("/.well-known/openid-configuration");

/* A URL cut at its marks; nothing is decoded. */
struct url_parts {
    struct span scheme;    /* before :// */
    struct span authority; /* host and port as written */
    struct span host;      /* with the brackets of an IPv6 address */
    struct span port;      /* with its colon, as written; empty: none */
    struct span path;      /* from the first slash to before query or fragment */
};

/* The bytes from the start of `s` to before the first byte of `marks`. */
static struct span until(struct span s, const char *marks)
{
    size_t len = 0;
    while (len < s.len && strchr(marks, s.at[len]) == NULL)
        len++;
    return span_cut(s, len);
}

static struct span host_of(struct span authority)
{
    const char *bracket = span_starts(authority, SPAN("[")) ? span_chr(authority, ']') : NULL;
    if (bracket != NULL)
        return span_cut(authority, (size_t)(bracket - authority.at) + 1);
    return until(authority, ":");
}

/* False when there is no scheme or no host. */
static bool url_split(struct span url, struct url_parts *parts)
{
    parts->scheme = until(url, ":/?#");
    struct span rest = span_from(url, parts->scheme.len);
    if (parts->scheme.len == 0 || !span_starts(rest, SPAN("://")))
        return false;
    rest = span_from(rest, 3);
    parts->authority = until(rest, "/?#");
    parts->host = host_of(parts->authority);
    parts->port = span_from(parts->authority, parts->host.len);
    rest = span_from(rest, parts->authority.len);
    parts->path = until(rest, "?#");
    return parts->host.len > 0;
}

static bool is_host(struct span host)
{
    bool is_address = host.at[0] == '[';
    if (is_address && (host.len < 4 || host.at[host.len - 1] != ']'))
        return false;
    struct span inside = is_address ? span_of(host.at + 1, host.len - 2) : host;
    for (size_t i = 0; i < inside.len; i++) {
        if (!ascii_is_letter(inside.at[i]) && !ascii_is_digit(inside.at[i]) &&
            strchr(is_address ? ":." : "-._", inside.at[i]) == NULL)
            return false;
    }
    return true;
}

/* The number behind the colon; that of the scheme where there is none.  0: malformed. */
static uint64_t port_of(const struct url_parts *parts)
{
    uint64_t number = 0;
    if (parts->port.len == 0)
        return span_eq_nocase(parts->scheme, SPAN("https")) ? 443 : 80;
    return parts->port.at[0] == ':' && span_u64(span_from(parts->port, 1), 65535, &number) ? number : 0;
}

/* 127.0.0.0/8, in four decimal numbers without leading zeros: other spellings mean different things to different readers. */
static bool is_loopback_ipv4(struct span host)
{
    struct span rest = host;
    struct span piece;
    size_t count = 0;
    while (span_split(&rest, '.', &piece)) {
        uint64_t number = 0;
        if (++count > 4 || !span_u64(piece, 255, &number) || (piece.len > 1 && piece.at[0] == '0'))
            return false;
        if (count == 1 && number != 127)
            return false;
    }
    return count == 4;
}

static bool is_loopback(struct span host)
{
    return span_eq_nocase(host, SPAN("localhost")) || span_eq(host, SPAN("[::1]")) || is_loopback_ipv4(host);
}

static bool is_printable(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] <= ' ' || s.at[i] >= 0x7f || s.at[i] == '\\')
            return false;
    }
    return true;
}

static bool scheme_check(const struct url_parts *parts, bool allow_http, struct err *err)
{
    if (span_eq_nocase(parts->scheme, SPAN("https")))
        return true;
    if (!span_eq_nocase(parts->scheme, SPAN("http")))
        return fail(err, REASON_DOCUMENT_INVALID, "the URL has the scheme \"%s\"; https is needed",
                    QUOTED(parts->scheme));
    if (allow_http || is_loopback(parts->host))
        return true;
    return fail(err, REASON_DOCUMENT_INVALID, "the URL is plain http to \"%s\"; use https (or keys.allow_http)",
                QUOTED(parts->host));
}

bool discovery_url_check(struct span url, bool allow_http, struct err *err)
{
    struct url_parts parts = {0};
    if (url.len > DISCOVERY_URL_BYTES_MAX)
        return fail(err, REASON_DOCUMENT_INVALID, "the URL has %zu bytes; at most %d are taken", url.len,
                    DISCOVERY_URL_BYTES_MAX);
    if (!is_printable(url))
        return fail(err, REASON_DOCUMENT_INVALID, "the URL \"%s\" holds blanks, backslashes or bytes beyond ASCII",
                    QUOTED(url));
    if (!url_split(url, &parts))
        return fail(err, REASON_DOCUMENT_INVALID, "\"%s\" is no absolute URL", QUOTED(url));
    if (span_chr(url, '#') != NULL)
        return fail(err, REASON_DOCUMENT_INVALID, "the URL has a fragment");
    if (span_chr(parts.authority, '@') != NULL)
        return fail(err, REASON_DOCUMENT_INVALID, "the URL names a user");
    if (!is_host(parts.host) || port_of(&parts) == 0)
        return fail(err, REASON_DOCUMENT_INVALID, "the URL's host or port is malformed: \"%s\"",
                    QUOTED(parts.authority));
    return scheme_check(&parts, allow_http, err);
}

bool discovery_proxy_check(struct span url, struct span proxy, bool allow_http, struct err *err)
{
    struct url_parts target = {0};
    struct url_parts way = {0};
    bool is_read = is_printable(proxy) && url_split(proxy, &way) && span_eq(way.scheme, SPAN("http")) &&
                   is_host(way.host) && way.port.len > 0 && port_of(&way) > 0 &&
                   (way.path.len == 0 || span_eq(way.path, SPAN("/"))) &&
                   way.authority.at + way.authority.len + way.path.len == proxy.at + proxy.len;
    if (!is_read)
        return fail(err, REASON_DOCUMENT_INVALID, "a proxy is http://HOST:PORT, without user or path");
    if (allow_http || is_loopback(way.host) || !url_split(url, &target) || !span_eq_nocase(target.scheme, SPAN("http")))
        return true;
    return fail(err, REASON_DOCUMENT_INVALID,
                "plain http through a proxy elsewhere leaves this machine; use https (or keys.allow_http)");
}

/* A member of the document that must be a text, copied with a NUL behind it. */
static bool text_read(struct span *text, struct arena *arena, const struct jsonval *object, const char *name,
                      struct err *err)
{
    const struct jsonval *value = jsonval_member(object, name);
    if (value == NULL)
        return fail(err, REASON_DOCUMENT_INVALID, "%s is missing", name);
    struct span found = jsonval_text(value);
    if (!jsonval_is_string(value) || found.len == 0)
        return fail(err, REASON_DOCUMENT_INVALID, "%s is no text, or empty", name);
    if (found.len > ISSUER_BYTES_MAX || span_chr(found, '\0') != NULL)
        return fail(err, REASON_DOCUMENT_INVALID, "%s is longer than %d bytes or holds a NUL", name, ISSUER_BYTES_MAX);
    char *copy = arena_take(arena, found.len + 1);
    if (copy == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the discovery document");
    memcpy(copy, found.at, found.len);
    copy[found.len] = '\0';
    *text = span_of(copy, found.len);
    return true;
}

bool discovery_read(struct discovery *discovery, struct arena *arena, struct span text, bool allow_http,
                    struct err *err)
{
    AUTO_PTR(jsondoc) document = jsondoc_read(text, DISCOVERY_DEPTH_MAX, err);
    if (document == NULL)
        return false;
    const struct jsonval *root = jsondoc_root(document);
    if (!text_read(&discovery->issuer, arena, root, "issuer", err) ||
        !text_read(&discovery->jwks_uri, arena, root, "jwks_uri", err))
        return false;
    return discovery_url_check(discovery->jwks_uri, allow_http, err) || err_prefix(err, "jwks_uri");
}

/* ---- for signing in ---- */

static bool endpoint_read(struct span *url, struct arena *arena, const struct jsonval *root, const char *name,
                          bool allow_http, struct err *err)
{
    return text_read(url, arena, root, name, err) &&
           (discovery_url_check(*url, allow_http, err) || err_prefix(err, "%s", name));
}

/* Whether a list of texts holds `word`; what is no list holds nothing. */
static bool names(const struct jsonval *list, struct span word)
{
    for (size_t i = 0; i < jsonval_count(list); i++)
        if (span_eq(jsonval_text(jsonval_element(list, i)), word))
            return true;
    return false;
}

/* A list that is there must be one: what cannot be read must not be taken for the default. */
static bool list_check(const struct jsonval *list, const char *name, struct err *err)
{
    return list == NULL || jsonval_is_array(list) || fail(err, REASON_DOCUMENT_INVALID, "%s is no list", name);
}

static bool abilities_read(struct discovery_sign_in *found, const struct jsonval *root, struct err *err)
{
    const struct jsonval *iss = jsonval_member(root, "authorization_response_iss_parameter_supported");
    const struct jsonval *methods = jsonval_member(root, "token_endpoint_auth_methods_supported");
    const struct jsonval *challenges = jsonval_member(root, "code_challenge_methods_supported");
    if (iss != NULL && !jsonval_is_bool(iss))
        return fail(err, REASON_DOCUMENT_INVALID, "authorization_response_iss_parameter_supported is no boolean");
    if (!list_check(methods, "token_endpoint_auth_methods_supported", err) ||
        !list_check(challenges, "code_challenge_methods_supported", err))
        return false;
    found->promises_iss = jsonval_is_true(iss);
    found->takes_basic = methods == NULL || names(methods, SPAN("client_secret_basic"));
    found->takes_post = names(methods, SPAN("client_secret_post"));
    found->refuses_challenges = challenges != NULL && !names(challenges, SPAN("S256"));
    return true;
}

bool discovery_read_sign_in(struct discovery_sign_in *found, struct arena *arena, struct span text, bool allow_http,
                            struct err *err)
{
    AUTO_PTR(jsondoc) document = jsondoc_read(text, DISCOVERY_DEPTH_MAX, err);
    if (document == NULL)
        return false;
    const struct jsonval *root = jsondoc_root(document);
    return text_read(&found->issuer, arena, root, "issuer", err) &&
           endpoint_read(&found->authorization_endpoint, arena, root, "authorization_endpoint", allow_http, err) &&
           endpoint_read(&found->token_endpoint, arena, root, "token_endpoint", allow_http, err) &&
           abilities_read(found, root, err);
}

/* ---- which document ---- */

/* Some policies name a document that stands elsewhere than at the well-known place; it is theirs to know. */
static bool is_document(struct span path)
{
    return span_holds(path, SPAN("/.well-known/")) || span_ends(path, SPAN("/openid-configuration")) ||
           span_ends(path, SPAN(".json"));
}

char *discovery_url(struct arena *arena, struct span configured)
{
    struct url_parts parts = {0};
    struct span base = configured;
    if (url_split(configured, &parts) && !is_document(parts.path)) {
        size_t base_len = (size_t)(parts.authority.at - configured.at) + parts.authority.len + parts.path.len;
        base = span_cut(configured, base_len);
        if (span_ends(base, SPAN("/")))
            base.len--;
        return arena_printf(arena, "%.*s%.*s%.*s", SPAN_ARG(base), SPAN_ARG(well_known),
                            SPAN_ARG(span_from(configured, base_len)));
    }
    if (span_ends(parts.path, SPAN("/.well-known/openid-configuration/")) &&
        parts.path.at + parts.path.len == configured.at + configured.len)
        configured.len--; /* typed by habit, as behind an authority */
    return arena_printf(arena, "%.*s", SPAN_ARG(configured));
}

struct span discovery_authority(struct span url)
{
    struct span authority = until(url, "?#");
    if (span_ends(authority, well_known))
        authority.len -= well_known.len;
    return authority;
}

static bool issuer_check(struct span issuer, struct span url, struct err *err)
{
    struct span authority = discovery_authority(url);
    struct span found = issuer;
    /* Discovery 4.1 takes a slash at the end off before the path is added, so it can't be told from the URL. */
    if (span_ends(found, SPAN("/")))
        found.len--;
    return span_eq(found, authority) ||
           fail(err, REASON_DOCUMENT_INVALID, "the issuer \"%s\" is not the authority of the URL", QUOTED(issuer));
}

static bool host_check(struct span endpoint, const char *name, struct span url, struct err *err)
{
    struct url_parts ours = {0};
    struct url_parts theirs = {0};
    if (url_split(url, &ours) && url_split(endpoint, &theirs) && span_eq_nocase(ours.scheme, theirs.scheme) &&
        span_eq_nocase(ours.host, theirs.host) && port_of(&ours) == port_of(&theirs))
        return true;
    return fail(err, REASON_DOCUMENT_INVALID, "%s is on another host: \"%s\"", name, QUOTED(theirs.authority));
}

bool discovery_issuer_check(const struct discovery *discovery, struct span url, struct err *err)
{
    return issuer_check(discovery->issuer, url, err);
}

bool discovery_hosts_check(const struct discovery *discovery, struct span url, struct err *err)
{
    return host_check(discovery->jwks_uri, "jwks_uri", url, err);
}

bool discovery_sign_in_issuer_check(const struct discovery_sign_in *found, struct span url, struct err *err)
{
    return issuer_check(found->issuer, url, err);
}

bool discovery_sign_in_hosts_check(const struct discovery_sign_in *found, struct span url, struct err *err)
{
    return host_check(found->authorization_endpoint, "authorization_endpoint", url, err) &&
           host_check(found->token_endpoint, "token_endpoint", url, err);
}
