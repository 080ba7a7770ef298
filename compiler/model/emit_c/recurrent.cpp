#include "compiler/model/emit_c/recurrent.h"

#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
#include "nn/general/float_functions.h"

namespace pipit::model::c {
namespace {

using namespace nn::format;
using nn::Node;

enum SvdfOperand : u8 { kFeature = 1, kTime, kBias, kState };

Arguments svdf_shape(const Node& node) {
  const TensorRecord& x = node.input(0);
  return {number(x.dims[0]), number(x.dims[1]), number(node.input(kTime).dims[0]),
          number(node.input(kTime).dims[1]), number(node.attributes<SvdfAttributes>().rank)};
}

enum LstmOperand : u8 { kWeights = 1, kRecurrent, kLstmBias, kHidden, kCell };

std::string joined(const Arguments& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

std::string lstm_shape(Writer& out, const Node& node) {
  const u32* x = node.input(0).dims;
  const bool time_major = node.attributes<LstmAttributes>().time_major != 0;
  out.need({"lstm_shape"});
  return "&" + out.constant("lstm_shape", "",
                            joined({number(x[time_major ? 0 : 1]), number(x[time_major ? 1 : 0]),
                                    number(x[2]), number(node.output().dims[2]), time_major ? "1" : "0"}));
}

}  // namespace

void svdf_f32(Writer& out, const Node& node) {
  out.need({"svdf_f32"});
  out.call("svdf_f32",
           Arguments{out.input(node, 0)} + svdf_shape(node) +
               Arguments{out.input(node, kFeature), out.input(node, kTime), out.input(node, kBias)} +
               bounds_f32(node.attributes<SvdfAttributes>().clamp) +
               Arguments{out.state(node, kState), out.output(node)});
}

void svdf_i8(Writer& out, const Node& node) {
  const auto& how = node.attributes<SvdfAttributes>();
  const TensorRecord& state = node.input(kState);
  const std::string kernel = static_cast<DType>(state.dtype) == DType::i8 ? "svdf_i8" : "svdf_i8_i16";
  out.need({"rescale_twice", "svdf_i8"});
  out.declare_once("SVDF_INTEGERS(" + kernel + ", " + type_name(state.dtype) + ", " +
                   limits_of(state.dtype).both() + ")");
  const std::string shape = "&" + out.constant("svdf_shape", "", joined(svdf_shape(node)));
  out.call(kernel,
           {shape, out.input(node, 0), zero_point(node.input(0)), out.input(node, kFeature),
            out.input(node, kTime), out.input(node, kBias), zero_point(state), factor(out, how.feature),
            factor(out, how.out), zero_point(node.output()), out.state(node, kState), out.output(node)});
}

void lstm_f32(Writer& out, const Node& node) {
  out.need({"exp_negative", "lstm_f32"});
  out.call("lstm_f32",
           {lstm_shape(out, node), out.input(node, 0), out.input(node, kWeights), out.input(node, kRecurrent),
            out.input(node, kLstmBias), literal(node.attributes<LstmAttributes>().clip),
            out.state(node, kHidden), out.state(node, kCell), out.output(node)});
}

void lstm_i8(Writer& out, const Node& node) {
  const auto& how = node.attributes<LstmAttributes>();
  out.need({"rescale_twice", "q15", "lstm_i8"});
  Arguments factors;
  for (const Rescale& factor : how.input) factors.push_back(factor_text(factor));
  for (const Rescale& factor : how.recurrent) factors.push_back(factor_text(factor));
  factors.push_back(factor_text(how.hidden));
  const std::string all = out.constant("int32_t", "[18]", joined(factors));
  // As nn/kernels/lstm has it, TensorFlow Lite's sign.
  out.call("lstm_i8", {lstm_shape(out, node), out.input(node, 0), out.input(node, kWeights),
                       out.input(node, kRecurrent), out.input(node, kLstmBias), all, number(how.cell_bits),
                       literal(how.quantized_clip), literal(-node.output().zero_point),
                       out.state(node, kHidden), out.state(node, kCell), out.output(node)});
}

bool has_recurrent(const Node& node) {
  const u32 lengths = node.input(4).dtype;
  return is_single(node) &&
         (lengths == static_cast<u32>(DType::i32) || lengths == static_cast<u32>(DType::i64));
}

void recurrent(Writer& out, const Node& node) {
  const auto& how = node.attributes<GeneralAttributes>();
  constexpr u32 kGates[] = {1, 3, 4};
  constexpr const char* kSteps[] = {"rnn_step", "gru_step", "lstm_step"};
  const u32 kind = static_cast<u32>(how.ints[0]), units = static_cast<u32>(how.ints[2]), gates = kGates[kind],
            directions = how.ints[1] == 2 ? 2 : 1, inputs = node.input(0).dims[2];
  out.need({"elementary_f32", "functions_f32", "recurrent_f32"});
  std::string layers;
  const auto at = [&](u32 index, u32 offset) {
    return out.input(node, index) + (offset == 0 ? "" : " + " + number(offset));
  };
  for (u32 d = 0; d < directions; ++d) {
    Arguments functions;
    for (u32 k = 3 * d; k < 3 * d + 3; ++k)
      functions.push_back("{" +
                          joined({nn::general::activation_function(how.ints[5 + k]).name,
                                  literal(how.reals[1 + 2 * k]), literal(how.reals[2 + 2 * k])}) +
                          "}");
    const std::string f = out.constant("activation_f32", "[3]", joined(functions));
    layers += (layers.empty() ? "{" : ", {") +
              joined({at(1, d * gates * units * inputs), at(2, d * gates * units * units),
                      at(3, d * 2 * gates * units), kind == 2 ? at(7, d * 3 * units) : "0", f, number(inputs),
                      number(units), number(gates), literal(how.ints[3]), literal(how.ints[4]),
                      literal(how.reals[0])}) +
              "}";
  }
  const std::string all = out.constant("recurrent_layer", "[" + number(directions) + "]", layers);
  out.call("recurrent_f32",
           {all, number(directions), how.ints[1] == 1 ? "1" : "0", number(node.input(0).dims[0]),
            number(node.input(0).dims[1]), kSteps[kind], out.input(node, 0), out.input(node, 4),
            node.input(4).dtype == static_cast<u32>(DType::i64) ? "1" : "0", out.input(node, 5),
            kind == 2 ? out.input(node, 6) : "0", out.output(node)});
}

}  // namespace pipit::model::c
