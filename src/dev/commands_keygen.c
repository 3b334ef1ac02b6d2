/* SPDX-License-Identifier: Apache-2.0 */
/* keygen: a fresh key, as public and private JWK Set and as PEM. */
#include "dev/commands.h"
#include "dev/secret_key.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct keygen_options {
    const char *alg, *kid, *out;
};

static const struct option_row rows[] = {
    {.name = "alg",
     .argument = "A",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct keygen_options, alg),
     .is_required = true,
     .help = "HS256-512, RS256-512, PS256-512, ES256-512, EdDSA, Ed25519 or Ed448"},
    {.name = "kid",
     .argument = "K",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct keygen_options, kid),
     .is_required = true,
     .help = "name of the key: letters, digits, `.`, `_`, `-`"},
    {.name = "out",
     .argument = "DIR",
     .kind = OPTION_TEXT,
     .offset = offsetof(struct keygen_options, out),
     .is_required = true,
     .help = "directory for the files; made when missing"},
};

static int run(const struct command *command, int argc, char **argv);

const struct command commands_keygen = {
    .name = "keygen",
    .summary = "make a key pair, or a secret",
    .synopsis = "--alg A --kid K --out DIR",
    .description = "Writes jwks.json (public), private.jwks.json and K.pem (private, readable by the owner only).\n"
                   "A secret (HS*) has no public key: jwks.json is empty then, and K.base64 holds the secret as the\n"
                   "element <key> of a policy's <issuer-signing-keys> takes it. Nothing is overwritten.",
    .examples = "  jwtgate-dev keygen --alg RS256 --kid one --out keys\n"
                "  jwtgate-dev mint --key keys/private.jwks.json --iss https://me.example --aud api\n",
    .options = rows,
    .count = COUNT_OF(rows),
    .run = run,
};

static bool is_file_name(const char *kid)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return kid[0] != '\0' && kid[0] != '.' && kid[strspn(kid, allowed)] == '\0' && strlen(kid) <= 200;
}

enum { FILES_MAX = 3, PATH_BYTES = 4096 };

struct output {
    char path[PATH_BYTES];
    mode_t mode;
    struct buf bytes;
};

static bool name_output(struct output *output, const char *dir, const char *name, const char *end, mode_t mode,
                        struct err *err)
{
    output->mode = mode;
    int len = snprintf(output->path, sizeof output->path, "%s/%s%s", dir, name, end);
    return (len > 0 && len < PATH_BYTES) || fail(err, REASON_USAGE, "the path is too long");
}

static bool put_base64(const struct secret_key *key, struct buf *out)
{
    size_t chars = (key->secret_len + 2) / 3 * 4;
    if (!buf_reserve(out, chars + 1))
        return false;
    EVP_EncodeBlock((unsigned char *)out->at + out->end, key->secret, (int)key->secret_len);
    out->end += chars;
    return true;
}

static bool fill_outputs(struct output outputs[FILES_MAX], const struct secret_key *key, struct err *err)
{
    bool is_secret = key->secret != NULL;
    bool is_filled = secret_key_write_set(&key, 1, false, &outputs[0].bytes) && buf_add_char(&outputs[0].bytes, '\n') &&
                     secret_key_write_set(&key, 1, true, &outputs[1].bytes) && buf_add_char(&outputs[1].bytes, '\n') &&
                     (is_secret ? put_base64(key, &outputs[2].bytes) && buf_add_char(&outputs[2].bytes, '\n')
                                : secret_key_write_pem(key, true, &outputs[2].bytes));
    return is_filled || fail(err, REASON_SYSTEM, "the key could not be written down");
}

static bool write_output(const struct output *output, struct err *err)
{
    int fd = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, output->mode);
    if (fd < 0)
        return fail(err, REASON_SYSTEM, "%s: %s", output->path, strerror(errno));
    struct span bytes = buf_span(&output->bytes);
    bool is_written = write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len;
    is_written = close(fd) == 0 && is_written;
    return is_written || fail(err, REASON_SYSTEM, "%s could not be written: %s", output->path, strerror(errno));
}

/* All or none: looked at before the first is written. */
static bool check_absent(const struct output outputs[FILES_MAX], struct err *err)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (access(outputs[i].path, F_OK) == 0)
            return fail(err, REASON_SYSTEM, "%s is there already; remove it, or choose another --out", outputs[i].path);
    return true;
}

/* With the directories above it. */
static bool make_directory(const char *path, struct err *err)
{
    char part[PATH_BYTES];
    for (size_t len = 1; path[len - 1] != '\0'; len++) {
        if (path[len] != '/' && path[len] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return fail(err, REASON_SYSTEM, "%s: %s", part, strerror(errno));
    }
    return true;
}

static bool generate(const struct keygen_options *options, struct output outputs[FILES_MAX], struct err *err)
{
    enum alg alg = commands_read_alg(options->alg, err);
    if (alg == ALG_UNKNOWN)
        return false;
    if (!is_file_name(options->kid))
        return fail(err, REASON_USAGE, "--kid \"%s\" cannot name a file: letters, digits, `.`, `_`, `-` only",
                    QUOTED(span_str(options->kid)));
    const char *end = alg_info(alg)->family == KEY_OCT ? ".base64" : ".pem";
    if (!name_output(&outputs[0], options->out, "jwks", ".json", 0644, err) ||
        !name_output(&outputs[1], options->out, "private.jwks", ".json", 0600, err) ||
        !name_output(&outputs[2], options->out, options->kid, end, 0600, err) || !check_absent(outputs, err))
        return false;
    AUTO_PTR(secret_key) key = secret_key_make(alg, options->kid, err);
    if (key == NULL || !fill_outputs(outputs, key, err))
        return false;
    return make_directory(options->out, err) && write_output(&outputs[0], err) && write_output(&outputs[1], err) &&
           write_output(&outputs[2], err);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct keygen_options options = {0};
    struct operands operands;
    struct err err = {0};
    int status;
    static struct output outputs[FILES_MAX];
    if (!options_read(&commands_program, command, argc, argv, &options, &operands, &status))
        return status;
    bool is_made = generate(&options, outputs, &err);
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (is_made)
            printf("%s\n", outputs[i].path);
        if (outputs[i].bytes.at != NULL)
            explicit_bzero(outputs[i].bytes.at, outputs[i].bytes.size);
        buf_fini(&outputs[i].bytes);
    }
    return is_made ? 0 : commands_failed(command, &err);
}
