# The kinds of target that Fanin has: one library a folder of src/, one test program a folder of tests/.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_package(Threads REQUIRED)

find_program(FANIN_CCACHE ccache)
if(FANIN_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FANIN_CCACHE})
endif()

# Bit-reproducible arithmetic: a*b+c is fused only where the source says fma.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -ffp-contract=off)
if(FANIN_WERROR)
  add_compile_options(-Werror)
endif()
if(FANIN_SANITIZE)
  add_compile_options(-fsanitize=${FANIN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FANIN_SANITIZE})
endif()

# fanin_library(folder DEPS folders... LIBRARIES third-party...): the library of src/<folder>.
# DEPS are other folders; scripts/check_layering.py compares them with the includes.
# LIBRARIES are confined to the folder (no public header shows them).
function(fanin_library folder)
  cmake_parse_arguments(arg "" "" "DEPS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(fanin_${folder} STATIC ${sources})
  add_library(fanin::${folder} ALIAS fanin_${folder})
  target_include_directories(fanin_${folder} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  foreach(dependency IN LISTS arg_DEPS)
    target_link_libraries(fanin_${folder} PUBLIC fanin::${dependency})
  endforeach()
  target_link_libraries(fanin_${folder} PRIVATE ${arg_LIBRARIES} Threads::Threads)
endfunction()

# fanin_test(folder DEPS folders... LIBRARIES third-party...): the test program of tests/<folder>, one CTest test a case.
function(fanin_test folder)
  cmake_parse_arguments(arg "" "" "DEPS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(test_${folder} ${sources})
  target_include_directories(test_${folder} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  # Only for the files that ask for it: the others compile alike wherever the tree lies, so a compiler cache serves them.
  foreach(source IN LISTS sources)
    file(STRINGS ${source} uses REGEX FANIN_TESTS_DIR LIMIT_COUNT 1)
    if(uses)
      set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS FANIN_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
    endif()
  endforeach()
  foreach(dependency IN LISTS arg_DEPS)
    target_link_libraries(test_${folder} PRIVATE fanin::${dependency})
  endforeach()
  target_link_libraries(test_${folder} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest_main Threads::Threads)
  gtest_discover_tests(test_${folder} TEST_PREFIX "${folder}." DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${folder} TIMEOUT 300)
endfunction()
include(GoogleTest)
