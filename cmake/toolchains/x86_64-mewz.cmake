# Mewz: x86-64 in ring 0, clang-22 and lld-22. Headers as on the boards (libstdc++ and picolibc, both target
# independent); what of string.h and math.h the kernel does not have itself comes from musl's static archive.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(PIPIT_TRIPLE x86_64-unknown-none-elf)
foreach(language C CXX ASM)
  set(CMAKE_${language}_COMPILER clang-22)
  set(CMAKE_${language}_COMPILER_TARGET ${PIPIT_TRIPLE})
endforeach()
set(CMAKE_CXX_COMPILER clang++-22)
set(CMAKE_AR llvm-ar-22)
set(CMAKE_RANLIB llvm-ranlib-22)
set(CMAKE_OBJCOPY llvm-objcopy-22)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_EXECUTABLE_SUFFIX_C "")
set(CMAKE_EXECUTABLE_SUFFIX_CXX "")

file(GLOB cxx LIST_DIRECTORIES true /usr/lib/arm-none-eabi/include/c++/*)
if(NOT cxx)
  message(FATAL_ERROR "no libstdc++ headers: apt-get install libstdc++-arm-none-eabi-dev")
endif()
list(GET cxx -1 cxx)
set(libc /usr/lib/picolibc/arm-none-eabi/include)

# No red zone: an interrupt may arrive between any two instructions. Frame pointers and canaries are for the fault
# report: a backtrace, and a stop before a smashed stack returns. Functions that call nobody do without a frame: it is three
# instructions in each, which an emulator translates before it runs them (docs/mewz.md).
set(PIPIT_CPU_FLAGS "-march=x86-64-v2 -mno-red-zone -fno-pic -mcmodel=small")
set(common "${PIPIT_CPU_FLAGS} -fno-omit-frame-pointer -momit-leaf-frame-pointer -fstack-protector-strong -fno-asynchronous-unwind-tables -fno-common -nostdlibinc")
set(CMAKE_ASM_FLAGS_INIT "${PIPIT_CPU_FLAGS}")
set(CMAKE_C_FLAGS_INIT "${common} -isystem ${libc}")
set(CMAKE_CXX_FLAGS_INIT
  "${common} -nostdinc++ -isystem ${cxx} -isystem ${cxx}/arm-none-eabi/thumb/v7e-m+fp/hard -isystem ${libc} -D_GNU_SOURCE")
# As for Linux, so that clang calls its own lld, which understands its link-time optimisation, and not gcc.
set(CMAKE_EXE_LINKER_FLAGS_INIT "--target=x86_64-unknown-linux-gnu -fuse-ld=lld -nostdlib -nostartfiles -static")
set(PIPIT_MUSL_ARCHIVE /usr/lib/x86_64-linux-musl/libc.a)
if(NOT EXISTS ${PIPIT_MUSL_ARCHIVE})
  message(FATAL_ERROR "no ${PIPIT_MUSL_ARCHIVE}: apt-get install musl-dev")
endif()
set(CMAKE_CXX_STANDARD_LIBRARIES ${PIPIT_MUSL_ARCHIVE})
set(CMAKE_C_STANDARD_LIBRARIES ${PIPIT_MUSL_ARCHIVE})
