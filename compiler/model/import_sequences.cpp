// Recurrent layers, Fourier transforms and n-grams.
#include <algorithm>
#include <cstring>

#include "compiler/model/import_operators.h"
#include "compiler/model/onnx_program.h"
#include "compiler/model/passes/passes.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

struct ActivationName {
  const char* name;
  f32 alpha, beta;  ///< defaults
};
/// In the order of nn/general/recurrent.cpp.
constexpr ActivationName kActivations[] = {{"sigmoid", 0, 0},       {"tanh", 0, 0},
                                           {"relu", 0, 0},          {"affine", 1, 0},
                                           {"leakyrelu", 0.01f, 0}, {"thresholdedrelu", 1, 0},
                                           {"scaledtanh", 1, 1},    {"hardsigmoid", 0.2f, 0.5f},
                                           {"elu", 1, 0},           {"softsign", 0, 0},
                                           {"softplus", 0, 0}};

bool takes_alpha(usize kind) { return kind >= 3 && kind <= 8; }
bool takes_beta(usize kind) { return kind == 3 || kind == 6 || kind == 7; }

enum Cell : i64 { kRnn, kGru, kLstm };

/// Activations of every direction, with alpha and beta, into the layer's numbers.
support::Status read_activations(Import& in, Cell cell, i64 directions, std::vector<i64>& ints,
                                 std::vector<f32>& reals) {
  const usize each = cell == kRnn ? 1 : cell == kGru ? 2 : 3;
  auto names = TRY(in.attributes.texts("activations"));
  const auto alphas = TRY(in.attributes.reals("activation_alpha")),
             betas = TRY(in.attributes.reals("activation_beta"));
  if (names.empty())
    for (i64 d = 0; d < directions; ++d) {
      if (cell == kRnn)
        names.push_back("tanh");
      else
        names.insert(names.end(), {"sigmoid", "tanh", "tanh"});
      if (cell == kGru) names.pop_back();
    }
  if (names.size() != each * static_cast<usize>(directions))
    return Error(Code::malformed, "has a wrong number of activations");
  usize alpha = 0, beta = 0;
  for (usize i = 0; i < names.size(); ++i) {
    std::transform(names[i].begin(), names[i].end(), names[i].begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto found = std::find_if(std::begin(kActivations), std::end(kActivations),
                                    [&](const auto& a) { return names[i] == a.name; });
    if (found == std::end(kActivations)) return Error(Code::unsupported, "activation '" + names[i] + "'");
    const usize kind = static_cast<usize>(found - std::begin(kActivations)), place = i / each * 3 + i % each;
    ints[5 + place] = static_cast<i64>(kind);
    reals[1 + 2 * place] = takes_alpha(kind) && alpha < alphas.size() ? alphas[alpha++] : found->alpha;
    reals[2 + 2 * place] = takes_beta(kind) && beta < betas.size() ? betas[beta++] : found->beta;
  }
  return {};
}

/// Y, Y_h and Y_c out of the flat result.
Result<TensorId> unpack(Import& in, TensorId flat, Cell cell, i64 steps, i64 directions, i64 batch,
                        i64 hidden, bool batch_first) {
  const i64 state = directions * batch * hidden;
  for (usize output = 1; output <= (cell == kLstm ? 2u : 1u); ++output) {
    if (!in.wants_output(output)) continue;
    TensorId last =
        TRY(in.part(flat, (steps + static_cast<i64>(output) - 1) * state, {directions, batch, hidden}));
    if (batch_first) last = TRY(in.transpose(last, {1, 0, 2}));
    in.bind(output, last);
  }
  const TensorId y = TRY(in.part(flat, 0, {steps, directions, batch, hidden}));
  return batch_first ? in.transpose(y, {2, 0, 1, 3}) : Result<TensorId>(y);
}

template <Cell cell>
Result<TensorId> import_recurrent(Import& in) {
  const i64 gates = cell == kRnn ? 1 : cell == kGru ? 3 : 4;
  const std::string direction = TRY(in.attributes.text("direction", "forward"));
  const bool batch_first = TRY(in.attributes.integer("layout", 0)) != 0;
  if (in.rank(0) != 3 || in.rank(1) != 3 || in.rank(2) != 3)
    return Error(Code::malformed, "needs x, W and R of three dimensions");
  TRY(in.attributes.integer("output_sequence", 0));
  const i64 hidden = TRY(in.attributes.integer("hidden_size", in.operand(2).shape[2]));
  const DType dtype = in.dtype(0);
  const TensorId x = batch_first ? TRY(in.transpose(in.inputs[0], {1, 0, 2})) : in.inputs[0];
  const i64 steps = in.graph[x].shape[0], batch = in.graph[x].shape[1];
  const i64 directions = direction == "bidirectional" ? 2 : 1;
  if (hidden < 1 || hidden > 65536) return Error(Code::malformed, "hidden_size is out of range");

  std::vector<i64> ints(24, 0);
  std::vector<f32> reals(13, 0);
  ints[0] = cell;
  ints[1] = direction == "reverse" ? 1 : directions == 2 ? 2 : 0;
  ints[2] = hidden;
  if (cell == kGru) ints[3] = TRY(in.attributes.integer("linear_before_reset", 0));
  if (cell == kLstm) ints[4] = TRY(in.attributes.integer("input_forget", 0));
  reals[0] = TRY(in.attributes.real("clip", 0));
  TRY(read_activations(in, cell, directions, ints, reals));

  const auto given = [&](usize index, const Shape& shape) {
    return in.has(index) ? in.inputs[index] : in.fill(dtype, shape, 0);
  };
  const auto state = [&](usize index) -> Result<TensorId> {
    const TensorId id = given(index, batch_first && in.has(index) ? Shape{batch, directions, hidden}
                                                                  : Shape{directions, batch, hidden});
    return batch_first && in.has(index) ? in.transpose(id, {1, 0, 2}) : Result<TensorId>(id);
  };
  std::vector<TensorId> operands{
      x,
      in.inputs[1],
      in.inputs[2],
      given(3, {directions, 2 * gates * hidden}),
      in.has(4) ? in.inputs[4] : in.fill(DType::i32, {batch}, static_cast<f64>(steps)),
      TRY(state(5))};
  if (cell == kLstm) {
    operands.push_back(TRY(state(6)));
    operands.push_back(given(7, {directions, 3 * hidden}));
  }
  const TensorId flat = TRY(in.emit(FunctionId::recurrent, operands, ints, reals));
  return unpack(in, flat, cell, steps, directions, batch, hidden, batch_first);
}

Result<TensorId> import_dft(Import& in) {
  const i64 inverse = TRY(in.attributes.integer("inverse", 0)),
            onesided = TRY(in.attributes.integer("onesided", 0));
  // The axis is an attribute until opset 19, an input since.
  i64 axis = TRY(in.attributes.integer("axis", in.opset >= 20 ? -2 : 1));
  if (in.has(2)) axis = TRY(in.constant(2, "the axis")).at(0);
  axis = TRY(in.axis(axis, in.rank(0)));
  i64 length = in.operand(0).shape[static_cast<usize>(axis)];
  if (in.has(1)) {
    const auto given = TRY(in.constant(1, "the length"));
    if (given.size() != 1) return Error(Code::malformed, "needs one length");
    length = given[0];
  }
  return in.emit(FunctionId::fourier, {in.inputs[0]}, {axis, inverse, onesided, length});
}

/// Pieces of the signal, times the window, transformed.
Result<TensorId> import_stft(Import& in) {
  const i64 onesided = TRY(in.attributes.integer("onesided", 1));
  const auto step = TRY(in.constant(1, "the frame step"));
  i64 length = in.has(2) ? element_count(in.operand(2).shape) : 0;
  if (in.has(3)) length = TRY(in.constant(3, "the frame length")).at(0);
  if (step.size() != 1 || length < 1)
    return Error(Code::malformed, "needs a frame step and a frame length or window");
  TensorId x = in.inputs[0];
  if (in.rank(0) == 2) x = TRY(in.reshape(x, {in.operand(0).shape[0], in.operand(0).shape[1], 1}));
  TensorId frames = TRY(in.emit(FunctionId::frame, {x}, {step[0], length}));
  if (in.has(2))
    frames = TRY(in.binary(Binary::multiply, frames, TRY(in.reshape(in.inputs[2], {length, 1}))));
  return in.emit(FunctionId::fourier, {frames}, {2, 0, onesided, length});
}

Result<TensorId> import_mel_weights(Import& in) {
  const auto bins = TRY(in.constant(0, "the number of bins")),
             length = TRY(in.constant(1, "the length of the transform"));
  const i64 type = TRY(in.attributes.integer("output_datatype", 1));
  if (bins.size() != 1 || length.size() != 1) return Error(Code::malformed, "needs single numbers");
  const i64 dtype = static_cast<i64>(dtype_of(static_cast<onnx_file::ElementType>(type)));
  return in.emit(FunctionId::mel_weights, {in.inputs[2], in.inputs[3], in.inputs[4]},
                 {bins[0], length[0], dtype});
}

TensorId integers(Import& in, const std::vector<i64>& values) {
  return in.graph.add_constant(in.name + ".table", DType::i64, {static_cast<i64>(values.size())}, values);
}

Result<TensorId> import_tf_idf(Import& in) {
  const std::string mode = TRY(in.attributes.text("mode", "TF"));
  const i64 kind = mode == "TF" ? 0 : mode == "IDF" ? 1 : 2;
  const auto pool = TRY(in.attributes.integers("pool_int64s")),
             starts = TRY(in.attributes.integers("ngram_counts"));
  const auto columns = TRY(in.attributes.integers("ngram_indexes"));
  auto weights = TRY(in.attributes.reals("weights"));
  if (pool.empty() || columns.empty()) return Error(Code::unsupported, "n-grams of strings");
  weights.resize(columns.size(), 1.0f);
  const i64 width = *std::max_element(columns.begin(), columns.end()) + 1;
  const TensorId factors =
      in.graph.add_constant(in.name + ".weights", DType::f32, {static_cast<i64>(weights.size())}, weights);
  return in.emit(FunctionId::tf_idf,
                 {in.inputs[0], integers(in, pool), integers(in, starts), integers(in, columns), factors},
                 {kind, TRY(in.attributes.integer("min_gram_length", 1)),
                  TRY(in.attributes.integer("max_gram_length", 1)),
                  TRY(in.attributes.integer("max_skip_count", 0)), width});
}

constexpr ImportRule kRules[] = {
    {"DFT", 1, 3, import_dft},
    {"GRU", 3, 6, import_recurrent<kGru>},
    {"LSTM", 3, 8, import_recurrent<kLstm>},
    {"MelWeightMatrix", 5, 5, import_mel_weights},
    {"RNN", 3, 6, import_recurrent<kRnn>},
    {"STFT", 2, 4, import_stft},
    {"TfIdfVectorizer", 1, 1, import_tf_idf},
};

}  // namespace

std::span<const ImportRule> sequence_rules() { return kRules; }

}  // namespace pipit::model
