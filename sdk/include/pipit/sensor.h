#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* pipit:sensor: frames from a camera, a microphone, an IMU, or a replayed data set.
 * Calls answer a WASI errno (<errno.h> of wasi-libc), 0 is success. */

/* Element types; the numbers of wasi-nn's tensor type. */
enum {
  PIPIT_F16 = 0,
  PIPIT_F32 = 1,
  PIPIT_U8 = 2,
  PIPIT_I32 = 3,
  PIPIT_I8 = 4,
  PIPIT_I64 = 5,
  PIPIT_I16 = 6,
  PIPIT_F64 = 7
};

/* The errno that ends a replayed data set; as ECANCELED of <errno.h>, without needing it. */
#define PIPIT_ECANCELED 11

/* What came with a frame. */
struct pipit_frame_info {
  uint32_t sequence;     /* offset 0: counted by the source; a gap means frames were lost */
  uint32_t bytes;        /* 4: payload size */
  uint8_t dtype;         /* 8: PIPIT_U8, ... */
  uint8_t rank;          /* 9: dimensions in shape */
  uint16_t reserved;     /* 10 */
  uint32_t shape[4];     /* 12: outermost first */
  uint64_t timestamp_ms; /* 32: device uptime when the frame arrived */
};
#ifdef __cplusplus
static_assert(sizeof(struct pipit_frame_info) == 40, "layout of the host interface");
#else
_Static_assert(sizeof(struct pipit_frame_info) == 40, "layout of the host interface");
#endif

#define PIPIT_SENSOR(name) __attribute__((import_module("pipit:sensor"), import_name(name)))

/* Opens the named sensor. ENODEV: the platform has no sensors; ENOENT: none of that name. */
PIPIT_SENSOR("open") int pipit_sensor_open(const char* name, size_t name_bytes, uint32_t* handle);

/* Waits for the oldest unread frame. EMSGSIZE: `capacity` is too small, the frame stays; ECANCELED: no frame
 * will ever come again. The first call tells the platform that the application is ready to take over from its
 * predecessor. */
PIPIT_SENSOR("read")
int pipit_sensor_read(uint32_t handle, void* frame, size_t capacity, struct pipit_frame_info* info);

#ifdef __cplusplus
}
#endif
