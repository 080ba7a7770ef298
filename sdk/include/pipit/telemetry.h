#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* pipit:telemetry: sends one result under `name`, with the sequence number of the frame it answers. Waits
 * while the outgoing queue is full. Answers a WASI errno, 0 is success; EINVAL: the name is empty or over 63
 * bytes. */
__attribute__((import_module("pipit:telemetry"), import_name("publish"))) int pipit_telemetry_publish(
    const char* name, size_t name_bytes, uint32_t sequence, const void* payload, size_t payload_bytes);

#ifdef __cplusplus
}
#endif
