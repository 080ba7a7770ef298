# lwIP 2.1.3 from Debian's source package, as target lwip; the includer gives lwipopts.h and arch/cc.h by LWIP_PORT,
# and what it wants of src/core beyond the usual, or another optimisation, by LWIP_MORE and LWIP_OPTIMISE.
execute_process(COMMAND ${PIPIT_SOURCE_DIR}/scripts/get-lwip OUTPUT_VARIABLE lwip_source
  OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "scripts/get-lwip failed: lwIP's source package is needed for the firmware")
endif()
if(NOT LWIP_OPTIMISE)
  set(LWIP_OPTIMISE -Oz)
endif()
set(core init def inet_chksum ip mem memp netif pbuf stats sys tcp tcp_in tcp_out timeouts udp
  ipv4/dhcp ipv4/etharp ipv4/icmp ipv4/ip4 ipv4/ip4_addr)
list(APPEND core ${LWIP_MORE})
list(TRANSFORM core PREPEND ${lwip_source}/src/core/)
list(TRANSFORM core APPEND .c)
add_library(lwip STATIC ${core} ${lwip_source}/src/netif/ethernet.c)
target_include_directories(lwip SYSTEM PUBLIC ${lwip_source}/src/include PUBLIC ${LWIP_PORT})
target_compile_options(lwip PRIVATE ${LWIP_OPTIMISE} -ffunction-sections -fdata-sections)
