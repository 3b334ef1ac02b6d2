/* SPDX-License-Identifier: Apache-2.0 */
/* The sections `tls` of listeners and backends: files read and looked at when the configuration is, so that `check` tells what a
 * handshake would fail at.
 *
 * Paths as seen from here take the place of what was written in the settings, so that a listener's files can be read again.
 */
#include "base/now.h"
#include "proxy/listener_tls.h"
#include "site_int.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* ---- files ---- */

/* The path at `key` as seen from here; what is not there stays so. */
static bool resolve(struct site_build *build, const struct node *map, const char *key, struct span *name)
{
    if (!site_has(*name))
        return true;
    char *path = name->len == 0 ? NULL : node_resolve_path(&build->site->arena, build->file, *name);
    if (path == NULL)
        return problem_error(build->problems, site_place(map, key), "\"%s\" is the name of a PEM file", key);
    *name = span_str(path);
    return true;
}

/* A file being read: where its name stands, and what it holds. */
struct pem_file {
    const struct node *map;
    const char *key;
    struct span path, bytes; /* at NULL: none is named */
};

static bool read_pem(struct arena *arena, struct pem_file *file, struct problems *problems)
{
    struct err err = {0};
    if (file->path.at == NULL)
        return true;
    return node_read_file(arena, file->path.at, NODE_BYTES_MAX, &file->bytes, &err) ||
           problem_error(problems, site_place(file->map, file->key), "%s", err.text);
}

static bool tell(const struct pem_file *file, const struct err *err, struct problems *problems)
{
    return problem_error(problems, site_place(file->map, file->key), "\"%s\" %s", QUOTED(file->path), err->text);
}

/* Keys do not stay in memory that is used again. */
static void wipe(struct pem_file *file)
{
    if (file->bytes.at != NULL)
        OPENSSL_cleanse((void *)(uintptr_t)file->bytes.at, file->bytes.len);
}

/* A certificate with its key, which may stand in the same file. */
struct pem_pair {
    struct pem_file certificate, key;
};

static struct pem_pair pair_of(const struct node *map, const char *const names[2], struct span certificate,
                               struct span key)
{
    bool has_key = site_has(key);
    return (struct pem_pair){{map, names[0], certificate, {NULL, 0}},
                             {map, has_key ? names[1] : names[0], has_key ? key : certificate, {NULL, 0}}};
}

static bool read_pair(struct arena *arena, struct pem_pair *pair, struct problems *problems)
{
    bool is_ok = read_pem(arena, &pair->certificate, problems);
    if (pair->key.path.at != pair->certificate.path.at)
        return read_pem(arena, &pair->key, problems) && is_ok;
    pair->key.bytes = pair->certificate.bytes;
    return is_ok;
}

static void warn_of_end(struct site_build *build, const struct pem_file *file, int64_t end_s)
{
    char text[NOW_TEXT_BYTES];
    if (end_s >= build->now_s + CERTIFICATE_SOON_S)
        return;
    const struct node *at = site_place(file->map, file->key);
    now_second_text(end_s, text);
    if (end_s < build->now_s)
        problem_warning(build->problems, at, "the certificate of \"%s\" ended at %s", QUOTED(file->path), text);
    else
        problem_warning(build->problems, at, "the certificate of \"%s\" ends soon, at %s", QUOTED(file->path), text);
}

/* ---- listeners ---- */

static const char *const server_keys[2] = {"certificate", "key"};

/* The first one stands in the section itself. */
static struct pem_pair listener_pair(const struct listener_tls_settings *tls, size_t index)
{
    const struct tls_identity_settings *more = tls->certificates.at;
    if (index == 0)
        return pair_of(tls->node, server_keys, tls->certificate, tls->key);
    return pair_of(more[index - 1].node, server_keys, more[index - 1].certificate, more[index - 1].key);
}

static bool add_pair(struct tls_server *server, struct pem_pair *pair, struct problems *problems)
{
    AUTO(arena) arena = {0};
    struct err err = {0};
    enum tls_part part;
    bool is_ok = read_pair(&arena, pair, problems);
    if (is_ok && !tls_server_add(server, pair->certificate.bytes, pair->key.bytes, &part, &err))
        is_ok = tell(part == TLS_PART_KEY ? &pair->key : &pair->certificate, &err, problems);
    wipe(&pair->certificate);
    wipe(&pair->key);
    return is_ok;
}

/* Where client_ca cannot be used it is made without, and `is_ok` false: to look at the certificates, not to serve. */
static struct tls_server *make_server(const struct listener_settings *settings, bool *is_ok, struct problems *problems)
{
    AUTO(arena) arena = {0};
    struct err err = {0};
    const struct listener_tls_settings *tls = &settings->tls;
    struct pem_file ca = {tls->node, "client_ca", tls->client_ca, {NULL, 0}};
    *is_ok = read_pem(&arena, &ca, problems);
    struct tls_server_options options = {.scope = settings->bind,
                                         .client_ca = ca.bytes,
                                         .clients_required = tls->clients == TLS_CLIENTS_REQUIRED,
                                         .is_tls13_only = tls->min_version == 1,
                                         .offers_h2 = settings->http2 != HTTP2_OFF};
    struct tls_server *server = tls_server_new(&options, &err);
    if (server != NULL)
        return server;
    *is_ok = tell(&ca, &err, problems);
    options.client_ca = (struct span){NULL, 0};
    return tls_server_new(&options, NULL);
}

struct tls_server *listener_tls_make(const struct listener_settings *settings, struct problems *problems)
{
    bool is_ok;
    struct tls_server *server = make_server(settings, &is_ok, problems);
    for (size_t i = 0; server != NULL && i <= settings->tls.certificates.count; i++) {
        struct pem_pair pair = listener_pair(&settings->tls, i);
        is_ok = site_has(pair.certificate.path) && add_pair(server, &pair, problems) && is_ok;
    }
    if (is_ok)
        return server;
    tls_server_release(server);
    return NULL;
}

struct span listener_tls_file(const struct listener_settings *settings, size_t index)
{
    const struct listener_tls_settings *tls = &settings->tls;
    const struct tls_identity_settings *more = tls->certificates.at;
    const struct span first[] = {tls->client_ca, tls->certificate, tls->key};
    if (index < COUNT_OF(first))
        return first[index];
    size_t at = (index - COUNT_OF(first)) / 2;
    return (index - COUNT_OF(first)) % 2 == 0 ? more[at].certificate : more[at].key;
}

size_t listener_tls_files(const struct listener_settings *settings)
{
    return 3 + 2 * settings->tls.certificates.count;
}

static bool digest_file(EVP_MD_CTX *digest, struct span path, struct err *err)
{
    AUTO(arena) arena = {0};
    struct pem_file file = {.path = path};
    if (path.at == NULL)
        return true;
    bool is_ok = node_read_file(&arena, path.at, NODE_BYTES_MAX, &file.bytes, err) &&
                 EVP_DigestUpdate(digest, &file.bytes.len, sizeof file.bytes.len) == 1 &&
                 EVP_DigestUpdate(digest, file.bytes.at, file.bytes.len) == 1;
    wipe(&file);
    return is_ok;
}

bool listener_tls_digest(const struct listener_settings *settings, unsigned char digest[LISTENER_TLS_DIGEST_BYTES],
                         struct err *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_ok = (context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1) ||
                 fail(err, REASON_OUT_OF_MEMORY, "no memory for TLS");
    for (size_t i = 0; is_ok && i < listener_tls_files(settings); i++)
        is_ok = digest_file(context, listener_tls_file(settings, i), err);
    is_ok = is_ok && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return is_ok;
}

struct span listener_tls_certificate(const struct listener_settings *settings, size_t index)
{
    return listener_pair(&settings->tls, index).certificate.path;
}

static bool resolve_listener(struct site_build *build, struct listener_tls_settings *tls)
{
    struct tls_identity_settings *more = tls->certificates.at;
    bool is_ok = resolve(build, tls->node, "certificate", &tls->certificate);
    is_ok = resolve(build, tls->node, "key", &tls->key) && is_ok;
    is_ok = resolve(build, tls->node, "client_ca", &tls->client_ca) && is_ok;
    for (size_t i = 0; i < tls->certificates.count; i++) {
        is_ok = resolve(build, more[i].node, "certificate", &more[i].certificate) && is_ok;
        is_ok = resolve(build, more[i].node, "key", &more[i].key) && is_ok;
    }
    return is_ok;
}

static void warn_of_double(struct site_build *build, const struct listener_settings *settings,
                           const struct tls_server *server)
{
    const char *name;
    size_t index = tls_server_doubled(server, &name);
    if (index == 0)
        return;
    const struct pem_pair pair = listener_pair(&settings->tls, index);
    problem_warning(build->problems, site_place(pair.certificate.map, "certificate"),
                    "a certificate before it is for \"%s%s\" too: this one is not shown to who asks for that name",
                    name[0] == '.' ? "*" : "", QUOTED(span_str(name)));
}

static bool build_listener(struct site_build *build, struct listener_settings *settings, struct site_listener *listener)
{
    if (settings->tls.node == NULL)
        return true;
    const struct node *clients = node_member(settings->tls.node, "clients");
    bool is_ok = resolve_listener(build, &settings->tls);
    if (clients != NULL && !site_has(settings->tls.client_ca))
        is_ok = problem_error(build->problems, clients,
                              "\"clients\" says whose certificates are asked for, but no \"client_ca\" is named");
    /* Taken before the files are read: what changes in between is seen later. */
    if (!is_ok || !listener_tls_digest(settings, listener->digest, NULL))
        memset(listener->digest, 0, sizeof listener->digest);
    if (!is_ok || (listener->tls = listener_tls_make(settings, build->problems)) == NULL)
        return false;
    for (size_t i = 0; i < tls_server_count(listener->tls); i++) {
        struct pem_pair pair = listener_pair(&settings->tls, i);
        warn_of_end(build, &pair.certificate, tls_server_end_s(listener->tls, i));
    }
    warn_of_double(build, settings, listener->tls);
    return true;
}

/* The admin listener is one as the others, as far as its TLS goes. */
static bool build_admin_listener(struct site_build *build)
{
    struct site *site = build->site;
    const struct admin_settings *admin = &site->settings.admin;
    site->admin_listener = (struct listener_settings){.bind = admin->bind, .tls = admin->tls, .node = admin->node};
    return admin->is_off || build_listener(build, &site->admin_listener, &site->listeners[site->listener_count]);
}

bool site_build_listeners(struct site_build *build)
{
    struct site *site = build->site;
    struct listener_settings *settings = site->settings.listeners.at;
    bool is_ok = true;
    site->listener_count = site->settings.listeners.count;
    site->listeners = arena_zero(&site->arena, (site->listener_count + 1) * sizeof *site->listeners);
    if (site->listeners == NULL)
        return false;
    for (size_t i = 0; i < site->listener_count; i++)
        is_ok = (settings[i].node == NULL || build_listener(build, &settings[i], &site->listeners[i])) && is_ok;
    return build_admin_listener(build) && is_ok;
}

/* ---- backends ---- */

static const char *const client_keys[2] = {"client_certificate", "client_key"};

static bool read_server_name(struct site_build *build, const struct backend_tls_settings *tls,
                             struct site_backend *backend)
{
    struct span name = tls->server_name;
    if (!site_has(name))
        return true;
    if (!uri_is_authority(name) || span_chr(name, ':') != NULL)
        return problem_error(build->problems, site_place(tls->node, "server_name"),
                             "\"server_name\" is a host name without port, as the servers' certificates have it");
    backend->tls_name = arena_copy(&build->site->arena, name).at;
    return backend->tls_name != NULL;
}

static bool check_client_key(struct site_build *build, const struct backend_tls_settings *tls)
{
    return !site_has(tls->client_key) || site_has(tls->client_certificate) ||
           problem_error(build->problems, site_place(tls->node, "client_key"),
                         "\"client_key\" is the key of \"client_certificate\", which is missing");
}

static bool make_client(struct site_build *build, const struct backend_settings *settings, struct site_backend *backend)
{
    AUTO(arena) arena = {0};
    struct err err = {0};
    enum tls_client_part part;
    const struct backend_tls_settings *tls = &settings->tls;
    struct pem_file ca = {tls->node == NULL ? settings->node : tls->node, "ca", tls->ca, {NULL, 0}};
    struct pem_pair pair = pair_of(tls->node, client_keys, tls->client_certificate, tls->client_key);
    bool is_ok = read_pem(&arena, &ca, build->problems);
    is_ok = read_pair(&arena, &pair, build->problems) && is_ok;
    const struct tls_client_options options = {
        .ca = ca.bytes, .verify = tls->verify, .certificate = pair.certificate.bytes, .key = pair.key.bytes};
    const struct pem_file *const files[] = {
        [TLS_CLIENT_CA] = &ca, [TLS_CLIENT_CERTIFICATE] = &pair.certificate, [TLS_CLIENT_KEY] = &pair.key};
    if (is_ok && (backend->tls = tls_client_new(&options, &part, &err)) == NULL)
        is_ok = files[part]->path.at != NULL ? tell(files[part], &err, build->problems)
                                             : problem_error(build->problems, ca.map, "%s", err.text);
    if (is_ok)
        warn_of_end(build, &pair.certificate, tls_client_end_s(backend->tls));
    wipe(&pair.certificate);
    wipe(&pair.key);
    return is_ok;
}

bool site_build_backend_tls(struct site_build *build, struct backend_settings *settings, struct site_backend *backend)
{
    struct backend_tls_settings *tls = &settings->tls;
    bool is_ok = resolve(build, tls->node, "ca", &tls->ca);
    is_ok = resolve(build, tls->node, "client_certificate", &tls->client_certificate) && is_ok;
    is_ok = resolve(build, tls->node, "client_key", &tls->client_key) && is_ok;
    is_ok = read_server_name(build, tls, backend) && check_client_key(build, tls) && is_ok;
    return is_ok && make_client(build, settings, backend);
}
