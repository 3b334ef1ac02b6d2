# SPDX-License-Identifier: Apache-2.0
# What is installed, and the Debian packages made of it: `jwtgate`, the gateway as a service, and `jwtgate-demo`, what to try it with.
#
# `cmake --install` installs what any system has a place for; what only a package can bring (the service, its configuration, the
# demo) is left out there.  scripts/package makes the packages; nothing here needs a packaging tool before that.

# For both ways of installing.  Examples stand beside the schema that they name, documents where README.md links to.
if(TARGET jwtgate)
  install(TARGETS jwtgate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT gateway)
endif()
install(FILES man/jwtgate.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT gateway)
install(FILES man/jwtgate.yaml.5 man/jwtgate-policy.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT gateway)
install(FILES conf/jwtgate.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/jwtgate COMPONENT gateway)
install(FILES packaging/jwtgate.bash-completion DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME jwtgate
  COMPONENT gateway)
install(FILES LICENSE README.md CHANGELOG.md CONTRIBUTING.md DESIGN.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT gateway)
install(DIRECTORY conf docs docker DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT gateway)
install(FILES tests/README.md tests/attacks.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/tests COMPONENT gateway)

# For the package jwtgate alone.
install(FILES packaging/gateway.yaml DESTINATION /etc/jwtgate COMPONENT gateway EXCLUDE_FROM_ALL)
install(FILES packaging/jwtgate.logrotate DESTINATION /etc/logrotate.d RENAME jwtgate COMPONENT gateway EXCLUDE_FROM_ALL)
install(FILES packaging/jwtgate.service DESTINATION lib/systemd/system COMPONENT gateway EXCLUDE_FROM_ALL)
install(FILES packaging/debian/copyright DESTINATION share/doc/jwtgate COMPONENT gateway EXCLUDE_FROM_ALL)

# For the package jwtgate-demo.  jwtgate-dev signs tokens: it is for demos and tests.
if(TARGET jwtgate-dev)
  install(TARGETS jwtgate-dev RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT demo EXCLUDE_FROM_ALL)
endif()
install(FILES man/jwtgate-dev.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT demo EXCLUDE_FROM_ALL)
install(FILES packaging/jwtgate-dev.bash-completion DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME jwtgate-dev
  COMPONENT demo EXCLUDE_FROM_ALL)
install(FILES conf/calculator.yaml conf/ifs-odata.yaml conf/jwtgate.schema.json DESTINATION share/jwtgate-demo COMPONENT demo
  EXCLUDE_FROM_ALL)
install(FILES conf/policies/calculator.xml DESTINATION share/jwtgate-demo/policies COMPONENT demo EXCLUDE_FROM_ALL)
install(FILES packaging/debian/copyright DESTINATION share/doc/jwtgate-demo COMPONENT demo EXCLUDE_FROM_ALL)

set(JWTGATE_MAINTAINER "jwtgate maintainers <maintainers@jwtgate.invalid>" CACHE STRING "Who answers for the packages: NAME <ADDRESS>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME jwtgate)
set(CPACK_PACKAGE_CONTACT "${JWTGATE_MAINTAINER}")
# Each package has a summary of its own: the first line of its description.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL gateway demo)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/finish.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_GATEWAY_PACKAGE_NAME jwtgate)
# procps: the /bin/kill of the unit.
set(CPACK_DEBIAN_GATEWAY_PACKAGE_DEPENDS "adduser, procps")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_GATEWAY_PACKAGE_SUGGESTS "jwtgate-demo, bash-completion, logrotate, prometheus")
set(CPACK_DEBIAN_GATEWAY_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/debian/conffiles
  ${CMAKE_CURRENT_LIST_DIR}/debian/postinst
  ${CMAKE_CURRENT_LIST_DIR}/debian/prerm
  ${CMAKE_CURRENT_LIST_DIR}/debian/postrm)
set(CPACK_DEBIAN_GATEWAY_DESCRIPTION
"reverse proxy that judges bearer tokens
Lets a request through only when its bearer token passes the policy of its
route. Runs validate-jwt policies of Azure API Management, as XML or as YAML,
in front of HTTP/1.1 services; keys come from OpenID providers and follow
their rotation.")

set(CPACK_DEBIAN_DEMO_PACKAGE_NAME jwtgate-demo)
set(CPACK_DEBIAN_DEMO_PACKAGE_SUGGESTS jwtgate)
set(CPACK_DEBIAN_DEMO_DESCRIPTION
"OpenID provider, APIs and tokens to try jwtgate with
A small OpenID provider with known secrets, two small APIs, and tokens, right
and deliberately broken: for demos and tests, not for production.")

include(CPack)
