/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a client gets the certificate of the name it asks for, an encryption that is sound, and the protocol it can speak; its own
 * certificate counts only where it is right.  Method: OpenSSL as the client over a pair of sockets, certificates made on the spot.
 */
#include "ends.h"

/* ---- names ---- */

static void the_certificate_is_that_of_the_name(void **state)
{
    static const struct {
        const char *name;
        size_t index;
    } cases[] = {
        {"first.test", 0},
        {"second.test", 1},
        {"SECOND.Test", 1},
        {"second.test.", 1},
        {"second.test..", 0},
        {"a.first.test", 0},
        {"other.test", 0},
        {"common.test", 0},
        {"", 0},
        {".", 0},
        {"asecond.test", 0},
        {"a.second.test", 0},
        {".second.test", 0},
    };
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (tls_server_find(server, span_str(cases[i].name)) != cases[i].index)
            fail_msg("\"%s\"", cases[i].name);
    tls_server_release(server);
}

/* A wildcard stands for one label; alternatives hide the common name; the first of two wins. */
static void names_are_matched_as_the_standard_says(void **state)
{
    struct err err = {0};
    enum tls_part part;
    struct leaf wild, hidden;
    static const struct {
        const char *name;
        size_t index;
    } cases[] = {
        {"a.wild.test", 2}, {"A.Wild.test", 2}, {"a.b.wild.test", 0}, {"wild.test", 0},   {"exact.wild.test", 3},
        {"hidden.test", 0}, {"second.test", 1}, {"star.x.test", 0},   {"*.wild.test", 2},
    };
    (void)state;
    leaf_init(&wild, &authority, "x", "DNS:*.wild.test,DNS:s*.x.test,DNS:second.test", DAY_S);
    leaf_init(&hidden, &authority, "hidden.test", "DNS:exact.wild.test", DAY_S);
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    assert_true(tls_server_add(server, span_str(wild.certificate), span_str(wild.key), &part, &err));
    assert_true(tls_server_add(server, span_str(hidden.certificate), span_str(hidden.key), &part, &err));
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (tls_server_find(server, span_str(cases[i].name)) != cases[i].index)
            fail_msg("\"%s\"", cases[i].name);
    tls_server_release(server);
    leaf_fini(&wild);
    leaf_fini(&hidden);
}

static void a_client_is_shown_what_it_asked_for(void **state)
{
    static const struct {
        const char *name;
        const struct leaf *shown;
    } cases[] = {{"first.test", &first}, {"second.test", &second}, {NULL, &first}, {"other.test", &first}};
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ends ends;
        ends_open(&ends, server, &(struct client_options){.name = cases[i].name});
        assert_true(ends.is_shaken);
        assert_int_equal(X509_cmp(SSL_get0_peer_certificate(ends.client), cases[i].shown->maker.certificate), 0);
        ends_close(&ends);
    }
    tls_server_release(server);
}

/* ---- files ---- */

static void what_is_no_pair_is_refused_with_the_part_that_is_wrong(void **state)
{
    char locked[PEM_BYTES], broken[2 * PEM_BYTES];
    struct err err = {0};
    enum tls_part part;
    (void)state;
    key_put(&first.maker, "secret", locked);
    snprintf(broken, sizeof broken, "%s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
             first.certificate);
    const struct {
        const char *name, *certificate, *key;
        enum tls_part part;
        const char *said;
    } cases[] = {
        {"another key", first.certificate, second.key, TLS_PART_KEY, "not that of the certificate"},
        {"no key", first.certificate, first.certificate, TLS_PART_KEY, "no PEM private key"},
        {"a locked key", first.certificate, locked, TLS_PART_KEY, "no passphrase"},
        {"an empty key", first.certificate, "", TLS_PART_KEY, "no PEM private key"},
        {"no certificate", first.key, first.key, TLS_PART_CERTIFICATE, "no PEM certificate"},
        {"an empty certificate", "", first.key, TLS_PART_CERTIFICATE, "no PEM certificate"},
        {"a broken chain", broken, first.key, TLS_PART_CERTIFICATE, "cannot be read"},
    };
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (tls_server_add(server, span_str(cases[i].certificate), span_str(cases[i].key), &part, &err) ||
            part != cases[i].part || strstr(err.text, cases[i].said) == NULL || err.reason != REASON_CONFIG)
            fail_msg("%s: %s", cases[i].name, err.text);
        assert_int_equal(ERR_peek_error(), 0);
    }
    assert_int_equal(tls_server_count(server), 2);
    assert_int_equal(tls_server_end_s(server, 0) - tls_server_end_s(server, 1), DAY_S);
    tls_server_release(server);
}

static void a_file_without_authorities_is_refused(void **state)
{
    struct err err = {0};
    (void)state;
    assert_null(tls_server_new(&(struct tls_server_options){.client_ca = SPAN("")}, &err));
    assert_int_equal(err.reason, REASON_CONFIG);
    assert_null(tls_server_new(&(struct tls_server_options){.client_ca = span_str(first.key)}, &err));
    struct tls_server *server =
        tls_server_new(&(struct tls_server_options){.client_ca = span_str(first.certificate)}, &err);
    assert_non_null(server);
    tls_server_release(server);
}

/* ---- versions, ciphers, protocols ---- */

static void old_versions_and_weak_ciphers_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct client_options client;
        bool is_tls13_only, passes;
    } cases[] = {
        {"TLS 1.1", {.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}, false, false},
        {"TLS 1.2", {.version = TLS1_2_VERSION}, false, true},
        {"TLS 1.3", {.version = TLS1_3_VERSION}, false, true},
        {"TLS 1.2 where 1.3 is least", {.version = TLS1_2_VERSION}, true, false},
        {"TLS 1.3 where it is least", {.version = TLS1_3_VERSION}, true, true},
        {"CBC", {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA256"}, false, false},
        {"GCM", {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}, false, true},
        {"without ephemeral keys", {.version = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256"}, false, false},
        {"ChaCha20", {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}, false, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ends ends;
        const struct tls_server_options options = {.is_tls13_only = cases[i].is_tls13_only};
        struct tls_server *server = server_make(&options, NULL);
        ends_open(&ends, server, &cases[i].client);
        if (ends.is_shaken != cases[i].passes)
            fail_msg("%s: %s", cases[i].name, ends.err.text);
        assert_int_equal(ERR_peek_error() == 0 || cases[i].passes, 1);
        ends_close(&ends);
        tls_server_release(server);
    }
}

/* RFC 7301 3.2: none of ours is no_application_protocol; a client that knows nothing of ALPN speaks HTTP/1. */
static void the_protocol_is_one_that_both_speak(void **state)
{
    static const struct {
        const char *offered;
        bool has_h2;
        const char *chosen; /* NULL: refused */
    } cases[] = {
        {"\x08http/1.1\x02h2", true, "h2"},
        {"\x08http/1.1\x02h2", false, "http/1.1"},
        {"\x02h2", true, "h2"},
        {"\x02h2", false, NULL},
        {"\x08http/1.0", true, "http/1.0"},
        {"\x08http/1.1", true, "http/1.1"},
        {"\x03"
         "foo",
         true, NULL},
        {NULL, true, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct ends ends;
        struct tls_server *server = server_make(&(struct tls_server_options){.offers_h2 = cases[i].has_h2}, NULL);
        ends_open(&ends, server, &(struct client_options){.alpn = cases[i].offered});
        assert_int_equal(ends.is_shaken, cases[i].chosen != NULL);
        if (cases[i].chosen == NULL)
            assert_non_null(strstr(ends.err.text, "no application protocol"));
        else
            assert_true(span_eq(transport_protocol(&ends.server), span_str(cases[i].chosen)));
        ends_close(&ends);
        tls_server_release(server);
    }
}

/* ---- clients' certificates ---- */

static void a_clients_certificate_counts_only_where_it_is_right(void **state)
{
    static const struct {
        const char *name;
        bool asks, requires;
        const struct leaf *shows;
        bool passes;
    } cases[] = {
        {"required, right", true, true, &client, true},
        {"required, none", true, true, NULL, false},
        {"required, another authority's", true, true, &strange_client, false},
        {"required, over", true, true, &old_client, false},
        {"optional, right", true, false, &client, true},
        {"optional, none", true, false, NULL, true},
        {"optional, another authority's", true, false, &strange_client, false},
        {"optional, over", true, false, &old_client, false},
        {"not asked for", false, false, &strange_client, true},
    };
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    char ca[PEM_BYTES];
    (void)state;
    certificate_put(&authority, ca);
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        struct ends ends;
        struct err err;
        size_t at = i / 2;
        const struct tls_server_options options = {.client_ca = cases[at].asks ? span_str(ca) : (struct span){NULL, 0},
                                                   .clients_required = cases[at].requires};
        struct tls_server *server = server_make(&options, NULL);
        ends_open(&ends, server, &(struct client_options){.shows = cases[at].shows, .version = versions[i % 2]});
        if (ends.is_shaken != cases[at].passes)
            fail_msg("%s: %s", cases[at].name, ends.err.text);
        if (cases[at].passes) {
            struct client_certificate *shown = tls_server_certificate(&ends.server, &err);
            assert_int_equal(err.reason, REASON_NONE);
            assert_int_equal(shown != NULL, cases[at].asks && cases[at].shows != NULL);
            free(shown);
        }
        ends_close(&ends);
        tls_server_release(server);
    }
}

static void what_a_certificate_says_is_told(void **state)
{
    char ca[PEM_BYTES], wanted[64] = "";
    unsigned char digest[32];
    struct ends ends;
    struct err err;
    (void)state;
    certificate_put(&authority, ca);
    struct tls_server *server = server_make(&(struct tls_server_options){.client_ca = span_str(ca)}, NULL);
    ends_open(&ends, server, &(struct client_options){.shows = &client});
    struct client_certificate *shown = tls_server_certificate(&ends.server, &err);
    assert_non_null(shown);
    assert_text(shown->subject, "CN=client, O=Org\\, Inc");
    assert_text(shown->issuer, "CN=Test CA, O=Org\\, Inc");
    snprintf(wanted, sizeof wanted, "%04lX",
             (unsigned long)ASN1_INTEGER_get(X509_get0_serialNumber(client.maker.certificate)));
    assert_text(shown->serial, wanted);
    assert_int_equal(shown->thumbprint.len, 40);
    X509_digest(client.maker.certificate, EVP_sha256(), digest, NULL);
    assert_memory_equal(shown->sha256, digest, 32);
    X509_digest(client.maker.certificate, EVP_sha1(), digest, NULL);
    snprintf(wanted, sizeof wanted, "%02X%02X", digest[0], digest[1]);
    assert_true(span_starts(shown->thumbprint, span_str(wanted)));
    assert_int_equal(shown->not_after_s - shown->not_before_s, 2 * DAY_S);
    free(shown);
    ends_close(&ends);
    tls_server_release(server);
}

/* ---- handshakes that come to nothing ---- */

static void what_is_no_handshake_is_told_apart(void **state)
{
    static const struct {
        const char *sent;
        enum reason reason;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", REASON_BAD_REQUEST},
        {"\x16\x03\x01\x00\x04junk", REASON_CLIENT_GONE},
        {"SSH-2.0-x\r\n", REASON_CLIENT_GONE},
        {"\x16", REASON_CLIENT_GONE},
        {"", REASON_NONE},
    };
    struct tls_server *server = server_make(&(struct tls_server_options){0}, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int fds[2];
        struct err err = {0};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        struct transport transport = {.fd = fds[1]};
        size_t len = strlen(cases[i].sent) == 3 ? 10 : strlen(cases[i].sent);
        assert_true(tls_server_start(server, &transport, &err));
        assert_int_equal(transport_handshake(&transport, &err), IO_WANT_READ);
        assert_int_equal(send(fds[0], cases[i].sent, len, 0), len);
        close(fds[0]);
        assert_int_equal(transport_handshake(&transport, &err), IO_FAILED);
        if (err.reason != cases[i].reason)
            fail_msg("%zu: %s", i, err.text);
        assert_int_equal(ERR_peek_error(), 0);
        transport_close(&transport);
    }
    tls_server_release(server);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_is_that_of_the_name),
        cmocka_unit_test(names_are_matched_as_the_standard_says),
        cmocka_unit_test(a_client_is_shown_what_it_asked_for),
        cmocka_unit_test(what_is_no_pair_is_refused_with_the_part_that_is_wrong),
        cmocka_unit_test(a_file_without_authorities_is_refused),
        cmocka_unit_test(old_versions_and_weak_ciphers_are_refused),
        cmocka_unit_test(the_protocol_is_one_that_both_speak),
        cmocka_unit_test(a_clients_certificate_counts_only_where_it_is_right),
        cmocka_unit_test(what_a_certificate_says_is_told),
        cmocka_unit_test(what_is_no_handshake_is_told_apart),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
