# pipit_bench_wasm2c(FOLDER): target bench_wasm2c makes FOLDER/NAME.wasm2c.so of FOLDER/NAME.scalar.wasm, an anchor that
# Debian has: wabt's translation to C, compiled as native code is. Debian's release knows no SIMD.
function(pipit_bench_wasm2c folder)
  find_program(WASM2C wasm2c)
  find_path(WASM2C_RUNTIME wasm-rt-impl.c PATHS /usr/share/wabt/wasm2c NO_DEFAULT_PATH)
  set(outputs)
  if(WASM2C AND WASM2C_RUNTIME)
    foreach(kernel IN LISTS PIPIT_KERNELS)
      set(work ${CMAKE_CURRENT_BINARY_DIR}/wasm2c/${kernel})
      file(MAKE_DIRECTORY ${work})
      set(out ${folder}/${kernel}.wasm2c.so)
      add_custom_command(OUTPUT ${out} VERBATIM DEPENDS ${folder}/${kernel}.scalar.wasm wasm2c_glue.c
        COMMAND ${WASM2C} -n kernel ${folder}/${kernel}.scalar.wasm -o ${work}/kernel.c
        COMMAND ${CMAKE_C_COMPILER} -std=gnu17 -w -O3 -march=x86-64-v2 -ffp-contract=off -fno-math-errno -fPIC -shared
          -I${work} -I${WASM2C_RUNTIME} ${work}/kernel.c ${CMAKE_CURRENT_SOURCE_DIR}/wasm2c_glue.c
          ${WASM2C_RUNTIME}/wasm-rt-impl.c -lm -o ${out})
      list(APPEND outputs ${out})
    endforeach()
  endif()
  add_custom_target(bench_wasm2c DEPENDS ${outputs})
endfunction()
