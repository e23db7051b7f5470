# The one library that other projects use, shared and static, from the objects of the folders; and what is installed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

list(REMOVE_ITEM fanin_folders reference cli)  # for tests; the program's own
set(fanin_objects "")
foreach(folder IN LISTS fanin_folders)
  list(APPEND fanin_objects $<TARGET_OBJECTS:fanin_${folder}>)
endforeach()
# What the objects link (the LIBRARIES of the folders); the header-only libraries are compiled in.
set(fanin_link_libraries fmt::fmt ZLIB::ZLIB JPEG::JPEG PNG::PNG PkgConfig::libzip PkgConfig::hwy SQLite::SQLite3
                         DNNL::dnnl OpenMP::OpenMP_CXX Threads::Threads)
find_package(OpenMP REQUIRED COMPONENTS CXX)

set(fanin_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/fanin)
foreach(kind IN ITEMS SHARED STATIC)
  string(TOLOWER ${kind} lower)
  set(target fanin_library_${lower})
  # Both kinds are built; `cmake --install` takes the one that BUILD_SHARED_LIBS says, the package both.
  add_library(${target} ${kind} ${fanin_objects})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME fanin EXPORT_NAME ${lower} LINKER_LANGUAGE CXX
                                             ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib
                                             LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                 $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_link_libraries(${target} PRIVATE ${fanin_link_libraries})
  set(optional EXCLUDE_FROM_ALL)
  if((kind STREQUAL "SHARED" AND BUILD_SHARED_LIBS) OR (kind STREQUAL "STATIC" AND NOT BUILD_SHARED_LIBS))
    set(optional "")
    add_library(fanin::fanin ALIAS ${target})
  endif()
  install(
    TARGETS ${target}
    EXPORT fanin-${lower}
    COMPONENT ${lower} ${optional}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT ${lower}_development)
  install(
    EXPORT fanin-${lower}
    NAMESPACE fanin::
    DESTINATION ${fanin_cmake_dir}
    FILE fanin-${lower}-targets.cmake
    COMPONENT ${lower}_development ${optional})
endforeach()
# While the major version is 0, each minor version may break programs that were linked with the one before.
set_target_properties(fanin_library_shared PROPERTIES VERSION ${PROJECT_VERSION}
                                                      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
# Only Fanin's own names leave the library: its copies of {fmt} and others must not meet a program's own.
target_link_options(fanin_library_shared PRIVATE LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/fanin.map)
set_property(TARGET fanin_library_shared PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/fanin.map)

install(DIRECTORY include/fanin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
configure_package_config_file(cmake/fanin-config.cmake.in ${PROJECT_BINARY_DIR}/fanin-config.cmake
                              INSTALL_DESTINATION ${fanin_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/fanin-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/fanin-config.cmake ${PROJECT_BINARY_DIR}/fanin-config-version.cmake
              cmake/FindDNNL.cmake DESTINATION ${fanin_cmake_dir} COMPONENT development)
file(RELATIVE_PATH fanin_pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/fanin.pc.in ${PROJECT_BINARY_DIR}/fanin.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/fanin.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
