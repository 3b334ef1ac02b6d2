/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery documents and URLs.  What is let through as a URL must lead libcurl to the host that was judged: the second reader is
 * libcurl's own parser.
 */
#include "oidc/discovery.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_so)
{
    if (!is_so)
        abort();
}

static bool is_loopback(const char *host)
{
    struct in_addr address;
    if (inet_pton(AF_INET, host, &address) == 1)
        return ntohl(address.s_addr) >> 24 == 127;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static void parsed_check(CURLU *parsed, bool allow_http)
{
    char *scheme = NULL;
    char *host = NULL;
    char *user = NULL;
    must(curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK);
    must(curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    must(curl_url_get(parsed, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
    must(strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && (allow_http || is_loopback(host))));
    curl_free(scheme);
    curl_free(host);
}

static void url_check(struct span url, bool allow_http)
{
    struct err err = {0};
    if (!discovery_url_check(url, allow_http, &err)) {
        must(err.reason == REASON_DOCUMENT_INVALID && err.text[0] != '\0');
        return;
    }
    char *text = span_dup(url);
    CURLU *parsed = curl_url();
    must(text != NULL && strlen(text) == url.len && parsed != NULL);
    if (curl_url_set(parsed, CURLUPART_URL, text, 0) == CURLUE_OK)
        parsed_check(parsed, allow_http);
    curl_url_cleanup(parsed);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) arena = {0};
    struct span text = span_of(data, size);
    struct discovery discovery;
    struct err err = {0};
    url_check(text, false);
    url_check(text, true);
    char *url = memchr(data, '\0', size) == NULL ? discovery_url(&arena, text) : NULL;
    if (url != NULL) {
        char *again = discovery_url(&arena, span_str(url));
        must(again != NULL && (strstr(url, "://") == NULL || strcmp(url, again) == 0));
    }
    if (discovery_read(&discovery, &arena, text, false, &err)) {
        must(discovery.issuer.len > 0 && strlen(discovery.jwks_uri.at) == discovery.jwks_uri.len);
        url_check(discovery.jwks_uri, false);
        (void)!discovery_issuer_check(&discovery, text, NULL);
        (void)!discovery_hosts_check(&discovery, text, NULL);
    } else {
        must(err.reason == REASON_DOCUMENT_INVALID);
    }
    struct discovery_sign_in found;
    if (discovery_read_sign_in(&found, &arena, text, false, &err)) {
        url_check(found.authorization_endpoint, false);
        url_check(found.token_endpoint, false);
        (void)!discovery_sign_in_issuer_check(&found, text, NULL);
        (void)!discovery_sign_in_hosts_check(&found, text, NULL);
    }
    return 0;
}
