/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields that OData lives by: Prefer, Accept, If-Match, Cookie. */
#ifndef DEV_ODATA_HEADER_H
#define DEV_ODATA_HEADER_H

#include "http/head.h"

/* Value of the first field of that name; at NULL: there is none. */
struct span odata_header(const struct head *head, const char *name);

/* Whether Prefer names the preference (RFC 7240 2), in any of its fields; its value, without quotes, empty for none. */
bool odata_header_prefers(const struct head *head, const char *name, struct span *value);

/* Whether the media type `type` may be sent (RFC 9110 12.5.1; weights but 0 are not weighed); `*parameters` of the range that
 * named it exactly, else empty.  Without Accept all may.
 */
bool odata_header_accepts(const struct head *head, const char *type, struct span *parameters);

/* The value of a parameter in `;name=value;...`, without quotes; at NULL: none. */
struct span odata_header_parameter(struct span parameters, const char *name);

/* Whether a Content-Type is of that media type, whatever its parameters; the type's letters have no case. */
bool odata_header_is_type(struct span content_type, const char *type);

/* Whether the list of If-Match names the entity tag, W/ not counted, or is `*`. */
bool odata_header_matches(struct span if_match, struct span etag);

/* The cookie of that name; at NULL: none. */
struct span odata_header_cookie(const struct head *head, const char *name);

#endif
