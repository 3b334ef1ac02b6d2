/* SPDX-License-Identifier: Apache-2.0 */
/* The section `providers`, and where keys are kept: looked at when the configuration is read, so that `check` tells what a fetch
 * would fail at, then handed to the issuers.
 *
 * What was looked at takes the place of what was written in the settings: URLs as discovery URLs, files as seen from here, each
 * with a NUL behind.
 */
#include "proxy/site_providers.h"

#include "oidc/discovery.h"
#include "oidc/store.h"
#include "site_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits.h>

/* The file at `key` as seen from here and its bytes; false after a problem, and where nothing is named. */
static bool read_file(struct site_build *build, const struct provider_settings *from, const char *key,
                      struct span *name, struct span *bytes)
{
    struct err err = {0};
    if (!site_has(*name))
        return false;
    char *path = node_resolve_path(&build->site->arena, build->file, *name);
    if (path == NULL)
        return problem_error(build->problems, site_place(from->node, key), "out of memory");
    *name = span_str(path);
    return node_read_file(&build->site->arena, path, NODE_BYTES_MAX, bytes, &err) ||
           problem_error(build->problems, site_place(from->node, key), "%s", err.text);
}

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *out, int size, int is_writing, void *context)
{
    (void)out, (void)size, (void)is_writing, (void)context;
    return -1;
}

/* Certificates of a PEM file; 0 too where one of its blocks is broken, as libcurl will find. */
static int count_certificates(struct span bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    STACK_OF(X509_INFO) *all = bio == NULL ? NULL : PEM_X509_INFO_read_bio(bio, NULL, no_passphrase, NULL);
    int count = 0;
    for (int i = 0; i < sk_X509_INFO_num(all); i++)
        count += sk_X509_INFO_value(all, i)->x509 != NULL;
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return count;
}

static X509 *read_certificate(struct span bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

static EVP_PKEY *read_key(struct span bytes)
{
    BIO *bio = BIO_new_mem_buf(bytes.at, (int)bytes.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static bool read_ca(struct site_build *build, struct provider_settings *from)
{
    struct span bytes;
    if (!site_has(from->ca))
        return true;
    if (!read_file(build, from, "ca", &from->ca, &bytes))
        return false;
    return count_certificates(bytes) > 0 || problem_error(build->problems, site_place(from->node, "ca"),
                                                          "\"%s\" holds no PEM certificate", QUOTED(from->ca));
}

static bool check_pair(struct site_build *build, const struct provider_settings *from, X509 *certificate, EVP_PKEY *key)
{
    bool has_key_file = site_has(from->client_key);
    const struct node *key_at = site_place(from->node, has_key_file ? "client_key" : "client_certificate");
    if (certificate == NULL)
        return problem_error(build->problems, site_place(from->node, "client_certificate"),
                             "\"%s\" holds no PEM certificate", QUOTED(from->client_certificate));
    if (key == NULL)
        return problem_error(build->problems, key_at, "\"%s\" holds no PEM private key that needs no passphrase%s",
                             QUOTED(has_key_file ? from->client_key : from->client_certificate),
                             has_key_file ? "" : "; name its file as \"client_key\"");
    bool is_pair = X509_check_private_key(certificate, key) == 1;
    ERR_clear_error();
    return is_pair || problem_error(build->problems, key_at, "the private key is not that of \"client_certificate\"");
}

static void warn_of_end(struct site_build *build, const struct provider_settings *from, const X509 *certificate)
{
    time_t now_s = (time_t)build->now_s;
    if (certificate != NULL && X509_cmp_time(X509_get0_notAfter(certificate), &now_s) < 0)
        problem_warning(build->problems, site_place(from->node, "client_certificate"), "the certificate has ended");
    ERR_clear_error();
}

static bool read_client(struct site_build *build, struct provider_settings *from)
{
    struct span bytes = {NULL, 0};
    struct span key_bytes = {NULL, 0};
    if (!site_has(from->client_certificate))
        return !site_has(from->client_key) ||
               problem_error(build->problems, site_place(from->node, "client_key"),
                             "\"client_key\" is the key of \"client_certificate\", which is missing");
    bool is_ok = read_file(build, from, "client_certificate", &from->client_certificate, &bytes);
    if (site_has(from->client_key))
        is_ok = read_file(build, from, "client_key", &from->client_key, &key_bytes) && is_ok;
    else
        key_bytes = bytes;
    if (!is_ok)
        return false;
    X509 *certificate = read_certificate(bytes);
    EVP_PKEY *key = read_key(key_bytes);
    is_ok = check_pair(build, from, certificate, key);
    warn_of_end(build, from, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_ok;
}

static bool read_proxy(struct site_build *build, struct provider_settings *from)
{
    struct err err = {0};
    if (!site_has(from->proxy))
        return true;
    if (!discovery_proxy_check(from->url, from->proxy, build->site->settings.keys.allow_http, &err))
        return problem_error(build->problems, site_place(from->node, "proxy"), "%s", err.text);
    const char *copy = arena_printf(&build->site->arena, "%.*s", SPAN_ARG(from->proxy));
    from->proxy = span_str(copy);
    return copy != NULL;
}

static bool read_url(struct site_build *build, struct provider_settings *from)
{
    struct err err = {0};
    if (!site_has(from->url))
        return false;
    if (!discovery_url_check(from->url, build->site->settings.keys.allow_http, &err))
        return problem_error(build->problems, site_place(from->node, "url"), "%s", err.text);
    const char *url = discovery_url(&build->site->arena, from->url);
    from->url = span_str(url);
    return url != NULL;
}

/* Two entries of one provider would leave to chance which of them is heeded. */
static bool check_alone(struct site_build *build, const struct provider_settings *all, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (all[index].url.len > 0 && span_eq(all[i].url, all[index].url))
            return problem_error(build->problems, site_place(all[index].node, "url"),
                                 "another entry is for the same provider, \"%s\"", QUOTED(all[index].url));
    return true;
}

static bool is_named(struct site *site, struct span url)
{
    AUTO(arena) scratch = {0};
    if (span_eq(site->settings.admin.console.provider, url))
        return true;
    for (size_t i = 0; i < site->rule_count; i++) {
        const struct rule *rule = site->rules[i].rule;
        for (size_t j = 0; j < rule->provider_count; j++) {
            const char *named = discovery_url(&scratch, rule->providers[j].url);
            if (named == NULL || span_eq(span_str(named), url))
                return true;
        }
    }
    return false;
}

/* Where a path ends in "..", or a link is followed: whatever the directory is called, what counts is what it leads to. */
static bool read_store(struct site_build *build)
{
    struct err err = {0};
    struct span *store = &build->site->settings.keys.store;
    if (!site_has(*store))
        return true;
    const struct node *at = node_member(node_member(build->site->settings.node, "keys"), "store");
    char *path = store->len == 0 ? NULL : node_resolve_path(&build->site->arena, build->file, *store);
    if (path == NULL)
        return problem_error(build->problems, at, "\"store\" is a directory");
    *store = span_str(path);
    if (store->len >= PATH_MAX)
        return problem_error(build->problems, at, "a path has less than %d bytes", PATH_MAX);
    return store_check(path, &err) ||
           problem_error(build->problems, at, "keys cannot be kept in \"%s\": %s", QUOTED(*store), err.text);
}

bool site_build_providers(struct site_build *build)
{
    struct provider_settings *all = build->site->settings.providers.at;
    size_t count = build->site->settings.providers.count;
    bool is_ok = read_store(build);
    for (size_t i = 0; i < count; i++) {
        if (all[i].node == NULL || !read_url(build, &all[i])) {
            all[i].url = (struct span){NULL, 0};
            is_ok = false;
            continue;
        }
        is_ok = check_alone(build, all, i) && is_ok;
        is_ok = read_proxy(build, &all[i]) && is_ok;
        is_ok = read_ca(build, &all[i]) && is_ok;
        is_ok = read_client(build, &all[i]) && is_ok;
    }
    for (size_t i = 0; is_ok && build->problems->errors == 0 && i < count; i++)
        if (!is_named(build->site, all[i].url))
            problem_warning(build->problems, site_place(all[i].node, "url"),
                            "no policy names this provider; the entry has no effect");
    return is_ok;
}

struct issuers_settings site_issuers_settings(const struct site *site)
{
    return (struct issuers_settings){.timing = site_timing(site),
                                     .document_bytes_max = site->settings.limits.document,
                                     .allow_http = site->settings.keys.allow_http,
                                     .store = site->settings.keys.store.at};
}

struct issuer_provider site_provider(const struct site *site, struct span url)
{
    const struct provider_settings *all = site->settings.providers.at;
    for (size_t i = 0; i < site->settings.providers.count; i++)
        if (span_eq(all[i].url, url))
            return (struct issuer_provider){.ca_file = all[i].ca.at,
                                            .proxy = all[i].proxy.at,
                                            .client_certificate = all[i].client_certificate.at,
                                            .client_key = all[i].client_key.at,
                                            .is_name_checked = all[i].is_name_checked,
                                            .is_host_checked = all[i].is_host_checked};
    return (struct issuer_provider){0};
}

bool site_names_first(const struct site *site, size_t rule, size_t provider)
{
    const struct issuer *issuer = site->rules[rule].issuers[provider];
    for (size_t i = 0; i <= rule; i++) {
        size_t count = i == rule ? provider : site->rules[i].rule->provider_count;
        for (size_t j = 0; j < count; j++)
            if (site->rules[i].issuers[j] == issuer)
                return false;
    }
    return true;
}

static bool provide(const struct site *site, struct issuer *issuer, struct err *err)
{
    const struct issuer_provider provider = site_provider(site, issuer_url(issuer));
    if (!issuer_provide(issuer, &provider, err))
        return false;
    issuer_restore(issuer);
    return true;
}

bool site_provide(const struct site *site, struct err *err)
{
    for (size_t i = 0; i < site->rule_count; i++) {
        const struct site_rule *rule = &site->rules[i];
        for (size_t j = 0; j < rule->rule->provider_count; j++)
            if (site_names_first(site, i, j) && !provide(site, rule->issuers[j], err))
                return false;
    }
    return true;
}
