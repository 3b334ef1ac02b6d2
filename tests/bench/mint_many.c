/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens by the hundred thousand, for tests/bench/compare: all of one length, each another.
 *
 *   bench_mint DIR COUNT ALG PAYLOAD
 *
 * Makes a key for ALG (RS256 or ES256) and writes below DIR: ALG.tokens, COUNT tokens one behind the other with a line end each;
 * ALG.pem, the public key; ALG.jwk.  PAYLOAD is the claims with one %010u in them, which becomes the number of the token.
 */
#include "signing.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512, PAYLOAD_BYTES = 4096 };

static void give_up(const char *what)
{
    fprintf(stderr, "bench_mint: %s\n", what);
    exit(1);
}

static FILE *file_make(const char *dir, const char *alg, const char *suffix)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s.%s", dir, alg, suffix);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        give_up("a file cannot be written");
    return file;
}

static void file_end(FILE *file)
{
    if (fclose(file) != 0)
        give_up("a file cannot be written");
}

static void text_write(const char *dir, const char *alg, const char *suffix, char *text)
{
    FILE *file = file_make(dir, alg, suffix);
    fputs(text, file);
    file_end(file);
    free(text);
}

static void tokens_write(FILE *file, const struct signer *signer, enum alg alg, const char *pattern, unsigned count)
{
    char text[PAYLOAD_BYTES];
    const char *mark = strstr(pattern, "%010u");
    if (mark == NULL || strlen(pattern) + sizeof "0000000000" > sizeof text)
        give_up("no mark in the payload");
    size_t front = (size_t)(mark - pattern);
    snprintf(text, sizeof text, "%.*s0000000000%s", (int)front, pattern, mark + strlen("%010u"));
    for (unsigned i = 0; i < count; i++) {
        char digits[11];
        snprintf(digits, sizeof digits, "%010u", i);
        memcpy(text + front, digits, sizeof digits - 1);
        char *token = signer_token(signer, alg, NULL, span_str(text));
        fprintf(file, "%s\n", token);
        free(token);
    }
}

int main(int count, char **values)
{
    if (count != 5)
        give_up("usage: bench_mint DIR COUNT RS256|ES256 PAYLOAD");
    const char *dir = values[1];
    const char *name = values[3];
    bool is_rsa = strcmp(name, "RS256") == 0;
    struct signer *signer = signer_new(is_rsa ? SIGNER_RSA2048 : SIGNER_P256, name);
    text_write(dir, name, "jwk", signer_jwk(signer, "\"use\":\"sig\""));
    text_write(dir, name, "pem", signer_public_pem(signer));
    FILE *file = file_make(dir, name, "tokens");
    tokens_write(file, signer, is_rsa ? ALG_RS256 : ALG_ES256, values[4], (unsigned)strtoul(values[2], NULL, 10));
    file_end(file);
    signer_free(signer);
    return 0;
}
