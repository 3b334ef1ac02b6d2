/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets of a command's run: each provider asked once, each given document read once, each set verified by one verifier. */
#include "cli/keys.h"

#include "base/list.h"
#include "base/now.h"
#include "cli/assumed.h"
#include "jose/jsondoc.h"
#include "oidc/probe.h"
#include "proxy/site_providers.h"

enum { TIMEOUT_MS_DEFAULT = 10000, DOCUMENT_BYTES_DEFAULT = 1 << 20 };

/* A provider. */
struct source {
    struct list link;
    const char *url; /* the discovery URL */
    bool was_asked;
    int64_t ahead_s;
    struct keyset *set;  /* one reference; NULL: none were got */
    const char *trouble; /* why not */
};

/* A set with what verifies by it; both the holder's. */
struct holder {
    struct list link;
    struct span jwks, issuer; /* of a given document; jwks.at NULL: another set, or one without keys */
    bool is_given;
    struct keyset *set;
    struct verifier *verifier;
    const char *trouble; /* why no key of a given document can be used; NULL: some can */
};

struct keys {
    const struct site *site;
    struct arena arena;
    struct list sources, holders;
    bool is_fetch_ready;
};

struct keys *keys_new(const struct site *site)
{
    struct keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return NULL;
    keys->site = site;
    list_init(&keys->sources);
    list_init(&keys->holders);
    return keys;
}

void keys_free(struct keys *keys)
{
    if (keys == NULL)
        return;
    LIST_EACH(&keys->holders, link)
    {
        struct holder *holder = CONTAINER_OF(link, holder, link);
        verifier_free(holder->verifier);
        keyset_release(holder->set);
    }
    LIST_EACH(&keys->sources, link)
    {
        keyset_release(CONTAINER_OF(link, source, link)->set);
    }
    if (keys->is_fetch_ready)
        fetch_global_fini();
    arena_fini(&keys->arena);
    free(keys);
}

/* ---- fetched ---- */

static struct source *find_source(const struct keys *keys, const char *url)
{
    LIST_EACH(&keys->sources, link)
    {
        struct source *source = CONTAINER_OF(link, source, link);
        if (strcmp(source->url, url) == 0)
            return source;
    }
    return NULL;
}

bool keys_want(struct keys *keys, const struct rule *rule, struct err *err)
{
    for (size_t i = 0; i < rule->provider_count; i++) {
        const char *url = discovery_url(&keys->arena, rule->providers[i].url);
        struct source *source = url == NULL ? NULL : find_source(keys, url);
        if (source != NULL)
            continue;
        source = url == NULL ? NULL : arena_zero(&keys->arena, sizeof *source);
        if (source == NULL)
            return fail(err, REASON_OUT_OF_MEMORY, "no memory for the providers");
        source->url = url;
        list_append(&keys->sources, &source->link);
    }
    return true;
}

static struct issuers_settings fetch_settings(const struct keys *keys)
{
    if (keys->site != NULL)
        return site_issuers_settings(keys->site);
    return (struct issuers_settings){.timing = {.timeout_ms = TIMEOUT_MS_DEFAULT},
                                     .document_bytes_max = DOCUMENT_BYTES_DEFAULT};
}

/* Probes of all sources that nobody asked yet, each beside its source. */
static size_t gather(struct keys *keys, struct probe *probes, struct source **sources)
{
    size_t count = 0;
    LIST_EACH(&keys->sources, link)
    {
        struct source *source = CONTAINER_OF(link, source, link);
        if (source->was_asked)
            continue;
        if (probes != NULL) {
            sources[count] = source;
            probes[count].url = source->url;
            if (keys->site != NULL)
                probes[count].provider = site_provider(keys->site, span_str(source->url));
        }
        count++;
    }
    return count;
}

bool keys_fetch(struct keys *keys, void (*complain)(void *of, const char *url, const struct err *why), void *of,
                struct err *err)
{
    const struct issuers_settings settings = fetch_settings(keys);
    size_t count = gather(keys, NULL, NULL);
    if (count == 0)
        return true;
    struct probe *probes = arena_zero(&keys->arena, count * sizeof *probes);
    struct source **sources = arena_zero(&keys->arena, count * sizeof(struct source *));
    if (probes == NULL || sources == NULL)
        return fail(err, REASON_OUT_OF_MEMORY, "no memory for the fetches");
    gather(keys, probes, sources);
    if (!keys->is_fetch_ready && !fetch_global_init(err))
        return false;
    keys->is_fetch_ready = true;
    if (!probes_run(probes, count, &settings, &keys->arena, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        sources[i]->was_asked = true;
        sources[i]->set = STEAL(probes[i].keys);
        sources[i]->ahead_s = probes[i].keys_document.ahead_s;
        if (sources[i]->set == NULL)
            sources[i]->trouble = arena_printf(&keys->arena, "%s: %s", probes[i].url, probes[i].err.text);
        if (sources[i]->set == NULL && complain != NULL)
            complain(of, probes[i].url, &probes[i].err);
    }
    return true;
}

/* ---- what is trusted ---- */

/* Takes over the reference to `set`, also where it fails. */
static struct holder *hold(struct keys *keys, struct keyset *set, struct err *err)
{
    struct holder *holder = arena_zero(&keys->arena, sizeof *holder);
    struct verifier *verifier = holder == NULL ? NULL : verifier_new(set);
    if (verifier == NULL) {
        keyset_release(set);
        fail(err, REASON_OUT_OF_MEMORY, "no memory for a key set");
        return NULL;
    }
    holder->set = set;
    holder->verifier = verifier;
    list_append(&keys->holders, &holder->link);
    return holder;
}

static struct verifier *verifier_of(struct keys *keys, struct keyset *set, struct err *err)
{
    LIST_EACH(&keys->holders, link)
    {
        struct holder *holder = CONTAINER_OF(link, holder, link);
        if (holder->set == set)
            return holder->verifier;
    }
    struct holder *holder = hold(keys, keyset_take(set), err);
    return holder == NULL ? NULL : holder->verifier;
}

/* The keys into the set; a list of which none can be used leaves it without. */
static bool add_keys(struct keyset *set, const struct jsonval *document, struct err *err)
{
    return keyset_add_jwks(set, document, err) ||
           (err->reason == REASON_DOCUMENT_INVALID && jsonval_is_array(jsonval_member(document, "keys")));
}

static struct keyset *read_set(struct span jwks, struct span issuer, struct err *err)
{
    AUTO_PTR(jsondoc) document = jwks.at == NULL ? NULL : jsondoc_read(jwks, DISCOVERY_DEPTH_MAX, err);
    if (jwks.at != NULL && document == NULL)
        return NULL;
    struct keyset *set = keyset_new(issuer, now_read().wall_s);
    if (set == NULL)
        fail(err, REASON_OUT_OF_MEMORY, "no memory for the key set");
    else if (document != NULL && !add_keys(set, jsondoc_root(document), err))
        keyset_release(STEAL(set));
    return set;
}

/* Why none of its keys is used, each with its kid. */
static const char *why_unusable(struct keys *keys, const struct keyset *set)
{
    enum { WHYS_MAX = 8, WHY_BYTES_MAX = 1024 };
    AUTO(buf) text = {.bytes_max = WHY_BYTES_MAX};
    if (set->skipped_count == 0)
        return "the key set holds no keys";
    buf_printf(&text, "none of %zu keys is usable", set->skipped_count);
    for (size_t i = 0; i < set->skipped_count && i < WHYS_MAX; i++)
        buf_printf(&text, "%s%s: %s", i == 0 ? ": " : "; ",
                   set->skipped[i].kid.len == 0 ? "without kid" : QUOTED(set->skipped[i].kid), set->skipped[i].why);
    return arena_printf(&keys->arena, "%.*s", SPAN_ARG(buf_span(&text)));
}

static struct holder *find_given(const struct keys *keys, struct span jwks, struct span issuer)
{
    LIST_EACH(&keys->holders, link)
    {
        struct holder *holder = CONTAINER_OF(link, holder, link);
        if (holder->is_given && holder->jwks.at == jwks.at && holder->jwks.len == jwks.len &&
            span_eq(holder->issuer, issuer))
            return holder;
    }
    return NULL;
}

static bool is_used(const struct keyset *set, struct span jwks)
{
    return jwks.at == NULL || set->count > 0;
}

static struct holder *take_given(struct keys *keys, struct span jwks, struct span issuer, struct err *err)
{
    struct holder *holder = find_given(keys, jwks, issuer);
    if (holder != NULL)
        return holder;
    struct keyset *set = read_set(jwks, issuer, err);
    holder = set == NULL ? NULL : hold(keys, set, err);
    if (holder == NULL)
        return NULL;
    holder->is_given = true;
    holder->jwks = jwks;
    holder->issuer = holder->set->issuer;
    if (!is_used(holder->set, jwks))
        holder->trouble = why_unusable(keys, holder->set);
    return holder;
}

/* Whose keys the given ones are, where the rule names its trusts[i]. */
static struct span issuer_of(struct keys *keys, const struct rule *rule, const struct keys_given *given, size_t i)
{
    if (given->issuer.at != NULL || i == rule->provider_count)
        return given->issuer;
    const char *url = discovery_url(&keys->arena, rule->providers[i].url);
    return url == NULL ? (struct span){NULL, 0} : assumed_issuer(&keys->arena, span_str(url));
}

static bool trust_given(struct keys *keys, const struct rule *rule, const struct keys_given *given,
                        struct trust *trusts, struct err *err)
{
    size_t count = rule->provider_count + (rule->inline_keys != NULL);
    for (size_t i = 0; i < count; i++) {
        struct span issuer = issuer_of(keys, rule, given, i);
        if (issuer.at == NULL && i < rule->provider_count)
            return fail(err, REASON_OUT_OF_MEMORY, "no memory for a provider's URL");
        const struct holder *holder = take_given(keys, given->jwks, issuer, err);
        if (holder == NULL)
            return false;
        bool has_keys = is_used(holder->set, given->jwks);
        if (!has_keys && !given->takes_unusable)
            return fail(err, REASON_DOCUMENT_INVALID, "%s", holder->trouble == NULL ? "" : holder->trouble);
        trusts[i].verifier = has_keys ? holder->verifier : NULL;
    }
    return true;
}

static bool trust_fetched(struct keys *keys, const struct rule *rule, struct trust *trusts, struct err *err)
{
    for (size_t i = 0; i < rule->provider_count; i++) {
        const char *url = discovery_url(&keys->arena, rule->providers[i].url);
        const struct source *source = url == NULL ? NULL : find_source(keys, url);
        if (url == NULL)
            return fail(err, REASON_OUT_OF_MEMORY, "no memory for a provider's URL");
        trusts[i].verifier = NULL;
        if (source != NULL && source->set != NULL && (trusts[i].verifier = verifier_of(keys, source->set, err)) == NULL)
            return false;
    }
    if (rule->inline_keys == NULL)
        return true;
    trusts[rule->provider_count].verifier = verifier_of(keys, rule->inline_keys, err);
    return trusts[rule->provider_count].verifier != NULL;
}

bool keys_trusts(struct keys *keys, const struct rule *rule, const struct keys_given *given, struct trust *trusts,
                 struct err *err)
{
    return given != NULL ? trust_given(keys, rule, given, trusts, err) : trust_fetched(keys, rule, trusts, err);
}

static const char *trouble_of(struct keys *keys, const struct rule *rule, const struct keys_given *given, size_t i)
{
    if (given != NULL) {
        const struct holder *holder = find_given(keys, given->jwks, issuer_of(keys, rule, given, i));
        return holder == NULL ? NULL : holder->trouble;
    }
    const char *url = i == rule->provider_count ? NULL : discovery_url(&keys->arena, rule->providers[i].url);
    const struct source *source = url == NULL ? NULL : find_source(keys, url);
    return source == NULL || source->set != NULL ? NULL : source->trouble;
}

void keys_troubles(struct keys *keys, const struct rule *rule, const struct keys_given *given, const char **troubles)
{
    for (size_t i = 0; i <= rule->provider_count; i++)
        troubles[i] = trouble_of(keys, rule, given, i);
}

void keys_clocks(const struct keys *keys, const struct rule *rule, int64_t ahead_s[RULE_PROVIDERS_MAX])
{
    AUTO(arena) scratch = {0};
    for (size_t i = 0; i < rule->provider_count; i++) {
        const char *url = discovery_url(&scratch, rule->providers[i].url);
        const struct source *source = url == NULL ? NULL : find_source(keys, url);
        ahead_s[i] = source == NULL ? 0 : source->ahead_s;
    }
}
