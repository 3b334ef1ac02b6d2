/* SPDX-License-Identifier: Apache-2.0 */
/* validate-azure-ad-token: what it says in short, said as a validate-jwt.
 *
 * Its map is changed into one that the tables of validate-jwt read: the tenant becomes a provider and both generations of its
 * issuer, applications that may be called become audiences.  The applications that may call are a claim of either name: `appid`
 * in tokens of version 1, `azp` in those of version 2.
 */
#include "rule_int.h"

#include "base/ascii.h"

struct azure {
    struct rule_reader *reader;
    struct node *map;
    const struct node *tenant_node, *endpoint; /* NULL: not there */
    struct span tenant;
    struct span host; /* https, where it has no scheme */
    bool is_guid;
};

/* A text of our own as a child of `parent`, at the place of `like`. */
static bool put_text(struct azure *a, struct node *parent, const struct node *like, const char *key, const char *text)
{
    struct node *node = rule_node_like(a->reader, like, NODE_TEXT, span_str(key));
    if (text == NULL)
        problem_error(a->reader->problems, like, "out of memory");
    if (node == NULL || text == NULL)
        return false;
    node->text = span_str(text);
    node->is_secret = node->is_secret || (a->tenant_node != NULL && a->tenant_node->is_secret);
    rule_node_append(parent, node);
    return true;
}

/* The list under `key`, made where it is not there yet. */
static struct node *list_of(struct azure *a, const struct node *like, const char *key)
{
    struct node *list = node_member(a->map, key);
    if (list == NULL && (list = rule_node_like(a->reader, like, NODE_LIST, span_str(key))) != NULL)
        rule_node_append(a->map, list);
    return list;
}

/* Takes what the tables of validate-jwt do not know out of the map; NULL when it is not there. */
static struct node *take(struct azure *a, const char *key)
{
    struct node *node = node_member(a->map, key);
    if (node != NULL)
        rule_node_remove(node);
    return node;
}

/* Whether the text is known, constant expressions put in; one that depends on the request is a problem. */
static bool settle(struct azure *a, struct node *node, const char *name)
{
    bool is_constant = true;
    if (rule_is_bad(a->reader, node))
        return false;
    if (rule_holds_expression(node->text) && !rule_fold_text(a->reader, node, &is_constant))
        return false;
    return is_constant ||
           problem_error(a->reader->problems, node,
                         "\"%s\" takes no expression: made of a request it would let its sender choose whom to trust; "
                         "write it, or a named value, {{name}}",
                         name);
}

/* ---- the tenant ---- */

static bool is_domain(struct span text)
{
    struct span piece;
    size_t count = 0;
    for (; span_split(&text, '.', &piece); count++) {
        for (size_t i = 0; i < piece.len; i++)
            if (!ascii_is_letter(piece.at[i]) && !ascii_is_digit(piece.at[i]) && piece.at[i] != '-')
                return false;
        if (piece.len == 0)
            return false;
    }
    return count > 1;
}

static bool is_every_tenant(struct span tenant)
{
    static const struct span words[] = {SPAN_INIT("common"), SPAN_INIT("organizations"), SPAN_INIT("consumers")};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (span_eq_nocase(tenant, words[i]))
            return true;
    return false;
}

static struct span lowered(struct azure *a, struct span text)
{
    struct span copy = arena_lower(a->reader->arena, text);
    if (copy.at == NULL)
        problem_error(a->reader->problems, a->tenant_node, "out of memory");
    return copy.at == NULL ? text : copy;
}

/* `text` without a slash at its end and, where it is https, without its scheme. */
static struct span bare_host(struct span text)
{
    if (span_ends(text, SPAN("/")))
        text.len--;
    bool is_https = span_eq_nocase(span_cut(text, 8), SPAN("https://"));
    return is_https ? span_from(text, 8) : text;
}

static bool is_url(struct span text)
{
    return span_eq_nocase(span_cut(text, 8), SPAN("https://")) || span_eq_nocase(span_cut(text, 7), SPAN("http://"));
}

/* Takes https://HOST/TENANT, as tenants are also called, apart; behind it may stand v2.0. */
static bool split_tenant(struct span text, struct span *host, struct span *tenant)
{
    const char *slashes = span_chr(text, '/');
    struct span rest = span_from(text, (size_t)(slashes - text.at) + 2);
    const char *path = span_chr(rest, '/');
    if (path == NULL)
        return false;
    *host = bare_host(span_of(text.at, (size_t)(path - text.at)));
    rest = span_from(rest, (size_t)(path + 1 - rest.at));
    struct span behind = rest;
    return span_split(&behind, '/', tenant) &&
           (behind.len == 0 || span_eq(behind, SPAN("v2.0")) || span_eq(behind, SPAN("v2.0/")));
}

/* The host that the tenant's URL names is the endpoint; where one is given too, both are the same. */
static bool take_host(struct azure *a, struct span host)
{
    if (a->endpoint != NULL && !span_eq_nocase(host, a->host))
        return problem_error(a->reader->problems, a->tenant_node,
                             "tenant-id names another host than authentication-endpoint; leave that out, or write the "
                             "tenant's GUID");
    a->host = host;
    return true;
}

/* Tokens spell a tenant's GUID in small letters, and issuers are compared to the letter. */
static bool read_tenant(struct azure *a)
{
    struct problems *problems = a->reader->problems;
    struct node *node = take(a, "tenant-id");
    if (node == NULL)
        return problem_error(problems, a->map, "tenant-id is missing: the tenant's GUID or domain");
    a->tenant_node = node;
    if (!settle(a, node, "tenant-id"))
        return false;
    struct span tenant = node->text, host = {NULL, 0};
    bool is_known = !is_url(node->text) || split_tenant(node->text, &host, &tenant);
    if (is_known && is_every_tenant(tenant))
        return problem_error(problems, node,
                             "tenant-id \"%s\" stands for many tenants; write one tenant's GUID, or use validate-jwt "
                             "with this URL as openid-config and required claims that say which tenants may pass",
                             QUOTED_UNLESS(node->is_secret, node->text));
    a->is_guid = is_known && span_is_guid(tenant);
    if (!a->is_guid && !(is_known && is_domain(tenant)))
        return problem_error(problems, node,
                             "tenant-id: a GUID or a domain is expected, or a URL https://HOST/TENANT, found \"%s\"",
                             QUOTED_UNLESS(node->is_secret, node->text));
    a->tenant = lowered(a, tenant);
    return host.at == NULL || take_host(a, host);
}

static bool is_host(struct span bare)
{
    bool is_http = span_eq_nocase(span_cut(bare, 7), SPAN("http://"));
    struct span host = is_http ? span_from(bare, 7) : bare;
    return host.len > 0 && span_chr(host, '/') == NULL && span_chr(host, '?') == NULL;
}

static bool read_endpoint(struct azure *a)
{
    struct node *node = take(a, "authentication-endpoint");
    a->endpoint = node;
    a->host = SPAN("login.microsoftonline.com");
    if (node == NULL)
        return true;
    if (!settle(a, node, "authentication-endpoint"))
        return false;
    a->host = bare_host(node->text);
    return is_host(a->host) ||
           problem_error(a->reader->problems, node,
                         "authentication-endpoint: a host is expected, as in https://login.microsoftonline.us");
}

static bool put_provider(struct azure *a)
{
    const struct node *like = a->endpoint != NULL ? a->endpoint : a->tenant_node;
    bool is_http = span_eq_nocase(span_cut(a->host, 7), SPAN("http://"));
    struct node *list = list_of(a, like, "openid-config");
    struct node *provider = list == NULL ? NULL : rule_node_like(a->reader, like, NODE_MAP, span_of(NULL, 0));
    if (provider == NULL)
        return false;
    rule_node_append(list, provider);
    return put_text(a, provider, like, "url",
                    arena_printf(a->reader->arena, "%s%.*s/%.*s/v2.0/.well-known/openid-configuration",
                                 is_http ? "" : "https://", SPAN_ARG(a->host), SPAN_ARG(a->tenant)));
}

/* Both generations of the tenant's issuer.  Those of a host that is not known are what its document says. */
static bool put_issuers(struct azure *a)
{
    const struct node *like = a->tenant_node;
    const struct entra_cloud *cloud = rule_entra_cloud(a->host);
    if (cloud == NULL)
        return true;
    if (!a->is_guid) {
        problem_note(a->reader->problems, like,
                     "only the issuer that the tenant's document publishes is taken, that of tokens of version 2; with "
                     "the tenant's GUID in place of its domain, that of version 1 is taken too");
        return true;
    }
    struct node *list = list_of(a, like, "issuers");
    return list != NULL &&
           put_text(
               a, list, like, "",
               arena_printf(a->reader->arena, "https://%.*s/%.*s/", SPAN_ARG(cloud->issuer), SPAN_ARG(a->tenant))) &&
           put_text(
               a, list, like, "",
               arena_printf(a->reader->arena, "https://%.*s/%.*s/v2.0", SPAN_ARG(cloud->host), SPAN_ARG(a->tenant)));
}

static bool read_trust(struct azure *a)
{
    bool is_good = read_endpoint(a);
    return read_tenant(a) && is_good && put_provider(a) && put_issuers(a);
}

/* ---- applications ---- */

static bool check_application(struct azure *a, struct node *node)
{
    return settle(a, node, "application-id") &&
           (span_is_guid(node->text) ||
            problem_error(a->reader->problems, node, "application-id: a GUID is expected, found \"%s\"",
                          QUOTED_UNLESS(node->is_secret, node->text)));
}

static bool check_filled(struct azure *a, const struct node *list)
{
    return list->children != NULL ||
           problem_error(a->reader->problems, list, "%.*s is empty; leave it out where nothing is to be checked",
                         SPAN_ARG(list->key));
}

/* An application that may be called: tokens for it have the id or `api://` before it as audience. */
static bool put_called(struct azure *a, struct node *audiences, struct node *node)
{
    if (!check_application(a, node))
        return false;
    struct span id = lowered(a, node->text);
    return put_text(a, audiences, node, "", arena_printf(a->reader->arena, "%.*s", SPAN_ARG(id))) &&
           put_text(a, audiences, node, "", arena_printf(a->reader->arena, "api://%.*s", SPAN_ARG(id)));
}

static bool read_called(struct azure *a)
{
    const struct node *list = take(a, "backend-application-ids");
    const struct node *own = node_member(a->map, "audiences");
    if (list == NULL)
        return true;
    if (!check_filled(a, list))
        return false;
    if (own != NULL && own->children == NULL)
        return true; /* told where it is read: what is put in must not hide that it was empty */
    struct node *audiences = list_of(a, list, "audiences");
    bool is_good = audiences != NULL;
    for (struct node *node = list->children; audiences != NULL && node != NULL; node = node->next)
        is_good = put_called(a, audiences, node) && is_good;
    return is_good;
}

static bool read_callers(struct azure *a, const struct node *list)
{
    bool is_good = check_filled(a, list);
    struct span *ids = arena_take(a->reader->arena, node_count(list) * sizeof *ids);
    struct rule_claim *claim = arena_take(a->reader->arena, sizeof *claim);
    size_t count = 0;
    if (ids == NULL || claim == NULL)
        return problem_error(a->reader->problems, list, "out of memory");
    for (struct node *node = list->children; node != NULL; node = node->next) {
        is_good = check_application(a, node) && is_good;
        ids[count++] = lowered(a, node->text);
    }
    *claim = (struct rule_claim){
        .name = SPAN("appid"), .other_name = SPAN("azp"), .match = MATCH_ANY, .values = ids, .count = count};
    a->reader->caller = claim;
    return is_good;
}

static bool read_applications(struct azure *a)
{
    const struct node *callers = take(a, "client-application-ids");
    bool is_good = callers == NULL || read_callers(a, callers);
    is_good = read_called(a) && is_good;
    if (callers == NULL && node_member(a->map, "audiences") == NULL)
        return problem_error(a->reader->problems, a->map,
                             "client-application-ids, backend-application-ids or audiences are missing: without any of "
                             "them every token of the tenant passes, for whatever API it was made");
    return is_good;
}

/* Where nothing says where the token is, it is in Authorization. */
static bool put_source(struct azure *a)
{
    bool is_given = node_member(a->map, "header-name") != NULL || node_member(a->map, "query-parameter-name") != NULL ||
                    node_member(a->map, "token-value") != NULL;
    return is_given || put_text(a, a->map, a->map, "header-name", "Authorization");
}

bool rule_azure_map(struct rule_reader *reader, struct node *map)
{
    struct azure a = {.reader = reader, .map = map};
    bool is_good = read_trust(&a);
    is_good = read_applications(&a) && is_good;
    return put_source(&a) && is_good;
}
