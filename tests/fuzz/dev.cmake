# SPDX-License-Identifier: Apache-2.0
jwtgate_fuzzer(odata_path dev)
jwtgate_fuzzer(odata_query dev)
jwtgate_fuzzer(odata_batch dev)
jwtgate_fuzzer(odata_request dev)
jwtgate_fuzzer(authorization dev)
