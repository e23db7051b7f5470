# The program's installation, and Debian packages by CPack: fanin (the program), libfanin0.1 (the shared library) and
# libfanin-dev (headers, static library, CMake and pkg-config files). scripts/check-package.sh tries them.
install(TARGETS fanin COMPONENT program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

# Man page and completions are printed by the program from its command table.
set(generated ${PROJECT_BINARY_DIR}/generated)
set(fanin_pages ${generated}/fanin.1.gz ${generated}/fanin.bash ${generated}/_fanin ${generated}/fanin.fish)
add_custom_command(
  OUTPUT ${fanin_pages}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
  COMMAND fanin help --man > ${generated}/fanin.1
  COMMAND gzip -9nkf ${generated}/fanin.1
  COMMAND fanin completion bash > ${generated}/fanin.bash
  COMMAND fanin completion zsh > ${generated}/_fanin
  COMMAND fanin completion fish > ${generated}/fanin.fish
  DEPENDS fanin
  COMMENT "Printing the man page and the shells' completions"
  VERBATIM)
add_custom_target(fanin_pages ALL DEPENDS ${fanin_pages})
install(FILES ${generated}/fanin.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${generated}/fanin.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME fanin
        COMPONENT program)
install(FILES ${generated}/_fanin DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${generated}/fanin.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)

set(fanin_soname ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# The licence as Debian wants it, in each package.
file(READ NOTICE fanin_notice)
file(CONFIGURE OUTPUT ${generated}/copyright CONTENT "Fanin is under the Apache License, version 2.0; Debian has its text in
/usr/share/common-licenses/Apache-2.0.

@fanin_notice@" @ONLY)
set(fanin_packages program=fanin shared=libfanin${fanin_soname} development=libfanin-dev)
foreach(pair IN LISTS fanin_packages)
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  install(FILES ${generated}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fanin)
set(CPACK_PACKAGE_CONTACT "The Fanin developers <fanin@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program shared shared_development static static_development development)
set(CPACK_COMPONENT_SHARED_GROUP library)
foreach(component IN ITEMS SHARED_DEVELOPMENT STATIC STATIC_DEVELOPMENT DEVELOPMENT)
  set(CPACK_COMPONENT_${component}_GROUP headers)
endforeach()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME fanin)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS dataset-fashion-mnist)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "${PROJECT_DESCRIPTION}: the program
 Trains a network under several initialization schemes and tells which one to
 take, by how much it wins, and why.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libfanin${fanin_soname})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
# Programs that are packaged in turn learn from it what they depend on; dpkg learns to run ldconfig.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "${PROJECT_DESCRIPTION}: the shared library
 Initializes, diagnoses, trains and compares networks; for C++20 programs.")

set(CPACK_DEBIAN_HEADERS_PACKAGE_NAME libfanin-dev)
set(CPACK_DEBIAN_HEADERS_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_HEADERS_PACKAGE_SHLIBDEPS OFF)
# Beside the shared library what a program needs that links the static one; pkg-config looks for these in any case.
string(JOIN ", " CPACK_DEBIAN_HEADERS_PACKAGE_DEPENDS "libfanin${fanin_soname} (= ${PROJECT_VERSION})" libdnnl-dev libhwy-dev
       libsqlite3-dev libjpeg-dev libpng-dev libzip-dev zlib1g-dev libfmt-dev)
set(CPACK_DEBIAN_HEADERS_DESCRIPTION "${PROJECT_DESCRIPTION}: files for C++ development
 Headers, the static library, CMake and pkg-config files.")
include(CPack)
