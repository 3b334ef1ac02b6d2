/* SPDX-License-Identifier: Apache-2.0 */
/* Attack: who was trusted once resumes a session after the trust is gone.  Goal: a session is resumed only where the keys, the listener
 * and what it trusts still stand; there it is, whichever worker it meets.  Method: one handshake with one server, a second that offers
 * its session to another.
 */
#include "ends.h"

/* A whole handshake with one server, then one with the other that offers its session: whether that resumed. */
static bool resumes(struct tls_server *one, struct tls_server *other, int version, const struct leaf *shows,
                    struct tls_tickets *rotated, int turns)
{
    struct ends ends;
    ends_open(&ends, one, &(struct client_options){.shows = shows, .version = version});
    assert_true(ends.is_shaken && !tls_server_has_resumed(&ends.server));
    SSL_SESSION *session = ends.ticket;
    ends.ticket = NULL;
    ends_close(&ends);
    if (session == NULL)
        return false;
    for (int i = 0; i < turns; i++)
        tls_tickets_rotate(rotated);
    ends_open(&ends, other, &(struct client_options){.shows = shows, .version = version, .session = session});
    assert_true(ends.is_shaken);
    bool has_resumed = tls_server_has_resumed(&ends.server);
    assert_int_equal(SSL_session_reused(ends.client), has_resumed);
    if (shows != NULL) {
        struct err err;
        struct client_certificate *shown = tls_server_certificate(&ends.server, &err);
        assert_non_null(shown);
        assert_text(shown->subject, "CN=client, O=Org\\, Inc");
        free(shown);
    }
    if (has_resumed && version == TLS1_3_VERSION)
        assert_non_null(ends.ticket); /* RFC 8446 C.4: a ticket is for one use */
    SSL_SESSION_free(session);
    ends_close(&ends);
    return has_resumed;
}

static void sessions_are_resumed_under_the_same_keys(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        int version = versions[i];
        struct tls_tickets *tickets = tls_tickets_new(&err);
        struct tls_tickets *others = tls_tickets_new(&err);
        const struct tls_server_options options = {.scope = SPAN("here")};
        struct tls_server *one = server_make(&options, tickets);
        struct tls_server *two = server_make(&options, tickets);
        struct tls_server *foreign = server_make(&options, others);
        struct tls_server *without = server_make(&options, NULL);
        assert_true(resumes(one, one, version, NULL, NULL, 0));
        assert_true(resumes(one, two, version, NULL, NULL, 0));
        assert_true(resumes(one, two, version, NULL, tickets, 1));
        assert_false(resumes(one, two, version, NULL, tickets, 2));
        assert_false(resumes(one, foreign, version, NULL, NULL, 0));
        assert_false(resumes(without, one, version, NULL, NULL, 0));
        tls_server_release(one);
        tls_server_release(two);
        tls_server_release(foreign);
        tls_server_release(without);
        tls_tickets_release(tickets);
        tls_tickets_release(others);
    }
}

/* Else a reload with another client_ca would go on to trust those whom the old one trusted. */
static void sessions_are_bound_to_what_was_trusted(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct err err = {0};
    char ca[PEM_BYTES], both[2 * PEM_BYTES];
    (void)state;
    certificate_put(&authority, ca);
    certificate_put(&stranger, both);
    strcat(both, ca);
    const struct tls_server_options usual = {.scope = SPAN("a"), .client_ca = span_str(ca), .clients_required = true};
    struct tls_server_options scope = usual, trust = usual, mode = usual;
    scope.scope = SPAN("b");
    trust.client_ca = span_str(both);
    mode.clients_required = false;
    struct tls_tickets *tickets = tls_tickets_new(&err);
    struct tls_server *servers[] = {server_make(&usual, tickets), server_make(&usual, tickets),
                                    server_make(&scope, tickets), server_make(&trust, tickets),
                                    server_make(&mode, tickets)};
    for (size_t v = 0; v < COUNT_OF(versions); v++)
        for (size_t i = 1; i < COUNT_OF(servers); i++)
            if (resumes(servers[0], servers[i], versions[v], &client, NULL, 0) != (i == 1))
                fail_msg("server %zu, version %zu", i, v);
    for (size_t i = 0; i < COUNT_OF(servers); i++)
        tls_server_release(servers[i]);
    tls_tickets_release(tickets);
}

/* Opens a connection with a certificate that ends soon; a busy machine may need more than a second for that.  Returns the life of the
 * certificate in seconds.
 */
static int open_briefly(struct ends *ends, struct tls_server *server, struct leaf *brief)
{
    for (int life_s = 1;; life_s *= 2) {
        leaf_init(brief, &authority, "client", NULL, life_s);
        ends_open(ends, server, &(struct client_options){.shows = brief});
        if (ends->is_shaken || life_s > 16)
            return life_s;
        ends_close(ends);
        leaf_fini(brief);
    }
}

/* A ticket holds for an hour; a certificate that ends before must not live on in it. */
static void a_session_ends_with_the_clients_certificate(void **state)
{
    struct leaf brief;
    struct err err = {0};
    struct ends ends;
    char ca[PEM_BYTES];
    (void)state;
    certificate_put(&authority, ca);
    struct tls_tickets *tickets = tls_tickets_new(&err);
    struct tls_server *server =
        server_make(&(struct tls_server_options){.client_ca = span_str(ca), .clients_required = true}, tickets);
    int life_s = open_briefly(&ends, server, &brief);
    assert_true(ends.is_shaken);
    SSL_SESSION *session = ends.ticket;
    ends.ticket = NULL;
    ends_close(&ends);
    time_t over = time(NULL) + life_s + 1;
    while (time(NULL) < over)
        usleep(50000);
    ends_open(&ends, server, &(struct client_options){.shows = &brief, .session = session});
    assert_false(ends.is_shaken);
    SSL_SESSION_free(session);
    ends_close(&ends);
    tls_server_release(server);
    tls_tickets_release(tickets);
    leaf_fini(&brief);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_resumed_under_the_same_keys),
        cmocka_unit_test(sessions_are_bound_to_what_was_trusted),
        cmocka_unit_test(a_session_ends_with_the_clients_certificate),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
