#include "compiler/model/emit_c/wide.h"

#include "compiler/model/emit_c/arguments.h"

namespace pipit::model::c {

using namespace nn::format;
using nn::elements;
using nn::Node;

namespace {

void convolution(Writer& out, const Node& node, const char* kernel) {
  out.need({"within", "rescale_wide", "dot_wide", kernel});
  out.call(kernel, Arguments{conv_window(out, node), out.input(node, 0), out.input(node, 1),
                             out.input(node, 2), out.input(node, 3)} +
                       bounds_i8(node.attributes<Conv2dAttributes>().clamp) + Arguments{out.output(node)});
}

}  // namespace

void conv2d_wide(Writer& out, const Node& node) { convolution(out, node, "conv2d_wide"); }
void transpose_conv2d_wide(Writer& out, const Node& node) { convolution(out, node, "transpose_conv2d_wide"); }

void add_wide(Writer& out, const Node& node) {
  const auto& how = node.attributes<AddAttributes>();
  const bool subtracts = node.opcode() == static_cast<u8>(Opcode::sub_wide);
  out.need({"within", "rescale_twice", "add_wide"});
  const std::string factors = out.constant(
      "int32_t", "[6]", factor_text(how.a) + ", " + factor_text(how.b) + ", " + factor_text(how.out));
  out.call("add_wide", pair(out, node) + Arguments{subtracts ? "-1" : "1", factors} + bounds_i8(how.clamp) +
                           Arguments{out.output(node)});
}

void leaky_relu_wide(Writer& out, const Node& node) {
  const auto& how = node.attributes<LeakyReluAttributes>();
  out.need({"within", "rescale_twice", "leaky_relu_wide"});
  const std::string factors =
      out.constant("int32_t", "[4]", factor_text(how.positive) + ", " + factor_text(how.negative));
  out.call("leaky_relu_wide",
           {out.input(node, 0), number(elements(node.output())), factors, out.output(node)});
}

void requantize_wide(Writer& out, const Node& node) {
  const u32 from = node.input(0).dtype, to = node.output().dtype;
  const auto name_of = [](u32 dtype) { return std::to_string(8 * dtype_bytes(static_cast<DType>(dtype))); };
  const std::string kernel = "requantize_i" + name_of(from) + "_i" + name_of(to);
  out.need({"rescale_twice", "requantize_wide"});
  out.declare_once("REQUANTIZE_WIDE(" + kernel + ", " + type_name(from) + ", " + type_name(to) + ", " +
                   limits_of(to).both() + ")");
  out.call(kernel, {out.input(node, 0), number(elements(node.output())), zero_point(node.input(0)),
                    factor(out, node.attributes<RescaleAttributes>().rescale), zero_point(node.output()),
                    out.output(node)});
}

void quantize_wide(Writer& out, const Node& node) {
  const u32 to = node.output().dtype;
  const std::string kernel = std::string("quantize_f32_") + type_name(to);
  out.need({"quantize_wide"});
  out.declare_once("QUANTIZE_WIDE(" + kernel + ", " + type_name(to) + ", " + limits_of(to).both() + ")");
  out.call(kernel, {out.input(node, 0), number(elements(node.output())), literal(node.output().scale),
                    zero_point(node.output()), out.output(node)});
}

}  // namespace pipit::model::c
