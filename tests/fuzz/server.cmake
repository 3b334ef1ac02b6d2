# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(proxy_protocol server)
