/* Answers each frame with its version and the sum of the frame's bytes; traps on a frame that begins with
 * 0xEE. */
#include <pipit/print.h>
#include <pipit/sensor.h>
#include <pipit/telemetry.h>

static uint8_t frame[64];

static __attribute__((noinline)) void explode(void) { __builtin_trap(); }

int main(int argc, char** argv) {
  uint32_t camera;
  if (pipit_sensor_open("camera", 6, &camera) != 0) return 1;
  pipit_print("echo %s: ready, %s\n", VERSION, argc > 1 ? argv[1] : "no arguments");
  for (;;) {
    struct pipit_frame_info info;
    if (pipit_sensor_read(camera, frame, sizeof frame, &info) != 0) return 2;
    if (frame[0] == 0xEE) explode();
    uint8_t answer[2] = {VERSION[0], 0};
    for (uint32_t i = 0; i < info.bytes; ++i) answer[1] += frame[i];
    for (volatile uint32_t i = 0; i < WORK; ++i) {
    }
    if (pipit_telemetry_publish("echo", 4, info.sequence, answer, sizeof answer) != 0) return 3;
  }
}
