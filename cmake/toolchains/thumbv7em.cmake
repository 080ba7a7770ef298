# Cortex-M4F: Thumb-2 with DSP and a single-precision FPU, floats in registers.
set(PIPIT_TRIPLE thumbv7em-none-eabihf)
set(PIPIT_CPU_FLAGS "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard")
set(PIPIT_GNU arm-none-eabi)
set(PIPIT_MULTILIB thumb/v7e-m+fp/hard)
include(${CMAKE_CURRENT_LIST_DIR}/baremetal.cmake)
