#pragma once
#include <bit>
#include <type_traits>

#include "base/dtype.h"
#include "base/types.h"
#include "nn/tensor.h"

/// The planned-model file (`.pipm`), shared by the compiler that writes it and the loader that verifies it.
///
/// Flat, little-endian, executed in place: constants are read where they lie, so a file may stay in flash.
/// Everything is found by byte offsets from the start of the file. Parts, in any order after the header:
///
///     Header           at 0
///     TensorRecord[]   at Header::tensors_offset
///     OperatorRecord[] at Header::operators_offset
///     u32 ids[]        tensor ids: the model's inputs and outputs, and those of every operator
///     attributes       one block per operator that has any, of the struct its opcode names below
///     constants        weights, biases, rescale pairs
///
/// Offsets of tables, ids and attributes are multiples of 4, of constants and arena tensors multiples of 16.
/// The file itself must lie at a multiple of kFileAlign in memory. Unused fields are 0 and verified to be so.
///
/// Layout. Activations are NHWC: the channels of one pixel are contiguous, which the inner loop of every int8
/// kernel runs over. Convolution weights are OHWI, depthwise weights 1HWO, fully connected weights OI. The
/// compiler re-orders weights ahead of time. A model's inputs and outputs keep the shape their author gave
/// them; where an NCHW input has more than one channel the compiler places a `transpose`, with one channel a
/// `reshape` in place.
///
/// Arithmetic of the int8 operators: real = scale × (q − zero_point), activations per tensor, weights per
/// output channel with zero point 0. `rescale` below means nn/fixed_point.h: rescale(x, {multiplier, shift})
/// = (x × multiplier + 2^(30 − shift)) >> (31 − shift), 64 bits wide, one rounding (half towards +infinity),
/// saturated to ±2^30. It stands for x × multiplier × 2^(shift − 31). Results are bit-identical on every
/// platform.
namespace pipit::nn::format {

constexpr u32 kMagic = 0x4D504950;  ///< "PIPM"
constexpr u16 kVersion = 2;
constexpr u32 kFileAlign = 4;     ///< of the file's first byte in memory
constexpr u32 kTableAlign = 4;    ///< of tables, ids and attributes, from the start of the file
constexpr u32 kTensorAlign = 16;  ///< of constants in the file and of tensors in the arena
constexpr u32 kMaxTensors = 16384;
constexpr u32 kMaxOperators = 4096;
constexpr u32 kMaxOperands = 32;     ///< inputs of one operator; model inputs, model outputs
constexpr u32 kMaxCustomInputs = 8;  ///< of one custom operator
constexpr u32 kNameBytes = 32;
/// Longest sum of an int8 convolution or fully connected operator (taps × input channels). No 32-bit
/// accumulator overflows where |bias| ≤ 2^31 − 1 − length × 2^14, which kMaxBias keeps for every length.
constexpr u32 kMaxAccumulation = 65536;
constexpr i32 kMaxBias = (1 << 30) - 1;

/// First bytes of the file.
struct Header {
  u32 magic;         ///< kMagic
  u16 version;       ///< kVersion
  u16 header_bytes;  ///< sizeof(Header)
  u32 file_bytes;    ///< of the whole file
  u32 crc32;         ///< IEEE CRC-32 of bytes [16, file_bytes)

  u32 arena_bytes;  ///< activations need this much, a multiple of 16
  u32 macs_low;     ///< multiply-accumulates of one inference, low and high 32 bits
  u32 macs_high;
  u32 state_bytes;  ///< the arena's last bytes, kept between inferences; a multiple of 16

  u32 tensors_offset;    ///< TensorRecord[tensor_count]
  u32 tensor_count;      ///< 1 … kMaxTensors
  u32 operators_offset;  ///< OperatorRecord[operator_count], in execution order
  u32 operator_count;    ///< 1 … kMaxOperators
  u32 inputs_offset;     ///< u32[input_count]: ids of the model's inputs, all in the arena, disjoint
  u32 input_count;       ///< 0 … kMaxOperands
  u32 outputs_offset;    ///< u32[output_count]: ids of the model's outputs, all in the arena
  u32 output_count;      ///< 1 … kMaxOperands

  char name[kNameBytes];  ///< UTF-8, filled up with NUL, the last byte is NUL
};
static_assert(sizeof(Header) == 96 && alignof(Header) == 4);

/// The checksum covers everything from this offset on.
constexpr u32 kChecksumStart = 16;

enum class Placement : u8 {
  arena = 0,     ///< TensorRecord::offset counts from the start of the arena
  constant = 1,  ///< … from the start of the file
  state = 2,     ///< … of the arena, within its last Header::state_bytes; no two share a byte. Some operators
                 ///< write it although it is an input
};

/// One tensor; its id is its index in the table.
struct TensorRecord {
  u8 dtype;            ///< DType
  u8 rank;             ///< 0 (scalar) … kMaxRank
  u8 placement;        ///< Placement
  u8 channel_axis;     ///< axis of channel_scales; 0 where there are none
  u32 dims[kMaxRank];  ///< outermost first; 0 from `rank` on. Only `general` reads or writes empty tensors
  u32 offset;          ///< see Placement; a multiple of 16
  u32 bytes;           ///< product of dims × element size
  f32 scale;           ///< per tensor; 0 = not quantised (or per channel)
  i32 zero_point;      ///< −128 … 127 for i8, 0 … 255 for u8, −32768 … 32767 for i16, else 0
  u32 channel_scales;  ///< file offset of f32[dims[channel_axis]], for tools; 0 = per tensor. Kernels use
                       ///< rescale pairs
  u32 name_offset;     ///< file offset of name_bytes bytes of UTF-8, any alignment; 0 with name_bytes 0 =
                       ///< nameless
  u32 name_bytes;
  u32 reserved;  ///< 0
};
static_assert(sizeof(TensorRecord) == 68 && alignof(TensorRecord) == 4);

/// One operator.
struct OperatorRecord {
  u8 opcode;              ///< Opcode
  u8 input_count;         ///< 1 … kMaxOperands
  u8 output_count;        ///< 1
  u8 reserved;            ///< 0
  u32 ids_offset;         ///< u32[input_count + output_count], inputs first
  u32 attributes_offset;  ///< of the attribute struct; 0 when it has none
  u32 attributes_bytes;   ///< exactly sizeof that struct; 0 when it has none
};
static_assert(sizeof(OperatorRecord) == 16 && alignof(OperatorRecord) == 4);

/// The one operator table: number in the file, name, fewest and most inputs, whether the output may lie
/// exactly on an input of the same number of bytes ("in place"), attribute struct. Numbers are never reused.
///
/// Unless said otherwise all activations of an operator have one dtype, f32 or i8, and an operator without
/// rescaling keeps scale and zero point.
#define PIPIT_NN_OPERATORS(X)                                        \
  X(1, conv2d, 3, 4, false, Conv2dAttributes)                        \
  X(2, depthwise_conv2d, 3, 4, false, Conv2dAttributes)              \
  X(3, fully_connected, 3, 4, false, ClampAttributes)                \
  X(4, max_pool2d, 1, 1, false, Pool2dAttributes)                    \
  X(5, average_pool2d, 1, 1, false, Pool2dAttributes)                \
  X(6, global_average_pool, 1, 1, false, RescaleAttributes)          \
  X(7, clamp, 1, 1, true, ClampAttributes)                           \
  X(8, add, 2, 2, true, AddAttributes)                               \
  X(9, mul, 2, 2, true, RescaleAttributes)                           \
  X(10, reshape, 1, 1, true, NoAttributes)                           \
  X(11, transpose, 1, 1, false, TransposeAttributes)                 \
  X(12, quantize, 1, 1, false, NoAttributes)                         \
  X(13, dequantize, 1, 1, false, NoAttributes)                       \
  X(14, requantize, 1, 1, true, RescaleAttributes)                   \
  X(15, softmax, 1, 1, true, NoAttributes)                           \
  X(16, pad, 1, 1, false, PadAttributes)                             \
  X(17, concat, 1, kMaxOperands, false, ConcatAttributes)            \
  X(126, custom, 1, kMaxCustomInputs, false, CustomAttributes)       \
  X(127, general, 1, kMaxOperands, false, GeneralAttributes)         \
  X(128, sign_flip, 1, 1, true, NoAttributes)                        \
  X(129, lookup, 2, 2, true, NoAttributes)                           \
  X(130, conv2d_asymmetric, 4, 4, false, Conv2dAttributes)           \
  X(131, depthwise_conv2d_asymmetric, 4, 4, false, Conv2dAttributes) \
  X(132, fully_connected_asymmetric, 4, 4, false, ClampAttributes)   \
  X(133, dynamic_scale, 1, 1, false, DynamicScaleAttributes)         \
  X(134, dynamic_quantize, 2, 2, false, NoAttributes)                \
  X(135, dynamic_conv2d, 6, 6, false, Conv2dAttributes)              \
  X(136, dynamic_depthwise_conv2d, 6, 6, false, Conv2dAttributes)    \
  X(137, dynamic_fully_connected, 6, 6, false, ClampAttributes)      \
  X(138, conv2d_wide, 4, 4, false, Conv2dAttributes)                 \
  X(139, transpose_conv2d_wide, 4, 4, false, Conv2dAttributes)       \
  X(140, add_wide, 2, 2, true, AddAttributes)                        \
  X(141, sub_wide, 2, 2, true, AddAttributes)                        \
  X(142, leaky_relu_wide, 1, 1, true, LeakyReluAttributes)           \
  X(143, requantize_wide, 1, 1, false, RescaleAttributes)            \
  X(144, strided_slice, 1, 1, false, SliceAttributes)                \
  X(145, svdf, 5, 5, false, SvdfAttributes)                          \
  X(146, lstm, 6, 6, false, LstmAttributes)                          \
  X(147, quantize_wide, 1, 1, false, NoAttributes)

enum class Opcode : u8 {
#define X(number, name, min_inputs, max_inputs, in_place, attributes) name = number,
  PIPIT_NN_OPERATORS(X)
#undef X
};

/// A fixed-point factor, multiplier × 2^(shift − 31). multiplier is 0 or in [2^30, 2^31 − 1], shift in [−31,
/// 30].
struct Rescale {
  i32 multiplier;
  i32 shift;
};

/// Bounds of a fused activation, in the operator's element type: f32 bit patterns (−inf, +inf: none) or i32
/// values within −128 … 127 (−128, 127: none). low ≤ high, no NaN.
struct Clamp {
  u32 low;
  u32 high;

  static constexpr Clamp of(f32 low, f32 high) { return {std::bit_cast<u32>(low), std::bit_cast<u32>(high)}; }
  static constexpr Clamp of(i32 low, i32 high) { return {static_cast<u32>(low), static_cast<u32>(high)}; }
  constexpr f32 low_f32() const { return std::bit_cast<f32>(low); }
  constexpr f32 high_f32() const { return std::bit_cast<f32>(high); }
  constexpr i32 low_i32() const { return static_cast<i32>(low); }
  constexpr i32 high_i32() const { return static_cast<i32>(high); }
};

struct NoAttributes {};

/// How a window moves over the image. Strides and dilations ≥ 1. The output's height is exactly
/// (input + pad_top + pad_bottom − dilation × (kernel − 1) − 1) / stride + 1, rounded down; the width
/// likewise.
struct Window {
  u16 stride_h, stride_w;
  u16 dilation_h, dilation_w;
  u16 pad_top, pad_bottom;
  u16 pad_left, pad_right;
};

/// conv2d: inputs x [N,H,W,I], weights [O,KH,KW,I], bias [O]; output [N,OH,OW,O].
/// depthwise_conv2d: inputs x [N,H,W,I], weights [1,KH,KW,O] with O = I × multiplier, output channel o reads
/// input channel o / multiplier; bias [O]. f32: bias f32, no fourth input. out = clamp(bias + Σ x·w), summed
/// tap by tap (row, column, channel) from bias on. i8: weights i8, bias i32, fourth input rescale i32 [O,2] =
/// a Rescale per output channel (input scale × weight scale / output scale). Padding counts as the input's
/// zero point. **The bias has the zero point folded in**: bias[o] = round(b / (input scale × weight scale)) −
/// zero_point(x) × Σ w[o], so that out = clamp(zero_point(out) + rescale(bias[o] + Σ
/// q·w)), the sum running over all taps, padded ones at zero_point(x).
struct Conv2dAttributes {
  Window window;
  Clamp clamp;
};

/// fully_connected: inputs x (any shape of N × I elements), weights [O,I], bias [O]; output N × O elements,
/// last dim O. i8: as conv2d, fourth input rescale i32 [O,2], zero point folded into the bias. clamp: out =
/// min(max(x, low), high) elementwise; covers relu and relu6. In i8 the bounds are quantised values.
struct ClampAttributes {
  Clamp clamp;
};

/// max_pool2d: padding never wins. average_pool2d i8: the sum of q (padding at the zero point) divided by the
/// number of elements, rounded half away from zero (kRoundHalfUp: up). Input and output have the same scale
/// and zero point. Every window must touch the image (each pad < the dilated kernel; dilation is 1 for
/// average pooling).
constexpr u32 kCountIncludePad = 1;  ///< padding counts as elements of value zero; else only the image counts
constexpr u32 kRoundHalfUp = 2;      ///< i8: halves towards +infinity, as uint8 models round
struct Pool2dAttributes {
  Window window;
  u16 kernel_h, kernel_w;
  u32 flags;  ///< of averages: kCountIncludePad, kRoundHalfUp
  Clamp clamp;
};

/// One factor; in f32 operators {0, 0}.
/// global_average_pool: [N,H,W,C] → N × C elements, last dim C. f32: sum / (H × W). i8: rescale = input scale
/// / (output scale × H × W), out = clamp(zp_out + rescale(Σ (q − zp_in))); H × W ≤ kMaxAccumulation. mul: a ×
/// b, b broadcast as in add. i8: rescale = scale_a × scale_b / scale_out of (qa − zp_a)(qb − zp_b).
/// requantize: i8 → i8, out = clamp(zp_out + rescale(q − zp_in)), rescale = scale_in / scale_out.
struct RescaleAttributes {
  Rescale rescale;
  Clamp clamp;
};

/// add: a + b; output shaped like a. b has a's shape, or is repeated along a's outer dimensions: with leading
/// 1s taken off, b's dims are the last dims of a. i8 (as TFLite): out = clamp(zp_out + rescale(rescale((qa −
/// zp_a) << 20, a) + rescale((qb − zp_b) << 20, b), out)) where, with m = 2 × max(scale_a, scale_b): a =
/// scale_a / m, b = scale_b / m, out = m / (2^20 × scale_out). a and b are at most 1/2, their shifts not
/// above 0. f32: all three factors {0, 0}.
struct AddAttributes {
  Rescale a;
  Rescale b;
  Rescale out;
  Clamp clamp;
};

/// transpose: out.dims[i] = in.dims[perm[i]]. perm is 0 from rank on.
struct TransposeAttributes {
  u8 perm[8];
};

/// pad: before[i] and after[i] elements of `value` around axis i; 0 from rank on.
struct PadAttributes {
  u32 before[kMaxRank];
  u32 after[kMaxRank];
  u32 value;  ///< f32 bits, or an i32 in −128 … 127
};

/// general: one function of nn/general/general.h, over any element types and shapes. What the numbers mean is
/// said where the function is written.
struct GeneralAttributes {
  u32 function;
  i32 ints[24];
  f32 reals[13];
};

/// custom: the operator of that name behind nn/include/pipit/operator.h, with the values of its attributes.
struct CustomAttributes {
  char name[48];   ///< filled up with NUL, the last byte is NUL
  u32 count;       ///< of values; the others are 0
  u32 values[24];  ///< i32, or f32 bits
};

/// dynamic_*: layers of float activations and int8 weights, see nn/kernels/dynamic/dynamic.h. dynamic_scale:
/// f32 → f32 [rows,2], scale and zero point of each row. dynamic_quantize: f32 by such rows → i8. The layers:
/// x i8, weights i8, bias f32 [O], weight scales f32 [O], weight sums i32 [O], rows f32 [rows,2] → f32.
struct DynamicScaleAttributes {
  u32 symmetric;  ///< 1: zero point 0
};

/// *_wide: int16 activations with int8 weights, see nn/kernels/wide/wide.h; zero points are 0, clamps within
/// −32768 … 32767. The convolutions: x i16, weights i8 OHWI, bias i64 [O], rescale i32 [O,2]. add_wide,
/// sub_wide: as add, with 15 bits of headroom instead of 20. requantize_wide: i16 or i32 → i16 or i32; its
/// clamp is {0, 0}. leaky_relu_wide: x × positive, or x × negative below 0.
struct LeakyReluAttributes {
  Rescale positive, negative;
};

/// strided_slice: out[i] = in[begin[i] + i × step[i]] along every axis; any element type. 0 from rank on.
struct SliceAttributes {
  u32 begin[kMaxRank];
  u32 step[kMaxRank];
};

/// svdf: nn/kernels/svdf/svdf.h. Operands x [N,I], feature weights [F,I], time weights [F,M], bias [F /
/// rank], state [N,F,M]; output [N,F / rank]. i8: time weights and state i8 or i16, bias i32; `feature` =
/// input scale × feature scale / state scale, `out` = state scale × time scale / output scale. f32: both {0,
/// 0}.
struct SvdfAttributes {
  u32 rank;
  Rescale feature, out;
  Clamp clamp;
};

/// lstm: nn/kernels/lstm/lstm.h. Operands x [T,N,I] or [N,T,I], weights [4,U,I], recurrent weights [4,U,U],
/// bias [4,U] (i8: [2,4,U], input's and recurrent one, zero points folded in), hidden state [N,U], cell state
/// [N,U]; output [T,N,U] or [N,T,U]. Gates: input, forget, cell, output. i8: the cell is i16 with scale
/// 2^-cell_bits.
struct LstmAttributes {
  u32 time_major;                  ///< 1: [T,N,…]
  u32 cell_bits;                   ///< i8: 9 … 15
  f32 clip;                        ///< f32: cell states stay within ±clip; 0 = none
  i32 quantized_clip;              ///< i8: the same in the cell's integers
  Rescale input[4], recurrent[4];  ///< to gates of scale 2^-12
  Rescale hidden;                  ///< 2^-30 / the hidden state's scale
};

/// concat: along one axis; i8 inputs and output have one scale and zero point.
struct ConcatAttributes {
  u32 axis;
};

// reshape: same dtype, quantisation and number of bytes; does nothing where output and input lie on the same
// offset. quantize: f32 → i8, q = saturate(round_half_even(x / scale) + zero_point), IEEE single precision;
// NaN gives −128. dequantize: i8 → f32, scale × (q − zero_point). softmax: over the last dimension, exp by
// nn/kernels/softmax (own polynomial, so that bits agree everywhere); i8: exp of scale_in × (q − max), the
// quotient quantised as `quantize` does with the output's scale and zero point. sign_flip: u8 ↔ i8, the top
// bit inverted, for the edges of uint8 models. lookup: i8 → i8, out = table[x + 128], the table [256] being
// the second input. *_asymmetric: as the operator without it, in i8, with weights whose zero point is that of
// their tensor record; bias[o] = round(b / …) − zero_point(x) × Σ (w[o] − zero_point(w)) and −zero_point(w) ×
// q joins each product.

static_assert(sizeof(Rescale) == 8 && sizeof(Clamp) == 8 && sizeof(Window) == 16);
static_assert(sizeof(Conv2dAttributes) == 24 && sizeof(ClampAttributes) == 8 &&
              sizeof(Pool2dAttributes) == 32);
static_assert(sizeof(RescaleAttributes) == 16 && sizeof(AddAttributes) == 32 &&
              sizeof(TransposeAttributes) == 8);
static_assert(sizeof(PadAttributes) == 68 && sizeof(ConcatAttributes) == 4 &&
              sizeof(GeneralAttributes) == 152);

/// What the file says about an opcode, without any kernel.
struct OperatorTraits {
  Opcode opcode;
  const char* name;
  u8 min_inputs;
  u8 max_inputs;
  bool in_place;
  u8 attribute_bytes;
};

template <class T>
constexpr u8 kAttributeBytes = std::is_empty_v<T> ? 0 : sizeof(T);

constexpr OperatorTraits kOperatorTraits[] = {
#define X(number, name, min_inputs, max_inputs, in_place, attributes) \
  {Opcode::name, #name, min_inputs, max_inputs, in_place, kAttributeBytes<attributes>},
    PIPIT_NN_OPERATORS(X)
#undef X
};

/// nullptr for a number that names no operator.
constexpr const OperatorTraits* traits_of(u8 opcode) {
  for (const OperatorTraits& traits : kOperatorTraits)
    if (static_cast<u8>(traits.opcode) == opcode) return &traits;
  return nullptr;
}

/// For messages; "?" for a number that names no operator.
constexpr const char* opcode_name(u8 opcode) {
  const OperatorTraits* traits = traits_of(opcode);
  return traits != nullptr ? traits->name : "?";
}

}  // namespace pipit::nn::format
