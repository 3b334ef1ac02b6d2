/* SPDX-License-Identifier: Apache-2.0 */
/* The list in four maps: each entry stands in the one of its narrowest member, so that a token meets only entries about itself.
 * Entries that name nobody, only a time, come down to the latest of them.
 */
#include "policy/revocation.h"

#include "base/map.h"
#include "base/now.h"

#include <stdatomic.h>

/* By what an entry is looked up, narrowest first. */
enum by { BY_JTI, BY_SUB, BY_KID, BY_ISS, BY_COUNT };

struct revocation {
    _Atomic(unsigned) references;
    struct arena arena;
    const char *file;
    unsigned char digest[DIGEST_BYTES]; /* of the file's bytes */
    struct revoked *entries;
    size_t count;
    struct map by[BY_COUNT];      /* text -> the first of a chain of struct revoked */
    const struct revoked *latest; /* of those that say a time alone; NULL: none */
};

/* ---- the file ---- */

struct entry_settings {
    struct span jti, sub, kid, iss, issued_before;
    const struct node *node;
};

struct file_settings {
    struct schema_list revoked;
};

static const struct schema_row entry_rows[] = {
    {.name = "jti", .kind = SCHEMA_TEXT, .offset = offsetof(struct entry_settings, jti), .help = "the token's jti"},
    {.name = "sub", .kind = SCHEMA_TEXT, .offset = offsetof(struct entry_settings, sub), .help = "the token's sub"},
    {.name = "kid",
     .kind = SCHEMA_TEXT,
     .offset = offsetof(struct entry_settings, kid),
     .help = "kid of the key that signed it"},
    {.name = "iss", .kind = SCHEMA_TEXT, .offset = offsetof(struct entry_settings, iss), .help = "the token's iss"},
    {.name = "issued_before",
     .kind = SCHEMA_TEXT,
     .offset = offsetof(struct entry_settings, issued_before),
     .help = "RFC 3339 or seconds since 1970: tokens whose iat is before, or that have none"},
};
static const struct schema entry_schema = {"revoked", entry_rows, COUNT_OF(entry_rows),
                                           offsetof(struct entry_settings, node) + 1, NULL};

static const struct schema_row file_rows[] = {
    {.name = "revoked",
     .kind = SCHEMA_LIST,
     .offset = offsetof(struct file_settings, revoked),
     .is_required = true,
     .table = &entry_schema,
     .item_bytes = sizeof(struct entry_settings),
     .help = "entries; a token that all members of one fit is refused"},
};
static const struct schema file_schema = {"revocation", file_rows, COUNT_OF(file_rows), 0, NULL};

const struct schema *revocation_schema(void)
{
    return &file_schema;
}

/* ---- building ---- */

struct building {
    struct revocation *list;
    struct problems *problems;
    bool is_out_of_memory;
};

static void copy_text(struct building *b, struct span from, struct span *to)
{
    if (from.at == NULL)
        return;
    *to = arena_copy(&b->list->arena, from);
    if (to->at == NULL)
        b->is_out_of_memory = true;
}

static bool check_texts(struct building *b, const struct entry_settings *from)
{
    const struct {
        const char *name;
        struct span text;
    } rows[] = {{"jti", from->jti}, {"sub", from->sub}, {"kid", from->kid}, {"iss", from->iss}};
    bool says_something = from->issued_before.at != NULL;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        says_something = says_something || rows[i].text.at != NULL;
        if (rows[i].text.at != NULL && rows[i].text.len == 0)
            return problem_error(b->problems, node_member(from->node, rows[i].name), "\"%s\" is empty", rows[i].name);
    }
    return says_something || problem_error(b->problems, from->node,
                                           "an entry that says nothing would mean every token; give jti, sub, kid, iss "
                                           "or issued_before");
}

static bool build_entry(struct building *b, const struct entry_settings *from, struct revoked *entry)
{
    struct err err;
    if (from->node == NULL || !check_texts(b, from))
        return false;
    entry->line = from->node->line;
    entry->has_issued_before = from->issued_before.at != NULL;
    if (entry->has_issued_before && !now_from_text(from->issued_before, &entry->issued_before_s, &err))
        return problem_error(b->problems, node_member(from->node, "issued_before"), "%s", err.text);
    copy_text(b, from->jti, &entry->jti);
    copy_text(b, from->sub, &entry->sub);
    copy_text(b, from->kid, &entry->kid);
    copy_text(b, from->iss, &entry->iss);
    return !b->is_out_of_memory;
}

/* The narrowest member; BY_COUNT: a time alone. */
static enum by place_of(const struct revoked *entry, struct span *name)
{
    const struct span names[BY_COUNT] = {entry->jti, entry->sub, entry->kid, entry->iss};
    int by = BY_JTI;
    while (by < BY_COUNT && names[by].at == NULL)
        by++;
    *name = by < BY_COUNT ? names[by] : (struct span){NULL, 0};
    return (enum by)by;
}

static void index_entry(struct building *b, struct revoked *entry)
{
    struct revocation *list = b->list;
    struct span name;
    enum by by = place_of(entry, &name);
    if (by == BY_COUNT) {
        if (list->latest == NULL || list->latest->issued_before_s < entry->issued_before_s)
            list->latest = entry;
        return;
    }
    entry->next = map_get(&list->by[by], name);
    if (!map_put(&list->by[by], name, entry))
        b->is_out_of_memory = true;
}

static bool build_all(struct building *b, const struct file_settings *settings)
{
    struct revocation *list = b->list;
    const struct entry_settings *from = settings->revoked.at;
    bool is_ok = true;
    list->entries = arena_zero(&list->arena, settings->revoked.count * sizeof *list->entries);
    if (list->entries == NULL)
        b->is_out_of_memory = true;
    for (size_t i = 0; i < settings->revoked.count && !b->is_out_of_memory; i++) {
        struct revoked *entry = &list->entries[list->count++];
        is_ok = build_entry(b, &from[i], entry) && is_ok;
        if (is_ok)
            index_entry(b, entry);
    }
    return is_ok && !b->is_out_of_memory;
}

static bool read_list(struct building *b, const char *file, struct span text)
{
    static const struct node_limits limits = {REVOCATION_NODES_MAX, REVOCATION_BYTES_MAX};
    struct file_settings settings = {.revoked = {0}};
    AUTO(arena) scratch = {0};
    struct err err;
    b->list->file = arena_copy(&b->list->arena, span_str(file)).at;
    b->is_out_of_memory = b->list->file == NULL || !digest_sha256(text, b->list->digest, &err);
    const struct node *root = node_read_yaml_within(&scratch, file, text, &limits, b->problems);
    if (root == NULL || b->is_out_of_memory)
        return false;
    if (root->kind != NODE_MAP)
        return problem_error(b->problems, root, "the file is a map with a list \"revoked\"");
    bool is_read = schema_read(&file_schema, root, &settings, &scratch, b->problems);
    return build_all(b, &settings) && is_read;
}

struct revocation *revocation_read(const char *file, struct span text, struct problems *problems)
{
    struct building b = {.list = calloc(1, sizeof *b.list), .problems = problems};
    unsigned errors = problems->errors;
    if (b.list != NULL) {
        atomic_init(&b.list->references, 1);
        if (read_list(&b, file, text) && problems->errors == errors)
            return b.list;
        revocation_release(b.list);
    }
    if (problems->errors == errors)
        problem_at(problems, PROBLEM_ERROR, file, 0, 0, "out of memory");
    return NULL;
}

struct revocation *revocation_take(struct revocation *list)
{
    atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
    return list;
}

void revocation_release(struct revocation *list)
{
    if (list == NULL || atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < BY_COUNT; i++)
        map_fini(&list->by[i]);
    arena_fini(&list->arena);
    free(list);
}

size_t revocation_count(const struct revocation *list)
{
    return list->count;
}

const char *revocation_file(const struct revocation *list)
{
    return list->file;
}

bool revocation_is_of(const struct revocation *list, struct span text)
{
    unsigned char digest[DIGEST_BYTES];
    struct err err;
    return digest_sha256(text, digest, &err) && memcmp(list->digest, digest, DIGEST_BYTES) == 0;
}

/* ---- looking up ---- */

struct lookup {
    struct span jti, sub, iss; /* at NULL: none */
    const struct revocation_query *query;
    size_t looked_at;
};

/* A number is compared as written: whoever revokes the token of jti 17 means it, however it is spelled there. */
static struct span text_of(const struct claims *claims, struct span name)
{
    const struct tape_item *item = tape_member(&claims->tape, NULL, name);
    bool is_text = item != NULL && (tape_kind_of(item) == TAPE_STRING || tape_kind_of(item) == TAPE_NUMBER);
    return is_text ? tape_span(&claims->tape, item) : (struct span){NULL, 0};
}

static bool is_wanted(struct span wanted, struct span found)
{
    return wanted.at == NULL || (found.at != NULL && span_eq(wanted, found));
}

static bool means(const struct revoked *entry, struct lookup *lookup)
{
    const struct claim_time *iat = &lookup->query->claims->iat;
    lookup->looked_at++;
    if (entry->kid.at != NULL && !is_wanted(entry->kid, lookup->query->kid) &&
        !is_wanted(entry->kid, lookup->query->key_kid))
        return false;
    if (!is_wanted(entry->jti, lookup->jti) || !is_wanted(entry->sub, lookup->sub) ||
        !is_wanted(entry->iss, lookup->iss))
        return false;
    return !entry->has_issued_before || iat->state != CLAIM_PRESENT || iat->at_s < entry->issued_before_s;
}

static const struct revoked *find_by(const struct revocation *list, enum by by, struct span name, struct lookup *lookup)
{
    const struct revoked *entry = name.len == 0 ? NULL : map_get(&list->by[by], name);
    while (entry != NULL && !means(entry, lookup))
        entry = entry->next;
    return entry;
}

const struct revoked *revocation_find(const struct revocation *list, const struct revocation_query *query,
                                      size_t *looked_at)
{
    struct lookup lookup = {.jti = text_of(query->claims, SPAN("jti")),
                            .sub = text_of(query->claims, SPAN("sub")),
                            .iss = text_of(query->claims, SPAN("iss")),
                            .query = query};
    const struct {
        enum by by;
        struct span name;
    } rows[] = {{BY_JTI, lookup.jti},
                {BY_SUB, lookup.sub},
                {BY_KID, query->kid},
                {BY_KID, span_eq(query->kid, query->key_kid) ? SPAN("") : query->key_kid},
                {BY_ISS, lookup.iss}};
    const struct revoked *found = list->latest != NULL && means(list->latest, &lookup) ? list->latest : NULL;
    for (size_t i = 0; i < COUNT_OF(rows) && found == NULL; i++)
        found = find_by(list, rows[i].by, rows[i].name, &lookup);
    if (looked_at != NULL)
        *looked_at = lookup.looked_at;
    return found;
}
