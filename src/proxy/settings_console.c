/* SPDX-License-Identifier: Apache-2.0 */
/* The table of signing in from the token console. */
#include "settings_int.h"

static const struct schema_row console_rows[] = {
    ROW(console_settings, client_id, "client_id", SCHEMA_TEXT, .is_required = true,
        .help = "as which the console is registered with the provider, with the redirect URI .../callback"),
    ROW(console_settings, client_secret, "client_secret", SCHEMA_TEXT,
        .help = "of a confidential client, best \"${...}\"; default: a public client"),
    ROW(console_settings, provider, "provider", SCHEMA_TEXT,
        .help =
            "discovery URL or authority to sign in at; default: the one that the chosen route's policy names first"),
    ROW(console_settings, scopes, "scopes", SCHEMA_TEXTS, .one_is_list = true,
        .help = "that are asked for; default: [openid]"),
    ROW(console_settings, parameters, "parameters", SCHEMA_NODE,
        .help = "further parameters of the authorization request, such as prompt, login_hint or resource"),
};
const struct schema settings_console_schema = {"console", console_rows, COUNT_OF(console_rows),
                                               NODE_AT(console_settings), NULL};
