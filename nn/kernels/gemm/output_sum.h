#pragma once
#include "nn/kernels/elementwise/fast_add.h"
#include "nn/kernels/gemm/fast_gemm.h"

/// A convolution and the addition that follows it as one: what the convolution makes is added to while it is
/// still in registers. The bits are those of the two operators, one after the other.
namespace pipit::nn {

/// The tensor that a layer's output is added to.
template <class Element>
struct Addend {
  const Element* first;
  const Element* layer;  ///< where the layer's first result is written

  /// kWidth elements that go with those at `to`, of which the panel has `columns`.
  template <u32 kWidth>
  [[gnu::always_inline]] const Element* row(const Element* to, u32 columns, Element (&whole)[kWidth]) const {
    const Element* from = first + (to - layer);
    if (columns == kWidth) return from;
    std::memcpy(whole, from, columns * sizeof(Element));
    return whole;
  }
};

/// f32 of a dynamically quantised layer, plus an addend.
template <class Isa>
struct DynamicSum {
  using Element = f32;
  using Layer = Dynamic<Isa>;
  using Panel = typename Layer::Panel;
  Layer layer;
  Addend<f32> addend;
  format::Clamp clamp;

  const i32* start(const Panel& panel, i32* buffer) const { return layer.start(panel, buffer); }

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] void store(typename Isa::I32 (&sums)[kRows][kVectors], const Panel& panel,
                                    const TileOutput<f32>& out) const {
    constexpr u32 kWidth = kVectors * Isa::kLanes;
    const auto least = Isa::splat(clamp.low_f32()), most = Isa::splat(clamp.high_f32());
    auto low = Isa::load(layer.seen->low), high = Isa::load(layer.seen->high);
    store_rows<f32, kRows, kWidth>(out, [&](u32 i, f32* to) __attribute__((always_inline)) {
      f32 whole[kWidth];
      const f32* more = addend.row(out.first + usize{i} * out.stride, out.columns, whole);
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v) {
        const auto sum = Isa::add(layer.real(sums[i][v], panel, v), Isa::load(more + v * Isa::kLanes));
        const auto x = Isa::min(most, Isa::max(least, sum));
        layer.seen->widen(x, low, high);
        Isa::store(to + v * Isa::kLanes, x);
      }
    });
    layer.seen->template keep<kRows, kWidth>(low, high, out);
  }
};

/// int8 by one factor per channel, plus an int8 addend.
template <class Isa>
struct RequantizedSum {
  using Element = i8;
  using Layer = Requantized<Isa>;
  using Panel = typename Layer::Panel;
  using I32 = typename Isa::I32;
  Layer layer;
  Addend<i8> addend;
  i32 addend_zero;
  VectorAdd<Isa> add;    ///< its first input is the layer's result
  bool is_layer_halved;  ///< of the inputs' factors the layer's is one half, otherwise the addend's
  OutputRange range;

  const i32* start(const Panel& panel, i32* buffer) const { return layer.start(panel, buffer); }

  template <u32 kRows, u32 kVectors>
  [[gnu::always_inline]] void store(I32 (&sums)[kRows][kVectors], const Panel& panel,
                                    const TileOutput<i8>& out) const {
    layer.rescale(sums, panel);
    if (is_layer_halved)
      store_sums<Halved::first>(sums, out);
    else
      store_sums<Halved::second>(sums, out);
  }

 private:
  template <Halved kHalved, u32 kRows, u32 kVectors>
  [[gnu::always_inline]] void store_sums(I32 (&sums)[kRows][kVectors], const TileOutput<i8>& out) const {
    constexpr u32 kWidth = kVectors * Isa::kLanes;
    // What the layer would have written, less its zero point.
    const I32 low = Isa::splat(layer.range.low - layer.range.zero_point),
              high = Isa::splat(layer.range.high - layer.range.zero_point);
    store_rows<i8, kRows, kWidth>(out, [&](u32 i, i8* to) __attribute__((always_inline)) {
      i8 whole[kWidth];
      const i8* more = addend.row(out.first + usize{i} * out.stride, out.columns, whole);
#pragma clang loop unroll(full)
      for (u32 v = 0; v < kVectors; ++v) {
        const I32 x = Isa::min(high, Isa::max(low, sums[i][v]));
        const I32 y = Isa::sub(Isa::load_i8(more + v * Isa::kLanes), Isa::splat(addend_zero));
        sums[i][v] = add.template sum<kHalved>(x, y);
      }
      Isa::store_i8(to, sums[i], range);
    });
  }
};

/// The operand of the next node, an addition, that is not this node's output.
inline u32 addend_of(const Node& node) { return &node.next().input(0) == &node.output() ? 1 : 0; }

/// dynamic_conv2d, then add.
template <class Isa, template <class, template <class> class> class Conv>
struct FastDynamicAdd {
  using C = Conv<Isa, DynamicSum>;
  using Layer = FastDynamic<Isa, Conv>;

  static bool plan(const Node& node, FastKernel::Needs& needs) {
    return same_shape(node.next().input(addend_of(node)), node.output()) && Layer::plan(node, needs);
  }
  static void run(const Node& node, const u8* packed, u8* scratch, Share share) {
    const Node add = node.next();
    const Addend<f32> addend{add.data<f32>(addend_of(node)), add.out<f32>()};
    const auto clamp = add.attributes<format::AddAttributes>().clamp;
    const auto output = [&](const Dynamic<Isa>& layer) { return DynamicSum<Isa>{layer, addend, clamp}; };
    Layer::template run_images<C>(node, add.out<f32>(), output, packed, scratch, share);
  }
};

/// conv2d, then add.
template <class Isa, template <class, template <class> class> class Conv>
struct FastI8Add {
  using C = Conv<Isa, RequantizedSum>;
  using Layer = FastI8<Isa, Conv>;

  static bool plan(const Node& node, FastKernel::Needs& needs) {
    const Node add = node.next();
    return same_shape(add.input(addend_of(node)), node.output()) &&
           fits_fast_add(add.attributes<format::AddAttributes>()) &&
           halved_input(add.attributes<format::AddAttributes>()) != Halved::neither &&
           Layer::plan(node, needs);
  }
  static void run(const Node& node, const u8* packed, u8* scratch, Share share) {
    const Node add = node.next();
    const auto& how = add.attributes<format::AddAttributes>();
    const u32 other = addend_of(node);
    const format::AddAttributes ours =
        other == 0 ? format::AddAttributes{how.b, how.a, how.out, how.clamp} : how;
    const VectorAdd<Isa> vectors(ours);
    const auto output = [&](const Requantized<Isa>& layer) {
      return RequantizedSum<Isa>{layer,
                                 {add.data<i8>(other), add.out<i8>()},
                                 add.input(other).zero_point,
                                 vectors,
                                 halved_input(ours) == Halved::first,
                                 {add.output().zero_point, how.clamp.low_i32(), how.clamp.high_i32()}};
    };
    Layer::template run_images<C>(node, add.out<i8>(), output, packed, scratch, share);
  }
};

template <class Fast>
constexpr FastKernel fast_add_kernel(const Operator& base, const Operator& add) {
  return {&base, Fast::plan, Fast::Layer::pack, Fast::run, true, &add, finish_of<typename Fast::Layer>()};
}

/// Of one instruction set, by its tiled convolution.
template <class Isa>
struct FastAddKernels {
  static constexpr FastKernel kConv = fast_add_kernel<FastI8Add<Isa, TiledConvI8>>(kConv2dI8, kAddI8);
  static constexpr FastKernel kConvDynamic =
      fast_add_kernel<FastDynamicAdd<Isa, TiledConvI8>>(kDynamicConv2d, kAddF32);
};

}  // namespace pipit::nn
