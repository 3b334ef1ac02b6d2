/* SPDX-License-Identifier: Apache-2.0 */
/* mint: a token on standard output. */
#include "base/node.h"
#include "base/now.h"
#include "base/schema.h"
#include "dev/commands.h"
#include "dev/minting.h"

#include <stdio.h>
#include <string.h>

enum { KEY_FILE_BYTES_MAX = 1 << 20, SECOND_MS = 1000 };

struct mint_options {
    const char *key, *kid, *alg, *iss, *aud, *sub, *exp, *breakage;
    struct option_texts claims, headers;
};

#define TEXT_ROW(name_, argument_, member_, help_)                        \
    {                                                                     \
        .name = (name_), .argument = (argument_), .kind = OPTION_TEXT,    \
        .offset = offsetof(struct mint_options, member_), .help = (help_) \
    }

static const struct option_row rows[] = {
    {.name = "key",
     .argument = "FILE",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct mint_options, key),
     .is_required = true,
     .help = "private key: PEM, private JWK Set or JWK (also kty oct)"},
    TEXT_ROW("kid", "K", kid, "kid of the header; chooses in a set (default: the first\nkey, with its own kid)"),
    TEXT_ROW("alg", "A", alg, "algorithm (default: the key's own, else the first that\nfits it)"),
    TEXT_ROW("iss", "I", iss, "issuer"),
    TEXT_ROW("aud", "A", aud, "audience; several: --claim 'aud=[\"a\",\"b\"]'"),
    TEXT_ROW("sub", "S", sub, "subject"),
    {.name = "claim",
     .argument = "NAME=JSON",
     .kind = OPTION_TEXTS,
     .offset = offsetof(struct mint_options, claims),
     .help = "any claim, byte for byte; may be repeated"},
    {.name = "header",
     .argument = "NAME=JSON",
     .kind = OPTION_TEXTS,
     .offset = offsetof(struct mint_options, headers),
     .help = "any header parameter; may be repeated"},
    TEXT_ROW("exp", "TIME", exp, "+600s, +1h, -5m from now, seconds since 1970, or none\n(default +600s)"),
    TEXT_ROW("break", "KIND", breakage,
             "make it wrong:\n"
             "signature        one bit of the signature is flipped\n"
             "tampered         sub is changed after signing\n"
             "truncated        the last 10 characters are missing\n"
             "padding          the signature ends in `=`\n"
             "parts            the signature and its dot are missing\n"
             "wrong-key        signed by a fresh key under the same kid\n"
             "embedded-key     signed by a fresh key that stands in the\n"
             "                 header as jwk\n"
             "alg-none         alg is none and the signature empty\n"
             "hs-public-key    HS256 keyed with the public key as PEM\n"
             "kid              rightly signed, the kid names no key\n"
             "crit             rightly signed, with a critical parameter\n"
             "                 that nobody knows\n"
             "expired          exp passed ten minutes ago\n"
             "not-yet          nbf comes in ten minutes\n"
             "no-exp           exp is missing\n"
             "duplicate-claim  sub stands there twice"),
};

static int run(const struct command *command, int argc, char **argv);

const struct command commands_mint = {
    .name = "mint",
    .summary = "make a token, right or deliberately broken",
    .synopsis = "--key FILE [options]",
    .description = "The token goes to standard output. iat and exp are set; all else is said here. Claims and header\n"
                   "parameters given as JSON replace what other options set and arrive byte for byte.",
    .examples = "  jwtgate-dev mint --key keys/private.jwks.json --iss https://me.example --aud api --sub me\n"
                "  jwtgate-dev mint --key keys/one.pem --kid one --claim 'roles=[\"reader\"]' --exp +1h\n"
                "  jwtgate-dev mint --key keys/one.pem --kid one --aud api --break expired\n",
    .options = rows,
    .count = COUNT_OF(rows),
    .run = run,
};

static bool read_relative(const char *text, int64_t *seconds)
{
    int64_t ms;
    if ((text[0] != '+' && text[0] != '-') || !schema_duration(span_str(text + 1), &ms, NULL))
        return false;
    *seconds = (text[0] == '-' ? -ms : ms) / SECOND_MS;
    return true;
}

static bool set_exp(struct minting *minting, const char *text, struct err *err)
{
    int64_t seconds;
    uint64_t at;
    if (text == NULL)
        return true;
    if (strcmp(text, "none") == 0) {
        members_remove(&minting->claims, SPAN("exp"));
        return true;
    }
    if (read_relative(text, &seconds))
        return members_set_number(&minting->claims, "exp", minting->now_s + seconds, err);
    if (span_u64(span_str(text), INT64_MAX, &at))
        return members_set_number(&minting->claims, "exp", (int64_t)at, err);
    return fail(err, REASON_USAGE, "--exp takes +600s, -5m, seconds since 1970, or none; found \"%s\"",
                QUOTED(span_str(text)));
}

static bool read_breakage(const char *name, enum breakage *breakage, struct err *err)
{
    const char *names[BREAK_COUNT];
    size_t count = 0;
    *breakage = BREAK_NONE;
    if (name == NULL)
        return true;
    for (enum breakage each = BREAK_NONE + 1; each < BREAK_COUNT; each++) {
        names[count++] = minting_breakage_name(each);
        if (strcmp(name, minting_breakage_name(each)) == 0)
            *breakage = each;
    }
    if (*breakage != BREAK_NONE)
        return true;
    const char *nearest = schema_nearest(span_str(name), names, count);
    return fail(err, REASON_USAGE, "unknown kind --break \"%s\"%s%s", QUOTED(span_str(name)),
                nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest);
}

static bool set_texts(struct members *members, const struct option_texts *texts, const char *option, struct err *err)
{
    for (size_t i = 0; i < texts->count; i++)
        if (!members_set_pair(members, texts->at[i], err))
            return err_prefix(err, "--%s", option);
    return true;
}

static bool set_text(struct members *members, const char *name, const char *text, struct err *err)
{
    return text == NULL || members_set_text(members, name, span_str(text), err);
}

static struct secret_key *read_key(const struct mint_options *options, struct arena *arena, struct err *err)
{
    struct span bytes;
    enum alg alg = options->alg == NULL ? ALG_UNKNOWN : commands_read_alg(options->alg, err);
    if (options->alg != NULL && alg == ALG_UNKNOWN)
        return NULL;
    if (!node_read_file(arena, options->key, KEY_FILE_BYTES_MAX, &bytes, err))
        return NULL;
    struct secret_key *key = secret_key_read(bytes, alg, options->kid, err);
    if (key == NULL)
        err_prefix(err, "%s", options->key);
    return key;
}

static bool mint(const struct mint_options *options, struct arena *arena, struct buf *out, struct err *err)
{
    struct minting *minting = arena_take(arena, sizeof *minting);
    AUTO_PTR(secret_key) key = read_key(options, arena, err);
    if (minting == NULL || key == NULL)
        return minting != NULL ? false : fail(err, REASON_OUT_OF_MEMORY, "no memory for a token");
    if (!minting_start(minting, arena, key, now_read().wall_s, 600, err) ||
        !set_text(&minting->claims, "iss", options->iss, err) ||
        !set_text(&minting->claims, "aud", options->aud, err) ||
        !set_text(&minting->claims, "sub", options->sub, err) || !set_exp(minting, options->exp, err) ||
        !set_texts(&minting->claims, &options->claims, "claim", err) ||
        !set_texts(&minting->header, &options->headers, "header", err) ||
        !read_breakage(options->breakage, &minting->breakage, err))
        return false;
    minting->is_exact = options->claims.count + options->headers.count > 0;
    return minting_token(minting, out, err);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct mint_options options = {0};
    struct operands operands;
    struct err err = {0};
    int status;
    AUTO(arena) arena = {0};
    AUTO(buf) token = {0};
    if (!options_read(&commands_program, command, argc, argv, &options, &operands, &status))
        return status;
    if (!mint(&options, &arena, &token, &err))
        return commands_failed(command, &err);
    printf("%.*s\n", SPAN_ARG(buf_span(&token)));
    return 0;
}
