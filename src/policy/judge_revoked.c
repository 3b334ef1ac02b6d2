/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the operator has revoked the token.  Asked of every token, remembered or not. */
#include "judge_int.h"

#include <inttypes.h>

/* The check that the entry is about: what it names most narrowly. */
static enum check_name check_of(const struct revoked *entry, struct span *claim)
{
    *claim = entry->jti.at != NULL ? SPAN("jti") : SPAN("sub");
    if (entry->jti.at != NULL || entry->sub.at != NULL)
        return CHECK_CLAIM;
    if (entry->kid.at != NULL)
        return CHECK_KEY;
    *claim = SPAN("iat");
    return entry->has_issued_before ? CHECK_CLAIM : CHECK_ISSUER;
}

static struct span found_of(struct judging *j, const struct revoked *entry)
{
    const struct claim_time *iat = &j->claims->iat;
    if (entry->jti.at != NULL)
        return SPAN("this very token");
    if (entry->sub.at != NULL)
        return entry->sub;
    if (entry->kid.at != NULL)
        return entry->kid;
    if (!entry->has_issued_before)
        return entry->iss;
    return iat->state == CLAIM_PRESENT ? judge_text(j, "%" PRId64, iat->at_s) : SPAN("no iat");
}

bool judge_revoked(struct judging *j)
{
    if (j->in->revocation == NULL)
        return true;
    const struct revocation_query query = {
        .claims = j->claims, .kid = j->token->kid, .key_kid = j->out->key == NULL ? SPAN("") : j->out->key->kid};
    const struct revoked *entry = revocation_find(j->in->revocation, &query, NULL);
    if (entry == NULL)
        return true;
    struct span claim;
    enum check_name name = check_of(entry, &claim);
    if (j->reason == REASON_NONE)
        j->out->revoked = entry;
    struct check *check = judge_note(j, name, VERDICT_FAIL, REASON_JWT_INVALID);
    if (check == NULL)
        return false;
    check->claim = name == CHECK_CLAIM ? claim : SPAN("");
    if (entry->has_issued_before)
        check->expected = judge_text(j, "not revoked (%s:%u), or iat of %" PRId64 " and later",
                                     revocation_file(j->in->revocation), entry->line, entry->issued_before_s);
    else
        check->expected = judge_text(j, "not revoked (%s:%u)", revocation_file(j->in->revocation), entry->line);
    check->found = found_of(j, entry);
    return false;
}
