/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of the configuration file share. */
#ifndef PROXY_SETTINGS_INT_H
#define PROXY_SETTINGS_INT_H

#include "proxy/settings.h"

#define ROW(struct_, member_, name_, kind_, ...)                                                   \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(struct struct_, member_), __VA_ARGS__ \
    }
#define NODE_AT(struct_) .node_offset = offsetof(struct struct_, node) + 1

extern const struct schema settings_listener_schema, settings_admin_schema, settings_console_schema;
extern const struct schema settings_backend_schema, settings_route_schema;

#endif
