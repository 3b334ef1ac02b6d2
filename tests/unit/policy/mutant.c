/* SPDX-License-Identifier: Apache-2.0 */
/* A draft of a token, tables of what may stand in its place, and the ways to spoil its text. */
#include "mutant.h"

#include <stdio.h>
#include <string.h>

size_t dice_roll(struct dice *dice, size_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (size_t)(dice->state >> 11) % sides;
}

static void need(bool is_true)
{
    if (!is_true)
        abort();
}

/* ---- what may stand where: texts between bars, in which the byte NUL stands for one that C strings cannot hold ---- */

enum { NUL = 0x1a };

#define GOOD_EXP "\"exp\":1795219800"
#define GOOD_ISS "\"iss\":\"" MUTANT_ISSUER "\""

static const char times[] =
    "1795219800|1795219201|1795219200|1795219199|0|-1|1795219800.5|1795219201.0|1795219200.9|1.7952198e9|"
    "17952198e2|\"1795219800\"|true|null|[1795219800]|{\"v\":1795219800}|1e400|1e30|9007199254740992|"
    "9007199254740993|9223372036854775807|9223372036854775808|-9223372036854775809|18446744073709551616|"
    "4294967296|-4294967296|01795219800|0x6B0114D8|+1795219800|1795219800.|";

static const char issuers[] =
    "\"" MUTANT_ISSUER
    "\"|\"\\u0068ttps://i.example/\"|\"https:\\/\\/i.example\\/\"|\"https://i.example\"|\"https://i.example//\"|"
    "\"https://I.example/\"|\"https://i.example/ \"|\"https://i.example/\\u0000\"|\"https://i.example/\x1a\"|"
    "\"\"|null|1|true|[\"" MUTANT_ISSUER "\"]|{\"iss\":\"" MUTANT_ISSUER "\"}|\"\xef\xbb\xbf" MUTANT_ISSUER "\"";

/* Strings, numbers and the rest as JSON allows them, or nearly. */
static const char values[] =
    "\"\"|\"a b\"|\"\\u00e5\"|\"\xc3\xa5\"|\"\xe6\x97\xa5\"|\"\xf0\x9f\x98\x80\"|\"\\ud83d\\ude00\"|"
    "\"\\u0000\"|\"x\\u0000y\"|\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"|\"\\ud800\"|\"\\udc00\\ud800\"|\"\xff\"|"
    "\"\xc0\x80\"|\"\xed\xa0\x80\"|\"\xf4\x90\x80\x80\"|\"\xc3\"|\"\x01\"|\"\n\"|\"\x7f\"|\"\\x41\"|"
    "\"\\u00\"|\"\\uD83D\"|'a'|\"\xe2\x80\xa8\"|\"\xef\xbf\xbf\"|\"|\"\x1a\"|0|-0|1|1.0|-1.5e+3|"
    "1E5|1e-5|9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809|"
    "1e308|1e309|-1e400|1e-400|123456789012345678901234567890123456789012345678901234567890|0."
    "1000000000000000055511151231257827021181583404541015625|"
    "01|1.|.5|+1|0x10|NaN|Infinity|1e|--1|true|false|null|True|nul|undefined|[]|{}|[1,\"a\",null]|"
    "[1,]|[,1]|{\"a\":1}|{\"a\":1,}|{\"a\":1,\"a\":2}|{\"a\":1,\"\\u0061\":2}|{\"\":1}|{\"\\u0000\":1}|"
    "{a:1}|{1:1}|[[],{}]|/* c */ 1|1 // c\n|]|}";

static const char types[] =
    "\"typ\":\"JWT\"|\"typ\":\"jwt\"|\"typ\":\"at+jwt\"|\"typ\":\"application/jwt\"|\"typ\":\"\"|"
    "\"typ\":1|\"typ\":null|\"typ\":[\"JWT\"]|\"typ\":\"JWT\\u0000\"|\"typ\":\"JOSE\"||\"typ\":\"JWT\",\"typ\":\"JWT\"";

static const char header_members[] =
    "\"kid\":\"other\"|\"kid\":\"\"|\"kid\":1|\"kid\":null|\"kid\":[\"k\"]|\"x5t\":\"a\"|\"x5t\":true|"
    "\"crit\":[\"exp\"],\"exp\":1|\"crit\":[]|\"b64\":false|\"b64\":true|\"jku\":\"https://evil.example\"|"
    "\"jwk\":{\"kty\":\"oct\",\"k\":\"\"}|\"x5c\":[\"\"]|\"cty\":\"JWT\"|\"zip\":\"DEF\"|\"nonce\":\"n\"|"
    "\"pi.atm\":\"1\"|\"ALG\":\"none\"|";

/* What stands before or behind the JSON of a part. */
static const char frames[] = " |\n\t\r |\f|\xc2\xa0|\xef\xbb\xbf|x|}|,|{}|\x1a|\x1ax|[]|//|\x1a\x1a\x1a";

/* One of the texts between the bars, NUL put in. */
static struct span pick(struct mutant_maker *m, const char *texts)
{
    struct span rest = span_str(texts), text = SPAN("");
    size_t count = 1;
    for (const char *at = texts; *at != '\0'; at++)
        count += *at == '|';
    for (size_t i = dice_roll(&m->dice, count) + 1; i > 0; i--)
        need(span_split(&rest, '|', &text));
    text = arena_copy(&m->arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == NUL)
            ((char *)text.at)[i] = '\0';
    return text;
}

/* ---- the draft ---- */

enum { ALG, TYP, KID, HEADER_MEMBERS, ISS = 0, SUB, EXP, MORE, AGAIN, PAYLOAD_MEMBERS };

/* Members as `"name":value`, empty ones left out. */
struct draft {
    struct span header[HEADER_MEMBERS], payload[PAYLOAD_MEMBERS];
    struct span frame[4]; /* before and behind the header, before and behind the payload */
    unsigned spoiled;     /* part whose base64url is spoiled before it is signed: 1 header, 2 payload */
    enum alg alg;         /* that signs */
    const struct signer *signer;
};

static struct span printed(const char *text)
{
    need(text != NULL);
    return span_str(text);
}

static struct draft draft_make(struct mutant_maker *m)
{
    struct draft d = {.alg = m->alg, .signer = m->signer};
    d.header[ALG] = printed(arena_printf(&m->arena, "\"alg\":\"%s\"", alg_info(m->alg)->name));
    d.header[TYP] = SPAN("\"typ\":\"JWT\"");
    d.header[KID] = printed(arena_printf(&m->arena, "\"kid\":\"%s\"", m->signer->kid));
    d.payload[ISS] = SPAN(GOOD_ISS);
    d.payload[SUB] = printed(arena_printf(&m->arena, "\"sub\":\"u%zu\"", dice_roll(&m->dice, 100000)));
    d.payload[EXP] = SPAN(GOOD_EXP);
    return d;
}

static void write_object(struct buf *out, const struct span *members, size_t count)
{
    bool is_first = true;
    buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (members[i].len == 0)
            continue;
        if (!is_first)
            buf_add_char(out, ',');
        is_first = false;
        buf_add_span(out, members[i]);
    }
    buf_add_char(out, '}');
}

/* Another spelling of the same bytes, or nearly: what a careless decoder takes as well. */
static void spoil_base64(struct mutant_maker *m, struct buf *text)
{
    static const char tails[] = "=|==|===|\n| |*|%3D|A|\r\n|\xc3\xa5";
    size_t at = dice_roll(&m->dice, buf_len(text) + 1);
    char *bytes = text->at + text->begin;
    switch (dice_roll(&m->dice, 4)) {
    case 0: buf_add_span(text, pick(m, tails)); return;
    case 1:
        for (size_t i = 0; i < buf_len(text); i++)
            bytes[i] = bytes[i] == '-' ? '+' : bytes[i] == '_' ? '/' : bytes[i];
        return;
    case 2:
        if (buf_len(text) > 0)
            bytes[buf_len(text) - 1] ^= (char)(1 + dice_roll(&m->dice, 3));
        return;
    case 3: {
        struct span copy = arena_copy(&m->arena, buf_span(text));
        buf_clear(text);
        buf_add_span(text, span_cut(copy, at));
        buf_add_span(text, pick(m, tails));
        buf_add_span(text, span_from(copy, at));
        return;
    }
    }
}

static void write_base64(struct buf *out, struct span bytes)
{
    char *text = signer_base64url(bytes);
    buf_add_str(out, text);
    free(text);
}

static void write_part(struct mutant_maker *m, const struct draft *d, unsigned part, struct buf *out)
{
    AUTO(buf) json = {0};
    AUTO(buf) text = {0};
    bool is_header = part == 1;
    buf_add_span(&json, d->frame[is_header ? 0 : 2]);
    write_object(&json, is_header ? d->header : d->payload, is_header ? HEADER_MEMBERS : PAYLOAD_MEMBERS);
    buf_add_span(&json, d->frame[is_header ? 1 : 3]);
    write_base64(&text, buf_span(&json));
    if (d->spoiled == part)
        spoil_base64(m, &text);
    buf_add_span(out, buf_span(&text));
}

static void write_signed(struct mutant_maker *m, const struct draft *d, struct buf *token)
{
    unsigned char signature[SIGNER_BYTES_MAX];
    write_part(m, d, 1, token);
    buf_add_char(token, '.');
    write_part(m, d, 2, token);
    size_t len = signer_sign(d->signer, d->alg, buf_span(token), signature);
    buf_add_char(token, '.');
    write_base64(token, span_of(signature, len));
}

/* ---- changes that are signed ---- */

static void keep(struct mutant_maker *m, struct draft *d)
{
    (void)m, (void)d;
}

static void change_alg(struct mutant_maker *m, struct draft *d)
{
    static const char others[] =
        "\"alg\":\"none\"|\"alg\":\"None\"|\"alg\":\"HS256\"|\"alg\":\"RS256\"|\"alg\":\"ES256\"|\"alg\":\"ES256K\"|"
        "\"alg\":\"\"|\"alg\":null|\"alg\":1|\"alg\":[\"HS256\"]||\"Alg\":\"HS256\"";
    static const char *const formats[] = {"\"alg\":\"%s \"",       "\"alg\":\" %s\"",
                                          "\"alg\":\"%s\\u0000\"", "\"\\u0061lg\":\"%s\"",
                                          "\"alg\":[\"%s\"]",      "\"alg\":\"none\",\"alg\":\"%s\""};
    const char *name = alg_info(m->alg)->name;
    char *lower = arena_printf(&m->arena, "\"alg\":\"%c%c%s\"", name[0] | 0x20, name[1] | 0x20, name + 2);
    size_t way = dice_roll(&m->dice, 10);
    if (way < 4)
        d->header[ALG] = pick(m, others);
    else if (way < 5)
        d->header[ALG] = printed(lower);
    else {
        const char *format = formats[dice_roll(&m->dice, COUNT_OF(formats))];
        const char *mark = strstr(format, "%s");
        d->header[ALG] = printed(arena_printf(&m->arena, "%.*s%s%s", (int)(mark - format), format, name, mark + 2));
    }
}

/* Soundly signed by another algorithm of the key, which the header tells or does not. */
static void change_digest(struct mutant_maker *m, struct draft *d)
{
    static const enum alg hmac[] = {ALG_HS256, ALG_HS384, ALG_HS512},
                          rsa[] = {ALG_RS256, ALG_RS384, ALG_RS512, ALG_PS256};
    if (m->signer->kind != SIGNER_SECRET && m->signer->kind != SIGNER_RSA2048)
        return;
    d->alg = m->signer->kind == SIGNER_SECRET ? hmac[dice_roll(&m->dice, COUNT_OF(hmac))]
                                              : rsa[dice_roll(&m->dice, COUNT_OF(rsa))];
    if (dice_roll(&m->dice, 2) == 0)
        d->header[ALG] = printed(arena_printf(&m->arena, "\"alg\":\"%s\"", alg_info(d->alg)->name));
}

static void change_header(struct mutant_maker *m, struct draft *d)
{
    if (dice_roll(&m->dice, 3) == 0)
        d->header[TYP] = pick(m, types);
    else
        d->header[KID] = pick(m, header_members);
}

static struct span member(struct mutant_maker *m, const char *name, struct span value)
{
    AUTO(buf) text = {0};
    buf_printf(&text, "\"%s\":", name);
    buf_add_span(&text, value);
    return arena_copy(&m->arena, buf_span(&text));
}

static void change_time(struct mutant_maker *m, struct draft *d)
{
    struct span value = pick(m, times);
    size_t way = dice_roll(&m->dice, 4);
    if (way < 2)
        d->payload[EXP] = value.len == 0 ? value : member(m, "exp", value);
    else
        d->payload[MORE] = member(m, way == 2 ? "nbf" : "iat", value);
}

static void change_issuer(struct mutant_maker *m, struct draft *d)
{
    bool is_dropped = dice_roll(&m->dice, 20) == 0;
    d->payload[ISS] = is_dropped ? SPAN("") : member(m, "iss", pick(m, issuers));
}

/* A further claim, or header parameter, wrapped a few times into lists and objects. */
static void change_values(struct mutant_maker *m, struct draft *d)
{
    static const char *const names[] = {"groups",   "aud", "x",       "\\u0078", "https://a/b",
                                        "\xc3\xa5", "",    "\\u0000", "\\ud800"};
    AUTO(buf) text = {0};
    bool is_deep = dice_roll(&m->dice, 8) == 0;
    size_t depth = is_deep ? 20 + dice_roll(&m->dice, 20) : dice_roll(&m->dice, 4);
    bool is_object = dice_roll(&m->dice, 2) == 0;
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&text, is_object ? "{\"a\":" : "[");
    buf_add_span(&text, pick(m, values));
    for (size_t i = 0; i < depth; i++)
        buf_add_char(&text, is_object ? '}' : ']');
    struct span made = member(m, names[dice_roll(&m->dice, COUNT_OF(names))], buf_span(&text));
    if (dice_roll(&m->dice, 4) == 0)
        d->header[KID] = made;
    else
        d->payload[MORE] = made;
}

static void repeat_member(struct mutant_maker *m, struct draft *d)
{
    static const char twice[] = GOOD_ISS "|\"iss\":\"https://evil.example\"|" GOOD_EXP
                                         "|\"exp\":1|\"\\u0065xp\":1795219800|\"sub\":\"a\"|\"x\":1,\"x\":1";
    size_t at = dice_roll(&m->dice, 2) == 0 ? MORE : AGAIN;
    d->payload[at] = pick(m, twice);
    if (dice_roll(&m->dice, 2) == 0) { /* the other one first */
        struct span first = d->payload[ISS];
        d->payload[ISS] = d->payload[at];
        d->payload[at] = first;
    }
}

static void frame_json(struct mutant_maker *m, struct draft *d)
{
    d->frame[dice_roll(&m->dice, COUNT_OF(d->frame))] = pick(m, frames);
}

static void spoil_signed_part(struct mutant_maker *m, struct draft *d)
{
    d->spoiled = 1 + (unsigned)dice_roll(&m->dice, 2);
}

/* ---- changes of the signed text ---- */

static size_t last_dot(const struct buf *token)
{
    size_t at = token->end;
    while (token->at[at - 1] != '.')
        at--;
    return at; /* of the signature's first character */
}

static void spoil_signature(struct mutant_maker *m, struct buf *token)
{
    AUTO(buf) text = {0};
    size_t at = last_dot(token);
    buf_add(&text, token->at + at, token->end - at);
    spoil_base64(m, &text);
    token->end = at;
    buf_add_span(token, buf_span(&text));
}

/* Changes the signature's bytes and writes them anew. */
static void change_signature(struct mutant_maker *m, struct buf *token)
{
    unsigned char bytes[SIGNER_BYTES_MAX];
    size_t at = last_dot(token);
    struct draft d = draft_make(m);
    size_t len = signer_sign(d.signer, d.alg, span_of(token->at + token->begin, at - 1 - token->begin), bytes);
    size_t place = dice_roll(&m->dice, len);
    switch (dice_roll(&m->dice, 6)) {
    case 0: bytes[place] ^= (unsigned char)(1u << dice_roll(&m->dice, 8)); break;
    case 1: len = place; break;
    case 2: bytes[len++] = 0; break;
    case 3:
        memmove(bytes + 1, bytes, len++);
        bytes[0] = 0;
        break;
    case 4: memset(bytes, 0, len); break;
    case 5:
        if (m->signer->kind != SIGNER_SECRET)
            len = (size_t)snprintf((char *)bytes, sizeof bytes, "%s", "\x30\x06\x02\x01\x01\x02\x01\x01");
        break;
    }
    token->end = at;
    write_base64(token, span_of(bytes, len));
}

static void flip_bit(struct mutant_maker *m, struct buf *token)
{
    char *at = token->at + token->begin + dice_roll(&m->dice, buf_len(token));
    char flipped = (char)(*at ^ (1 << dice_roll(&m->dice, 8)));
    *at = flipped == '\0' ? 'A' : flipped;
}

static void change_text(struct mutant_maker *m, struct buf *token)
{
    struct span copy = arena_copy(&m->arena, buf_span(token));
    size_t at = dice_roll(&m->dice, copy.len), many = 1 + dice_roll(&m->dice, 8);
    static const char inserted[] = ".|A|=|-| |\n|,|\x80|..";
    buf_clear(token);
    buf_add_span(token, span_cut(copy, at));
    if (dice_roll(&m->dice, 2) == 0)
        buf_add_span(token, pick(m, inserted));
    buf_add_span(token, span_from(copy, at + (dice_roll(&m->dice, 2) == 0 ? 0 : many)));
}

/* Parts dropped, doubled, swapped. */
static void change_parts(struct mutant_maker *m, struct buf *token)
{
    static const char *const orders[] = {"",       "0",      "1",       "2",         "01",    "02",    "12",
                                         "0.1",    "0.1.",   "0..2",    ".1.2",      "..",    "1.0.2", "0.2.1",
                                         "0.1.2.", ".0.1.2", "0.1.2.2", "0.1.2.0.1", "0.0.2", "0.1.1", "0.1.2."};
    struct span copy = arena_copy(&m->arena, buf_span(token)), parts[3];
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        need(span_split(&copy, '.', &parts[i]));
    buf_clear(token);
    for (const char *at = orders[dice_roll(&m->dice, COUNT_OF(orders))]; *at != '\0'; at++) {
        if (*at == '.')
            buf_add_char(token, '.');
        else
            buf_add_span(token, parts[*at - '0']);
    }
}

/* The claims of one sound token under the signature of another. */
static void swap_signature(struct mutant_maker *m, struct buf *token)
{
    AUTO(buf) other = {0};
    struct draft d = draft_make(m);
    write_signed(m, &d, &other);
    size_t from = last_dot(&other);
    token->end = last_dot(token);
    buf_add(token, other.at + from, other.end - from);
}

/* ---- one mutant ---- */

static const struct {
    const char *name;
    unsigned weight;
    void (*draft)(struct mutant_maker *, struct draft *);
    void (*text)(struct mutant_maker *, struct buf *);
} kinds[] = {
    {"nothing", 4, keep, NULL},
    {"alg", 8, change_alg, NULL},
    {"digest", 4, change_digest, NULL},
    {"header", 10, change_header, NULL},
    {"time", 16, change_time, NULL},
    {"issuer", 6, change_issuer, NULL},
    {"values", 24, change_values, NULL},
    {"repeated", 4, repeat_member, NULL},
    {"frame", 6, frame_json, NULL},
    {"base64 signed", 6, spoil_signed_part, NULL},
    {"base64 of signature", 8, keep, spoil_signature},
    {"signature", 8, keep, change_signature},
    {"bit", 10, keep, flip_bit},
    {"text", 8, keep, change_text},
    {"parts", 6, keep, change_parts},
    {"another's signature", 2, keep, swap_signature},
};

static size_t roll_kind(struct dice *dice)
{
    unsigned sum = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        sum += kinds[i].weight;
    size_t rolled = dice_roll(dice, sum), kind = 0;
    for (; rolled >= kinds[kind].weight; kind++)
        rolled -= kinds[kind].weight;
    return kind;
}

const char *mutant_make(struct mutant_maker *maker, struct buf *token)
{
    size_t kind = roll_kind(&maker->dice);
    struct draft draft = draft_make(maker);
    buf_clear(token);
    kinds[kind].draft(maker, &draft);
    write_signed(maker, &draft, token);
    if (kinds[kind].text != NULL)
        kinds[kind].text(maker, token);
    need(!token->is_broken);
    arena_fini(&maker->arena);
    return kinds[kind].name;
}
