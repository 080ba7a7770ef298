# How every component is built: pipit_core (freestanding), pipit_hosted (Linux) and pipit_test (GoogleTest beside the code).

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

set(PIPIT_SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR})

# The same warnings everywhere; floats are never contracted, so that a device and its host agree bit for bit.
add_library(pipit_common INTERFACE)
target_include_directories(pipit_common INTERFACE ${PIPIT_SOURCE_DIR})
target_compile_options(pipit_common INTERFACE
  -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers
  -Wno-missing-designated-field-initializers -ffp-contract=off
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fno-rtti>)
add_library(pipit_freestanding INTERFACE)
target_link_libraries(pipit_freestanding INTERFACE pipit_common)
target_compile_options(pipit_freestanding INTERFACE
  -ffunction-sections -fdata-sections $<$<COMPILE_LANGUAGE:CXX>:-fno-threadsafe-statics>)

option(PIPIT_SANITIZE "address and undefined-behaviour sanitizers" OFF)
if(PIPIT_SANITIZE)
  target_compile_options(pipit_common INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
  target_link_options(pipit_common INTERFACE -fsanitize=address,undefined)
endif()

# Opt in, in a build folder of its own: everything is instrumented for libFuzzer, and the targets in */fuzz are there.
option(PIPIT_FUZZ "libFuzzer targets, with both sanitizers" OFF)
if(PIPIT_FUZZ)
  target_compile_options(pipit_common INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(pipit_common INTERFACE -fsanitize=address,undefined)
endif()

# pipit_core(NAME SOURCES a.cpp… [DEPS other…]): a freestanding library, built for the host, boards and kernel alike.
function(pipit_core name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(pipit_${name} STATIC ${A_SOURCES})
  target_link_libraries(pipit_${name} PUBLIC pipit_freestanding)
  foreach(dep IN LISTS A_DEPS)
    target_link_libraries(pipit_${name} PUBLIC pipit_${dep})
  endforeach()
endfunction()

# pipit_small(TARGET [files…]): on boards, as small as it goes: what runs once a message, a deployment or a start, but not
# what runs for every element.
function(pipit_small target)
  if(ARGN)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS $<$<CONFIG:MinSizeRel>:-Oz>)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:MinSizeRel>:-Oz>)
  endif()
endfunction()

# pipit_hosted(NAME SOURCES … [DEPS rooms…] [LIBS external…] [ADAPTERS files…]): a Linux library.
# ADAPTERS are the files that sit around a library that throws; only they are compiled with exceptions.
function(pipit_hosted name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS;LIBS;ADAPTERS" ${ARGN})
  add_library(pipit_${name} STATIC ${A_SOURCES} ${A_ADAPTERS})
  set_source_files_properties(${A_ADAPTERS} PROPERTIES COMPILE_OPTIONS "-fexceptions;-frtti")
  target_link_libraries(pipit_${name} PUBLIC pipit_common)
  foreach(dep IN LISTS A_DEPS)
    target_link_libraries(pipit_${name} PUBLIC pipit_${dep})
  endforeach()
  target_link_libraries(pipit_${name} PUBLIC ${A_LIBS})
endfunction()

# pipit_test(NAME SOURCES … [DEPS rooms…]): one GoogleTest binary, every case of it a ctest entry "NAME.Suite.Case".
function(pipit_test name)
  if(PIPIT_BOARD)
    return()
  endif()
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${A_SOURCES})
  target_link_libraries(${name}_test PRIVATE pipit_common GTest::gtest_main)
  foreach(dep IN LISTS A_DEPS)
    target_link_libraries(${name}_test PRIVATE pipit_${dep})
  endforeach()
  target_compile_definitions(${name}_test PRIVATE PIPIT_SOURCE_DIR="${PIPIT_SOURCE_DIR}")
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${A_TIMEOUT})
endfunction()
