# The program's installation, and Debian packages by CPack: fanin (the program) and libfanin-dev (the library).
install(TARGETS fanin COMPONENT program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

# Man page and completions are printed by the program from its command table.
set(generated ${PROJECT_BINARY_DIR}/generated)
set(fanin_pages ${generated}/fanin.1 ${generated}/fanin.bash ${generated}/_fanin ${generated}/fanin.fish)
add_custom_command(
  OUTPUT ${fanin_pages}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
  COMMAND fanin help --man > ${generated}/fanin.1
  COMMAND fanin completion bash > ${generated}/fanin.bash
  COMMAND fanin completion zsh > ${generated}/_fanin
  COMMAND fanin completion fish > ${generated}/fanin.fish
  DEPENDS fanin
  COMMENT "Printing the man page and the shells' completions"
  VERBATIM)
add_custom_target(fanin_pages ALL DEPENDS ${fanin_pages})
install(FILES ${generated}/fanin.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${generated}/fanin.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME fanin
        COMPONENT program)
install(FILES ${generated}/_fanin DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
install(FILES ${generated}/fanin.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fanin)
set(CPACK_PACKAGE_CONTACT "The Fanin developers <fanin@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program shared static development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_SHARED_GROUP library)
set(CPACK_COMPONENT_STATIC_GROUP library)
set(CPACK_COMPONENT_DEVELOPMENT_GROUP library)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME fanin)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "${PROJECT_DESCRIPTION}: the program
 Trains a network under several initialization schemes and tells which one to
 take, by how much it wins, and why.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS dataset-fashion-mnist)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libfanin-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "${PROJECT_DESCRIPTION}: the C++ library
 Shared and static library, headers, CMake and pkg-config files.")
# What a program needs that links the static library.
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SUGGESTS
    "libdnnl-dev, libhwy-dev, libsqlite3-dev, libjpeg-dev, libpng-dev, libzip-dev, zlib1g-dev, libfmt-dev")
include(CPack)
