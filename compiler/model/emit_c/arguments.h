#pragma once
#include "compiler/model/emit_c/writer.h"
#include "nn/shapes.h"

/// Arguments of kernel calls, shared by the emitters of every dialect.
namespace pipit::model::c {

using Arguments = std::vector<std::string>;
Arguments operator+(Arguments a, const Arguments& b);

std::string number(u32 value);
std::string zero_point(const nn::format::TensorRecord& tensor);
Arguments zero_points(const nn::Node& node);

Arguments bounds_i8(const nn::format::Clamp& clamp);
Arguments bounds_f32(const nn::format::Clamp& clamp);
template <DType dtype>
Arguments bounds(const nn::format::Clamp& clamp) {
  if constexpr (dtype == DType::i8) return bounds_i8(clamp);
  return bounds_f32(clamp);
}

/// "multiplier, shift"
std::string factor_text(const nn::format::Rescale& factor);
/// The name of a constant of it.
std::string factor(Writer& out, const nn::format::Rescale& one);

/// The `window` of kernels/window.c, which it asks for.
std::string window_of(Writer& out, const nn::Node& node, u32 kernel_h, u32 kernel_w,
                      const nn::format::Window& window);
/// That of a convolution.
std::string conv_window(Writer& out, const nn::Node& node);
/// a, its elements, b, its elements.
Arguments pair(Writer& out, const nn::Node& node);

template <DType dtype>
std::string suffixed(const char* name) {
  return std::string(name) + (dtype == DType::i8 ? "_i8" : "_f32");
}
template <DType dtype>
constexpr const char* kType = dtype == DType::i8 ? "int8_t" : "float";
/// The macro of kernels/average_pool2d.c that rounds an average.
template <DType dtype>
const char* quotient(bool up) {
  return dtype == DType::f32 ? "REAL_QUOTIENT" : up ? "UPWARD_QUOTIENT" : "NEAREST_QUOTIENT";
}

}  // namespace pipit::model::c
