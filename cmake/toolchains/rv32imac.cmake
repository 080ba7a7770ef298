# ESP32-C3 class RISC-V: 32 bit, multiply, atomics, compressed; floats in software. Misaligned loads and stores work,
# as they do there, which saves lwIP and every decoder from going byte by byte; prologues are shared (3 % of all code).
set(PIPIT_TRIPLE riscv32-unknown-elf)
set(PIPIT_CPU_FLAGS "-march=rv32imac_zicsr_zifencei -mabi=ilp32 -mcmodel=medany -mno-strict-align -msave-restore")
set(PIPIT_GNU riscv64-unknown-elf)
set(PIPIT_MULTILIB rv32imac/ilp32)
include(${CMAKE_CURRENT_LIST_DIR}/baremetal.cmake)
