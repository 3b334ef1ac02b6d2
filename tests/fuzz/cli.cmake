# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(cases cli)
target_link_options(fuzz_cases PRIVATE -Wl,--wrap=open)
