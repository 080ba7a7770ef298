# mbedTLS 2.28 from Debian's source package, as target mbedtls, configured by mewz/tls/mbedtls_config.h. MBEDTLS_OPTIMISE: how
# small or fast what is not arithmetic becomes. MBEDTLS_FAILED is set where the sources cannot be had.
execute_process(COMMAND ${PIPIT_SOURCE_DIR}/scripts/get-mbedtls OUTPUT_VARIABLE mbedtls_source
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE MBEDTLS_FAILED)
if(MBEDTLS_FAILED)
  return()
endif()
set(mbedtls_files aes aesni asn1parse asn1write bignum cipher cipher_wrap constant_time ecdh ecdsa ecp ecp_curves gcm md
  memory_buffer_alloc oid pk pk_wrap pkparse platform platform_util rsa rsa_internal sha256 ssl_ciphersuites ssl_cli ssl_msg ssl_srv
  ssl_tls x509 x509_crt)
list(TRANSFORM mbedtls_files PREPEND ${mbedtls_source}/library/)
list(TRANSFORM mbedtls_files APPEND .c)
add_library(mbedtls STATIC ${mbedtls_files})
target_include_directories(mbedtls SYSTEM PUBLIC ${mbedtls_source}/include)
target_include_directories(mbedtls PUBLIC ${PIPIT_SOURCE_DIR}/mewz/tls PRIVATE ${mbedtls_source}/library)
target_compile_definitions(mbedtls PUBLIC MBEDTLS_CONFIG_FILE="${PIPIT_SOURCE_DIR}/mewz/tls/mbedtls_config.h")
target_compile_options(mbedtls PRIVATE ${MBEDTLS_OPTIMISE} -w -ffunction-sections -fdata-sections)
