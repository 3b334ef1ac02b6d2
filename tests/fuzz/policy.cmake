# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(policy policy)
jwtgate_fuzzer(judge policy)
