#pragma once
#include "nn/kernels/gemm/conv_f32.h"
#include "nn/kernels/gemm/conv_i8.h"
#include "nn/shapes.h"

/// conv2d and fully_connected nodes as fast kernels over the tiled convolutions.
namespace pipit::nn {

template <class Isa>
struct FastGemm {
  static bool plan_conv_f32(const Node& node, FastKernel::Needs& needs) {
    return TiledConvF32<Isa>::plan(conv_shape(node), needs);
  }
  static void pack_conv_f32(const Node& node, u8* packed) {
    TiledConvF32<Isa>::pack(conv_shape(node), node.data<f32>(1), node.data<f32>(2), packed);
  }
  static void run_conv_f32(const Node& node, const u8* packed, u8* scratch) {
    run_f32(node, conv_shape(node), node.attributes<format::Conv2dAttributes>().clamp, packed, scratch);
  }
  static bool plan_conv_i8(const Node& node, FastKernel::Needs& needs) {
    return TiledConvI8<Isa>::plan(conv_shape(node), node.data<format::Rescale>(3), needs);
  }
  static void pack_conv_i8(const Node& node, u8* packed) { pack_i8(node, conv_shape(node), packed); }
  static void run_conv_i8(const Node& node, const u8* packed, u8* scratch) {
    run_i8(node, conv_shape(node), node.attributes<format::Conv2dAttributes>().clamp, packed, scratch);
  }

  static bool plan_full_f32(const Node& node, FastKernel::Needs& needs) {
    return TiledConvF32<Isa>::plan(row_shape(node), needs);
  }
  static void pack_full_f32(const Node& node, u8* packed) {
    TiledConvF32<Isa>::pack(row_shape(node), node.data<f32>(1), node.data<f32>(2), packed);
  }
  static void run_full_f32(const Node& node, const u8* packed, u8* scratch) {
    run_f32(node, row_shape(node), node.attributes<format::ClampAttributes>().clamp, packed, scratch);
  }
  static bool plan_full_i8(const Node& node, FastKernel::Needs& needs) {
    return TiledConvI8<Isa>::plan(row_shape(node), node.data<format::Rescale>(3), needs);
  }
  static void pack_full_i8(const Node& node, u8* packed) { pack_i8(node, row_shape(node), packed); }
  static void run_full_i8(const Node& node, const u8* packed, u8* scratch) {
    run_i8(node, row_shape(node), node.attributes<format::ClampAttributes>().clamp, packed, scratch);
  }

 private:
  static WindowShape conv_shape(const Node& node) {
    const u32* weights = node.input(1).dims;
    return window_shape(node, weights[1], weights[2], node.attributes<format::Conv2dAttributes>().window);
  }
  /// A fully connected layer is a 1 × 1 convolution over an image of one row.
  static WindowShape row_shape(const Node& node) {
    const u32 outputs = node.input(1).dims[0], inputs = node.input(1).dims[1];
    const u32 batch = elements(node.input(0)) / inputs;
    return {1, 1, batch, inputs, 1, batch, outputs, 1, 1, {1, 1, 1, 1, 0, 0, 0, 0}};
  }
  static void run_f32(const Node& node, const WindowShape& shape, format::Clamp clamp, const u8* packed,
                      u8* scratch) {
    TiledConvF32<Isa>::run({shape, node.data<f32>(0), nullptr, nullptr, clamp, node.out<f32>()}, packed,
                           scratch);
  }
  static void pack_i8(const Node& node, const WindowShape& shape, u8* packed) {
    TiledConvI8<Isa>::pack(shape, node.data<i8>(1), node.data<i32>(2), node.data<format::Rescale>(3), packed);
  }
  static void run_i8(const Node& node, const WindowShape& shape, format::Clamp clamp, const u8* packed,
                     u8* scratch) {
    TiledConvI8<Isa>::run({shape, node.data<i8>(0), node.input(0).zero_point, nullptr, nullptr, nullptr,
                           node.output().zero_point, clamp, node.out<i8>()},
                          packed, scratch);
  }
};

/// The four kernels of one instruction set.
template <class Isa>
struct FastGemmKernels {
  using G = FastGemm<Isa>;
  static constexpr FastKernel kConvF32{&kConv2dF32, G::plan_conv_f32, G::pack_conv_f32, G::run_conv_f32};
  static constexpr FastKernel kConvI8{&kConv2dI8, G::plan_conv_i8, G::pack_conv_i8, G::run_conv_i8};
  static constexpr FastKernel kFullF32{&kFullyConnectedF32, G::plan_full_f32, G::pack_full_f32,
                                       G::run_full_f32};
  static constexpr FastKernel kFullI8{&kFullyConnectedI8, G::plan_full_i8, G::pack_full_i8, G::run_full_i8};
};

}  // namespace pipit::nn
