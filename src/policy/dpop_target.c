/* SPDX-License-Identifier: Apache-2.0 */
/* What a proof says of its request: the URL it is for, and the nonce that shows when it was made. */
#include "policy/dpop.h"

#include "base/ascii.h"
#include "jose/b64url.h"

/* A character of a URL's part that was percent-encoded and must stay so: apart from the same one written plainly. */
enum { ENCODED = 0x100, AT_END = -1, NONCE_HASH_BYTES = 16 };

struct url {
    bool is_https;
    struct span host, port, path;
};

static bool is_unreserved(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* The next character in its normal form: RFC 3986 6.2.2.2 decodes what needs no encoding. */
static int next_char(struct span *rest)
{
    if (rest->len == 0)
        return AT_END;
    const char *at = rest->at;
    bool is_encoded = rest->len > 2 && at[0] == '%' && ascii_is_hex(at[1]) && ascii_is_hex(at[2]);
    *rest = span_from(*rest, is_encoded ? 3 : 1);
    if (!is_encoded)
        return (unsigned char)at[0];
    unsigned char byte = (unsigned char)(ascii_hex(at[1]) << 4 | ascii_hex(at[2]));
    return is_unreserved((char)byte) ? byte : byte | ENCODED;
}

static int in_case(int c, bool ignores_case)
{
    return ignores_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_same_text(struct span a, struct span b, bool ignores_case)
{
    int one = 0;
    int other = 0;
    while (one == other && one != AT_END) {
        one = in_case(next_char(&a), ignores_case);
        other = in_case(next_char(&b), ignores_case);
    }
    return one == other;
}

static void split_authority(struct span authority, struct url *url)
{
    bool is_literal = authority.len > 0 && authority.at[0] == '[';
    const char *mark = is_literal ? span_chr(authority, ']') : span_chr(authority, ':');
    size_t len = mark == NULL ? authority.len : (size_t)(mark - authority.at) + (is_literal ? 1 : 0);
    url->host = span_cut(authority, len);
    url->port = span_from(authority, len);
    if (url->port.len == 1 || span_eq(url->port, url->is_https ? SPAN(":443") : SPAN(":80")))
        url->port.len = 0;
}

static struct span before(struct span text, char mark)
{
    const char *found = span_chr(text, mark);
    return found == NULL ? text : span_cut(text, (size_t)(found - text.at));
}

static bool split_url(struct span text, struct url *url)
{
    url->is_https = span_eq_nocase(span_cut(text, 8), SPAN("https://"));
    if (!url->is_https && !span_eq_nocase(span_cut(text, 7), SPAN("http://")))
        return false;
    struct span rest = span_from(text, url->is_https ? 8 : 7);
    rest = before(before(rest, '?'), '#');
    struct span authority = before(rest, '/');
    split_authority(authority, url);
    url->path = span_from(rest, authority.len);
    return url->host.len > 0;
}

static struct span whole_path(struct span path)
{
    return path.len == 0 ? SPAN("/") : path;
}

bool dpop_is_target(struct span htu, const struct dpop_request *request)
{
    struct url wanted, own = {.is_https = request->is_https};
    if (!split_url(htu, &wanted))
        return false;
    split_authority(request->authority, &own);
    return wanted.is_https == own.is_https && own.host.len > 0 && is_same_text(wanted.host, own.host, true) &&
           span_eq(wanted.port, own.port) && is_same_text(whole_path(wanted.path), whole_path(request->path), false);
}

bool dpop_nonce(struct span key, int64_t now_s, int64_t lifetime_s, unsigned age, char out[DPOP_NONCE_BYTES],
                struct err *err)
{
    uint64_t number = (uint64_t)(now_s / lifetime_s) - age;
    unsigned char bytes[8], mac[DIGEST_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    if (!digest_mac(key, span_of(bytes, sizeof bytes), mac, err))
        return false;
    b64url_encode(mac, NONCE_HASH_BYTES, out);
    return true;
}
