#pragma once
#include <cstdlib>
#include <random>
#include <vector>

#include "base/types.h"
#include "nn/fixed_point.h"

/// Seeded random data for tests; a failing test prints its seed and replays.
namespace pipit::nn::testing {

class Random {
 public:
  explicit Random(u32 seed) : engine_(seed) {}

  /// Uniform in [low, high].
  i32 integer(i32 low, i32 high) {
    const u64 span = static_cast<u64>(i64{high} - low) + 1;
    return static_cast<i32>(low + static_cast<i64>(engine_() % span));
  }
  f32 real(f32 low, f32 high) {
    return low + (high - low) * (static_cast<f32>(engine_() % 65536) / 65535.0f);
  }

  std::vector<i8> int8s(u32 count, i32 low = -128, i32 high = 127) {
    std::vector<i8> values(count);
    for (i8& value : values) value = static_cast<i8>(integer(low, high));
    return values;
  }
  std::vector<i32> int32s(u32 count, i32 low, i32 high) {
    std::vector<i32> values(count);
    for (i32& value : values) value = integer(low, high);
    return values;
  }
  std::vector<f32> reals(u32 count, f32 low = -1, f32 high = 1) {
    std::vector<f32> values(count);
    for (f32& value : values) value = real(low, high);
    return values;
  }
  format::Rescale factor(i32 low_shift, i32 high_shift) {
    return {integer(1 << 30, 0x7FFFFFFF), integer(low_shift, high_shift)};
  }
  std::vector<format::Rescale> factors(u32 count, i32 low_shift, i32 high_shift) {
    std::vector<format::Rescale> values(count);
    for (format::Rescale& value : values) value = factor(low_shift, high_shift);
    return values;
  }

 private:
  std::mt19937 engine_;
};

/// The first seed of a test that takes thousands: 0, or what PIPIT_FIRST_SEED says, for seeds of their own.
inline u32 first_seed() {
  const char* text = std::getenv("PIPIT_FIRST_SEED");
  return text == nullptr ? 0 : static_cast<u32>(std::strtoul(text, nullptr, 10));
}

/// What the format says of rescale and requantisation, in 128 bits and floor division.
inline i64 exact_rescale(i64 x, format::Rescale factor) {
  const __int128 unit = static_cast<__int128>(1) << (31 - factor.shift);
  const __int128 doubled = 2 * static_cast<__int128>(x) * factor.multiplier + unit;  // 2 × (x × m + unit / 2)
  __int128 result = doubled / (2 * unit);
  if (doubled % (2 * unit) < 0) --result;
  const i64 limit = i64{1} << 30;
  if (result > limit) return limit;
  if (result < -limit) return -limit;
  return static_cast<i64>(result);
}
inline i32 exact_requantize(i64 sum, format::Rescale factor, i32 zero_point, i32 low, i32 high) {
  const i64 value = zero_point + exact_rescale(sum, factor);
  return static_cast<i32>(value < low ? low : value > high ? high : value);
}

}  // namespace pipit::nn::testing
