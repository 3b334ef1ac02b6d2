# SPDX-License-Identifier: Apache-2.0
# Puts the files of the token console into the library.
file(GLOB console_files CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/console/*.html ${CMAKE_CURRENT_SOURCE_DIR}/console/*.css
  ${CMAKE_CURRENT_SOURCE_DIR}/console/*.js ${CMAKE_CURRENT_SOURCE_DIR}/console/*.svg)
set(console_source ${CMAKE_CURRENT_BINARY_DIR}/console_files.c)
add_custom_command(OUTPUT ${console_source}
  COMMAND ${CMAKE_COMMAND} -DOUT=${console_source} "-DFILES=${console_files}" -P ${CMAKE_CURRENT_SOURCE_DIR}/embed.cmake
  DEPENDS ${console_files} ${CMAKE_CURRENT_SOURCE_DIR}/embed.cmake
  COMMENT "Embedding the token console"
  VERBATIM)
target_sources(jwtgate_admin PRIVATE assets.c ${console_source})
