# SPDX-License-Identifier: Apache-2.0
# Run by CPack between installing and packing: what Debian wants of a package's files.  SOURCE_DATE_EPOCH decides the date of the
# changelog, as it does that of every file in the packages.
set(version ${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(doc ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  configure_file(${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in ${doc}/changelog.Debian @ONLY)
  # The licence is said in `copyright`; changes have a name of their own in Debian.
  file(REMOVE ${doc}/LICENSE)
  if(EXISTS ${doc}/CHANGELOG.md)
    file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
    # Links lead to where these two are now.
    file(GLOB_RECURSE documents ${doc}/*.md)
    execute_process(COMMAND sed -i -E
      "s,\\]\\(((\\.\\./)*)CHANGELOG\\.md\\),](\\1changelog.gz),g;s,\\]\\(((\\.\\./)*)LICENSE\\),](\\1copyright),g" ${documents}
      COMMAND_ERROR_IS_FATAL ANY)
  endif()

  file(GLOB pages ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share/man/*/*)
  foreach(file ${pages} ${doc}/changelog.Debian ${doc}/changelog)
    if(EXISTS ${file})
      execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
      file(CHMOD ${file}.gz PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    endif()
  endforeach()
endforeach()
