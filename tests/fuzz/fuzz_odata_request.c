/* SPDX-License-Identifier: Apache-2.0 */
/* Whole requests: `METHOD TARGET`, fields, an empty line, the body; each is asked twice of a fresh store.  Every answer has a status
 * that says what its body is.
 */
#include "dev/odata.h"
#include "http/uri.h"

#include <stdint.h>

enum { FIELDS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_right)
{
    if (!is_right)
        abort();
}

static void read_fields(struct head *head, struct span *rest)
{
    struct span line;
    while (span_split(rest, '\n', &line) && line.len > 0 && head->count < FIELDS_MAX) {
        const char *colon = span_chr(line, ':');
        if (colon == NULL)
            continue;
        struct span name = span_cut(line, (size_t)(colon - line.at));
        head->fields[head->count++] =
            (struct field){name, span_trim(span_from(line, name.len + 1)), field_id_of(name), false};
    }
}

static void ask(struct odata_store *store, const struct head *head, struct span body)
{
    AUTO(arena) arena = {0};
    const struct request request = {
        .head = head, .path = head->path, .query = head->query, .body = body, .arena = &arena};
    struct reply reply = {.status = 200};
    odata_answer(store, &request, &reply);
    must(reply.status >= 200 && reply.status < 600 && reply.count <= RESPONDER_FIELDS_MAX);
    must(reply.status < 400 || reply.body.is_broken ||
         span_starts(buf_span(&reply.body), SPAN("{\"error\":{\"code\":\"")));
    for (size_t i = 0; i < reply.count; i++)
        must(span_chr(reply.fields[i].value, '\n') == NULL && span_chr(reply.fields[i].value, '\0') == NULL);
    buf_fini(&reply.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field fields[FIELDS_MAX];
    struct head head = {.fields = fields};
    struct span rest = span_of(data, size), line;
    struct err err;
    if (!span_split(&rest, '\n', &line) || !span_split(&line, ' ', &head.method_text) || line.at == NULL)
        return 0;
    head.method = method_of(head.method_text);
    head.target = line;
    if (head.method == METHOD_UNKNOWN || !uri_read_target(&head, SPAN("localhost"), &err))
        return 0;
    read_fields(&head, &rest);
    AUTO_PTR(odata_store) store = odata_store_new(&err);
    must(store != NULL);
    for (int i = 0; i < 2; i++)
        ask(store, &head, rest);
    return 0;
}
