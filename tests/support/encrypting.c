/* SPDX-License-Identifier: Apache-2.0 */
/* Plain OpenSSL calls, none of them shared with the code that decrypts. */
#include "encrypting.h"

#include "signing.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <string.h>

enum { IV_BYTES = 12, TAG_BYTES = 16, KEY_BYTES = 16 };

static const char *const pems[ENCRYPTING_COUNT] = {
    [ENCRYPTING_RSA] = "-----BEGIN PRIVATE KEY-----\n"
                       "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQChqFQihbDQrS6w\n"
                       "o245HofjCR/igFRcdPFG+BvjwT4FW/GR4M2NsLiF7ytRZwmhmZ2zaHszvSKYRWFF\n"
                       "Tl2Mg1e2qWVcjgMWpwjUOCNP0t7A0PwxbYqt/dKmyT9mSgWeKVqQbKBPClne56wf\n"
                       "48UAE0hRik6I3Xl2xBGSCvS8SHE33aLZqxs56dJl7JrHOIrvZTDGusqgTG/qRzm3\n"
                       "BdOriH5AKEs6WfT+a1RnB+xFoxK0+zqZLpeuDGfFtaGiN/rre24RC54YL4UIx+tr\n"
                       "foL2ScMUbMqw1rstkrZ2NiDIPclH8wH/g1Qlb9Oo5C3AdhvF6+gkCub4vlK2jCPM\n"
                       "bL79urobAgMBAAECggEBAJC3bSI+hmw5LPwKQkk2ELXpXDbbZSojsj8zK1x3iPsp\n"
                       "NRe/pKQ8WOPlmOTVleSp7WhHl0tY/NhN++ccYVjB18r42HnD0/X6cEfzPYFfJ/R6\n"
                       "4dmp06Uw/dw7etsqVt8g7CcwZ0562LtYsFkYASqxGGOOqgGSKwNsQMJ5tl+7hkdY\n"
                       "YIZKg6dFao95G0gs9V8nwrOvy3oQcLcRyMofEYqcuNKduJqDgG4MVcN68U/75bd1\n"
                       "FXuFjtyZCTs5aVH/ik1SNj7YJvnQEcUxLRPonfuDia9IfivlRbN1Up3VUyM50sX8\n"
                       "q4/CCy+jBv1L/GALu1SC0gd5TltPOfuKhNw84K044MkCgYEA1r52Xk46c+LsfB5P\n"
                       "442p7atdPUrxQSy4mti/tZI3Mgf2EuFVbUoDBvaRQ+SWxkbkmoEzL7JXroSBjSrK\n"
                       "3YIQgYdMgyAEPTPjXv/hI2/1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrl\n"
                       "N/rKrbfDIwUbTrjjgieRbwC6Cl0CgYEAwLb35x7hmQWZsWJmB/vle87ihgZ19S8l\n"
                       "BEROLIsZG4ayZVe9Hi9gDVCOBmUDdaDYVTSNx/8Fyw1YYa9XGrGnDew00J28cRUo\n"
                       "eBB/jKI1oma0Orv1T9aXIWxKwd4gvxFImOWr3QRL9KEBRzk2RatUBnmDZJTIAfwT\n"
                       "s0g68UZHvtcCgYBkr5jATt2JSHSpHW1HvDxYe2iUPHcxn85OjCIW+B95DdKKt6xe\n"
                       "Ob2BnkouExe+j67P4pQlYPFLmkVD8zR692jV0qJFONXD/Hg3KrJc8zmdQs+RylTz\n"
                       "buuelnMAkql2FYCCqtcYoAQJAfRe3i1rOeOd3/NWkCZlmrrRY8wEx8py4QKBgA6t\n"
                       "IH4CdQ3RRl4i70BGZ7ihDdFFJrCQcZI8nXN4+GWHQYjEQMvOsdLxwo8sHDJWGIOM\n"
                       "qAuGGWvYTVXLI6gNxXoi9fa5PIOkJ9vU7dHI/Kqshac/bzQwVHwgIiVXhEjoyQ2T\n"
                       "2B3R2PL9W/qPmdl+bby8fkwnpH+6Mcnig1Kilo4rAoGAVIMpMYbPf47dT1w/zDUX\n"
                       "fPimsSegnMOA1zTaX7aGk/8urY6R8+ZW1FxU7AlWAyLWybqq6t16VFd7hQd0y6fl\n"
                       "UK4SlOydB61gwanOsXGOAOv82cHq0E3eL4HrtZkUuKvnPrMnsUUFlfUdybVzxyjz\n"
                       "9JF/XyaY14ardLSjf4L/FNY=\n"
                       "-----END PRIVATE KEY-----\n",
    [ENCRYPTING_P256] = "-----BEGIN PRIVATE KEY-----\n"
                        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVEmDZpDXXK8p8N0C\n"
                        "ndsxs924q6nS1RXFASRl6BfUqdyhRANCAATB40nLYexwJIzoAQNMODThuI6+EWHL\n"
                        "Ja84dB94X8/ExHvJZwjvgJUrU/jSVV/nK4Qe0EWIYosdN4pZSTlQDsnJ\n"
                        "-----END PRIVATE KEY-----\n",
    [ENCRYPTING_P384] = "-----BEGIN PRIVATE KEY-----\n"
                        "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCJPHamTvBb4aomQdwS\n"
                        "QVBvYQXJhw7tG6CZpbeZGtBUA5SI+iaZPQh2dgrbEOVmH6OhZANiAARhTitFTN2Z\n"
                        "WqZG1Y6zY6kMT9Pl+w0ih1wbwbkVY+tM8zLGnOxI4ZpAul7YWnEGa7YDz7LEIfGR\n"
                        "8HPeEpl8jWNRgyNSGwS95n1Me7AWMfawI122SxElTsPn5KSBoUvURM8=\n"
                        "-----END PRIVATE KEY-----\n",
    [ENCRYPTING_P521] = "-----BEGIN PRIVATE KEY-----\n"
                        "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBDKs0fQcsGEXMfR7W\n"
                        "e6vadNrwFT1EzHVJ8qynDCWkEs4S8dMK0KnKRMrBt1u4ntCBzeQaHz0rm90APJg1\n"
                        "0juQRdehgYkDgYYABAEjxZM9aw7gBhEYjY/CBUzwz1GqwZ1csB+ngy3hJc4ktuV0\n"
                        "s1pdB5imWbQTUmzQZCVLzRpqQvQLeiHxtXLTw4xw+QGgKK4YqBK2f91VENmEV2Xg\n"
                        "d12tBGslGmrNqlRc0WNJyZ7QMgjnS+NoxD8fjVN4E5W33ocJ0nLId7iOSahKeNNT\n"
                        "VA==\n"
                        "-----END PRIVATE KEY-----\n",
    [ENCRYPTING_X25519] = "-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VuBCIEICiqLLTd9vwHRM2J4qgmmHGE2riQhXeGW/iV6BRfPjFe\n"
                          "-----END PRIVATE KEY-----\n",
    [ENCRYPTING_X448] = "-----BEGIN PRIVATE KEY-----\n"
                        "MEYCAQAwBQYDK2VvBDoEOIhoPXR1ErZ6T4XjuGX+HtV2JnCO8RrnhnGaMaYYbIUe\n"
                        "V6Thp2lgXBukTZOoB17XCd2SHm98lfaA\n"
                        "-----END PRIVATE KEY-----\n",
};

static void need(bool is_true)
{
    if (is_true)
        return;
    fprintf(stderr, "encrypting: OpenSSL or memory failed\n");
    abort();
}

struct span encrypting_pem(enum encrypting_key key)
{
    return span_str(pems[key]);
}

struct span encrypting_secret(unsigned char out[ENCRYPTING_SECRET_BYTES_MAX], size_t bytes)
{
    static const unsigned char shortest[] = {25, 172, 32, 130, 225, 114, 26, 181, 138, 106, 254, 192, 95, 133, 74, 82};
    for (size_t i = 0; i < bytes; i++)
        out[i] = bytes == sizeof shortest ? shortest[i] : (unsigned char)(i * 7 + bytes);
    return span_of(out, bytes);
}

struct decrypt_keys *encrypting_keys(void)
{
    static const size_t lengths[] = {16, 24, 32, 48, 64};
    unsigned char secret[ENCRYPTING_SECRET_BYTES_MAX];
    struct err err;
    struct decrypt_keys *keys = decrypt_keys_new();
    need(keys != NULL);
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        need(decrypt_keys_add_secret(keys, encrypting_secret(secret, lengths[i]), &err));
    for (unsigned i = 0; i < ENCRYPTING_COUNT; i++)
        need(decrypt_keys_add_private(keys, encrypting_pem((enum encrypting_key)i), &err));
    return keys;
}

static void seal(struct span header, struct span clear, struct span secret, const unsigned char iv[IV_BYTES],
                 unsigned char *out, unsigned char tag[TAG_BYTES])
{
    int len = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    need(ctx != NULL && secret.len == KEY_BYTES &&
         EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), (const unsigned char *)secret.at, iv, NULL) == 1 &&
         EVP_EncryptUpdate(ctx, NULL, &len, (const unsigned char *)header.at, (int)header.len) == 1 &&
         EVP_EncryptUpdate(ctx, out, &len, (const unsigned char *)clear.at, (int)clear.len) == 1 &&
         EVP_EncryptFinal_ex(ctx, out + len, &len) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
}

char *encrypting_token(const char *header, struct span clear, struct span secret)
{
    unsigned char iv[IV_BYTES], tag[TAG_BYTES], *out = malloc(clear.len + TAG_BYTES);
    need(out != NULL && RAND_bytes(iv, sizeof iv) == 1);
    char *parts[4] = {signer_base64url(span_str(header)), signer_base64url(span_of(iv, sizeof iv)), NULL, NULL};
    seal(span_str(parts[0]), clear, secret, iv, out, tag);
    parts[2] = signer_base64url(span_of(out, clear.len));
    parts[3] = signer_base64url(span_of(tag, sizeof tag));
    char *token = NULL;
    need(asprintf(&token, "%s..%s.%s.%s", parts[0], parts[1], parts[2], parts[3]) > 0);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        free(parts[i]);
    free(out);
    return token;
}

char *encrypting_token_16(const char *header, struct span clear)
{
    unsigned char secret[ENCRYPTING_SECRET_BYTES_MAX];
    return encrypting_token(header, clear, encrypting_secret(secret, KEY_BYTES));
}
