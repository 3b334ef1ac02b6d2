/* SPDX-License-Identifier: Apache-2.0 */
/* Who is known to every issuer of the provider.  No secret is one: all of it is told in the help. */
#include "provider_int.h"

const struct provider_client provider_clients[] = {
    {"demo", "demo-secret", "calculator", "Calculator.Read", "account", "reader",
     "d3a0b1c2-0001-4000-8000-00000000d301", PROVIDER_CALCULATOR, "Calculator.Read.All"},
    {"other", "other-secret", "another-api", "Other.Read", "account", "", "d3a0b1c2-0002-4000-8000-00000000d302",
     "c0ffee00-51a4-4949-8a51-0b49add00200", ""},
    {"NC_Flow_ClientCredentials", "nc-secret", "calculator", "Calculator.Read", "account",
     "odata-users ProjectionExplorer", "d3a0b1c2-0003-4000-8000-00000000d303", PROVIDER_CALCULATOR, ""},
    {"console", NULL, "calculator", "Calculator.Read", "account", "odata-users ProjectionExplorer",
     "d3a0b1c2-0004-4000-8000-00000000d304", PROVIDER_CALCULATOR, ""},
    {.id = NULL},
};

const struct provider_user provider_users[] = {
    {"alice", "alice-secret", true},
    {"bob", "bob-secret", false},
    {.name = NULL},
};

const struct provider_client *provider_client_find(struct span id)
{
    for (const struct provider_client *client = provider_clients; client->id != NULL; client++)
        if (span_eq(id, span_str(client->id)) || span_eq(id, span_str(client->app_id)))
            return client;
    return NULL;
}

const struct provider_user *provider_user_find(struct span name)
{
    for (const struct provider_user *user = provider_users; user->name != NULL; user++)
        if (span_eq(name, span_str(user->name)))
            return user;
    return NULL;
}
