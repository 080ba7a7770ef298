// audio: one step of TensorFlow Lite Micro's fixed-point microphone front end, bit for bit; ints[0] is an
// Audio. What else the ints mean stands at each step. Rows are the last axis; other axes repeat it.
#include <bit>
#include <cmath>

#include "nn/general/audio.h"
#include "nn/general/general.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

/// One step: types and attributes judged, then computed.
struct Step {
  u32 inputs;
  const char* (*infer)(const Call& call, Type& out);
  void (*run)(const Call& call);
};

u32 bits_of(u64 value) { return static_cast<u32>(std::bit_width(value)); }
u32 shift_of(const Call& call, u32 index) { return static_cast<u32>(call.at(index)); }
bool is_row(const Operand& operand, DType dtype) {
  return operand.type.dtype == dtype && operand.type.rank >= 1 && operand.type.count() >= 1;
}
u32 row_of(const Type& type) { return type.dims[type.rank - 1]; }
bool is_one(const Operand& operand) { return operand.type.dtype == DType::i32 && operand.type.count() == 1; }

// window: i16 x, i16 window of its last axis; x × window >> ints[1], saturated.
const char* infer_window(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_row(call[0], DType::i16) || !is_row(call[1], DType::i16) || call[1].type.count() != row_of(out))
    return "needs int16 samples and a window of their length";
  return call.at(1) >= 0 && call.at(1) <= 30 ? nullptr : "shift is out of range";
}
void run_window(const Call& call) {
  const u32 length = row_of(call.type);
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const i32 value = call[0].as<i16>()[i] * call[1].as<i16>()[i % length] >> shift_of(call, 1);
    call.as<i16>()[i] = static_cast<i16>(value < -32768 ? -32768 : value > 32767 ? 32767 : value);
  }
}

// headroom: by how many bits the largest of i16 x can be shifted up, i32.
const char* infer_headroom(const Call& call, Type& out) {
  out = {DType::i32, 0, {}};
  return is_row(call[0], DType::i16) ? nullptr : "needs int16 samples";
}
void run_headroom(const Call& call) {
  i32 largest = 0;
  for (u32 i = 0, count = call[0].type.count(); i < count; ++i) {
    const i32 value = call[0].as<i16>()[i];
    if (value > largest || -value > largest) largest = value < 0 ? -value : value;
  }
  const u32 used = bits_of(static_cast<u64>(largest));
  call.as<i32>()[0] = used == 0 || used > 15 ? 0 : static_cast<i32>(15 - used);
}

// scale_up: i16 x shifted up by as many bits as the i32 says.
const char* infer_scale_up(const Call& call, Type& out) {
  out = call[0].type;
  return is_row(call[0], DType::i16) && is_one(call[1]) ? nullptr
                                                        : "needs int16 samples and a number of bits";
}
void run_scale_up(const Call& call) {
  const u32 bits = static_cast<u32>(call[1].as<i32>()[0]) & 15;
  for (u32 i = 0, count = call.type.count(); i < count; ++i)
    call.as<i16>()[i] = static_cast<i16>(static_cast<u16>(call[0].as<i16>()[i]) << bits);
}

// rfft: i16 x, filled up with zeros to ints[1] samples, a power of two; i16 real and imaginary parts.
const char* infer_rfft(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_row(call[0], DType::i16)) return "needs int16 samples";
  const i32 length = call.at(1);
  if (length < 4 || length > (1 << 15) || (length & (length - 1)) != 0)
    return "length of the transform is no power of two within 4 and 32768";
  if (row_of(out) > static_cast<u32>(length)) return "more samples than the transform is long";
  out.dims[out.rank - 1] = static_cast<u32>(length) + 2;
  return nullptr;
}
void run_rfft(const Call& call) {
  const u32 samples = row_of(call[0].type), length = static_cast<u32>(call.at(1));
  for (u32 row = 0, rows = call[0].type.count() / samples; row < rows; ++row)
    rfft_i16(call[0].as<i16>() + usize{row} * samples, samples, length,
             call.as<i16>() + usize{row} * (length + 2));
}

// energy: i16 real and imaginary parts; u32 squares of the bins in [ints[1], ints[2]), 0 elsewhere.
const char* infer_energy(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_row(call[0], DType::i16) || row_of(out) % 2 != 0) return "needs int16 complex numbers";
  out.dtype = DType::u32;
  out.dims[out.rank - 1] /= 2;
  const bool fits =
      0 <= call.at(1) && call.at(1) <= call.at(2) && static_cast<u32>(call.at(2)) <= row_of(out);
  return fits ? nullptr : "bins are out of range";
}
void run_energy(const Call& call) {
  const u32 bins = row_of(call.type), first = static_cast<u32>(call.at(1)),
            end = static_cast<u32>(call.at(2));
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const i32 real = call[0].as<i16>()[2 * usize{i}], imaginary = call[0].as<i16>()[2 * usize{i} + 1];
    const bool inside = i % bins >= first && i % bins < end;
    call.as<u32>()[i] = inside ? static_cast<u32>(real * real) + static_cast<u32>(imaginary * imaginary) : 0;
  }
}

// filter_bank: u32 x, i16 weights, complements, and for ints[1] + 1 bands first bin, first weight and width;
// u64 sums. A bin counts for its band by its weight and for the next one by the complement; the first band is
// dropped, since only its complements count.
const char* infer_filter_bank(const Call& call, Type& out) {
  if (!is_row(call[0], DType::u32) || call[0].type.rank != 1) return "needs uint32 energies";
  const i32 channels = call.at(1);
  if (channels < 1 || channels > 65535) return "number of channels is out of range";
  for (u32 i = 1; i < 6; ++i)
    if (!is_row(call[i], DType::i16)) return "needs int16 tables";
  if (call[1].type.count() != call[2].type.count()) return "needs as many complements as weights";
  for (u32 i = 3; i < 6; ++i)
    if (call[i].type.count() != static_cast<u32>(channels) + 1) return "needs a table of all bands";
  out = {DType::u64, 1, {static_cast<u32>(channels)}};
  return nullptr;
}
void run_filter_bank(const Call& call) {
  const u32 bins = call[0].type.count(), weights = call[1].type.count();
  u64 carried = 0;
  for (u32 band = 0; band <= call.type.dims[0]; ++band) {
    u64 sum = carried, next = 0;
    for (i32 j = 0; j < call[5].as<i16>()[band]; ++j) {
      const u32 bin = static_cast<u32>(call[3].as<i16>()[band] + j),
                weight = static_cast<u32>(call[4].as<i16>()[band] + j);
      if (bin >= bins || weight >= weights) break;  // the tables may be hostile
      const u64 energy = call[0].as<u32>()[bin];
      sum += static_cast<u64>(i64{call[1].as<i16>()[weight]}) * energy;
      next += static_cast<u64>(i64{call[2].as<i16>()[weight]}) * energy;
    }
    if (band > 0) call.as<u64>()[band - 1] = sum;
    carried = next;
  }
}

/// √value to the nearest, except that one word's root is at most 16 bits.
u32 square_root(u64 value) {
  const u64 most = (value >> 32) == 0 ? 0xFFFF : 0xFFFFFFFF;
  u64 root = 0, rest = value;
  for (u64 bit = u64{1} << 62; bit != 0; bit >>= 2) {
    if (rest >= root + bit) {
      rest -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return static_cast<u32>(root + (rest > root && root != most ? 1 : 0));
}

// square_root: u64 x, i32 bits; u32 √x >> bits.
const char* infer_square_root(const Call& call, Type& out) {
  out = call[0].type;
  out.dtype = DType::u32;
  return is_row(call[0], DType::u64) && is_one(call[1]) ? nullptr : "needs uint64 sums and a number of bits";
}
void run_square_root(const Call& call) {
  const u32 bits = static_cast<u32>(call[1].as<i32>()[0]) & 31;
  for (u32 i = 0, count = call.type.count(); i < count; ++i)
    call.as<u32>()[i] = square_root(call[0].as<u64>()[i]) >> bits;
}

/// Of noise and subtract: bits of smoothing in ints[1], of the coefficients in ints[8]; coefficients of new
/// and old for even channels in ints[2, 3], for odd ones in ints[4, 5]; ints[6] bounds the estimate by the
/// signal; ints[7] of the signal remains.
const char* check_subtraction(const Call& call) {
  for (u32 i = 0; i < 2; ++i)
    if (!is_row(call[i], DType::u32) || call[i].type.count() != call[0].type.count())
      return "needs uint32 signals and noise of one length";
  if (call.at(1) < 0 || call.at(1) > 31 || call.at(8) < 0 || call.at(8) > 63) return "shift is out of range";
  for (u32 i : {2u, 3u, 4u, 5u, 7u})
    if (call.at(i) < 0) return "coefficient is below 0";
  return nullptr;
}

// noise: u32 x, u32 state; the state becomes the smoothed x, which is the output too.
const char* infer_noise(const Call& call, Type& out) {
  out = call[0].type;
  return check_subtraction(call);
}
void run_noise(const Call& call) {
  u32* state = const_cast<u32*>(call[1].as<u32>());  // verify() of the node made sure that it is a state
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const u64 fresh = static_cast<u64>(call.at(i % 2 == 0 ? 2 : 4)),
              old = static_cast<u64>(call.at(i % 2 == 0 ? 3 : 5));
    const u32 signal = call[0].as<u32>()[i] << shift_of(call, 1);
    u32 noise = static_cast<u32>((u64{signal} * fresh + u64{state[i]} * old) >> shift_of(call, 8));
    if (call.at(6) != 0 && noise > signal) noise = signal;
    state[i] = call.as<u32>()[i] = noise;
  }
}

// subtract: u32 x less u32 noise.
void run_subtract(const Call& call) {
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const u32 x = call[0].as<u32>()[i], signal = x << shift_of(call, 1), noise = call[1].as<u32>()[i];
    const u32 left = (signal - (noise > signal ? signal : noise)) >> shift_of(call, 1);
    const u32 least = static_cast<u32>((u64{x} * static_cast<u64>(call.at(7))) >> shift_of(call, 8));
    call.as<u32>()[i] = left > least ? left : least;
  }
}

/// A gain by pieces of second order, one for each power of two of x: table of 4 values a piece.
i16 gain_of(u32 x, const i16* table) {
  if (x <= 2) return table[x];
  const i32 piece = static_cast<i32>(bits_of(x));
  const i16* at = table + static_cast<usize>(4 * piece - 6);
  const i32 fraction = static_cast<i32>((piece < 11 ? x << (11 - piece) : x >> (piece - 11)) & 0x3FF);
  i32 value = (at[2] * fraction) >> 5;
  value += static_cast<i32>(static_cast<u32>(i32{at[1]}) << 5);
  value = static_cast<i32>(static_cast<u32>(value) * static_cast<u32>(fraction));
  return static_cast<i16>(((value + (1 << 14)) >> 15) + at[0]);
}

// pcan: u32 x, u32 noise, i16 gains [125]; x × gain of the noise >> ints[1] is a ratio of 12 bits behind the
// point, of which remains a quarter of the square below 2 and the ratio less 1 above, with 6 bits.
constexpr u32 kGains = 125, kRatioBits = 12, kPcanBits = 6;
const char* infer_pcan(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_row(call[0], DType::u32) || !is_row(call[1], DType::u32) || call[1].type.count() != out.count())
    return "needs uint32 signals and noise of one length";
  if (!is_row(call[2], DType::i16) || call[2].type.count() != kGains) return "needs a table of 125 gains";
  return call.at(1) >= 0 && call.at(1) <= 63 ? nullptr : "shift is out of range";
}
void run_pcan(const Call& call) {
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const u32 gain = static_cast<u32>(gain_of(call[1].as<u32>()[i], call[2].as<i16>()));
    const u32 ratio = static_cast<u32>((u64{call[0].as<u32>()[i]} * gain) >> shift_of(call, 1));
    call.as<u32>()[i] = ratio < (2u << kRatioBits) ? (ratio * ratio) >> (2 + 2 * kRatioBits - kPcanBits)
                                                   : (ratio >> (kRatioBits - kPcanBits)) - (1u << kPcanBits);
  }
}

/// log2(1 + x) − x at x = index / 128, in 16 bits behind the point.
i32 log_table(u32 index) {
  const f64 x = index / 128.0;
  return index >= 128 ? 0 : static_cast<i32>(std::lround((std::log2(1 + x) - x) * 65536));
}

/// ln x × scale, for x ≥ 1: log2 by its integer part and a table of the fraction.
u32 scaled_log(u32 x, u32 scale) {
  constexpr u32 kLn2 = 45426, kHalf = 1 << 15;
  const u32 power = bits_of(x) - 1;
  const u32 above = x - (1u << power);
  const i32 fraction = static_cast<i32>(power < 16 ? above << (16 - power) : above >> (power - 16));
  const u32 segment = static_cast<u32>(fraction) >> 9;
  const i32 from = log_table(segment), to = log_table(segment + 1);
  const i32 curve = from + ((to - from) * (fraction - static_cast<i32>(segment << 9)) >> 16);
  const u32 log2 = (power << 16) + static_cast<u32>(fraction + curve);
  const u32 natural = static_cast<u32>((u64{kLn2} * log2 + kHalf) >> 16);
  return (scale * natural + kHalf) >> 16;
}

// logarithm: u32 x << ints[1]; i16 ln × ints[2], 0 for 0 and 1.
const char* infer_logarithm(const Call& call, Type& out) {
  out = call[0].type;
  out.dtype = DType::i16;
  if (!is_row(call[0], DType::u32)) return "needs uint32 signals";
  return call.at(1) >= 0 && call.at(1) <= 31 && call.at(2) >= 0 ? nullptr : "scale is out of range";
}
void run_logarithm(const Call& call) {
  for (u32 i = 0, count = call.type.count(); i < count; ++i) {
    const u32 x = call[0].as<u32>()[i] << shift_of(call, 1);
    const u32 value = x > 1 ? scaled_log(x, static_cast<u32>(call.at(2))) : 0;
    call.as<i16>()[i] = static_cast<i16>(value < 32767 ? value : 32767);
  }
}

constexpr Step kSteps[] = {{2, infer_window, run_window},           {1, infer_headroom, run_headroom},
                           {2, infer_scale_up, run_scale_up},       {1, infer_rfft, run_rfft},
                           {1, infer_energy, run_energy},           {6, infer_filter_bank, run_filter_bank},
                           {2, infer_square_root, run_square_root}, {2, infer_noise, run_noise},
                           {2, infer_noise, run_subtract},          {3, infer_pcan, run_pcan},
                           {1, infer_logarithm, run_logarithm}};
static_assert(sizeof kSteps / sizeof kSteps[0] == static_cast<u32>(Audio::count_));

}  // namespace

const char* infer_audio(const Call& call, Type& out) {
  if (call.at(0) < 0 || call.at(0) >= static_cast<i32>(Audio::count_)) return "unknown step";
  const Step& step = kSteps[call.at(0)];
  if (call.inputs.size() != step.inputs) return "step with a wrong number of inputs";
  return step.infer(call, out);
}

void run_audio(const Call& call) { kSteps[call.at(0)].run(call); }

}  // namespace pipit::nn::general
