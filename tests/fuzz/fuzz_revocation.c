/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a list of revoked tokens.
 *
 * Property: a list is read whole or refused with a problem; read again it is the same; no token is compared with more entries than
 * there are, and an entry that means a token says something.
 */
#include "policy/revocation.h"

static const char *const claims_texts[] = {
    "{}",
    "{\"jti\":\"a\",\"sub\":\"s\",\"iss\":\"i\",\"iat\":100}",
    "{\"jti\":17,\"sub\":[\"s\"],\"iss\":\"https://a.example/\",\"iat\":\"x\"}",
};

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void look_up(const struct revocation *list, const char *text)
{
    AUTO(arena) arena = {0};
    struct claims claims;
    struct err err;
    size_t looked_at;
    require(claims_read_json(&claims, &arena, span_str(text), 16, &err));
    const struct revocation_query query = {&claims, SPAN("k"), SPAN("l")};
    const struct revoked *entry = revocation_find(list, &query, &looked_at);
    require(looked_at <= revocation_count(list));
    require(entry == NULL || entry->has_issued_before ||
            entry->jti.len + entry->sub.len + entry->kid.len + entry->iss.len > 0);
    require(entry == NULL || (looked_at > 0 && entry->line > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(problems) problems;
    problems_init(&problems);
    struct revocation *list = revocation_read("f", span_of(data, size), &problems);
    require((list != NULL) == (problems.errors == 0));
    if (list == NULL)
        return 0;
    struct revocation *again = revocation_read("f", span_of(data, size), &problems);
    require(again != NULL && revocation_is_of(again, span_of(data, size)) &&
            revocation_count(list) == revocation_count(again));
    for (size_t i = 0; i < COUNT_OF(claims_texts); i++)
        look_up(list, claims_texts[i]);
    revocation_release(again);
    revocation_release(list);
    return 0;
}
