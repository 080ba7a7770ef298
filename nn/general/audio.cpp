// audio: one step of TensorFlow Lite Micro's fixed-point microphone front end, bit for bit; ints[0] is an
// Audio. What else the ints mean stands at each step. Rows are the last axis; other axes repeat it.
#include <cstdint>
#include <cstring>

#include "nn/general/audio.h"
#include "nn/general/general.h"
#include "nn/general/kinds.h"

namespace pipit::nn::general {
namespace {

namespace c99 {
// clang-format off: each stands on those before it
#include "nn/kernels/c99/bits_of.c"
#include "nn/kernels/c99/audio_window.c"
#include "nn/kernels/c99/audio_headroom.c"
#include "nn/kernels/c99/audio_scale_up.c"
#include "nn/kernels/c99/audio_energy.c"
#include "nn/kernels/c99/audio_filter_bank.c"
#include "nn/kernels/c99/audio_square_root.c"
#include "nn/kernels/c99/audio_noise.c"
#include "nn/kernels/c99/audio_subtract.c"
#include "nn/kernels/c99/audio_pcan.c"
#include "nn/kernels/c99/audio_logarithm.c"
// clang-format on
}  // namespace c99

/// One step: types and attributes judged, then computed.
struct Step {
  u32 inputs;
  const char* (*infer)(const Call& call, Type& out);
  void (*run)(const Call& call);
};

i32 number(u32 value) { return static_cast<i32>(value); }
i32 count_of(const Call& call) { return number(call.type.count()); }
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
  c99::audio_window(call[0].as<i16>(), count_of(call), call[1].as<i16>(), number(row_of(call.type)),
                    call.at(1), call.as<i16>());
}

// headroom: by how many bits the largest of i16 x can be shifted up, i32.
const char* infer_headroom(const Call& call, Type& out) {
  out = {DType::i32, 0, {}};
  return is_row(call[0], DType::i16) ? nullptr : "needs int16 samples";
}
void run_headroom(const Call& call) {
  call.as<i32>()[0] = c99::audio_headroom(call[0].as<i16>(), number(call[0].type.count()));
}

// scale_up: i16 x shifted up by as many bits as the i32 says.
const char* infer_scale_up(const Call& call, Type& out) {
  out = call[0].type;
  return is_row(call[0], DType::i16) && is_one(call[1]) ? nullptr
                                                        : "needs int16 samples and a number of bits";
}
void run_scale_up(const Call& call) {
  c99::audio_scale_up(call[0].as<i16>(), count_of(call), call[1].as<i32>(), call.as<i16>());
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
  c99::audio_energy(call[0].as<i16>(), count_of(call), number(row_of(call.type)), call.at(1), call.at(2),
                    call.as<u32>());
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
  c99::audio_filter_bank(call[0].as<u32>(), number(call[0].type.count()), call[1].as<i16>(),
                         call[2].as<i16>(), number(call[1].type.count()), call[3].as<i16>(),
                         call[4].as<i16>(), call[5].as<i16>(), number(call.type.dims[0]), call.as<u64>());
}

// square_root: u64 x, i32 bits; u32 √x >> bits.
const char* infer_square_root(const Call& call, Type& out) {
  out = call[0].type;
  out.dtype = DType::u32;
  return is_row(call[0], DType::u64) && is_one(call[1]) ? nullptr : "needs uint64 sums and a number of bits";
}
void run_square_root(const Call& call) {
  c99::audio_square_root(call[0].as<u64>(), count_of(call), call[1].as<i32>(), call.as<u32>());
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
  c99::audio_noise(call[0].as<u32>(), count_of(call), call.attributes.ints, state, call.as<u32>());
}

// subtract: u32 x less u32 noise.
void run_subtract(const Call& call) {
  c99::audio_subtract(call[0].as<u32>(), count_of(call), call.attributes.ints, call[1].as<u32>(),
                      call.as<u32>());
}

// pcan: u32 x, u32 noise, i16 gains [125]; x × gain of the noise >> ints[1] is a ratio of 12 bits behind the
// point, of which remains a quarter of the square below 2 and the ratio less 1 above, with 6 bits.
constexpr u32 kGains = 125;
const char* infer_pcan(const Call& call, Type& out) {
  out = call[0].type;
  if (!is_row(call[0], DType::u32) || !is_row(call[1], DType::u32) || call[1].type.count() != out.count())
    return "needs uint32 signals and noise of one length";
  if (!is_row(call[2], DType::i16) || call[2].type.count() != kGains) return "needs a table of 125 gains";
  return call.at(1) >= 0 && call.at(1) <= 63 ? nullptr : "shift is out of range";
}
void run_pcan(const Call& call) {
  c99::audio_pcan(call[0].as<u32>(), count_of(call), call[1].as<u32>(), call[2].as<i16>(), call.at(1),
                  call.as<u32>());
}

// logarithm: u32 x << ints[1]; i16 ln × ints[2], 0 for 0 and 1.
const char* infer_logarithm(const Call& call, Type& out) {
  out = call[0].type;
  out.dtype = DType::i16;
  if (!is_row(call[0], DType::u32)) return "needs uint32 signals";
  return call.at(1) >= 0 && call.at(1) <= 31 && call.at(2) >= 0 ? nullptr : "scale is out of range";
}
void run_logarithm(const Call& call) {
  c99::audio_logarithm(call[0].as<u32>(), count_of(call), call.at(1), static_cast<u32>(call.at(2)),
                       call.as<i16>());
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
