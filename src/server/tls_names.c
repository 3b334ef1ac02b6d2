/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificate is for which name: those that they hold, sorted; wildcards stand for one label (RFC 6125 6.4.3). */
#include "tls_int.h"

#include <openssl/x509v3.h>

enum { HOST_BYTES_MAX = 255 };

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int order_of(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.at, b.at, len);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* Where `text` stands, or would. */
static size_t place_of(const struct tls_names *names, struct span text, bool *is_there)
{
    size_t from = 0;
    size_t to = names->count;
    *is_there = false;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = order_of(text, span_of(names->at[middle].text, names->at[middle].len));
        *is_there = order == 0;
        if (order == 0)
            return middle;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

/* As names are kept and looked up: small letters, no dot at the end.  Empty where it can be none. */
static struct span normal(struct span name, char out[HOST_BYTES_MAX])
{
    if (span_ends(name, SPAN(".")))
        name.len--;
    if (name.len == 0 || name.len > HOST_BYTES_MAX || name.at[0] == '.')
        return (struct span){NULL, 0};
    for (size_t i = 0; i < name.len; i++)
        out[i] = small(name.at[i]);
    return span_of(out, name.len);
}

/* The certificate that came first is for that name. */
static bool note_double(struct tls_names *names, size_t at, size_t identity)
{
    if (names->at[at].identity == identity || names->doubled != 0)
        return true;
    names->doubled = identity;
    names->doubled_name = span_dup(span_of(names->at[at].text, names->at[at].len));
    return names->doubled_name != NULL;
}

static bool insert(struct tls_names *names, struct span text, size_t identity)
{
    bool is_there;
    size_t at = place_of(names, text, &is_there);
    if (is_there)
        return note_double(names, at, identity);
    struct tls_name *grown = realloc(names->at, (names->count + 1) * sizeof *grown);
    char *copy = grown == NULL ? NULL : span_dup(text);
    if (grown != NULL)
        names->at = grown;
    if (copy == NULL)
        return false;
    memmove(grown + at + 1, grown + at, (names->count - at) * sizeof *grown);
    grown[at] = (struct tls_name){copy, text.len, identity};
    names->count++;
    return true;
}

/* A name with a `*` elsewhere than as its whole first label fits nothing. */
static bool add(struct tls_names *names, struct span raw, size_t identity)
{
    char bytes[HOST_BYTES_MAX];
    struct span name = normal(raw, bytes);
    if (span_starts(name, SPAN("*.")))
        name = span_from(name, 1);
    if (name.len == 0 || memchr(name.at, '*', name.len) != NULL || memchr(name.at, '\0', name.len) != NULL)
        return true;
    return insert(names, name, identity);
}

static struct span text_of(const ASN1_STRING *string)
{
    return span_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

static bool add_common_name(struct tls_names *names, const X509 *certificate, size_t identity)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    bool is_ok = true;
    for (int i = -1; is_ok && (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
        is_ok = add(names, text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i))), identity);
    return is_ok;
}

bool tls_names_add(struct tls_names *names, const X509 *certificate, size_t identity)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool is_ok = all != NULL || add_common_name(names, certificate, identity);
    for (int i = 0; is_ok && i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_DNS)
            is_ok = add(names, text_of(one->d.dNSName), identity);
    }
    GENERAL_NAMES_free(all);
    return is_ok;
}

size_t tls_names_find(const struct tls_names *names, struct span name, bool *is_known)
{
    char bytes[HOST_BYTES_MAX];
    struct span text = normal(name, bytes);
    *is_known = false;
    if (text.len == 0)
        return 0;
    size_t at = place_of(names, text, is_known);
    const char *dot = span_chr(text, '.');
    if (!*is_known && dot != NULL)
        at = place_of(names, span_from(text, (size_t)(dot - text.at)), is_known);
    return *is_known ? names->at[at].identity : 0;
}

void tls_names_fini(struct tls_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i].text);
    free(names->at);
    free(names->doubled_name);
    *names = (struct tls_names){0};
}
