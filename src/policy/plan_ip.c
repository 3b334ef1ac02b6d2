/* SPDX-License-Identifier: Apache-2.0 */
/* ip-filter: ranges of addresses, IPv4 within IPv6, and whether an address lies in one. */
#include "plan_int.h"

#include <arpa/inet.h>

bool plan_read_address(struct span text, unsigned char out[16], bool *is_ipv4)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *is_ipv4 = inet_pton(AF_INET, copy, out + 12) == 1;
    if (*is_ipv4)
        memcpy(out, mapped, sizeof mapped);
    else if (inet_pton(AF_INET6, copy, out) != 1)
        return false;
    *is_ipv4 = memcmp(out, mapped, sizeof mapped) == 0;
    return true;
}

bool plan_range_holds(const struct plan_range *ranges, size_t count, const unsigned char address[16])
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(address, ranges[i].first, sizeof ranges[i].first) >= 0 &&
            memcmp(address, ranges[i].last, sizeof ranges[i].last) <= 0)
            return true;
    return false;
}

bool plan_holds_address(const struct plan_ip_filter *filter, struct span address, bool *is_address)
{
    unsigned char bytes[16];
    bool is_ipv4;
    *is_address = plan_read_address(address, bytes, &is_ipv4);
    return *is_address && plan_range_holds(filter->ranges, filter->count, bytes);
}

/* `node` has the text, `at` the place. */
static bool take_address(struct plan_reader *r, const struct node *node, unsigned char out[16], bool *is_ipv4)
{
    if (rule_is_bad(&r->rule, node))
        return false;
    if (rule_holds_expression(node->text))
        return problem_error(r->problems, node, "an address takes no expression: write it, or a named value, {{name}}");
    if (span_chr(node->text, '/') != NULL)
        return problem_error(r->problems, node,
                             "an address is expected, found \"%s\"; for a network write its ends: <address-range "
                             "from=\"10.0.0.0\" to=\"10.255.255.255\" />",
                             QUOTED_UNLESS(node->is_secret, node->text));
    return plan_read_address(node->text, out, is_ipv4) ||
           problem_error(r->problems, node, "an IPv4 or IPv6 address is expected, found \"%s\"",
                         QUOTED_UNLESS(node->is_secret, node->text));
}

static bool read_one(struct plan_reader *r, const struct node *element, struct plan_range *range)
{
    static const struct plan_shape shape = {"address", NULL, 0, false};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    const struct node *content;
    bool is_ipv4;
    if (!plan_attributes(r, &shape, element, found) || !plan_content(r, element, &content))
        return false;
    if (content == NULL)
        return problem_error(r->problems, element, "<address> is empty");
    if (!take_address(r, content, range->first, &is_ipv4))
        return false;
    memcpy(range->last, range->first, sizeof range->last);
    return true;
}

static bool read_range(struct plan_reader *r, const struct node *element, struct plan_range *range)
{
    static const struct plan_attribute attributes[] = {{"from", true, false}, {"to", true, false}};
    static const struct plan_shape shape = {"address-range", attributes, COUNT_OF(attributes), false};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    bool is_from_ipv4, is_to_ipv4;
    if (!plan_attributes(r, &shape, element, found) || !plan_is_empty(r, element))
        return false;
    bool is_good = take_address(r, found[0], range->first, &is_from_ipv4);
    if (!take_address(r, found[1], range->last, &is_to_ipv4) || !is_good)
        return false;
    if (is_from_ipv4 != is_to_ipv4)
        return problem_error(r->problems, found[1], "a range has both ends in IPv4, or both in IPv6");
    return memcmp(range->first, range->last, sizeof range->first) <= 0 ||
           problem_error(r->problems, found[1], "the range ends before it begins: nothing lies in it");
}

static bool read_ranges(struct plan_reader *r, const struct node *element, struct plan_range *ranges, size_t *count)
{
    static const char *const known[] = {"address", "address-range"};
    bool is_good = true;
    for (const struct node *child = plan_element(r, element->children); child != NULL;
         child = plan_element(r, child->next)) {
        struct plan_range *range = &ranges[(*count)++];
        if (xml_is(child, "address"))
            is_good = read_one(r, child, range) && is_good;
        else if (xml_is(child, "address-range"))
            is_good = read_range(r, child, range) && is_good;
        else
            is_good = xml_unknown(&r->rule, child, "element in <ip-filter>", known, COUNT_OF(known));
    }
    return is_good;
}

bool plan_read_ip_filter(struct plan_reader *r, const struct node *element, struct draft_step *draft)
{
    static const struct plan_attribute attributes[] = {{"action", true, false}};
    static const struct plan_shape shape = {"ip-filter", attributes, COUNT_OF(attributes), true};
    const struct node *found[PLAN_ATTRIBUTES_MAX];
    struct plan_ip_filter *to = plan_take(r, element, sizeof *to);
    struct plan_range *ranges = plan_take(r, element, node_count(element) * sizeof *ranges);
    draft->step.ip_filter = to;
    if (to == NULL || ranges == NULL)
        return false;
    bool is_good = plan_attributes(r, &shape, element, found);
    is_good = read_ranges(r, element, ranges, &to->count) && is_good;
    to->ranges = ranges;
    if (to->count == 0)
        return problem_error(r->problems, element, "<ip-filter> names no address");
    if (!is_good)
        return false;
    to->is_allow = span_eq(found[0]->text, SPAN("allow"));
    return to->is_allow || span_eq(found[0]->text, SPAN("forbid")) ||
           problem_error(r->problems, found[0], "\"action\": allow or forbid is expected, found \"%s\"",
                         QUOTED_UNLESS(found[0]->is_secret, found[0]->text));
}
