// Losses and other operators that are sums of simpler ones.
#include <algorithm>

#include "compiler/model/import_operators.h"
#include "compiler/model/onnx_program.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

/// −Σ weight × log probability of the label, reduced as the attribute says. `log_prob` is [N,C,…], labels
/// [N,…].
Result<TensorId> nll_loss(Import& in, TensorId log_prob, TensorId labels, TensorId weights) {
  const std::string reduction = TRY(in.attributes.text("reduction", "mean"));
  const bool ignores = in.attributes.has("ignore_index");
  const i64 ignored = TRY(in.attributes.integer("ignore_index", 0));
  const Shape shape = in.graph[log_prob].shape;
  const DType dtype = in.graph[log_prob].dtype;
  if (shape.size() < 2) return Error(Code::malformed, "needs [N,C,…]");
  Shape flat{shape[0], shape[1], element_count(Shape(shape.begin() + 2, shape.end()))};
  const Shape label_shape = in.graph[labels].shape;
  if (element_count(label_shape) != flat[0] * flat[2])
    return Error(Code::malformed, "needs one label per element");
  labels = TRY(in.reshape(TRY(in.cast(labels, DType::i64)), {flat[0], 1, flat[2]}));

  TensorId keeps;  // where labels are not to be ignored
  if (ignores) {
    const TensorId skip =
        TRY(in.binary(Binary::equal, labels, in.number(DType::i64, static_cast<f64>(ignored))));
    labels = TRY(in.emit(FunctionId::where, {skip, in.number(DType::i64, 0), labels}));
    keeps = TRY(in.cast(TRY(in.unary(Unary::logical_not, skip)), dtype));
  }
  const TensorId picked =
      TRY(in.emit(FunctionId::gather_elements, {TRY(in.reshape(log_prob, flat)), labels}, {1}));
  TensorId factor = keeps;
  if (weights.valid()) {
    const TensorId weight = TRY(in.emit(FunctionId::gather, {weights, labels}, {0}));
    factor = factor.valid() ? TRY(in.binary(Binary::multiply, weight, factor)) : weight;
  }
  TensorId loss = TRY(in.unary(Unary::negate, picked));
  if (factor.valid()) loss = TRY(in.binary(Binary::multiply, loss, factor));
  if (reduction == "none") return in.reshape(loss, label_shape);
  const TensorId sum = TRY(in.reduce(Reduce::sum, loss, {0, 1, 2}, false));
  if (reduction == "sum") return sum;
  if (reduction != "mean") return Error(Code::malformed, "reduction '" + reduction + "' is not known");
  if (!factor.valid()) return in.reduce(Reduce::mean, loss, {0, 1, 2}, false);
  return in.binary(Binary::divide, sum, TRY(in.reduce(Reduce::sum, factor, {0, 1, 2}, false)));
}

Result<TensorId> import_nll_loss(Import& in) {
  return nll_loss(in, in.inputs[0], in.inputs[1], in.has(2) ? in.inputs[2] : TensorId{});
}

Result<TensorId> import_cross_entropy(Import& in) {
  const TensorId sum = TRY(in.reduce(Reduce::log_sum_exp, in.inputs[0], {1}));
  const TensorId log_prob = TRY(in.binary(Binary::subtract, in.inputs[0], sum));
  if (in.wants_output(1)) in.bind(1, log_prob);
  return nll_loss(in, log_prob, in.inputs[1], in.has(2) ? in.inputs[2] : TensorId{});
}

/// a − b cos(2π n / N) + c cos(4π n / N)
Result<TensorId> cosine_window(Import& in, f64 a, f64 b, f64 c) {
  const auto size = TRY(in.constant(0, "the size"));
  const bool periodic = TRY(in.attributes.integer("periodic", 1)) != 0;
  const DType dtype =
      dtype_of(static_cast<onnx_file::ElementType>(TRY(in.attributes.integer("output_datatype", 1))));
  if (size.size() != 1 || size[0] < 0 || size[0] > (1 << 24))
    return Error(Code::malformed, "the size is not valid");
  constexpr f64 kTurn = 6.28318530717958647692;
  const f64 step = kTurn / static_cast<f64>(std::max<i64>(periodic ? size[0] : size[0] - 1, 1));
  const TensorId angle =
      TRY(in.emit(FunctionId::range, {in.number(DType::f64, 0), in.number(DType::f64, step)}, {size[0]}));
  const auto wave = [&](f64 times, f64 factor) -> Result<TensorId> {
    const TensorId at = TRY(in.binary(Binary::multiply, angle, in.number(DType::f64, times)));
    return in.binary(Binary::multiply, TRY(in.unary(Unary::cos, at)), in.number(DType::f64, factor));
  };
  TensorId window = TRY(in.binary(Binary::subtract, in.number(DType::f64, a), TRY(wave(1, b))));
  if (c != 0) window = TRY(in.binary(Binary::add, window, TRY(wave(2, c))));
  return in.cast(window, dtype);
}

Result<TensorId> import_hann(Import& in) { return cosine_window(in, 0.5, 0.5, 0); }
Result<TensorId> import_hamming(Import& in) { return cosine_window(in, 25.0 / 46.0, 21.0 / 46.0, 0); }
Result<TensorId> import_blackman(Import& in) { return cosine_window(in, 0.42, 0.5, 0.08); }

constexpr ImportRule kRules[] = {
    {"BlackmanWindow", 1, 1, import_blackman},
    {"HammingWindow", 1, 1, import_hamming},
    {"HannWindow", 1, 1, import_hann},
    {"NegativeLogLikelihoodLoss", 2, 3, import_nll_loss},
    {"SoftmaxCrossEntropyLoss", 2, 3, import_cross_entropy},
};

}  // namespace

std::span<const ImportRule> composite_rules() { return kRules; }

}  // namespace pipit::model
