/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of listeners and of the admin listener. */
#include "settings_int.h"

static const struct schema_row listener_rows[] = {
    ROW(listener_settings, bind, "bind", SCHEMA_TEXT, .is_required = true,
        .help = "address and port: IPv4:PORT or [IPv6]:PORT; port 0 takes a free one"),
    LATER("tls"),
};
const struct schema settings_listener_schema = {"listeners", listener_rows, COUNT_OF(listener_rows),
                                              NODE_AT(listener_settings), NULL};

static bool admin_off(const struct node *node, void *out, struct arena *arena, struct problems *problems)
{
    struct admin_settings *admin = out;
    (void)arena;
    admin->node = node;
    admin->is_off = node->kind == NODE_TEXT && span_eq(node->text, SPAN("off"));
    return admin->is_off ||
           problem_error(problems, node, "\"admin\" takes a map such as { bind: 127.0.0.1:9180 }, or off");
}

static const struct schema_row admin_rows[] = {
    ROW(admin_settings, bind, "bind", SCHEMA_TEXT, .preset = "127.0.0.1:9180",
        .help = "loopback address and port of /livez, /readyz and /metrics"),
    LATER("token"),
    LATER("health"),
    LATER("console"),
    LATER("tls"),
    LATER("client_ca"),
};
const struct schema settings_admin_schema = {"admin", admin_rows, COUNT_OF(admin_rows), NODE_AT(admin_settings),
                                           admin_off};

