# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(config proxy)
jwtgate_fuzzer(forwarded proxy)
jwtgate_fuzzer(websocket proxy)
target_link_options(fuzz_config PRIVATE -Wl,--wrap=open)
