/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a call share: handlers of places and methods, and how entities are written. */
#ifndef DEV_ODATA_CALL_INT_H
#define DEV_ODATA_CALL_INT_H

#include "dev/odata_call.h"
#include "dev/odata_header.h"

/* The entity that the path names; NULL: 404. */
const struct odata_entity *odata_call_find(struct odata_call *call) MUST_CHECK;

/* Adds a field with a text of the arena; NULL breaks the reply, which is then 503. */
void odata_call_add_field(struct odata_call *call, const char *name, const char *text);

/* Sets the Content-Type of JSON; false: the client takes none. */
bool odata_call_begin_json(struct odata_call *call) MUST_CHECK;

/* Appends `"@odata.context":"...#NAME TAIL",` unless the client wants no metadata; with the properties chosen by $select. */
void odata_call_put_context(struct odata_call *call, const struct odata_set *set, const char *tail);
/* Appends the inside of an entity's object. */
void odata_call_put_members(struct odata_call *call, const struct odata_entity *entity);
/* Appends `Set(Key='x')`, percent-encoded. */
void odata_call_put_key(struct buf *out, const struct odata_entity *entity);
/* The entity's URL in the arena; NULL when out of memory. */
char *odata_call_url(struct odata_call *call, const struct odata_entity *entity) MUST_CHECK;
/* Answers with the entity alone. */
bool odata_call_answer_entity(struct odata_call *call, const struct odata_entity *entity) MUST_CHECK;

/* What answers: in odata_call_read.c, */
bool odata_read_service(struct odata_call *call) MUST_CHECK;
bool odata_read_metadata(struct odata_call *call) MUST_CHECK;
bool odata_read_set(struct odata_call *call) MUST_CHECK;
bool odata_read_count(struct odata_call *call) MUST_CHECK;
bool odata_read_entity(struct odata_call *call) MUST_CHECK;
bool odata_read_property(struct odata_call *call) MUST_CHECK;
bool odata_read_value(struct odata_call *call) MUST_CHECK;
bool odata_read_media(struct odata_call *call) MUST_CHECK;

/* and in odata_call_write.c. */
bool odata_write_create(struct odata_call *call) MUST_CHECK;
bool odata_write_update(struct odata_call *call) MUST_CHECK;
bool odata_write_delete(struct odata_call *call) MUST_CHECK;
bool odata_write_media(struct odata_call *call) MUST_CHECK;
bool odata_write_no_media(struct odata_call *call) MUST_CHECK;
bool odata_write_action(struct odata_call *call) MUST_CHECK;

#endif
