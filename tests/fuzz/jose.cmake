# SPDX-License-Identifier: Apache-2.0
foreach(name b64url tape token jwks claims)
  jwtgate_fuzzer(${name} jose)
endforeach()
jwtgate_fuzzer(decrypt jose LINKS jwtgate_signing)
