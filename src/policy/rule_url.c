/* SPDX-License-Identifier: Apache-2.0 */
/* Which URLs keys may come from.
 *
 * Whoever can change the key set on its way decides which tokens pass: so https, unless the way never leaves this machine or
 * the operator asked for it.  User names are refused because `http://127.0.0.1@elsewhere/` is not loopback.
 */
#include "rule_int.h"

static bool is_ipv4_loopback(struct span host)
{
    struct span piece;
    size_t count = 0;
    uint64_t first = 0;
    for (uint64_t octet; span_split(&host, '.', &piece); count++) {
        if (piece.len > 3 || !span_u64(piece, 255, &octet))
            return false;
        first = count == 0 ? octet : first;
    }
    return count == 4 && first == 127;
}

static bool is_loopback(struct span host)
{
    return span_eq_nocase(host, SPAN("localhost")) || span_eq(host, SPAN("[::1]")) || is_ipv4_loopback(host);
}

/* The host of `authority`, whose port, if any, is looked at. */
static bool split_authority(struct span authority, struct span *host, struct err *err)
{
    bool is_literal = authority.len > 0 && authority.at[0] == '[';
    const char *mark = is_literal ? span_chr(authority, ']') : span_chr(authority, ':');
    if (is_literal && mark == NULL)
        return fail(err, REASON_CONFIG, "the URL's host lacks its `]`");
    size_t len = mark == NULL ? authority.len : (size_t)(mark - authority.at) + (is_literal ? 1 : 0);
    *host = span_cut(authority, len);
    struct span port = span_from(authority, len);
    uint64_t number = 0;
    if (port.len > 0 && (port.at[0] != ':' || !span_u64(span_from(port, 1), 65535, &number) || number == 0))
        return fail(err, REASON_CONFIG, "the URL's port is no number from 1 to 65535");
    if (host->len == 0)
        return fail(err, REASON_CONFIG, "the URL has no host");
    return true;
}

static bool has_odd_bytes(struct span url)
{
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.at[i] <= 0x20 || (unsigned char)url.at[i] >= 0x7f ||
            strchr("\"<>\\^`{|}", url.at[i]) != NULL)
            return true;
    return false;
}

bool rule_check_url(struct span url, bool allow_http, struct err *err)
{
    bool is_https = span_eq_nocase(span_cut(url, 8), SPAN("https://"));
    bool is_http = span_eq_nocase(span_cut(url, 7), SPAN("http://"));
    if (!is_https && !is_http)
        return fail(err, REASON_CONFIG, "an absolute URL is expected, https://...");
    if (has_odd_bytes(url))
        return fail(err, REASON_CONFIG, "the URL holds a character that must be percent-encoded");
    struct span rest = span_from(url, is_https ? 8 : 7);
    struct span authority = span_cut(rest, 0);
    while (authority.len < rest.len && strchr("/?#", rest.at[authority.len]) == NULL)
        authority.len++;
    if (span_chr(authority, '@') != NULL)
        return fail(err, REASON_CONFIG, "the URL must not hold a user name");
    if (span_chr(rest, '#') != NULL)
        return fail(err, REASON_CONFIG, "the URL must not hold a fragment");
    struct span host = {NULL, 0};
    if (!split_authority(authority, &host, err))
        return false;
    if (is_http && !allow_http && !is_loopback(host))
        return fail(err, REASON_CONFIG, "plain http is taken for loopback only; use https, or set keys.allow_http");
    return true;
}
