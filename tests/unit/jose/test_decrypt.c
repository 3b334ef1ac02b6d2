/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted tokens: published examples, tokens of every algorithm by another library, and each way to spoil one (attacks J2-J5).
 *
 * Method: a token that opens, and the same with one thing changed.
 */
#include "jose/decrypt.h"

#include "encrypting.h"
#include "jose/b64url.h"
#include "signing.h"
#include "unit.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <dirent.h>

enum { DEPTH = 8, TOKEN_BYTES_MAX = 4096 };

#define PROSPER "Live long and prosper."
#define CORPUS JWTGATE_SOURCE_DIR "/tests/fuzz/corpus/decrypt"

static struct decrypt_keys *all;

/* The clear text as malloc'ed text, or NULL with the err filled; OpenSSL's queue is empty then. */
static char *open_with(const struct decrypt_keys *keys, struct span token, struct err *err)
{
    AUTO(arena) arena = {0};
    struct decrypted opened;
    *err = (struct err){.reason = REASON_NONE};
    bool is_open = decrypt_token(&opened, &arena, token, keys, DEPTH, err);
    assert_int_equal(ERR_peek_error(), 0);
    assert_true(is_open || (err->reason == REASON_JWT_INVALID && opened.content.at == NULL));
    return is_open ? span_dup(opened.content) : NULL;
}

static void must_open(const struct decrypt_keys *keys, struct span token, const char *clear)
{
    struct err err;
    char *found = open_with(keys, token, &err);
    if (found == NULL)
        fail_msg("%.*s: %s", SPAN_ARG(token), err.text);
    assert_string_equal(found, clear);
    free(found);
}

static void must_refuse(const struct decrypt_keys *keys, struct span token, const char *why)
{
    struct err err;
    char *found = open_with(keys, token, &err);
    if (found != NULL || strstr(err.text, why) == NULL)
        fail_msg("%.*s: %s, not %s", SPAN_ARG(token), found == NULL ? err.text : "opened", why);
}

/* --- published examples --- */

/* RFC 7516 A.1, RFC 7516 A.3, RFC 7520 5.4; the keys are those of encrypting.h. */
static const struct {
    const char *token, *clear;
} examples[] = {
    {"eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ."
     "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_"
     "etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9"
     "d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_"
     "tETKzpVLzfiwQ"
     "yeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg."
     "48V1_ALb6US04U3b."
     "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ",
     "The true sign of intelligence is not knowledge but imagination."},
    {"eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ."
     "AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ",
     PROSPER},
    {"eyJhbGciOiJFQ0RILUVTK0ExMjhLVyIsImtpZCI6InBlcmVncmluLnRvb2tAdHVja2Jvcm91Z2guZXhhbXBsZSIsImVwayI6eyJrdHkiOiJFQyIsI"
     "mNy"
     "diI6IlAtMzg0IiwieCI6InVCbzRrSFB3Nmtiang1bDB4b3dyZF9vWXpCbWF6LUdLRlp1NHhBRkZrYllpV2d1dEVLNml1RURzUTZ3TmROZzMiLCJ5I"
     "joic"
     "3AzcDVTR2haVkMyZmFYdW1JLWU5SlUyTW84S3BvWXJGRHI1eVBOVnRXNFBnRXdaT3lRVEEtSmRhWTh0YjdFMCJ9LCJlbmMiOiJBMTI4R0NNIn0."
     "0DJjBXri_kBcC46IkU5_Jk9BqaQeHdv2.mH-G2zVqgztUtnW_."
     "tkZuOO9h95OgHJmkkrfLBisku8rGf6nzVxhRM3sVOhXgz5NJ76oID7lpnAi_cPWJRCjSpAaUZ5dOR3Spy7QuEkmKx8-"
     "3RCMhSYMzsXaEwDdXta9Mn5B7c"
     "CBoJKB0IgEnj_qfo1hIi-"
     "uEkUpOZ8aLTZGHfpl05jMwbKkTe2yK3mjF6SBAsgicQDVCkcY9BLluzx1RmC3ORXaM0JaHPB93YcdSDGgpgBWMVrNU1ErkjcM"
     "qMoT_wtCex3w03XdLkjXIuEr2hWgeP-nkUZTPU9EoGSPj6fAS-bSz87RCPrxZdj_"
     "iVyC6QWcqAu07WNhjzJEPc4jVntRJ6K53NgPQ5p99l3Z408OUqj4ioY"
     "ezbS6vTPlQ.WuGzxmcreYjpHGJoa17EBg",
     "You can trust us to stick with you through thick and thin\xe2\x80\x93to the bitter end. And you can trust us to "
     "keep any "
     "secret of yours\xe2\x80\x93"
     "closer than you keep it yourself. But you cannot trust us to let you face trouble alone, and "
     "go off without a word. We are your friends, Frodo."},
};

static void published_examples_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct span token = span_str(examples[i].token);
        must_open(all, token, examples[i].clear);
        must_refuse(all, span_cut(token, token.len - 1), "");
    }
}

/* RFC 7518 C: the key that Alice and Bob agree upon encrypts here. */
static void the_agreed_key_of_rfc_7518_c_is_derived(void **state)
{
    (void)state;
    const char *header =
        "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\",\"apu\":\"QWxpY2U\",\"apv\":\"Qm9i\",\"epk\":{\"kty\":\"EC\",\"crv\":"
        "\"P-256\",\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\",\"y\":\"SLW_xSffzlPWrHEVI30DHM_"
        "4egVwt3NQqeUD7nMFpps\"}}";
    unsigned char key[32];
    size_t len;
    struct err err;
    assert_true(b64url_decode(SPAN("VqqN6vgjbSBcIijNcacQGg"), key, &len, &err));
    char *token = encrypting_token(header, SPAN(PROSPER), span_of(key, len));
    must_open(all, span_str(token), PROSPER);
    free(token);
    key[0] ^= 1;
    token = encrypting_token(header, SPAN(PROSPER), span_of(key, len));
    must_refuse(all, span_str(token), "none of the decryption keys opens");
    free(token);
}

/* --- tokens of another library --- */

static struct span read_file(const char *path, char out[TOKEN_BYTES_MAX])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, TOKEN_BYTES_MAX, file);
    fclose(file);
    return span_of(out, len);
}

/* Calls `run` with every token of the corpus; returns how many there are. */
static unsigned each_token(void (*run)(struct span token))
{
    DIR *dir = opendir(CORPUS);
    unsigned count = 0;
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[1024], bytes[TOKEN_BYTES_MAX];
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "header-", 7) == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
        run(read_file(path, bytes));
        count++;
    }
    closedir(dir);
    return count;
}

static void open_one(struct span token)
{
    must_open(all, token, PROSPER);
}

static void tokens_of_every_algorithm_open(void **state)
{
    (void)state;
    assert_true(each_token(open_one) >= 23);
}

/* Another character in place of each, and each left out: no such token opens. */
static void spoil_one(struct span token)
{
    char text[TOKEN_BYTES_MAX];
    for (size_t i = 0; i < token.len; i++) {
        memcpy(text, token.at, token.len);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        must_refuse(all, span_of(text, token.len), "");
    }
    for (size_t i = 0; i < token.len; i += 7) {
        memcpy(text, token.at, i);
        memcpy(text + i, token.at + i + 1, token.len - i - 1);
        must_refuse(all, span_of(text, token.len - 1), "");
    }
}

static void no_character_of_a_token_may_change(void **state)
{
    (void)state;
    each_token(spoil_one);
}

/* The part `index` of a token with its first character changed. */
static char *change_part(struct span token, size_t index)
{
    char *text = span_dup(token), *at = text;
    for (size_t i = 0; i < index; i++)
        at = strchr(at, '.') + 1;
    if (*at == '.')
        return text;
    *at = *at == 'A' ? 'B' : 'A';
    return text;
}

/* RFC 7516 11.5: whatever is wrong behind the header, the answer is one. */
static void answer_one(struct span token)
{
    for (size_t part = 1; part < 5; part++) {
        char *text = change_part(token, part);
        if (strlen(text) == token.len && memcmp(text, token.at, token.len) != 0)
            must_refuse(all, span_str(text), "none of the decryption keys opens the token");
        free(text);
    }
}

static void nothing_says_what_failed_behind_the_header(void **state)
{
    (void)state;
    each_token(answer_one);
}

/* --- headers and lengths --- */

#define DIRECT "\"alg\":\"dir\",\"enc\":\"A128GCM\""

static const struct {
    const char *header;
    const char *why; /* NULL: it opens */
} headers[] = {
    {"{" DIRECT "}", NULL},
    {"{" DIRECT ",\"typ\":\"JWT\",\"cty\":\"JWT\",\"kid\":\"other\",\"future\":1}", NULL},
    {"{" DIRECT ",\"zip\":\"DEF\"}", "zip"},
    {"{" DIRECT ",\"zip\":null}", "zip"},
    {"{" DIRECT ",\"crit\":[\"exp\"]}", "crit"},
    {"{" DIRECT ",\"crit\":[]}", "crit"},
    {"{" DIRECT ",\"typ\":1}", "typ is no string"},
    {"{" DIRECT ",\"cty\":[\"JWT\"]}", "cty is no string"},
    {"{" DIRECT ",\"alg\":\"dir\"}", "header"},
    {"{\"alg\":\"Dir\",\"enc\":\"A128GCM\"}", "alg is Dir"},
    {"{\"alg\":7,\"enc\":\"A128GCM\"}", "alg is no string"},
    {"{\"enc\":\"A128GCM\"}", "alg is "},
    {"{\"alg\":\"dir\"}", "enc is "},
    {"{\"alg\":\"dir\",\"enc\":\"a128gcm\"}", "enc is a128gcm"},
    {"{\"alg\":\"dir\",\"enc\":[\"A128GCM\"]}", "enc is no string"},
    {"{\"alg\":\"dir\",\"enc\":\"A192GCM\"}", "none of the decryption keys opens"},
    {"{\"alg\":\"dir\",\"enc\":\"A128CBC-HS256\"}", "iv and tag of 12 and 16 bytes"},
    {"{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}", "alg is RSA1_5; that is not decrypted"},
    {"{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128GCM\",\"p2s\":\"AAAAAAAAAAA\",\"p2c\":2147483647}",
     "alg is PBES2-HS256+A128KW; that is not decrypted"},
    {"{\"alg\":\"none\",\"enc\":\"A128GCM\"}", "alg is none"},
    {"{\"alg\":\"RS256\",\"enc\":\"A128GCM\"}", "alg is RS256"},
    {"{\"alg\":\"A128KW\",\"enc\":\"A128GCM\"}", "encrypted key of 0 bytes"},
    {"{\"alg\":\"A128GCMKW\",\"enc\":\"A128GCM\"}", "encrypted key of 0 bytes"},
    {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A128GCM\"}", "encrypted key of 0 bytes"},
    {"[" DIRECT "]", "header"},
    {"{" DIRECT "}x", "header"},
    {"{" DIRECT ",\"a\":[[[[[[[[]]]]]]]]}", "header"},
};

static void headers_are_understood_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        char *token = encrypting_token_16(headers[i].header, SPAN(PROSPER));
        if (headers[i].why == NULL)
            must_open(all, span_str(token), PROSPER);
        else
            must_refuse(all, span_str(token), headers[i].why);
        free(token);
    }
}

static void an_empty_text_and_any_bytes_can_be_encrypted(void **state)
{
    (void)state;
    struct err err;
    char *empty = encrypting_token_16("{" DIRECT "}", SPAN("")),
         *bytes = encrypting_token_16("{" DIRECT "}", SPAN("\x01\xff"));
    char *clear = open_with(all, span_str(empty), &err);
    assert_string_equal(clear, "");
    free(clear);
    must_open(all, span_str(bytes), "\x01\xff");
    free(empty);
    free(bytes);
}

/* {"alg":"dir","enc":"A128GCM"}, {"alg":"dir","enc":"A128CBC-HS256"}, {"alg":"A128KW","enc":"A128GCM"} */
#define GCM "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0"
#define CBC "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0"
#define WRAPPED "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIn0"
#define A12 "AAAAAAAAAAAAAAAA"
#define A16 "AAAAAAAAAAAAAAAAAAAAAA"
#define A24 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
    const char *token, *why;
} shapes[] = {
    {GCM ".." A12 ".AAAA." A16, "none of the decryption keys opens"},
    {GCM ".." A12 ".AAAA", "5 parts"},
    {GCM ".." A12 ".AAAA." A16 ".", "5 parts"},
    {"....", "header"},
    {"", "5 parts"},
    {GCM ".." A12 ".AAAA." A16 "=", "tag: "},
    {GCM ".." A12 ".AA+A." A16, "encrypted text: "},
    {GCM ".." A12 ".AAAA.AAAAAAAAAAAAAAAAAAAAAB", "tag: "},
    {GCM ".." A12 ".AAAA.AAAAAAAAAAAAAAAAAAAA", "iv and tag of 12 and 15 bytes"},
    {GCM ".." A12 ".AAAA." A16 "AA", "iv and tag of 12 and 18 bytes"},
    {GCM ".." A12 ".AAAA.", "iv and tag of 12 and 0 bytes"},
    {GCM ".." A16 ".AAAA." A16, "iv and tag of 16 and 16 bytes"},
    {GCM "...AAAA." A16, "iv and tag of 0 and 16 bytes"},
    {GCM ".AAAA." A12 ".AAAA." A16, "encrypted key of 3 bytes"},
    {CBC ".." A16 "." A16 "." A16, "none of the decryption keys opens"},
    {CBC ".." A16 "..." A16, "5 parts"},
    {CBC ".." A16 ".." A16, "encrypted text of 0 bytes"},
    {CBC ".." A16 "." A12 "." A16, "encrypted text of 12 bytes"},
    {CBC ".." A12 "." A16 "." A16, "iv and tag of 12 and 16 bytes"},
    {WRAPPED "." A24 "." A12 ".AAAA." A16, "none of the decryption keys opens"},
    {WRAPPED "." A16 "." A12 ".AAAA." A16, "encrypted key of 16 bytes"},
};

static void parts_have_their_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        must_refuse(all, span_str(shapes[i].token), shapes[i].why);
}

/* --- agreement --- */

#define ALICE_X "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"
#define ALICE_Y "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"
#define ZERO_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define EPK(members) ",\"epk\":{" members "}"

/* Attack J5.  The first is sound and fails at the tag alone; so do the zeros of X25519, after an agreement that is none. */
static const struct {
    const char *members, *why;
} agreements[] = {
    {EPK("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\""),
     "none of the decryption keys opens"},
    {EPK("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ALICE_Y "\",\"y\":\"" ALICE_X "\""),
     "epk: the point is not on its curve"},
    {EPK("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ZERO_32 "\",\"y\":\"" ZERO_32 "\""),
     "epk: the point is not on its curve"},
    {EPK("\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\""),
     "epk: coordinates of 32 and 32"},
    {EPK("\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\""), "epk: curve secp256k1"},
    {EPK("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ALICE_X "\""), "epk: coordinates of 32 and 0"},
    {EPK("\"kty\":\"EC\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\""), "epk: curve"},
    {EPK("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":7,\"y\":\"" ALICE_Y "\""), "x is no string"},
    {EPK("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" ALICE_X "=\",\"y\":\"" ALICE_Y "\""), "header: x"},
    {EPK("\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"" ALICE_X "\",\"y\":\"" ALICE_Y "\""), "no key of kty EC or OKP"},
    {EPK("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ALICE_X "\""), "none of the decryption keys opens"},
    {EPK("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ZERO_32 "\""), "none of the decryption keys opens"},
    {EPK("\"kty\":\"OKP\",\"crv\":\"X448\",\"x\":\"" ALICE_X "\""), "no key on X25519 or X448"},
    {EPK("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ALICE_X "\""), "no key on X25519 or X448"},
    {EPK("\"kty\":\"OKP\",\"crv\":\"X25519\""), "no key on X25519 or X448"},
    {",\"epk\":[]", "epk is missing or no object"},
    {"", "epk is missing or no object"},
    {",\"apu\":7" EPK("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ALICE_X "\""), "apu is no string"},
    {",\"apv\":\"A\"" EPK("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ALICE_X "\""), "header: apv"},
};

static void keys_agreed_with_are_points_of_known_curves(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(agreements); i++) {
        char header[600];
        snprintf(header, sizeof header, "{\"alg\":\"ECDH-ES\",\"enc\":\"A128GCM\"%s}", agreements[i].members);
        char *token = encrypting_token_16(header, SPAN(PROSPER));
        must_refuse(all, span_str(token), agreements[i].why);
        free(token);
    }
}

/* --- keys --- */

static struct span corpus_token(const char *name, char out[TOKEN_BYTES_MAX])
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", CORPUS, name);
    return read_file(path, out);
}

static void a_key_serves_what_fits_it(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        enum encrypting_key key, other;
    } cases[] = {
        {"RSA-OAEP", ENCRYPTING_RSA, ENCRYPTING_P256},
        {"ECDH-ES-p256", ENCRYPTING_P256, ENCRYPTING_P384},
        {"ECDH-ES-p521", ENCRYPTING_P521, ENCRYPTING_RSA},
        {"ECDH-ES-x25519", ENCRYPTING_X25519, ENCRYPTING_X448},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char bytes[TOKEN_BYTES_MAX];
        struct err err;
        struct span token = corpus_token(cases[i].token, bytes);
        AUTO_PTR(decrypt_keys) right = decrypt_keys_new();
        AUTO_PTR(decrypt_keys) wrong = decrypt_keys_new();
        assert_true(decrypt_keys_add_private(right, encrypting_pem(cases[i].key), &err));
        assert_true(decrypt_keys_add_private(wrong, encrypting_pem(cases[i].other), &err));
        must_open(right, token, PROSPER);
        must_refuse(wrong, token, "none of the decryption keys fits");
    }
    AUTO_PTR(decrypt_keys) none = decrypt_keys_new();
    must_refuse(none, span_str(examples[1].token), "none of the decryption keys fits A128KW with A128CBC-HS256");
}

/* Each key is tried until one works, whatever the order. */
static void sixteen_keys_are_tried_and_no_more_are_taken(void **state)
{
    (void)state;
    unsigned char secret[16] = {0}, room[ENCRYPTING_SECRET_BYTES_MAX];
    struct err err;
    AUTO_PTR(decrypt_keys) keys = decrypt_keys_new();
    for (; secret[0] < DECRYPT_KEYS_MAX - 1; secret[0]++)
        assert_true(decrypt_keys_add_secret(keys, span_of(secret, sizeof secret), &err));
    must_refuse(keys, span_str(examples[1].token), "none of the decryption keys opens");
    assert_true(decrypt_keys_add_secret(keys, encrypting_secret(room, 16), &err));
    must_open(keys, span_str(examples[1].token), PROSPER);
    assert_int_equal(decrypt_keys_count(keys), 16);
    assert_false(decrypt_keys_add_secret(keys, span_of(secret, sizeof secret), &err));
    assert_non_null(strstr(err.text, "more than 16 decryption keys"));
    assert_false(decrypt_keys_add_private(keys, encrypting_pem(ENCRYPTING_P256), &err));
    assert_non_null(strstr(err.text, "more than 16 decryption keys"));
}

static void secrets_have_a_length_that_encryption_knows(void **state)
{
    (void)state;
    static const size_t taken[] = {16, 24, 32, 48, 64};
    char bytes[80] = {0};
    for (size_t len = 0; len < sizeof bytes; len++) {
        bool is_known = false;
        struct err err = {.reason = REASON_NONE};
        AUTO_PTR(decrypt_keys) keys = decrypt_keys_new();
        for (size_t i = 0; i < COUNT_OF(taken); i++)
            is_known = is_known || len == taken[i];
        assert_int_equal(decrypt_keys_add_secret(keys, span_of(bytes, len), &err), is_known);
        assert_true(is_known || err.reason == REASON_KEY_UNUSABLE);
    }
}

static void add_private(struct span file, const char *why)
{
    struct err err = {.reason = REASON_NONE};
    AUTO_PTR(decrypt_keys) keys = decrypt_keys_new();
    bool is_added = decrypt_keys_add_private(keys, file, &err);
    assert_int_equal(ERR_peek_error(), 0);
    if (is_added != (why == NULL))
        fail_msg("%s: %s", why == NULL ? "must be taken" : why, err.text);
    if (why == NULL)
        return;
    assert_int_equal(err.reason, REASON_KEY_UNUSABLE);
    if (strstr(err.text, why) == NULL)
        fail_msg("%s, not %s", err.text, why);
}

/* `write` writes into a BIO whose bytes are then added; frees the key. */
static void add_pem(EVP_PKEY *pkey, const EVP_CIPHER *cipher, const char *why)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, cipher == NULL ? NULL : "word",
                                                   cipher == NULL ? 0 : 4, NULL, NULL),
                     1);
    long len = BIO_get_mem_data(bio, &at);
    add_private(span_of(at, (size_t)len), why);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void keys_that_cannot_decrypt_are_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ENCRYPTING_COUNT; i++)
        add_private(encrypting_pem((enum encrypting_key)i), NULL);
    add_pem(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), NULL, NULL);
    add_pem(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), NULL, "RSA key of 1024 bits");
    add_pem(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), EVP_aes_128_cbc(), "no private key found");
    add_pem(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), NULL, "this key cannot decrypt");
    add_pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, "this key cannot decrypt");
    add_private(SPAN(""), "no private key found");
    add_private(SPAN("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "no private key found");
    add_private(SPAN("0\x82"), "no private key found");
}

static char *certificate_pem(const struct signer *signer)
{
    size_t len;
    unsigned char *der = signer_certificate(signer, &len);
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
    long bytes = BIO_get_mem_data(bio, &text);
    text = span_dup(span_of(text, (size_t)bytes));
    BIO_free(bio);
    X509_free(certificate);
    free(der);
    return text;
}

static char *key_pem(const struct signer *signer)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, signer->pkey, NULL, NULL, 0, NULL, NULL), 1);
    long bytes = BIO_get_mem_data(bio, &text);
    text = span_dup(span_of(text, (size_t)bytes));
    BIO_free(bio);
    return text;
}

static void add_both(const char *first, const char *second, const char *why)
{
    char file[16384];
    snprintf(file, sizeof file, "%s%s", first, second);
    add_private(span_str(file), why);
}

static void add_pfx(const struct signer *signer, const char *password, const char *why)
{
    size_t len;
    unsigned char *der = signer_certificate(signer, &len), *bytes = NULL;
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    PKCS12 *pfx = PKCS12_create(password, "name", signer->pkey, certificate, NULL, 0, 0, 0, 0, 0);
    int count = i2d_PKCS12(pfx, &bytes);
    add_private(span_of(bytes, (size_t)count), why);
    OPENSSL_free(bytes);
    PKCS12_free(pfx);
    X509_free(certificate);
    free(der);
}

static void a_private_key_comes_alone_or_with_its_certificate(void **state)
{
    (void)state;
    struct signer *rsa = signer_new(SIGNER_RSA2048, NULL), *other = signer_new(SIGNER_RSA2048, NULL);
    struct signer *ec = signer_new(SIGNER_P256, NULL);
    char *certificate = certificate_pem(rsa), *key = key_pem(rsa), *ec_certificate = certificate_pem(ec);
    char *other_key = key_pem(other), *ec_key = key_pem(ec), *public_key = signer_public_pem(rsa);
    add_both(key, "", NULL);
    add_both(key, certificate, NULL);
    add_both(certificate, key, NULL);
    add_both(ec_certificate, ec_key, NULL);
    add_both(certificate, other_key, "not that of the certificate");
    add_both(certificate, ec_key, "not that of the certificate");
    add_both(certificate, "", "no private key found");
    add_both(public_key, "", "no private key found");
    add_pfx(rsa, "", NULL);
    add_pfx(ec, "", NULL);
    add_pfx(rsa, "word", "no private key found");
    char *const texts[] = {certificate, key, ec_certificate, other_key, ec_key, public_key};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        free(texts[i]);
    signer_free(rsa);
    signer_free(other);
    signer_free(ec);
}

static int make_keys(void **state)
{
    (void)state;
    all = encrypting_keys();
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    decrypt_keys_free(all);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_open),
        cmocka_unit_test(the_agreed_key_of_rfc_7518_c_is_derived),
        cmocka_unit_test(tokens_of_every_algorithm_open),
        cmocka_unit_test(no_character_of_a_token_may_change),
        cmocka_unit_test(nothing_says_what_failed_behind_the_header),
        cmocka_unit_test(headers_are_understood_or_refused),
        cmocka_unit_test(an_empty_text_and_any_bytes_can_be_encrypted),
        cmocka_unit_test(parts_have_their_length),
        cmocka_unit_test(keys_agreed_with_are_points_of_known_curves),
        cmocka_unit_test(a_key_serves_what_fits_it),
        cmocka_unit_test(sixteen_keys_are_tried_and_no_more_are_taken),
        cmocka_unit_test(secrets_have_a_length_that_encryption_knows),
        cmocka_unit_test(keys_that_cannot_decrypt_are_refused),
        cmocka_unit_test(a_private_key_comes_alone_or_with_its_certificate),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
