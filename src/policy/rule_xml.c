/* SPDX-License-Identifier: Apache-2.0 */
/* Policy XML as the same shape of nodes that YAML gives, so that one set of tables reads both.
 *
 * <validate-jwt> becomes a map: its attributes are keys, its containers lists, element texts scalars; so does its sibling
 * <validate-azure-ad-token>.  What only XML can get wrong is found here: unknown and legacy names, containers given twice,
 * children out of the documented order.
 */
#include "rule_xml.h"

#include "base/buf.h"

/* Of attributes, because in XML all is text. */
enum scalar { SCALAR_TEXT, SCALAR_BOOL, SCALAR_INT };

enum { WHAT_BYTES = 64 };

struct attribute_shape {
    const char *name;
    enum scalar scalar;
    bool is_ours; /* in the namespace RULE_XML_SPACE */
};

struct element_shape {
    const char *name;
    const struct attribute_shape *attributes;
    size_t attribute_count;
};

static const struct attribute_shape policy_attributes[] = {
    {"id", SCALAR_TEXT, false},
    {"header-name", SCALAR_TEXT, false},
    {"query-parameter-name", SCALAR_TEXT, false},
    {"token-value", SCALAR_TEXT, false},
    {"failed-validation-httpcode", SCALAR_INT, false},
    {"failed-validation-error-message", SCALAR_TEXT, false},
    {"require-expiration-time", SCALAR_BOOL, false},
    {"require-scheme", SCALAR_TEXT, false},
    {"require-signed-tokens", SCALAR_BOOL, false},
    {"clock-skew", SCALAR_INT, false},
    {"output-token-variable-name", SCALAR_TEXT, false},
    {"typ", SCALAR_TEXT, true},
    {"max-age", SCALAR_TEXT, true},
};
static const struct attribute_shape azure_attributes[] = {
    {"id", SCALAR_TEXT, false},
    {"tenant-id", SCALAR_TEXT, false},
    {"authentication-endpoint", SCALAR_TEXT, false},
    {"header-name", SCALAR_TEXT, false},
    {"query-parameter-name", SCALAR_TEXT, false},
    {"token-value", SCALAR_TEXT, false},
    {"failed-validation-httpcode", SCALAR_INT, false},
    {"failed-validation-error-message", SCALAR_TEXT, false},
    {"output-token-variable-name", SCALAR_TEXT, false},
    {"typ", SCALAR_TEXT, true},
    {"max-age", SCALAR_TEXT, true},
};
static const struct attribute_shape config_attributes[] = {
    {"url", SCALAR_TEXT, false},
    {"validate-connectivity", SCALAR_BOOL, false},
    {"host", SCALAR_TEXT, false},
};
static const struct attribute_shape key_attributes[] = {
    {"id", SCALAR_TEXT, false},
    {"certificate-id", SCALAR_TEXT, false},
    {"n", SCALAR_TEXT, false},
    {"e", SCALAR_TEXT, false},
};
static const struct attribute_shape claim_attributes[] = {
    {"name", SCALAR_TEXT, false},
    {"match", SCALAR_TEXT, false},
    {"separator", SCALAR_TEXT, false},
    {"path", SCALAR_TEXT, true},
};

static const struct element_shape config_shape = {"openid-config", config_attributes, COUNT_OF(config_attributes)};
static const struct element_shape key_shape = {"key", key_attributes, COUNT_OF(key_attributes)};
static const struct element_shape claim_shape = {"claim", claim_attributes, COUNT_OF(claim_attributes)};
static const struct element_shape audience_shape = {"audience", NULL, 0};
static const struct element_shape issuer_shape = {"issuer", NULL, 0};
static const struct element_shape application_shape = {"application-id", NULL, 0};
static const struct element_shape value_shape = {"value", NULL, 0};

struct container_shape {
    const char *name;
    const struct element_shape *item;
    bool is_item; /* repeated itself, no container */
};

struct policy_shape {
    struct element_shape element;
    const struct container_shape *containers;
    size_t container_count;
    bool has_order; /* the containers above are in the documented order */
};

static const struct container_shape jwt_containers[] = {
    {"openid-config", &config_shape, true}, {"issuer-signing-keys", &key_shape, false},
    {"decryption-keys", &key_shape, false}, {"audiences", &audience_shape, false},
    {"issuers", &issuer_shape, false},      {"required-claims", &claim_shape, false},
};
static const struct container_shape azure_containers[] = {
    {"backend-application-ids", &application_shape, false},
    {"client-application-ids", &application_shape, false},
    {"audiences", &audience_shape, false},
    {"required-claims", &claim_shape, false},
    {"decryption-keys", &key_shape, false},
};

static const struct policy_shape jwt_shape = {
    {"validate-jwt", policy_attributes, COUNT_OF(policy_attributes)}, jwt_containers, COUNT_OF(jwt_containers), true};
static const struct policy_shape azure_shape = {
    {"validate-azure-ad-token", azure_attributes, COUNT_OF(azure_attributes)},
    azure_containers,
    COUNT_OF(azure_containers),
    false};

struct span xml_local_name(const struct node *node)
{
    const char *colon = span_chr(node->key, ':');
    return colon == NULL ? node->key : span_from(node->key, (size_t)(colon + 1 - node->key.at));
}

bool xml_is(const struct node *element, const char *name)
{
    return element->kind == NODE_ELEMENT && element->space.len == 0 && span_eq(element->key, span_str(name));
}

bool xml_unknown(struct rule_reader *reader, const struct node *node, const char *what, const char *const *known,
                 size_t count)
{
    const char *nearest = schema_nearest(xml_local_name(node), known, count);
    const char *text = arena_printf(reader->arena, "unknown %s \"%s\"%s%s%s", what, QUOTED(node->key),
                                    nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                                    nearest == NULL ? "" : "\"?");
    if (text == NULL)
        text = "unknown name";
    if (node->kind == NODE_ELEMENT)
        return problem_error(reader->problems, node, "%s", text);
    return problem_key(reader->problems, node, "%s", text);
}

/* ---- attributes ---- */

static bool type_bool(struct rule_reader *reader, struct node *node)
{
    bool is_true = span_eq(node->text, SPAN("true")) || span_eq(node->text, SPAN("True"));
    bool is_false = span_eq(node->text, SPAN("false")) || span_eq(node->text, SPAN("False"));
    if (!is_true && !is_false)
        return problem_error(reader->problems, node, "\"%.*s\": true or false is expected, found \"%s\"",
                             SPAN_ARG(node->key), QUOTED_UNLESS(node->is_secret, node->text));
    node->kind = NODE_BOOL;
    node->text = is_true ? SPAN("true") : SPAN("false");
    return true;
}

static bool type_int(struct rule_reader *reader, struct node *node)
{
    uint64_t number;
    const char *unit = span_eq(node->key, SPAN("clock-skew")) ? " of seconds" : "";
    if (!span_u64(node->text, INT64_MAX, &number))
        return problem_error(reader->problems, node, "\"%.*s\": a whole number%s is expected, found \"%s\"",
                             SPAN_ARG(node->key), unit, QUOTED_UNLESS(node->is_secret, node->text));
    node->kind = NODE_NUMBER;
    return true;
}

/* An expression is typed by what it gives. */
static bool type_scalar(struct rule_reader *reader, struct node *node, enum scalar scalar)
{
    if (rule_holds_expression(node->text))
        return true;
    switch (scalar) {
    case SCALAR_TEXT: return true;
    case SCALAR_BOOL: return type_bool(reader, node);
    case SCALAR_INT: return type_int(reader, node);
    }
    return false;
}

static const struct attribute_shape *find_attribute(const struct element_shape *shape, const struct node *attribute)
{
    bool is_ours = span_eq(attribute->space, SPAN(RULE_XML_SPACE));
    if (attribute->space.len > 0 && !is_ours)
        return NULL;
    for (size_t i = 0; i < shape->attribute_count; i++)
        if (shape->attributes[i].is_ours == is_ours &&
            span_eq(xml_local_name(attribute), span_str(shape->attributes[i].name)))
            return &shape->attributes[i];
    return NULL;
}

static void refuse_attribute(struct rule_reader *reader, const struct element_shape *shape,
                             const struct node *attribute)
{
    const char *known[COUNT_OF(policy_attributes)];
    if (shape == &azure_shape.element && find_attribute(&jwt_shape.element, attribute) != NULL) {
        problem_key(reader->problems, attribute, "\"%.*s\" is an attribute of validate-jwt, not of %s",
                    SPAN_ARG(attribute->key), shape->name);
        return;
    }
    for (size_t i = 0; i < shape->attribute_count; i++)
        known[i] = shape->attributes[i].name;
    char what[WHAT_BYTES];
    snprintf(what, sizeof what, "attribute of <%s>", shape->name);
    xml_unknown(reader, attribute, what, known, shape->attribute_count);
}

/* The element's attributes as scalars of `map`. */
static void put_attributes(struct rule_reader *reader, const struct element_shape *shape, const struct node *element,
                           struct node *map)
{
    for (const struct node *attribute = element->attributes; attribute != NULL; attribute = attribute->next) {
        const struct attribute_shape *known = find_attribute(shape, attribute);
        struct node *scalar =
            known == NULL ? NULL : rule_node_like(reader, attribute, NODE_TEXT, xml_local_name(attribute));
        if (known == NULL)
            refuse_attribute(reader, shape, attribute);
        if (scalar == NULL)
            continue;
        rule_node_append(map, scalar);
        if (rule_is_bad(reader, attribute) || !type_scalar(reader, scalar, known->scalar))
            rule_mark_bad(reader, scalar);
    }
}

/* ---- elements ---- */

static void refuse_element(struct rule_reader *reader, const struct node *element, const char *within,
                           const char *known)
{
    char what[WHAT_BYTES];
    snprintf(what, sizeof what, "element in <%s>", within);
    xml_unknown(reader, element, what, &known, known == NULL ? 0 : 1);
}

static void ignore_text(struct rule_reader *reader, const char *within, const struct node *text)
{
    problem_warning(reader->problems, text, "text between the elements of <%s> has no meaning", within);
}

/* The element's character data as one scalar under `key`. */
static struct node *text_of(struct rule_reader *reader, const struct element_shape *shape, const struct node *element,
                            struct span key)
{
    struct node *scalar = rule_node_like(reader, element, NODE_TEXT, key);
    AUTO(buf) joined = {0};
    for (const struct node *child = element->children; scalar != NULL && child != NULL; child = child->next) {
        if (child->kind == NODE_ELEMENT) {
            refuse_element(reader, child, shape->name, NULL);
            continue;
        }
        buf_add_span(&joined, child->text);
        scalar->is_secret = scalar->is_secret || child->is_secret;
        if (rule_is_bad(reader, child))
            rule_mark_bad(reader, scalar);
    }
    if (scalar == NULL)
        return NULL;
    scalar->text = arena_copy(reader->arena, buf_span(&joined));
    if (element->children != NULL && rule_holds_expression(scalar->text)) {
        scalar->line = element->children->line;
        scalar->column = element->children->column;
    }
    if (scalar->text.at == NULL || joined.is_broken)
        problem_error(reader->problems, element, "out of memory");
    return scalar;
}

/* A text element without attributes, appended to `list`; an empty one only where an empty text means something. */
static void put_text_item(struct rule_reader *reader, const struct element_shape *shape, const struct node *element,
                          struct node *list)
{
    struct node *scalar = text_of(reader, shape, element, (struct span){NULL, 0});
    if (scalar == NULL)
        return;
    put_attributes(reader, shape, element, scalar);
    rule_node_append(list, scalar);
    if (scalar->text.len == 0 && shape != &value_shape) {
        problem_error(reader->problems, element, "<%s> is empty", shape->name);
        rule_mark_bad(reader, scalar);
    }
}

static void put_claim_values(struct rule_reader *reader, const struct node *element, struct node *claim)
{
    struct node *list = NULL;
    for (const struct node *child = element->children; child != NULL; child = child->next) {
        if (child->kind != NODE_ELEMENT) {
            ignore_text(reader, "claim", child);
            continue;
        }
        if (!xml_is(child, "value")) {
            refuse_element(reader, child, "claim", "value");
            continue;
        }
        if (list == NULL && (list = rule_node_like(reader, child, NODE_LIST, SPAN("values"))) != NULL)
            rule_node_append(claim, list);
        if (list != NULL)
            put_text_item(reader, &value_shape, child, list);
    }
}

static void put_key_text(struct rule_reader *reader, const struct node *element, struct node *key)
{
    struct node *text = text_of(reader, &key_shape, element, SPAN("base64"));
    if (text != NULL && text->text.len > 0)
        rule_node_append(key, text);
}

static void put_config_content(struct rule_reader *reader, const struct node *element)
{
    for (const struct node *child = element->children; child != NULL; child = child->next)
        if (child->kind == NODE_ELEMENT)
            refuse_element(reader, child, "openid-config", NULL);
        else
            ignore_text(reader, "openid-config", child);
}

/* One item of a container, appended to `list`. */
static void put_item(struct rule_reader *reader, const struct element_shape *shape, const struct node *element,
                     struct node *list)
{
    if (shape == &audience_shape || shape == &issuer_shape || shape == &application_shape) {
        put_text_item(reader, shape, element, list);
        return;
    }
    struct node *map = rule_node_like(reader, element, NODE_MAP, (struct span){NULL, 0});
    if (map == NULL)
        return;
    rule_node_append(list, map);
    put_attributes(reader, shape, element, map);
    if (shape == &claim_shape)
        put_claim_values(reader, element, map);
    else if (shape == &key_shape)
        put_key_text(reader, element, map);
    else
        put_config_content(reader, element);
}

static void put_items(struct rule_reader *reader, const struct container_shape *container, const struct node *element,
                      struct node *list)
{
    const struct element_shape bare = {container->name, NULL, 0};
    put_attributes(reader, &bare, element, list);
    for (const struct node *child = element->children; child != NULL; child = child->next)
        if (child->kind != NODE_ELEMENT)
            ignore_text(reader, container->name, child);
        else if (xml_is(child, container->item->name))
            put_item(reader, container->item, child, list);
        else
            refuse_element(reader, child, container->name, container->item->name);
}

static void put_container(struct rule_reader *reader, const struct container_shape *container,
                          const struct node *element, struct node *map)
{
    struct node *list = node_member(map, container->name);
    if (!container->is_item && list != NULL)
        problem_error(reader->problems, element, "<%s> is given twice", container->name);
    else if (list == NULL && (list = rule_node_like(reader, element, NODE_LIST, element->key)) != NULL)
        rule_node_append(map, list);
    if (list == NULL)
        return;
    if (container->is_item)
        put_item(reader, container->item, element, list);
    else
        put_items(reader, container, element, list);
}

/* Index into the policy's containers, or their count. */
static size_t find_container(const struct policy_shape *policy, const struct node *element)
{
    size_t i = 0;
    while (i < policy->container_count && !xml_is(element, policy->containers[i].name))
        i++;
    return i;
}

static void refuse_child(struct rule_reader *reader, const struct policy_shape *policy, const struct node *element)
{
    const char *known[COUNT_OF(jwt_containers)];
    char what[WHAT_BYTES];
    for (size_t i = 0; i < policy->container_count; i++)
        known[i] = policy->containers[i].name;
    snprintf(what, sizeof what, "element in <%s>", policy->element.name);
    if (xml_is(element, "issuer-signing-tokens") || xml_is(element, "zumo-master-key"))
        problem_error(reader->problems, element, "<%.*s> is legacy and not supported; use <issuer-signing-keys>",
                      SPAN_ARG(element->key));
    else if (policy == &azure_shape && find_container(&jwt_shape, element) < jwt_shape.container_count)
        problem_error(reader->problems, element, "<%.*s> belongs into validate-jwt, not into %s",
                      SPAN_ARG(element->key), policy->element.name);
    else
        xml_unknown(reader, element, what, known, policy->container_count);
}
_Static_assert(COUNT_OF(azure_containers) <= COUNT_OF(jwt_containers), "room for the names of either policy");

static void lint_order(struct rule_reader *reader, const struct policy_shape *policy, const struct node *child,
                       size_t *furthest)
{
    size_t at = find_container(policy, child);
    if (!policy->has_order || at >= *furthest) {
        *furthest = at;
        return;
    }
    problem_warning(reader->problems, child,
                    "<%s> stands behind <%s>; the documented order puts it before, and API Management "
                    "may refuse this one",
                    policy->containers[at].name, policy->containers[*furthest].name);
}

struct node *xml_policy_map(struct rule_reader *reader, const struct node *element)
{
    const struct policy_shape *policy = xml_is(element, azure_shape.element.name) ? &azure_shape : &jwt_shape;
    struct node *map = rule_node_like(reader, element, NODE_MAP, element->key);
    if (map == NULL)
        return NULL;
    put_attributes(reader, &policy->element, element, map);
    size_t furthest = 0;
    for (const struct node *child = element->children; child != NULL; child = child->next) {
        size_t at = find_container(policy, child);
        if (child->kind != NODE_ELEMENT) {
            ignore_text(reader, policy->element.name, child);
        } else if (at == policy->container_count) {
            refuse_child(reader, policy, child);
        } else {
            lint_order(reader, policy, child, &furthest);
            put_container(reader, &policy->containers[at], child, map);
        }
    }
    return map;
}
