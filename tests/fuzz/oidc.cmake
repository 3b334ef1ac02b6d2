# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(discovery oidc)
jwtgate_fuzzer(verified oidc)
jwtgate_fuzzer(stored oidc)
