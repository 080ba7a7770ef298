// Products of matrices and more, and the determinant.
#include <algorithm>

#include "compiler/model/import_operators.h"

namespace pipit::model {
namespace {

using support::Error;
using support::Result;
using Import = NodeImport;

/// Whether c repeats along the rows of a fully connected layer's output.
bool is_row(const Shape& c, i64 columns) {
  return c.empty() || c == Shape{1} || c == Shape{columns} || c == Shape{1, columns} || c == Shape{1, 1};
}

Result<TensorId> import_gemm(Import& in) {
  GemmAttributes gemm;
  gemm.alpha = TRY(in.attributes.real("alpha", 1));
  gemm.beta = TRY(in.attributes.real("beta", 1));
  gemm.transpose_a = TRY(in.attributes.integer("transA", 0)) != 0;
  gemm.transpose_b = TRY(in.attributes.integer("transB", 0)) != 0;
  TRY(in.attributes.integer("broadcast", 0));
  if (in.rank(0) != 2 || in.rank(1) != 2) return Error(Code::malformed, "needs two matrices");
  const i64 columns = in.operand(1).shape[gemm.transpose_b ? 0 : 1];
  const bool bias_known = !in.has(2) || (in.is_weight(2) && is_row(in.operand(2).shape, columns));
  const bool plain = in.has(2) && !in.operand(2).constant && gemm.beta != 1;
  const bool scaled = !in.operand(1).constant && gemm.alpha != 1;
  if (in.is_filled(0) && in.dtype(1) == DType::f32 && in.is_weight(1) && bias_known && !plain && !scaled)
    return in.emit(Op::gemm, in.inputs, gemm);
  const DType dtype = in.dtype(0);
  const TensorId a = gemm.transpose_a ? TRY(in.transpose(in.inputs[0], {1, 0})) : in.inputs[0];
  const TensorId b = gemm.transpose_b ? TRY(in.transpose(in.inputs[1], {1, 0})) : in.inputs[1];
  TensorId product = TRY(in.emit(FunctionId::matmul, {a, b}));
  if (gemm.alpha != 1) product = TRY(in.binary(Binary::multiply, product, in.number(dtype, gemm.alpha)));
  if (!in.has(2)) return product;
  const TensorId c = gemm.beta == 1
                         ? in.inputs[2]
                         : TRY(in.binary(Binary::multiply, in.inputs[2], in.number(dtype, gemm.beta)));
  return in.binary(Binary::add, product, c);
}

Result<TensorId> import_matmul(Import& in) {
  const bool known = in.is_filled(0) && in.dtype(1) == DType::f32 && in.is_weight(1);
  if (known && in.rank(0) >= 2 && in.rank(1) == 2) return in.emit(Op::matmul, in.inputs);
  return in.emit(FunctionId::matmul, in.inputs);
}

/// A term of an Einsum equation: its letters, −1 for the ellipsis.
Result<std::vector<std::string>> split_terms(const std::string& text) {
  std::vector<std::string> terms{""};
  for (char c : text) {
    if (c == ' ') continue;
    if (c == ',')
      terms.emplace_back();
    else if (c == '.' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
      terms.back() += c;
    else
      return Error(Code::malformed, "its equation has a strange character");
  }
  return terms;
}

/// A term's labels, one an axis; the ellipsis stands for as many as are left: '0', '1', … counted from the
/// end.
Result<std::string> labels_of(const std::string& term, usize rank) {
  const auto dots = term.find("...");
  if (dots == std::string::npos) {
    if (term.size() != rank || term.find('.') != std::string::npos)
      return Error(Code::malformed, "its equation does not fit the operands");
    return term;
  }
  const usize named = term.size() - 3;
  if (named > rank || rank - named > 8)
    return Error(Code::malformed, "its equation does not fit the operands");
  std::string middle;
  for (usize i = rank - named; i-- > 0;) middle += static_cast<char>('0' + i);
  return term.substr(0, dots) + middle + term.substr(dots + 3);
}

Result<TensorId> import_einsum(Import& in) {
  const std::string equation = TRY(in.attributes.text("equation", ""));
  const auto arrow = equation.find("->");
  auto terms = TRY(split_terms(equation.substr(0, arrow)));
  if (terms.size() != in.inputs.size())
    return Error(Code::malformed, "its equation has another number of operands");
  usize dots = 0;
  for (usize i = 0; i < terms.size(); ++i) {
    terms[i] = TRY(labels_of(terms[i], in.rank(i)));
    for (char c : terms[i])
      dots = c >= '0' && c <= '9' ? std::max(dots, static_cast<usize>(c - '0') + 1) : dots;
  }
  std::string out;
  if (arrow != std::string::npos) {
    const auto result = TRY(split_terms(equation.substr(arrow + 2)));
    const usize letters =
        result[0].find("...") == std::string::npos ? result[0].size() : result[0].size() - 3 + dots;
    out = TRY(labels_of(result[0], letters));
  } else {  // letters that occur once, in their order
    for (usize i = dots; i-- > 0;) out += static_cast<char>('0' + i);
    std::string all;
    for (const auto& term : terms) all += term;
    for (char c = 'A'; c <= 'z'; ++c)
      if (std::count(all.begin(), all.end(), c) == 1) out += c;
  }
  std::string order;  // label number = place
  for (const auto& term : terms)
    for (char c : term)
      if (order.find(c) == std::string::npos) order += c;
  if (order.size() > 16 || terms.size() > 4 || out.size() > 8)
    return Error(Code::unsupported, "its equation has too many labels");
  std::vector<i64> ints(24, 0);
  ints[0] = static_cast<i64>(out.size());
  ints[1] = static_cast<i64>(order.size());
  terms.push_back(out);
  for (usize k = 0; k < terms.size(); ++k)
    for (usize axis = 0; axis < terms[k].size(); ++axis) {
      const auto label = order.find(terms[k][axis]);
      if (label == std::string::npos)
        return Error(Code::malformed, "its output has a label that no operand has");
      ints[2 + 2 * k + axis / 4] |= static_cast<i64>(label) << (axis % 4 * 8);
    }
  return in.emit(FunctionId::einsum, in.inputs, ints);
}

/// The product of the diagonal of L − I + U.
Result<TensorId> import_det(Import& in) {
  const usize rank = in.rank(0);
  if (rank < 2) return Error(Code::malformed, "needs matrices");
  const TensorId lu = TRY(in.emit(FunctionId::lu, in.inputs));
  const i64 n = in.operand(0).shape.back();
  Shape flat(in.operand(0).shape.begin(), in.operand(0).shape.end() - 2);
  flat.push_back(n * n);
  std::vector<i64> begin(flat.size(), 0), count = flat, step(flat.size(), 1);
  count.back() = n;
  step.back() = n + 1;
  const TensorId diagonal = TRY(in.slice(TRY(in.reshape(lu, flat)), begin, count, step));
  return in.reduce(Reduce::product, diagonal, {static_cast<i64>(rank) - 2}, false);
}

constexpr ImportRule kRules[] = {
    {"Det", 1, 1, import_det},
    {"Einsum", 1, 4, import_einsum},
    {"Gemm", 2, 3, import_gemm},
    {"MatMul", 2, 2, import_matmul},
};

}  // namespace

std::span<const ImportRule> product_rules() { return kRules; }

}  // namespace pipit::model
