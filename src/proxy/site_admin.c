/* SPDX-License-Identifier: Apache-2.0 */
/* The section `admin`: nobody who can reach the admin surface from elsewhere is let in without a credential. */
#include "server/bind_address.h"
#include "site_int.h"

/* Fewer bytes than those of 128 bits in Base64 can be guessed. */
enum { ADMIN_TOKEN_BYTES_MIN = 16 };

static bool check_token(struct site_build *build, const struct admin_settings *admin)
{
    const struct node *at = site_place(admin->node, "token");
    if (!site_has(admin->token) || at->is_lost)
        return true;
    if (admin->token.len < ADMIN_TOKEN_BYTES_MIN)
        return problem_error(build->problems, at,
                             "\"token\" has %zu byte%s; %d or more are needed, as `openssl rand -base64 24` makes them",
                             admin->token.len, PLURAL(admin->token.len), ADMIN_TOKEN_BYTES_MIN);
    return (span_is_printable(admin->token) && span_chr(admin->token, ' ') == NULL) ||
           problem_error(build->problems, at,
                         "\"token\" holds bytes that no header field carries as they are; take printable ASCII "
                         "without blanks");
}

static bool check_hosts(struct site_build *build, const struct admin_settings *admin)
{
    bool is_ok = true;
    for (size_t i = 0; i < admin->hosts.count; i++)
        if (!uri_is_authority(admin->hosts.at[i]))
            is_ok =
                problem_error(build->problems, admin->hosts.nodes[i],
                              "\"%s\" is no host; a name or an address as it stands in Host, with a port or without",
                              QUOTED(admin->hosts.at[i]));
    return is_ok;
}

static bool needs_certificates(const struct admin_settings *admin)
{
    return site_has(admin->tls.client_ca) && admin->tls.clients == TLS_CLIENTS_REQUIRED;
}

static bool check_reach(struct site_build *build, const struct admin_settings *admin)
{
    const struct node *at = site_place(admin->node, "bind");
    if (!site_has(admin->token) && !needs_certificates(admin))
        return problem_error(
            build->problems, at,
            "the admin listener is reached from elsewhere, so it asks for credentials: set \"token\", or "
            "\"tls\" with \"client_ca\"; or bind loopback; \"health\" is for probes without credentials");
    if (admin->tls.node == NULL)
        problem_warning(build->problems, at,
                        "the admin listener is reached from elsewhere without TLS: anybody on the way reads its token");
    return true;
}

/* Whom it takes no certificate from is let in by the token alone, and there is none. */
static void warn_of_optional(struct site_build *build, const struct admin_settings *admin)
{
    if (site_has(admin->tls.client_ca) && !needs_certificates(admin) && !site_has(admin->token))
        problem_warning(
            build->problems, site_place(admin->tls.node, "clients"),
            "clients may come without a certificate and no \"token\" is asked for: \"client_ca\" keeps nobody "
            "out");
}

static bool check_health(struct site_build *build, const struct admin_settings *admin)
{
    const struct admin_health_settings *health = &admin->health;
    const struct listener_settings *listeners = build->site->settings.listeners.at;
    struct bind_address address;
    if (health->node == NULL || !site_has(health->bind))
        return true;
    bool is_ok = site_check_bind(build->problems, health->node, health->bind, &address);
    for (size_t i = 0; i < build->site->settings.listeners.count; i++)
        is_ok = site_check_apart(build->problems, health->node, health->bind, listeners[i].bind) && is_ok;
    return site_check_apart(build->problems, health->node, health->bind, admin->bind) && is_ok;
}

static bool check_apart(struct site_build *build, const struct admin_settings *admin)
{
    const struct listener_settings *listeners = build->site->settings.listeners.at;
    bool is_ok = true;
    for (size_t i = 0; i < build->site->settings.listeners.count; i++)
        is_ok = (listeners[i].node == NULL ||
                 site_check_apart(build->problems, listeners[i].node, listeners[i].bind, admin->bind)) &&
                is_ok;
    return is_ok;
}

bool site_build_admin(struct site_build *build)
{
    const struct admin_settings *admin = &build->site->settings.admin;
    struct bind_address address;
    if (admin->is_off)
        return true;
    bool is_ok = check_apart(build, admin);
    if (admin->node == NULL)
        return is_ok;
    is_ok = check_token(build, admin) && is_ok;
    is_ok = check_hosts(build, admin) && is_ok;
    is_ok = check_health(build, admin) && is_ok;
    warn_of_optional(build, admin);
    if (!site_check_bind(build->problems, admin->node, admin->bind, &address))
        return false;
    return (bind_address_is_local(&address) || check_reach(build, admin)) && is_ok;
}
