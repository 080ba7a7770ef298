# pipit_wasm(NAME SOURCES … [FLAGS …]): a wasm32-wasi program for tests, built with the rest at build time as
# ${CMAKE_BINARY_DIR}/wasm/NAME.wasm; target NAME_wasm. FLAGS go to compiler and linker.
set(PIPIT_WASM_FOLDER ${CMAKE_BINARY_DIR}/wasm)
find_program(PIPIT_WASM_CLANG NAMES clang-22 REQUIRED)

function(pipit_wasm name)
  cmake_parse_arguments(A "" "" "SOURCES;FLAGS" ${ARGN})
  list(TRANSFORM A_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set(out ${PIPIT_WASM_FOLDER}/${name}.wasm)
  file(MAKE_DIRECTORY ${PIPIT_WASM_FOLDER})
  add_custom_command(OUTPUT ${out} DEPENDS ${A_SOURCES} VERBATIM
    COMMAND ${PIPIT_WASM_CLANG} --target=wasm32-wasi -Wno-deprecated -Oz -Wall -Wextra -Werror
      -I${PIPIT_SOURCE_DIR}/sdk/include ${A_SOURCES} ${A_FLAGS} --no-wasm-opt -o ${out})
  add_custom_target(${name}_wasm ALL DEPENDS ${out})
endfunction()
