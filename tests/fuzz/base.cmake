# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(yaml base)
jwtgate_fuzzer(xml base)
jwtgate_fuzzer(moment base)
