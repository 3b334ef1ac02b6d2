/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a proof for a fixed token and request, and as the URL in one.
 *
 * Property: what passes was signed by the key of the standard's example over exactly its header and payload; ECDSA has two signatures
 * for one input, so these alone are compared.  A URL that is taken for the target is not taken for another one.
 */
#include "policy/dpop.h"

#define SIGNED_INPUT                                                                                                   \
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo" \
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19."    \
    "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRy" \
    "ZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
#define SIGNATURE "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"

enum { PROOF_IAT_S = 1562262618 };

static const struct dpop_request the_request = {.proof_count = 1,
                                                .method = SPAN_INIT("GET"),
                                                .is_https = true,
                                                .authority = SPAN_INIT("resource.example.org"),
                                                .path = SPAN_INIT("/protectedresource"),
                                                .window_s = 60};

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static bool passes(struct span text, bool wants_nonce)
{
    AUTO(arena) arena = {0};
    struct dpop_request request = the_request;
    const struct dpop_binding binding = {.token = SPAN("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
                                         .jkt = SPAN("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
                                         .algs = alg_set_all(),
                                         .now_s = PROOF_IAT_S,
                                         .limits = {.token_bytes_max = 16384, .json_depth_max = 32}};
    struct dpop_proof proof;
    struct dpop_fault fault;
    request.proof = text;
    request.wants_nonce = wants_nonce;
    request.nonces[0] = SPAN("nonce");
    bool is_good = dpop_check(&request, &binding, &arena, &proof, &fault);
    require(is_good == (fault.error == DPOP_NO_ERROR));
    require(is_good || fault.expected != NULL);
    require(!is_good || span_starts(text, SPAN(SIGNED_INPUT ".")));
    require(!is_good || proof.iat_s == PROOF_IAT_S);
    return is_good;
}

static void compare_target(struct span htu)
{
    struct dpop_request other = the_request;
    other.path = SPAN("/protectedresourcf");
    if (!dpop_is_target(htu, &the_request))
        return;
    require(!dpop_is_target(htu, &other));
    other = the_request;
    other.is_https = false;
    require(!dpop_is_target(htu, &other));
    other = the_request;
    other.authority = SPAN("resource.example.or");
    require(!dpop_is_target(htu, &other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_known_to_pass;
    if (!is_known_to_pass) {
        require(passes(SPAN(SIGNED_INPUT "." SIGNATURE), false));
        require(!passes(SPAN(SIGNED_INPUT "." SIGNATURE), true));
        is_known_to_pass = true;
    }
    (void)passes(span_of(data, size), false);
    compare_target(span_of(data, size));
    return 0;
}
