#include "compiler/model/emit_c/arguments.h"

#include "nn/kernels/window.h"

namespace pipit::model::c {

using nn::elements;
using nn::Node;
using nn::format::Clamp;
using nn::format::Rescale;
using nn::format::TensorRecord;
using nn::format::Window;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string number(u32 value) { return std::to_string(value); }
std::string zero_point(const TensorRecord& tensor) { return literal(tensor.zero_point); }
Arguments zero_points(const Node& node) { return {zero_point(node.input(0)), zero_point(node.input(1))}; }

Arguments bounds_i8(const Clamp& clamp) { return {literal(clamp.low_i32()), literal(clamp.high_i32())}; }
Arguments bounds_f32(const Clamp& clamp) { return {literal(clamp.low_f32()), literal(clamp.high_f32())}; }

std::string factor_text(const Rescale& factor) {
  return literal(factor.multiplier) + ", " + literal(factor.shift);
}
std::string factor(Writer& out, const Rescale& one) {
  return out.constant("int32_t", "[2]", factor_text(one));
}

std::string window_of(Writer& out, const Node& node, u32 kernel_h, u32 kernel_w, const Window& w) {
  const nn::WindowShape s = nn::window_shape(node, kernel_h, kernel_w, w);
  out.need({"window"});
  std::string values;
  for (u32 value :
       {s.batch, s.in_h, s.in_w, s.in_c, s.out_h, s.out_w, s.out_c, s.kernel_h, s.kernel_w, u32{w.stride_h},
        u32{w.stride_w}, u32{w.dilation_h}, u32{w.dilation_w}, u32{w.pad_top}, u32{w.pad_left}})
    values += (values.empty() ? "" : ", ") + number(value);
  return "&" + out.constant("window", "", values);
}

std::string conv_window(Writer& out, const Node& node) {
  const u32* weights = node.input(1).dims;
  return window_of(out, node, weights[1], weights[2], node.attributes<nn::format::Conv2dAttributes>().window);
}

Arguments pair(Writer& out, const Node& node) {
  return {out.input(node, 0), number(elements(node.output())), out.input(node, 1),
          number(elements(node.input(1)))};
}

}  // namespace pipit::model::c
