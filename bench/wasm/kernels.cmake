# pipit_bench_kernels(FOLDER): target bench_kernels builds every kernel for every machine it is measured on. Both sides
# of a comparison come from the same source with the same optimisation, and none may contract or reassociate floats.
#   FOLDER/NAME.v2.so               x86-64-v2, loaded with dlopen()
#   FOLDER/NAME.host.so             this machine's processor
#   FOLDER/NAME.scalar.wasm         wasm32 without SIMD      exports memory, kernel_init, kernel_run, kernel_checksum
#   FOLDER/NAME.simd.wasm           wasm32 with 128-bit SIMD
#   FOLDER/NAME.small.wasm          wasm32 in the size for microcontrollers, -O2; __heap_base says what memory it needs
#   FOLDER/NAME.small.v2.so         the same natively, to compare checksums with
#   FOLDER/NAME.thumbv7em.o, NAME.rv32imac.o   the same for boards, -O2; functions k_NAME_init …, '-' as '_'
set(PIPIT_KERNEL_SOURCES ${CMAKE_CURRENT_LIST_DIR}/kernels)
file(GLOB kernel_files RELATIVE ${PIPIT_KERNEL_SOURCES} ${PIPIT_KERNEL_SOURCES}/*.c)
list(TRANSFORM kernel_files REPLACE "\\.c$" "" OUTPUT_VARIABLE PIPIT_KERNELS)

set(kernel_common -std=gnu17 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -nostdlib)
set(kernel_native ${kernel_common} -O3 -fPIC -shared)
set(kernel_wasm ${kernel_common} --target=wasm32 -Wl,--no-entry -Wl,--stack-first --no-wasm-opt)
set(kernel_small ${kernel_common} -O2 -DPIPIT_KERNEL_SMALL)
set(kernel_board ${kernel_small} -ffreestanding -ffunction-sections -c)
set(variants v2.so host.so scalar.wasm simd.wasm small.wasm small.v2.so thumbv7em.o rv32imac.o)
set(flags_v2.so ${kernel_native} -march=x86-64-v2)
set(flags_host.so ${kernel_native} -march=native)
set(flags_scalar.wasm ${kernel_wasm} -O3 -Wl,-z,stack-size=4096)
set(flags_simd.wasm ${kernel_wasm} -O3 -msimd128 -Wl,-z,stack-size=4096)
set(flags_small.wasm ${kernel_wasm} ${kernel_small} -Wl,-z,stack-size=1024 -Wl,--export=__heap_base)
set(flags_small.v2.so ${kernel_small} -fPIC -shared -march=x86-64-v2)
set(flags_thumbv7em.o ${kernel_board} --target=thumbv7em-none-eabihf -mcpu=cortex-m4 -mfpu=fpv4-sp-d16
  -mfloat-abi=hard)
set(flags_rv32imac.o ${kernel_board} --target=riscv32-unknown-elf -march=rv32imac_zicsr_zifencei -mabi=ilp32 -mcmodel=medany
  -mno-strict-align)

function(pipit_bench_kernels folder)
  file(MAKE_DIRECTORY ${folder})
  set(outputs)
  foreach(kernel IN LISTS PIPIT_KERNELS)
    string(REPLACE "-" "_" prefix k_${kernel})
    foreach(variant IN LISTS variants)
      set(naming)
      if(variant MATCHES "^(thumbv7em|rv32imac)")
        set(naming -DPIPIT_KERNEL_PREFIX=${prefix})
      endif()
      set(out ${folder}/${kernel}.${variant})
      add_custom_command(OUTPUT ${out} VERBATIM
        DEPENDS ${PIPIT_KERNEL_SOURCES}/${kernel}.c ${PIPIT_KERNEL_SOURCES}/kernel.h
        COMMAND ${CMAKE_C_COMPILER} ${flags_${variant}} ${naming} ${PIPIT_KERNEL_SOURCES}/${kernel}.c -o ${out})
      list(APPEND outputs ${out})
    endforeach()
  endforeach()
  add_custom_target(bench_kernels DEPENDS ${outputs})
endfunction()
