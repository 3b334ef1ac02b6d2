# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(h1_request http)
jwtgate_fuzzer(h1_answer http)
jwtgate_fuzzer(h2 http)
jwtgate_fuzzer(uri http)
jwtgate_fuzzer(trace http)
