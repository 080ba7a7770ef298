# ESP32-C3 class RISC-V: 32 bit, multiply, atomics, compressed; floats in software.
set(PIPIT_TRIPLE riscv32-unknown-elf)
set(PIPIT_CPU_FLAGS "-march=rv32imac_zicsr_zifencei -mabi=ilp32 -mcmodel=medany")
set(PIPIT_GNU riscv64-unknown-elf)
set(PIPIT_MULTILIB rv32imac/ilp32)
include(${CMAKE_CURRENT_LIST_DIR}/baremetal.cmake)
