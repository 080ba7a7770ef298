/* Answers a frame with numbers it computes from it: integers, floats in both sizes and in all places, and
 * 64-bit division, all of which native code must get bit for bit as the interpreter does. A frame may also
 * ask for a trap or for a loop that never ends. */
#include <pipit/print.h>
#include <pipit/sensor.h>
#include <pipit/telemetry.h>
#include <stdint.h>

enum { kBytes = 64, kTable = 256, kTrap = 1, kSpin = 2 };

static uint8_t frame[kBytes];
static uint32_t table[kTable];

struct answer {
  uint32_t crc, matches;
  uint64_t quotient;
  float mean;
  double energy;
};

static void make_table(void) {
  for (uint32_t i = 0; i < kTable; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0);
    table[i] = value;
  }
}

static uint32_t crc(uint32_t rounds) {
  uint32_t value = ~0u;
  for (uint32_t round = 0; round < rounds; ++round)
    for (int i = 0; i < kBytes; ++i) value = (value >> 8) ^ table[(value ^ frame[i]) & 0xFF];
  return ~value;
}

__attribute__((noinline)) static uint32_t count_matches(void) {
  uint32_t found = 0;
  for (int i = 0; i < kBytes; ++i)
    for (int k = i + 1; k < kBytes; ++k) found += (frame[i] ^ frame[k]) % 7 == 0;
  return found;
}

struct __attribute__((packed)) loose {
  uint8_t tag;
  float value;
};

/* Floats that lie on no multiple of their size, at places known and unknown while compiling: where an FPU's
 * own loads and stores would fault. */
__attribute__((noinline)) static float sum_loose(uint32_t first) {
  static struct loose all[12];
  for (int i = 0; i < 12; ++i) all[i].value = (float)frame[i] * 0.25f;
  float sum = all[2].value;
  for (uint32_t i = first; i < 12; ++i) sum += all[i].value;
  return sum;
}

/* Reads where no memory is. */
__attribute__((noinline)) static uint32_t fall_off(volatile uint32_t* from) { return *from; }

static struct answer work(void) {
  struct answer out = {crc(8), count_matches(), 0, 0, 0};
  out.quotient = 0xFEDCBA9876543210u / (out.crc | 1u) + 0xFEDCBA9876543210u % (out.matches + 3u);
  for (int i = 0; i < kBytes; ++i) {
    out.mean += (float)frame[i] / (float)(i + 1);
    out.energy += (double)frame[i] * (double)frame[i] / 3.0;
  }
  out.mean += sum_loose(out.crc % 3);
  return out;
}

int main(void) {
  uint32_t camera;
  make_table();
  if (pipit_sensor_open("camera", 6, &camera) != 0) return 1;
  pipit_print("busy-work: ready\n");
  for (;;) {
    struct pipit_frame_info info;
    if (pipit_sensor_read(camera, frame, sizeof frame, &info) != 0) return 2;
    if (frame[0] == kTrap) fall_off((volatile uint32_t*)0x10000);
    for (volatile uint32_t spin = 0; frame[0] == kSpin;) ++spin;
    const struct answer out = work();
    if (pipit_telemetry_publish("answer", 6, info.sequence, &out, sizeof out) != 0) return 3;
  }
}
