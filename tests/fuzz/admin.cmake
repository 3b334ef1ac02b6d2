# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(guard admin)
jwtgate_fuzzer(sign_in admin)
jwtgate_fuzzer(sending admin)
