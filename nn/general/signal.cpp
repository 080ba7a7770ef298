// fourier: discrete Fourier transform along axis ints[0] of x […, 1 or 2] (real, or real and imaginary part);
// ints[1] = 1 inverse, ints[2] = 1 keeps the first half, ints[3] = length, cutting or filling up with zeros.
// frame: x [B,n,C] cut into pieces of ints[1] elements, one every ints[0]: [B,pieces,ints[1],C]. mel_weights:
// sample rate, lower and upper edge in hertz; ints[0] = bins, ints[1] = length of the transform, ints[2] =
// element type.
#include <cmath>
#include <cstring>

#include "nn/general/general.h"

namespace pipit::nn::general {
namespace {

constexpr f64 kPi = 3.14159265358979323846;

template <class T>
void transform(const Call& call) {
  const Type& x = call[0].type;
  const u32 axis = static_cast<u32>(call.at(0)), parts = x.dims[x.rank - 1],
            length = static_cast<u32>(call.at(3));
  const u32 inner = x.product(axis + 1, x.rank - 1), extent = x.dims[axis];
  const u32 used = extent < length ? extent : length, bins = call.type.dims[axis];
  const f64 turn = (call.at(1) != 0 ? 2 : -2) * kPi / length, scale = call.at(1) != 0 ? 1.0 / length : 1;
  for (u32 i = 0, count = call.type.count() / 2; i < count; ++i) {
    const u32 column = i % inner, bin = i / inner % bins, outer = i / inner / bins;
    f64 real = 0, imaginary = 0;
    for (u32 n = 0; n < used; ++n) {
      const T* at = call[0].as<T>() + ((usize{outer} * extent + n) * inner + column) * parts;
      const f64 a = static_cast<f64>(Compute<T>(at[0])),
                b = parts == 2 ? static_cast<f64>(Compute<T>(at[1])) : 0;
      const f64 angle = turn * static_cast<f64>(u64{n} * bin % length);
      real += a * std::cos(angle) - b * std::sin(angle);
      imaginary += a * std::sin(angle) + b * std::cos(angle);
    }
    call.as<T>()[usize{i} * 2] = T(static_cast<Compute<T>>(real * scale));
    call.as<T>()[usize{i} * 2 + 1] = T(static_cast<Compute<T>>(imaginary * scale));
  }
}

/// Triangle `band`'s corners on the axis of the transform's bins.
f64 corner(const Call& call, u32 band) {
  const f64 low = 2595 * std::log10(1 + call[1].real(0) / 700),
            high = 2595 * std::log10(1 + call[2].real(0) / 700);
  const f64 mel = low + band * (high - low) / (call.at(0) + 2);
  return std::floor((call.at(1) + 1) * (700 * (std::pow(10.0, mel / 2595) - 1)) / call[0].real(0));
}

f64 weight(f64 bin, f64 low, f64 centre, f64 high) {
  if (centre == low && bin == centre) return 1;
  if (bin >= low && bin <= centre)
    return centre == low ? 0 : (bin == centre && high > centre ? 1 : (bin - low) / (centre - low));
  if (bin >= centre && bin < high) return (high - bin) / (high - centre);
  return 0;
}

}  // namespace

const char* infer_fourier(const Call& call, Type& out) {
  out = call[0].type;
  if (!includes(Kinds::real, out.dtype) || out.rank < 2 || !is_axis(call.at(0), out.rank - 1) ||
      out.dims[out.rank - 1] < 1 || out.dims[out.rank - 1] > 2)
    return "needs real numbers […, 1 or 2] and an axis of them";
  if (call.at(3) < 1 || call.at(3) > (1 << 24)) return "length of the transform is out of range";
  const u32 length = static_cast<u32>(call.at(3));
  out.dims[call.at(0)] = call.at(2) != 0 ? length / 2 + 1 : length;
  out.dims[out.rank - 1] = 2;
  return nullptr;
}

void run_fourier(const Call& call) {
  with_type<Kinds::real>(call.type.dtype, [&]<class T> { transform<T>(call); });
}

const char* infer_frame(const Call& call, Type& out) {
  const Type& x = call[0].type;
  const i64 step = call.at(0), length = call.at(1);
  if (x.rank != 3 || step < 1 || length < 1 || length > x.dims[1])
    return "needs x [B,n,C] and pieces that fit";
  out = {x.dtype,
         4,
         {x.dims[0], static_cast<u32>((x.dims[1] - length) / step + 1), static_cast<u32>(length), x.dims[2]}};
  return nullptr;
}

void run_frame(const Call& call) {
  const Type& x = call[0].type;
  const usize element = usize{x.dims[2]} * dtype_bytes(x.dtype), run = usize{call.type.dims[2]} * element;
  u8* to = call.out;
  for (u32 b = 0; b < x.dims[0]; ++b)
    for (u32 piece = 0; piece < call.type.dims[1]; ++piece, to += run)
      copy_bytes(
          to, call[0].data + (usize{b} * x.dims[1] + usize{piece} * static_cast<u32>(call.at(0))) * element,
          run);
}

const char* infer_mel_weights(const Call& call, Type& out) {
  for (const Operand& operand : call.inputs)
    if (operand.type.count() != 1) return "needs three numbers";
  if (call.at(0) < 1 || call.at(0) > 65535 || call.at(1) < 1 || call.at(1) > (1 << 20))
    return "sizes are out of range";
  if (call.at(2) < 0 || call.at(2) > static_cast<i32>(kLastDType)) return "unknown element type";
  out = {static_cast<DType>(call.at(2)),
         2,
         {static_cast<u32>(call.at(1)) / 2 + 1, static_cast<u32>(call.at(0))}};
  return includes(Kinds::numbers, out.dtype) ? nullptr : "weights are no numbers of this type";
}

void run_mel_weights(const Call& call) {
  const u32 bands = call.type.dims[1];
  with_type<Kinds::numbers>(call.type.dtype, [&]<class T> {
    for (u32 i = 0, count = call.type.count(); i < count; ++i) {
      const u32 bin = i / bands, band = i % bands;
      const f64 value = weight(bin, corner(call, band), corner(call, band + 1), corner(call, band + 2));
      call.as<T>()[i] = T(static_cast<Compute<T>>(value));
    }
  });
}

}  // namespace pipit::nn::general
