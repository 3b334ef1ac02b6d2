# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(guard admin)
