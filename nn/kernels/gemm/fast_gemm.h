#pragma once
#include "nn/kernels/gemm/conv_f32.h"
#include "nn/kernels/gemm/conv_i8.h"
#include "nn/kernels/gemm/layer.h"

/// conv2d and fully_connected nodes, float, int8 and dynamically quantised, as fast kernels over the tiled
/// convolutions.
namespace pipit::nn {

template <class Isa>
struct FastF32 {
  static bool plan(const Node& node, FastKernel::Needs& needs) {
    return TiledConvF32<Isa>::plan(layer_of(node).window, needs);
  }
  static void pack(const Node& node, u8* packed) {
    TiledConvF32<Isa>::pack(layer_of(node).window, node.data<f32>(1), node.data<f32>(2), packed);
  }
  static void run(const Node& node, const u8* packed, u8* scratch, Share share) {
    const LayerShape layer = layer_of(node);
    TiledConvF32<Isa>::run({layer.window, node.data<f32>(0), nullptr, nullptr, layer.clamp, node.out<f32>()},
                           packed, scratch, share);
  }
};

/// Static int8: x, weights, bias, factors.
template <class Isa, template <class, template <class> class> class Conv>
struct FastI8 {
  using C = Conv<Isa, Requantized>;
  using Panel = typename Requantized<Isa>::Panel;

  static bool plan(const Node& node, FastKernel::Needs& needs) {
    const LayerShape layer = layer_of(node);
    for (u32 channel = 0; channel < layer.window.out_c; ++channel)
      if (!NarrowFactor::fits(node.data<format::Rescale>(3)[channel])) return false;
    return C::plan(layer.window, needs);
  }
  static void pack(const Node& node, u8* packed) {
    C::pack(
        layer_of(node).window, node.data<i8>(1), weight_zero_point(node),
        [&](u32 first, const i32* sums, u32 columns, Panel& panel) {
          Requantized<Isa>::pack(node.data<i32>(2) + first, node.data<format::Rescale>(3) + first, sums,
                                 columns, panel);
        },
        packed);
  }
  static void run(const Node& node, const u8* packed, u8* scratch, Share share) {
    run_images<C>(
        node, node.out<i8>(), [](const Requantized<Isa>& layer) { return layer; }, packed, scratch, share);
  }
  /// By the convolution C into its Output, which output(layer) makes, at `to`.
  template <class C, class Output>
  static void run_images(const Node& node, i8* to, Output output, const u8* packed, u8* scratch,
                         Share share) {
    const LayerShape layer = layer_of(node);
    const WindowShape& shape = layer.window;
    const auto out =
        output(Requantized<Isa>{{node.output().zero_point, layer.clamp.low_i32(), layer.clamp.high_i32()}});
    for (u32 image = 0; image < shape.batch; ++image)
      C::run({shape, node.data<i8>(0) + usize{image} * shape.in_h * shape.in_w * shape.in_c,
              node.input(0).zero_point, out, to + usize{image} * shape.out_h * shape.out_w * shape.out_c,
              weight_zero_point(node)},
             packed, scratch, share);
  }
};

/// Dynamically quantised: x, weights, bias, weight scales, weight sums, row scales (nn/kernels/dynamic).
template <class Isa, template <class, template <class> class> class Conv>
struct FastDynamic {
  using C = Conv<Isa, Dynamic>;
  using Panel = typename Dynamic<Isa>::Panel;

  /// A row of a fully connected layer has its own scale: it is an image.
  static WindowShape shape_of(const Node& node, format::Clamp& clamp) {
    LayerShape layer = layer_of(node);
    clamp = layer.clamp;
    if (node.input(1).rank == 2) {
      layer.window.batch = layer.window.in_w;
      layer.window.in_w = layer.window.out_w = 1;
    }
    return layer.window;
  }
  static bool plan(const Node& node, FastKernel::Needs& needs) {
    format::Clamp clamp;
    if (!C::plan(shape_of(node, clamp), needs)) return false;
    needs.scratch_bytes += kNotesBytes;
    return true;
  }
  static void pack(const Node& node, u8* packed) {
    format::Clamp clamp;
    C::pack(
        shape_of(node, clamp), node.data<i8>(1), 0,
        [&](u32 first, const i32*, u32 columns, Panel& panel) {
          Dynamic<Isa>::pack(node.data<f32>(2) + first, node.data<f32>(3) + first, node.data<i32>(4) + first,
                             columns, panel);
        },
        packed);
  }
  static void run(const Node& node, const u8* packed, u8* scratch, Share share) {
    run_images<C>(
        node, node.out<f32>(), [](const Dynamic<Isa>& layer) { return layer; }, packed, scratch, share);
  }
  /// By the convolution C into its Output, which output(layer) makes, at `to`.
  template <class C, class Output>
  static void run_images(const Node& node, f32* to, Output output, const u8* packed, u8* scratch,
                         Share share) {
    format::Clamp clamp;
    const WindowShape shape = shape_of(node, clamp);
    auto* notes = reinterpret_cast<RowRange*>(scratch);
    for (u32 image = 0; image < shape.batch; ++image) {
      SeenRange<Isa> seen;
      const RowScale& row = node.data<RowScale>(5)[image];
      const i32 zero = zero_point_of(row);
      C::run({shape, node.data<i8>(0) + usize{image} * shape.in_h * shape.in_w * shape.in_c, zero,
              output(Dynamic<Isa>{row, zero, clamp, &seen}),
              to + usize{image} * shape.out_h * shape.out_w * shape.out_c},
             packed, scratch + kNotesBytes, share);
      if (image < kMostNotes) notes[image] = seen.range();
    }
  }
  /// dynamic_scale of what the layer made, by the notes of those that made it.
  static bool may_finish(const Node& scale) {
    return scale.input(0).rank == 4 && scale.output().dims[0] == scale.input(0).dims[0] &&
           scale.output().dims[0] <= kMostNotes;
  }
  static void finish(const Node& scale, const u8* scratch, u64 apart, u32 members) {
    const bool symmetric = scale.attributes<format::DynamicScaleAttributes>().symmetric != 0;
    for (u32 image = 0; image < scale.output().dims[0]; ++image) {
      RowRange range{0, 0};
      for (u32 member = 0; member < members; ++member)
        range.widen(reinterpret_cast<const RowRange*>(scratch + member * apart)[image]);
      scale.out<RowScale>()[image] = row_scale(range.low, range.high, symmetric);
    }
  }
  static constexpr FastKernel::Finish kFinish = {&kDynamicScale, may_finish, finish};

 private:
  /// At the beginning of a member's scratch memory: the ranges of the images it had its share of.
  static constexpr u32 kMostNotes = 8, kNotesBytes = kMostNotes * sizeof(RowRange);
  static_assert(kNotesBytes % PreparedModel::kAlign == 0);
};

template <class Fast>
constexpr const FastKernel::Finish* finish_of() {
  if constexpr (requires { Fast::kFinish; }) return &Fast::kFinish;
  return nullptr;
}
template <class Fast>
constexpr FastKernel fast_kernel(const Operator& base) {
  return {&base, Fast::plan, Fast::pack, Fast::run, true, nullptr, finish_of<Fast>()};
}

/// The kernels of one instruction set.
template <class Isa>
struct FastFloatKernels {
  static constexpr FastKernel kConvF32 = fast_kernel<FastF32<Isa>>(kConv2dF32);
  static constexpr FastKernel kFullF32 = fast_kernel<FastF32<Isa>>(kFullyConnectedF32);
};
template <class Isa>
struct FastIntegerKernels {
  static constexpr FastKernel kConvI8 = fast_kernel<FastI8<Isa, TiledConvI8>>(kConv2dI8);
  static constexpr FastKernel kFullI8 = fast_kernel<FastI8<Isa, TiledConvI8>>(kFullyConnectedI8);
  /// For an Isa that widens weights.
  static constexpr FastKernel kConvAsymmetric = fast_kernel<FastI8<Isa, TiledConvI8>>(kConv2dAsymmetric);
  static constexpr FastKernel kFullAsymmetric =
      fast_kernel<FastI8<Isa, TiledConvI8>>(kFullyConnectedAsymmetric);
  static constexpr FastKernel kConvDynamic = fast_kernel<FastDynamic<Isa, TiledConvI8>>(kDynamicConv2d);
  static constexpr FastKernel kFullDynamic =
      fast_kernel<FastDynamic<Isa, TiledConvI8>>(kDynamicFullyConnected);
};

}  // namespace pipit::nn
