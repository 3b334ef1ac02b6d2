# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(policy policy)
jwtgate_fuzzer(judge policy)
jwtgate_fuzzer(expression policy)
jwtgate_fuzzer(dpop policy)
jwtgate_fuzzer(revocation policy)
