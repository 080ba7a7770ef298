/* A version that should never take over: it traps before it reads its first frame. */
#include <pipit/print.h>
#include <pipit/sensor.h>

static volatile int lens_cap = 1;

__attribute__((noinline)) static void start_camera(void) {
  if (lens_cap) __builtin_trap();
}

int main(void) {
  pipit_print("fashion %s: starting\n", PIPIT_APP_VERSION);
  start_camera();
  uint32_t camera;
  uint8_t frame[784];
  struct pipit_frame_info info;
  if (pipit_sensor_open("camera", 6, &camera) != 0) return 1;
  while (pipit_sensor_read(camera, frame, sizeof frame, &info) == 0) {
  }
  return 0;
}
