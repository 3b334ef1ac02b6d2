/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a fetch: whether it is an answer, what its fields say of caching and time, and who the server showed to be. */
#include "fetch_int.h"

#include <openssl/x509_vfy.h>

enum {
    MAX_AGE_S_MAX = 10 * 366 * 86400, /* a number in a header is not to overflow anything later */
    CERTIFICATES_MAX = 16,
};

/* Headers. */

static struct span field_of(const struct fetch *fetch, const char *name, size_t index)
{
    struct curl_header *field;
    if (curl_easy_header(fetch->easy, name, index, CURLH_HEADER, -1, &field) != CURLHE_OK)
        return (struct span){NULL, 0};
    return span_str(field->value);
}

/* One we would not send back is none. */
bool fetch_is_etag(struct span etag)
{
    return etag.len <= FETCH_ETAG_BYTES_MAX && span_is_printable(etag);
}

/* A number of seconds, with or without quotes; -1 for anything else; what is too large for us is our maximum. */
static int64_t seconds_read(struct span text)
{
    uint64_t seconds = 0;
    if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
        text = span_of(text.at + 1, text.len - 2);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return -1;
    }
    if (text.len == 0)
        return -1;
    return span_u64(text, MAX_AGE_S_MAX, &seconds) ? (int64_t)seconds : MAX_AGE_S_MAX;
}

static void directive_read(struct span directive, int64_t *max_age_s)
{
    static const struct span max_age = SPAN_INIT("max-age=");
    int64_t seconds = -1;
    if (span_eq_nocase(directive, SPAN("no-store")) || span_eq_nocase(directive, SPAN("no-cache")))
        seconds = 0;
    else if (span_eq_nocase(span_cut(directive, max_age.len), max_age))
        seconds = seconds_read(span_from(directive, max_age.len));
    if (seconds >= 0 && (*max_age_s < 0 || seconds < *max_age_s))
        *max_age_s = seconds;
}

/* The shortest of all that is said (RFC 9111 4.2.1). */
static int64_t max_age_of(const struct fetch *fetch)
{
    int64_t max_age_s = -1;
    for (size_t i = 0;; i++) {
        struct span rest = field_of(fetch, "Cache-Control", i);
        struct span piece;
        if (rest.at == NULL)
            return max_age_s;
        while (span_split(&rest, ',', &piece))
            directive_read(span_trim(piece), &max_age_s);
    }
}

/* An answer out of a cache has the date of when it was put there (RFC 9111 5.1). */
static int64_t date_of(const struct fetch *fetch)
{
    struct span date = field_of(fetch, "Date", 0);
    struct span age = field_of(fetch, "Age", 0);
    if (age.at != NULL && seconds_read(span_trim(age)) != 0)
        return 0;
    time_t seconds = date.len == 0 ? -1 : curl_getdate(date.at, NULL);
    return seconds < 0 ? 0 : (int64_t)seconds;
}

/* What came of it. */

static bool fetch_sees_status(const struct fetch *fetch, long status, struct err *err)
{
    if (status == 200 || (status == 304 && fetch->is_conditional))
        return true;
    if (status >= 300 && status < 400 && status != 304)
        return fail(err, REASON_FETCH_FAILED, "answered %ld; redirects are not followed", status);
    return fail(err, REASON_FETCH_FAILED, "answered %ld", status);
}

static bool fetch_is_connected(const struct fetch *fetch)
{
    curl_off_t microseconds = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds);
    return microseconds > 0;
}

/* libcurl's words, but where the section `providers` has a say in it. */
static const char *result_text(CURLcode result)
{
    if (result == CURLE_PEER_FAILED_VERIFICATION)
        return "the certificate is not trusted, or not for this name (authorities: ca in providers, else the system's)";
    if (result == CURLE_SSL_CACERT_BADFILE)
        return "the file named by ca in providers cannot be used";
    if (result == CURLE_SSL_CERTPROBLEM)
        return "the files named by client_certificate and client_key in providers cannot be used";
    return curl_easy_strerror(result);
}

/* What OpenSSL found wrong with the certificate, behind a colon; empty where it is the name that libcurl did not find. */
static const char *certificate_text(const struct fetch *fetch)
{
    long code = X509_V_OK;
    curl_easy_getinfo(fetch->easy, CURLINFO_SSL_VERIFYRESULT, &code);
    if (fetch->result != CURLE_PEER_FAILED_VERIFICATION || code == X509_V_OK)
        return "";
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return ": it has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return ": its time has not begun";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return ": it is signed by itself";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: return ": its authority is not among those trusted";
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return ": the certificates between it and its authority were not sent";
    default: return "";
    }
}

bool fetch_fits(const struct fetch *fetch, struct err *err)
{
    if (fetch->head_bytes > FETCH_HEAD_BYTES_MAX)
        return fail(err, REASON_FETCH_FAILED, "the answer's head has more than %d bytes", FETCH_HEAD_BYTES_MAX);
    if (fetch->is_too_large || fetch->result == CURLE_FILESIZE_EXCEEDED)
        return fail(err, REASON_FETCH_FAILED, "the document has more than %zu bytes", fetch->body.bytes_max);
    return true;
}

bool fetch_arrived(const struct fetch *fetch, struct err *err)
{
    long proxy_status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (fetch->body.is_broken)
        return fail(err, REASON_FETCH_FAILED, "no memory for the document");
    if (fetch->result == CURLE_OPERATION_TIMEDOUT)
        return fail(err, REASON_FETCH_FAILED, "%s in time (the whole fetch has %lld ms)",
                    fetch_is_connected(fetch) ? "no whole answer" : "no connection", (long long)fetch->timeout_ms);
    if (fetch->result != CURLE_OK && proxy_status >= 300)
        return fail(err, REASON_FETCH_FAILED, "the proxy answered %ld", proxy_status);
    if (fetch->result != CURLE_OK)
        return fail(err, REASON_FETCH_FAILED, "%s%s", result_text(fetch->result), certificate_text(fetch));
    return true;
}

/* A status that decides comes before how the transfer ended: we end those ourselves. */
static bool fetch_judge(const struct fetch *fetch, long status, struct err *err)
{
    if (!fetch_fits(fetch, err) || (status >= 200 && !fetch_sees_status(fetch, status, err)) ||
        !fetch_arrived(fetch, err))
        return false;
    if (status == 200 && buf_len(&fetch->body) == 0)
        return fail(err, REASON_FETCH_FAILED, "answered 200 without a body");
    return status >= 200 || fail(err, REASON_FETCH_FAILED, "no answer");
}

/* Who the server showed to be. */

/* The text behind "Name:" of one certificate's lines; empty where there is none. */
static struct span certificate_line(const struct curl_slist *lines, struct span name)
{
    for (; lines != NULL; lines = lines->next) {
        struct span line = span_str(lines->data);
        if (span_starts(line, name) && line.len > name.len && line.at[name.len] == ':')
            return span_from(line, name.len + 1);
    }
    return (struct span){NULL, 0};
}

/* Only of a connection made by this very fetch: libcurl keeps none for one that it had. */
static void certificates_read(const struct fetch *fetch, struct arena *arena, struct fetch_answer *answer)
{
    struct curl_certinfo *found = NULL;
    if (curl_easy_getinfo(fetch->easy, CURLINFO_CERTINFO, &found) != CURLE_OK || found == NULL)
        return;
    size_t count = found->num_of_certs <= 0                 ? 0
                   : found->num_of_certs < CERTIFICATES_MAX ? (size_t)found->num_of_certs
                                                            : CERTIFICATES_MAX;
    struct fetch_certificate *all = count == 0 ? NULL : arena_zero(arena, count * sizeof *all);
    for (size_t i = 0; all != NULL && i < count; i++) {
        struct span end = certificate_line(found->certinfo[i], SPAN("Expire date"));
        time_t seconds = end.at == NULL ? -1 : curl_getdate(end.at, NULL);
        all[i] = (struct fetch_certificate){.subject = certificate_line(found->certinfo[i], SPAN("Subject")),
                                            .issuer = certificate_line(found->certinfo[i], SPAN("Issuer")),
                                            .not_after_s = seconds < 0 ? 0 : (int64_t)seconds};
    }
    answer->certificates = all;
    answer->certificate_count = all == NULL ? 0 : count;
}

/* All together. */

static int64_t age_of(const struct fetch *fetch)
{
    struct span age = field_of(fetch, "Age", 0);
    return age.at == NULL ? -1 : seconds_read(span_trim(age));
}

void fetch_answer_read(struct fetch *fetch, struct arena *arena, struct fetch_answer *answer)
{
    long status = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
    *answer = (struct fetch_answer){.max_age_s = -1, .age_s = -1};
    answer->is_ok = fetch_judge(fetch, status, &answer->err);
    answer->is_untrusted = fetch->result == CURLE_PEER_FAILED_VERIFICATION || fetch->result == CURLE_SSL_CACERT_BADFILE;
    certificates_read(fetch, arena, answer);
    if (!answer->is_ok)
        return;
    answer->is_unchanged = status == 304;
    answer->body = answer->is_unchanged ? (struct span){NULL, 0} : buf_span(&fetch->body);
    answer->etag = field_of(fetch, "ETag", 0);
    if (!fetch_is_etag(answer->etag))
        answer->etag = (struct span){NULL, 0};
    answer->max_age_s = max_age_of(fetch);
    answer->age_s = age_of(fetch);
    answer->date_s = date_of(fetch);
    answer->begun_us = fetch->begun_us;
    answer->head_us = fetch->head_us;
}
