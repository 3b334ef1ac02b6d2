/* SPDX-License-Identifier: Apache-2.0 */
/* Three sets, each for a manner of its own: media, an action and navigation; a key of two parts; PATCH that creates. */
#include "dev/odata_model.h"

#include "dev/odata_text.h"

enum { KEY_MAX = 100, TEXT_MAX = 4000 };

#define KEY_TEXT(name_)                                                      \
    {                                                                        \
        .name = (name_), .type = ODATA_TEXT, .text_len_max = (size_t)KEY_MAX \
    }
#define KEY_WHOLE(name_)                                        \
    {                                                           \
        .name = (name_), .type = ODATA_NUMBER, .is_whole = true \
    }
#define TEXT_OF(name_)                                                                             \
    {                                                                                              \
        .name = (name_), .type = ODATA_TEXT, .text_len_max = (size_t)TEXT_MAX, .is_nullable = true \
    }
#define NUMBER_OF(name_, is_whole_)                                                         \
    {                                                                                       \
        .name = (name_), .type = ODATA_NUMBER, .is_whole = (is_whole_), .is_nullable = true \
    }
#define TRUTH_OF(name_)                      \
    {                                        \
        .name = (name_), .type = ODATA_TRUTH \
    }

static const struct odata_property orders[] = {KEY_TEXT("OrderNo"),        TEXT_OF("CustomerName"),
                                               NUMBER_OF("Amount", false), NUMBER_OF("Priority", true),
                                               TRUTH_OF("Confirmed"),      TEXT_OF("Note")};
static const struct odata_property lines[] = {KEY_TEXT("OrderNo"), KEY_WHOLE("LineNo"), TEXT_OF("PartNo"),
                                              NUMBER_OF("Quantity", false), TRUTH_OF("Delivered")};
static const struct odata_property customers[] = {KEY_TEXT("CustomerNo"), TEXT_OF("Name"), TEXT_OF("Country"),
                                                  NUMBER_OF("CreditLimit", false)};
_Static_assert(COUNT_OF(orders) <= ODATA_PROPERTIES_MAX && COUNT_OF(lines) <= ODATA_PROPERTIES_MAX,
               "entities hold them");

const struct odata_set odata_sets[ODATA_SET_COUNT] = {
    [ODATA_ORDERS] = {.name = "CustomerOrderSet",
                      .type = "CustomerOrder",
                      .properties = orders,
                      .count = COUNT_OF(orders),
                      .key_count = 1,
                      .media = "Attachment",
                      .action = "CustomerOrder_Confirm",
                      .lines = "CustomerOrderLineArray",
                      .lines_set = &odata_sets[ODATA_LINES]},
    [ODATA_LINES] = {.name = "CustomerOrderLineSet",
                     .type = "CustomerOrderLine",
                     .properties = lines,
                     .count = COUNT_OF(lines),
                     .key_count = 2},
    [ODATA_CUSTOMERS] = {.name = "CustomerSet",
                         .type = "Customer",
                         .properties = customers,
                         .count = COUNT_OF(customers),
                         .key_count = 1,
                         .is_upsert = true},
};

const struct odata_set *odata_model_set(struct span name)
{
    for (size_t i = 0; i < ODATA_SET_COUNT; i++)
        if (span_eq(name, span_str(odata_sets[i].name)))
            return &odata_sets[i];
    return NULL;
}

size_t odata_model_property(const struct odata_set *set, struct span name)
{
    for (size_t i = 0; i < set->count; i++)
        if (span_eq(name, span_str(set->properties[i].name)))
            return i;
    return ODATA_NO_PROPERTY;
}

static const char *edm_type(const struct odata_property *property)
{
    switch (property->type) {
    case ODATA_TEXT: return "Edm.String";
    case ODATA_NUMBER: return property->is_whole ? "Edm.Int32" : "Edm.Double";
    case ODATA_TRUTH:
    case ODATA_NULL: break;
    }
    return "Edm.Boolean";
}

static bool is_int32(double number)
{
    return number >= INT32_MIN && number <= INT32_MAX && !(number > (double)(int32_t)number) &&
           !(number < (double)(int32_t)number);
}

bool odata_model_fits(const struct odata_property *property, const struct odata_value *value,
                      struct odata_failure *failure)
{
    bool is_null = value->type == ODATA_NULL;
    if (is_null && property->is_nullable)
        return true;
    if (value->type != property->type || (property->is_whole && !is_int32(value->number)))
        return odata_fail(failure, ODATA_BAD_REQUEST, "%s is of type %s%s", property->name, edm_type(property),
                          is_null ? " and not nullable" : "");
    if (value->type != ODATA_TEXT)
        return true;
    if (odata_text_length(value->text) > property->text_len_max || !odata_text_is_utf8(value->text))
        return odata_fail(failure, ODATA_BAD_REQUEST, "%s takes up to %zu characters of UTF-8 without NUL",
                          property->name, property->text_len_max);
    return true;
}

/* --- documents --- */

static void put_property(struct buf *out, const struct odata_property *property)
{
    buf_printf(out, "<Property Name=\"%s\" Type=\"%s\"", property->name, edm_type(property));
    if (!property->is_nullable)
        buf_add_str(out, " Nullable=\"false\"");
    if (property->text_len_max > 0)
        buf_printf(out, " MaxLength=\"%zu\"", property->text_len_max);
    buf_add_str(out, "/>");
}

static void put_type(struct buf *out, const struct odata_set *set)
{
    buf_printf(out, "<EntityType Name=\"%s\"><Key>", set->type);
    for (size_t i = 0; i < set->key_count; i++)
        buf_printf(out, "<PropertyRef Name=\"%s\"/>", set->properties[i].name);
    buf_add_str(out, "</Key>");
    for (size_t i = 0; i < set->count; i++)
        put_property(out, &set->properties[i]);
    if (set->media != NULL)
        buf_printf(out, "<Property Name=\"%s\" Type=\"Edm.Stream\"/>", set->media);
    if (set->lines != NULL)
        buf_printf(out, "<NavigationProperty Name=\"%s\" Type=\"Collection(" ODATA_NAMESPACE ".%s)\"/>", set->lines,
                   set->lines_set->type);
    buf_add_str(out, "</EntityType>");
    if (set->action != NULL)
        buf_printf(out,
                   "<Action Name=\"%s\" IsBound=\"true\"><Parameter Name=\"bindingParameter\" Type=\"" ODATA_NAMESPACE
                   ".%s\" Nullable=\"false\"/><ReturnType Type=\"" ODATA_NAMESPACE ".%s\"/></Action>",
                   set->action, set->type, set->type);
}

static void put_entity_set(struct buf *out, const struct odata_set *set)
{
    buf_printf(out, "<EntitySet Name=\"%s\" EntityType=\"" ODATA_NAMESPACE ".%s\">", set->name, set->type);
    if (set->lines != NULL)
        buf_printf(out, "<NavigationPropertyBinding Path=\"%s\" Target=\"%s\"/>", set->lines, set->lines_set->name);
    buf_add_str(out, "</EntitySet>");
}

void odata_model_put_metadata(struct buf *out)
{
    buf_add_str(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>"
                "<Schema Namespace=\"" ODATA_NAMESPACE "\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">");
    for (size_t i = 0; i < ODATA_SET_COUNT; i++)
        put_type(out, &odata_sets[i]);
    buf_add_str(out, "<EntityContainer Name=\"" ODATA_PROJECTION "\">");
    for (size_t i = 0; i < ODATA_SET_COUNT; i++)
        put_entity_set(out, &odata_sets[i]);
    buf_add_str(out, "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n");
}

void odata_model_put_sets(struct buf *out)
{
    for (size_t i = 0; i < ODATA_SET_COUNT; i++)
        buf_printf(out, "%s{\"name\":\"%s\",\"kind\":\"EntitySet\",\"url\":\"%s\"}", i == 0 ? "" : ",",
                   odata_sets[i].name, odata_sets[i].name);
}
