/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values; foreign bytes made fit to print. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum { QUOTE_BYTES_MAX = 200 };

/* Most texts have nothing to put in, and many are made for each refusal: formatting would be a tenth of what a refusal costs. */
static void write_plain(struct err *err, const char *text)
{
    size_t len = strnlen(text, sizeof err->text - 1);
    memcpy(err->text, text, len);
    err->text[len] = '\0';
}

bool fail(struct err *err, enum reason reason, const char *format, ...)
{
    if (err == NULL)
        return false;
    err->reason = reason;
    if (strchr(format, '%') == NULL) {
        write_plain(err, format);
        return false;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    return false;
}

bool err_prefix(struct err *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    char old[ERR_TEXT_BYTES];
    memcpy(old, err->text, sizeof old);
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used + 3 < sizeof err->text)
        snprintf(err->text + used, sizeof err->text - (size_t)used, ": %.*s",
                 (int)(sizeof err->text - (size_t)used - 3), old);
    return false;
}

const char *err_quote(char *out, size_t size, struct span bytes)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    size_t i = 0;
    assert(size >= 12);
    for (; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        bool is_plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        size_t need = is_plain ? 1 : 4;
        if (used + need > QUOTE_BYTES_MAX || used + need + sizeof "..." > size)
            break;
        if (is_plain) {
            out[used++] = (char)c;
            continue;
        }
        out[used++] = '\\';
        out[used++] = 'x';
        out[used++] = hex[c >> 4];
        out[used++] = hex[c & 15];
    }
    if (i < bytes.len) {
        memcpy(out + used, "...", 3);
        used += 3;
    }
    out[used] = '\0';
    return out;
}
