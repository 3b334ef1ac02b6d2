/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url by table, four characters at a time.  A second look finds the place of an error: good input never pays for it. */
#include "jose/b64url.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { FOREIGN = 0x80 }; /* set in the value of every byte outside the alphabet */

static const unsigned char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define X FOREIGN
static const unsigned char values[256] = {
    X,  X,  X,  X,  X,  X,  X,  X, X,  X, X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X, X,  X, X,  X,  X,  X,  X,  X,  62, X,  X,  52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
    X,  X,  X,  X,  X,  X,  X,  0, 1,  2, 3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, X,  X,  X,  X, 63, X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49, 50, 51, X, X,  X, X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X, X,  X, X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X, X,  X, X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X, X,  X, X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,
    X,  X,  X,  X,  X,  X,  X,  X, X,  X, X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X};
#undef X

/* Says what is wrong with `text`; called only when something is. */
static bool refuse(struct span text, struct err *err)
{
    for (size_t i = 0; i < text.len; i++)
        if (values[(unsigned char)text.at[i]] == FOREIGN)
            return fail(err, REASON_JWT_INVALID, "base64url: character %zu is not of the alphabet", i + 1);
    if (text.len % 4 == 1)
        return fail(err, REASON_JWT_INVALID, "base64url: %zu characters cannot be whole bytes", text.len);
    return fail(err, REASON_JWT_INVALID, "base64url: unused bits of character %zu are not zero", text.len);
}

/* Whether the last two or three characters leave unused bits zero: else one byte string would have several spellings. */
static bool tail_is_strict(const unsigned char *in, size_t rest)
{
    if (rest == 2)
        return (values[in[1]] & 0x0f) == 0;
    return rest == 0 || (rest == 3 && (values[in[2]] & 0x03) == 0);
}

bool b64url_check(struct span text, struct err *err)
{
    const unsigned char *in = (const unsigned char *)text.at;
    unsigned foreign = 0;
    size_t rest = text.len % 4;
    for (size_t i = 0; i < text.len - rest; i += 4)
        foreign |= values[in[i]] | values[in[i + 1]] | values[in[i + 2]] | values[in[i + 3]];
    for (size_t i = text.len - rest; i < text.len; i++)
        foreign |= values[in[i]];
    if ((foreign & FOREIGN) != 0 || rest == 1 || (rest > 1 && !tail_is_strict(in + text.len - rest, rest)))
        return refuse(text, err);
    return true;
}

bool b64url_decode(struct span text, unsigned char *out, size_t *len, struct err *err)
{
    const unsigned char *in = (const unsigned char *)text.at;
    size_t rest = text.len % 4;
    unsigned foreign = 0;
    unsigned char *to = out;
    for (size_t i = 0; i + 4 <= text.len; i += 4, in += 4, to += 3) {
        unsigned a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
        foreign |= a | b | c | d;
        to[0] = (unsigned char)(a << 2 | b >> 4);
        to[1] = (unsigned char)(b << 4 | c >> 2);
        to[2] = (unsigned char)(c << 6 | d);
    }
    for (size_t i = 0; i < rest; i++)
        foreign |= values[in[i]];
    if ((foreign & FOREIGN) != 0 || rest == 1 || !tail_is_strict(in, rest))
        return refuse(text, err);
    if (rest >= 2)
        *to++ = (unsigned char)(values[in[0]] << 2 | values[in[1]] >> 4);
    if (rest == 3)
        *to++ = (unsigned char)(values[in[1]] << 4 | values[in[2]] >> 2);
    *len = (size_t)(to - out);
    return true;
}

bool b64url_decode_arena(struct arena *arena, struct span text, struct span *bytes, struct err *err)
{
    char *at = arena_take(arena, b64url_bytes(text.len) + 1);
    if (at == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for %zu decoded characters", text.len);
    size_t len;
    if (!b64url_decode(text, (unsigned char *)at, &len, err))
        return false;
    at[len] = '\0';
    *bytes = span_of(at, len);
    return true;
}

/* Copies `text` without white space and final padding into `out`, in the url alphabet; false on bad padding. */
static bool normalise(struct span text, char *out, size_t *len)
{
    size_t count = 0, padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        if (padding > 0)
            return false;
        out[count++] = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    *len = count;
    return padding == 0 || (padding <= 2 && (count + padding) % 4 == 0);
}

bool b64_decode_lenient(struct span text, unsigned char **bytes, size_t *len, struct err *err)
{
    char *chars = malloc(text.len + 1);
    unsigned char *out = malloc(b64url_bytes(text.len));
    size_t count;
    bool is_ok = false;
    if (chars == NULL || out == NULL)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for %zu base64 characters", text.len);
    else if (!normalise(text, chars, &count))
        fail(err, REASON_JWT_INVALID, "base64: padding stands elsewhere than at the end or does not fit the length");
    else
        is_ok = b64url_decode(span_of(chars, count), out, len, err);
    if (chars != NULL)
        explicit_bzero(chars, text.len); /* may spell a secret */
    free(chars);
    if (is_ok)
        *bytes = STEAL(out);
    free(out);
    return is_ok;
}

size_t b64url_encode(const void *bytes, size_t len, char *out)
{
    const unsigned char *in = bytes;
    char *to = out;
    for (; len >= 3; len -= 3, in += 3) {
        *to++ = (char)alphabet[in[0] >> 2];
        *to++ = (char)alphabet[(in[0] & 0x03u) << 4 | in[1] >> 4];
        *to++ = (char)alphabet[(in[1] & 0x0fu) << 2 | in[2] >> 6];
        *to++ = (char)alphabet[in[2] & 0x3f];
    }
    if (len > 0) {
        unsigned second = len == 2 ? in[1] : 0;
        *to++ = (char)alphabet[in[0] >> 2];
        *to++ = (char)alphabet[(in[0] & 0x03u) << 4 | second >> 4];
        if (len == 2)
            *to++ = (char)alphabet[(second & 0x0f) << 2];
    }
    *to = '\0';
    return (size_t)(to - out);
}

size_t b64url_encode_standard(const void *bytes, size_t len, char *out)
{
    size_t count = b64url_encode(bytes, len, out);
    for (size_t i = 0; i < count; i++)
        out[i] = (char)(out[i] == '-' ? '+' : out[i] == '_' ? '/' : out[i]);
    while (count % 4 != 0)
        out[count++] = '=';
    out[count] = '\0';
    return count;
}

/* Whether the characters at `text` are those of `bytes`, a part at a time. */
static bool is_of_rest(struct span text, struct span bytes)
{
    enum { PART_BYTES = 192, PART_CHARS = 256 };
    char part[PART_CHARS + 1];
    while (bytes.len > 0) {
        struct span some = span_cut(bytes, PART_BYTES);
        size_t len = b64url_encode(some.at, some.len, part);
        if (memcmp(text.at, part, len) != 0)
            return false;
        text = span_from(text, len);
        bytes = span_from(bytes, some.len);
    }
    return true;
}

#if defined(__x86_64__)
/* Twelve bytes spread to sixteen numbers of six bits, and each turned into its character by adding the distance of its range; reads
 * four bytes more than it uses.
 */
__attribute__((target("ssse3"))) static __m128i encode_twelve(const char *at)
{
    const __m128i order = _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    const __m128i shifts = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                         '0' - 52, '0' - 52, '0' - 52, '-' - 62, '_' - 63, 'A', 0, 0);
    __m128i in = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), order);
    __m128i high = _mm_mulhi_epu16(_mm_and_si128(in, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
    __m128i low = _mm_mullo_epi16(_mm_and_si128(in, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
    __m128i six = _mm_or_si128(high, low);
    __m128i range = _mm_subs_epu8(six, _mm_set1_epi8(51)); /* 0: letters; 1 to 10: digits; 11, 12: the last two */
    __m128i is_capital = _mm_cmpgt_epi8(_mm_set1_epi8(26), six);
    range = _mm_or_si128(range, _mm_and_si128(is_capital, _mm_set1_epi8(13)));
    return _mm_add_epi8(six, _mm_shuffle_epi8(shifts, range));
}

__attribute__((target("ssse3"))) static bool is_of_fast(struct span text, struct span bytes)
{
    while (bytes.len >= sizeof(__m128i)) {
        __m128i there = _mm_loadu_si128((const __m128i *)(const void *)text.at);
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(there, encode_twelve(bytes.at))) != 0xffff)
            return false;
        text = span_of(text.at + 16, text.len - 16);
        bytes = span_of(bytes.at + 12, bytes.len - 12);
    }
    return is_of_rest(text, bytes);
}
#endif

bool b64url_is_of(struct span text, struct span bytes)
{
    if (text.len != b64url_chars(bytes.len))
        return false;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("ssse3"))
        return is_of_fast(text, bytes);
#endif
    return is_of_rest(text, bytes);
}
