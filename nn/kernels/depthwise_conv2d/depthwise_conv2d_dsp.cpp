#include "nn/kernels/c99/c99.h"
#include "nn/kernels/channel_output.h"
#include "nn/kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "nn/kernels/simd/dsp.h"

namespace pipit::nn {
namespace c99 {
namespace {
#include "nn/kernels/c99/depthwise_3x3_i8_dsp.c"
}  // namespace
}  // namespace c99

namespace {

constexpr u32 kWidth = 4;     // channels at a time: a word of the image
constexpr u32 kMaxTaps = 32;  // whose weights are expanded on the stack

/// Weights of four channels at one tap as SXTB16 leaves them: channels 0 and 2, 1 and 3.
struct TapWeights {
  u32 even, odd;
};

struct Sums {
  i32 c0, c1, c2, c3;
};

__attribute__((always_inline)) inline void add_tap(u32 even, u32 odd, const TapWeights& weight, Sums& sums) {
  sums.c0 = dsp::smlabb(even, weight.even, sums.c0);
  sums.c1 = dsp::smlabb(odd, weight.odd, sums.c1);
  sums.c2 = dsp::smlatt(even, weight.even, sums.c2);
  sums.c3 = dsp::smlatt(odd, weight.odd, sums.c3);
}

/// Four neighbouring channels of the whole image. Going block by block expands weights once for all pixels.
class Block {
 public:
  Block(const Conv2dI8& conv, u32 channel)
      : conv_(conv),
        shape_(conv.shape),
        channel_(channel),
        range_{conv.output_zero_point, conv.clamp.low_i32(), conv.clamp.high_i32()} {
    const u32 taps = shape_.kernel_h * shape_.kernel_w;
    for (u32 tap = 0; tap < taps; ++tap) {
      const u32 word = dsp::load4(conv.weights + usize{tap} * shape_.out_c + channel);
      weights_[tap] = {dsp::sxtb16(word), dsp::sxtb16_ror8(word)};
    }
    for (u32 c = 0; c < kWidth; ++c) {
      outputs_[c] = ChannelOutput(conv.factors[channel + c]);
      narrow_ = narrow_ && outputs_[c].is_narrow();
    }
    const u32 zero = static_cast<u16>(conv.input_zero_point);
    padding_ = zero | zero << 16;
  }

  /// Where windows have no column in the padding.
  struct Inner {
    u32 begin, end;
  };
  static Inner inner(const WindowShape& shape) {
    u32 begin = 0, end = shape.out_w;
    while (begin < end && shape.columns(begin).count() != shape.kernel_w) ++begin;
    while (end > begin && shape.columns(end - 1).count() != shape.kernel_w) --end;
    return {begin, end};
  }

  void run(const Inner& inner) const {
    i8* out = conv_.output + channel_;
    for (u32 image = 0; image < shape_.batch; ++image)
      for (u32 y = 0; y < shape_.out_h; ++y) {
        const TapRange rows = shape_.rows(y);
        const bool whole = rows.count() == shape_.kernel_h;
        for (u32 x = 0; x < shape_.out_w; ++x, out += shape_.out_c) {
          if (whole && x == inner.begin && inner.end > inner.begin) {
            inner_row(image, y, inner, out);
            x = inner.end - 1;
            out += usize{inner.end - inner.begin - 1} * shape_.out_c;
          } else {
            store(window(image, y, rows, x), range_, out);
          }
        }
      }
  }

 private:
  Sums biases() const {
    const i32* bias = conv_.bias + channel_;
    return {bias[0], bias[1], bias[2], bias[3]};
  }

  /// The pixels of one row whose windows are whole.
  void inner_row(u32 image, u32 y, const Inner& inner, i8* out) const {
    const i8* first = conv_.input + usize{shape_.pixel(image, y, 0, inner.begin, 0)} * shape_.in_c + channel_;
    const u32 count = inner.end - inner.begin;
    whole_windows(first, count, out);
  }

  [[gnu::noinline]] void whole_windows(const i8* first, u32 count, i8* out) const {
    const u32 height = shape_.kernel_h, width = shape_.kernel_w;
    const u32 tap_step = shape_.window.dilation_w * shape_.in_c;
    const u32 row_step = shape_.window.dilation_h * shape_.in_w * shape_.in_c;
    const u32 pixel_step = shape_.window.stride_w * shape_.in_c, channels = shape_.out_c;
    const OutputRange range = range_;
    for (; count != 0; --count, first += pixel_step, out += channels) {
      Sums sums = biases();
      const TapWeights* weights = weights_;
      const i8* in = first;
      for (u32 row = 0; row < height; ++row, in += row_step, weights += width)
        add_taps(in, tap_step, weights, width, sums);
      store(sums, range, out);
    }
  }

  /// The sums of any window.
  Sums window(u32 image, u32 y, TapRange rows, u32 x) const {
    const TapRange columns = shape_.columns(x);
    const u32 step = shape_.window.dilation_w * shape_.in_c;
    Sums sums = biases();
    const TapWeights* weights = weights_;
    for (u32 row = 0; row < shape_.kernel_h; ++row, weights += shape_.kernel_w) {
      const bool inside = row >= rows.begin && row < rows.end && columns.count() != 0;
      add_padding(weights, inside ? columns.begin : shape_.kernel_w, sums);
      if (!inside) continue;
      const i8* in =
          conv_.input + usize{shape_.pixel(image, y, row, x, columns.begin)} * shape_.in_c + channel_;
      add_taps(in, step, weights + columns.begin, columns.count(), sums);
      add_padding(weights + columns.end, shape_.kernel_w - columns.end, sums);
    }
    return sums;
  }

  [[gnu::always_inline]] void store(const Sums& sums, const OutputRange& range, i8* out) const {
    if (narrow_) {
      const i32 zero = range.zero_point;
      const u32 word =
          dsp::clamped_bytes(outputs_[0].narrow(sums.c0, zero), outputs_[1].narrow(sums.c1, zero),
                             outputs_[2].narrow(sums.c2, zero), outputs_[3].narrow(sums.c3, zero),
                             dsp::in_every_byte(range.low), dsp::in_every_byte(range.high));
      std::memcpy(out, &word, sizeof word);
    } else {
      store_wide(sums, out);
    }
  }
  [[gnu::noinline]] void store_wide(Sums sums, i8* out) const {
    const i32 all[kWidth] = {sums.c0, sums.c1, sums.c2, sums.c3};
    for (u32 c = 0; c < kWidth; ++c) out[c] = outputs_[c](all[c], range_);
  }

  [[gnu::always_inline]] static void add_taps(const i8* in, u32 step, const TapWeights* weights, u32 count,
                                              Sums& sums) {
    for (; count != 0; --count, in += step, ++weights) {
      const u32 word = dsp::load4(in);
      add_tap(dsp::sxtb16(word), dsp::sxtb16_ror8(word), *weights, sums);
    }
  }
  __attribute__((always_inline)) void add_padding(const TapWeights* weights, u32 count, Sums& sums) const {
    for (; count != 0; --count) add_tap(padding_, padding_, *weights++, sums);
  }

  const Conv2dI8& conv_;
  const WindowShape& shape_;
  u32 channel_;
  OutputRange range_;
  bool narrow_ = true;  // all four factors are
  u32 padding_;         // the zero point in both halves
  ChannelOutput outputs_[kWidth];
  TapWeights weights_[kMaxTaps];
};

}  // namespace

void depthwise_conv2d_i8(const Conv2dI8& conv) {
  const WindowShape& shape = conv.shape;
  const c99::window window = c99::window_of(shape);
  if (shape.in_c != shape.out_c || shape.out_c % kWidth != 0 ||
      u64{shape.kernel_h} * shape.kernel_w > kMaxTaps)
    return depthwise_conv2d_i8_reference(conv);
  if (c99::depthwise_3x3_fits(shape)) {
    alignas(8) i8 lines[c99::DEPTHWISE_LINES_BYTES];
    return c99::depthwise_3x3_i8(&window, conv.input, conv.input_zero_point, conv.weights, conv.bias,
                                 c99::pairs(conv.factors), conv.output_zero_point, conv.clamp.low_i32(),
                                 conv.clamp.high_i32(), lines, conv.output);
  }
  const Block::Inner inner = Block::inner(shape);
  for (u32 channel = 0; channel < shape.out_c; channel += kWidth) Block(conv, channel).run(inner);
}

}  // namespace pipit::nn
