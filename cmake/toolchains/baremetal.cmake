# What both boards' toolchains share: clang-22 and lld-22 over Debian's picolibc, GCC's libgcc and libstdc++'s headers.
# The includer sets, before including this file:
#   PIPIT_TRIPLE     clang's target             PIPIT_CPU_FLAGS   code generation flags
#   PIPIT_GNU        prefix of Debian's GCC     PIPIT_MULTILIB    its library folder for those flags
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_COMPILER clang-22)
set(CMAKE_CXX_COMPILER clang++-22)
set(CMAKE_ASM_COMPILER clang-22)
set(CMAKE_C_COMPILER_TARGET ${PIPIT_TRIPLE})
set(CMAKE_CXX_COMPILER_TARGET ${PIPIT_TRIPLE})
set(CMAKE_ASM_COMPILER_TARGET ${PIPIT_TRIPLE})
set(CMAKE_AR llvm-ar-22)
set(CMAKE_RANLIB llvm-ranlib-22)
set(CMAKE_OBJCOPY llvm-objcopy-22)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_EXECUTABLE_SUFFIX_C "")
set(CMAKE_EXECUTABLE_SUFFIX_CXX "")

# One folder of a versioned path, or a message that names the package it comes from.
function(pipit_folder variable package pattern)
  file(GLOB found LIST_DIRECTORIES true ${pattern})
  if(NOT found)
    message(FATAL_ERROR "nothing matches ${pattern}: apt-get install ${package}")
  endif()
  list(GET found -1 last)
  set(${variable} ${last} PARENT_SCOPE)
endfunction()

# Debian has libstdc++'s headers for ARM only. They are target independent but for bits/c++config.h, whose answers
# (newlib, no threads, 32 bit) hold for picolibc on RV32 as well.
pipit_folder(cxx libstdc++-arm-none-eabi-dev "/usr/lib/arm-none-eabi/include/c++/*")
set(cxx_config "${cxx}/arm-none-eabi/thumb/v7e-m+fp/hard")
pipit_folder(libc picolibc-${PIPIT_GNU} "/usr/lib/picolibc/${PIPIT_GNU}")
pipit_folder(libc_lib picolibc-${PIPIT_GNU} "${libc}/lib/release/${PIPIT_MULTILIB}")
pipit_folder(libgcc gcc-${PIPIT_GNU} "/usr/lib/gcc/${PIPIT_GNU}/*/${PIPIT_MULTILIB}")

# The whole firmware is optimised as one (2 % smaller).
set(common "${PIPIT_CPU_FLAGS} -flto -fno-common -nostdlibinc -isystem ${libc}/include")
set(CMAKE_C_FLAGS_INIT "${common}")
set(CMAKE_ASM_FLAGS_INIT "${PIPIT_CPU_FLAGS}")
set(CMAKE_CXX_FLAGS_INIT
  "${PIPIT_CPU_FLAGS} -flto -fno-common -nostdlibinc -nostdinc++ -isystem ${cxx} -isystem ${cxx_config} -isystem ${libc}/include -D_GNU_SOURCE")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-flto -fuse-ld=lld -nostdlib -nostartfiles -static -L${libc_lib} -L${libgcc}")
# After everything else: string and memory functions, 64-bit and soft-float arithmetic.
set(CMAKE_CXX_STANDARD_LIBRARIES "-lc -lgcc")
set(CMAKE_C_STANDARD_LIBRARIES "-lc -lgcc")
