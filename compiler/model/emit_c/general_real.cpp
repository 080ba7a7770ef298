// Functions of real numbers, and those that broadcast.
#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
#include "nn/general/float_functions.h"
#include "nn/general/general.h"

namespace pipit::model::c {

using namespace nn::format;
using nn::elements;
using nn::is;
using nn::Node;
using nn::general::Binary;
using nn::general::Strides;
using nn::general::Type;
using nn::general::type_of;
using nn::general::Unary;

namespace {

/// The shape, its rank, and the steps of operands that broadcast onto it.
Arguments broadcast(Writer& out, const Type& shape, const std::vector<Type>& operands) {
  std::vector<u32> steps;
  for (const Type& operand : operands) {
    const Strides own = nn::general::broadcast_strides(operand, shape);
    steps.insert(steps.end(), own.of, own.of + shape.rank);
  }
  return {integers(out, dims_of(shape)), number(shape.rank), integers(out, steps)};
}

/// f(x, y) in C; T stands for the operands' type.
const char* comparison_of(Binary kind) {
  switch (kind) {
    case Binary::equal: return "x == y";
    case Binary::less: return "x < y";
    case Binary::less_equal: return "x <= y";
    case Binary::greater: return "x > y";
    case Binary::greater_equal: return "x >= y";
    case Binary::logical_and: return "x && y";
    case Binary::logical_or: return "x || y";
    case Binary::logical_xor: return "(x != 0) != (y != 0)";
    default: return nullptr;
  }
}

}  // namespace

std::string integers(Writer& out, std::vector<u32> values) {
  if (values.empty()) values.push_back(0);
  std::string text;
  for (u32 value : values) text += (text.empty() ? "" : ", ") + number(value);
  return out.constant("int32_t", "[" + number(static_cast<u32>(values.size())) + "]", text);
}

bool has_unary(const Node& node) {
  const auto kind = static_cast<Unary>(how(node).ints[0]);
  if (kind == Unary::copy) return true;
  if (is_half(node.input(0).dtype)) return false;
  if (kind == Unary::logical_not) return is(node.input(0), DType::boolean);
  if (kind == Unary::is_nan || kind == Unary::is_inf) return true;
  if (!is_real(node.input(0))) return whole_function(kind) != nullptr;
  return is(node.input(0), DType::f32) ? nn::general::float_function(kind).name != nullptr
                                       : double_function(kind) != nullptr;
}

namespace {

/// The value of the function for an x of the operand's type; "" where a function of functions_f32.c has it.
std::string expression_of(const Node& node) {
  const auto kind = static_cast<Unary>(how(node).ints[0]);
  if (kind == Unary::logical_not) return "x == 0";
  if (kind == Unary::is_nan) return "x != x";
  if (kind == Unary::is_inf) {
    const bool low = how(node).reals[0] != 0, high = how(node).reals[1] != 0;
    return std::string("x - x != x - x && x == x && (x < 0 ? ") + (low ? "1" : "0") + " : " +
           (high ? "1)" : "0)");
  }
  if (is(node.input(0), DType::f32)) return "";
  return is_real(node.input(0)) ? double_function(kind) : whole_function(kind);
}

bool is_circular(Unary kind) { return kind >= Unary::sin && kind <= Unary::atanh && kind != Unary::tanh; }

}  // namespace

void unary(Writer& out, const Node& node) {
  const auto kind = static_cast<Unary>(how(node).ints[0]);
  if (kind == Unary::copy) return reshape(out, node);
  const std::string count = number(elements(node.output())), expression = expression_of(node);
  if (!expression.empty()) {
    const std::string from = type_name(node.input(0).dtype), to = type_name(node.output().dtype),
                      name = "unary" + number(static_cast<u32>(kind)) + "_of_" + from +
                             (kind == Unary::is_inf
                                  ? number(how(node).reals[0] != 0) + number(how(node).reals[1] != 0)
                                  : "");
    out.need({"cast"});
    out.declare_once("UNARY(" + name + ", " + from + ", " + to + ", " + expression + ")");
    return out.call(name, {out.input(node, 0), count, out.output(node)});
  }
  out.need({"elementary_f32", "functions_f32", "unary_f32"});
  if (is_circular(kind)) out.need({"trigonometry_f32"});
  out.call("unary_f32", {out.input(node, 0), count, nn::general::float_function(kind).name,
                         literal(how(node).reals[0]), literal(how(node).reals[1]), out.output(node)});
}

bool has_strided(const Node& node) {
  const auto kind = static_cast<Binary>(how(node).ints[0]);
  const u32 x = node.input(0).dtype;
  if (is_half(x) || is_half(node.input(1).dtype)) return false;
  if (kind == Binary::power)  // of whole numbers to real ones the platform's library has its own idea
    return is(node.input(0), DType::f32) || (!is_real(node.input(0)) && !is_real(node.input(1)));
  if (kind == Binary::prelu || kind == Binary::modulo || kind == Binary::remainder)
    return is(node.input(0), DType::f32) || (!is_real(node.input(0)) && kind != Binary::prelu);
  return comparison_of(kind) != nullptr || !whole_arithmetic(kind, x).empty() ||
         (has_arithmetic(kind) && !is(node.input(0), DType::boolean));
}

namespace {

/// f(x, y) in C, whose kernels it asks for.
std::string strided_expression(Writer& out, const Node& node) {
  const auto kind = static_cast<Binary>(how(node).ints[0]);
  const bool single = is(node.input(0), DType::f32);
  if (kind == Binary::prelu) return "x < 0 ? x * y : x";
  if (kind == Binary::power && single) {
    out.need({"elementary_f32", "power_f32"});
    return is(node.input(1), DType::f32) ? "power_f32(x, y)" : "power_f32(x, (float)(double)y)";
  }
  if (kind == Binary::power) {
    out.need({"power_whole"});
    return "power_whole((uint64_t)x, (int64_t)y)";
  }
  if (single && (kind == Binary::modulo || kind == Binary::remainder)) {
    out.need({"elementary_f32", "remainder_f32"});
    return kind == Binary::modulo ? "modulo_f32(x, y)" : "remainder_f32(x, y)";
  }
  if (const char* comparison = comparison_of(kind)) return comparison;
  const std::string whole = whole_arithmetic(kind, node.input(0).dtype);
  return whole.empty() ? arithmetic(kind, node.input(0).dtype) : whole;
}

}  // namespace

void strided(Writer& out, const Node& node) {
  const std::string type = type_name(node.input(0).dtype), other = type_name(node.input(1).dtype),
                    to = type_name(node.output().dtype);
  const std::string name = "strided" + number(static_cast<u32>(how(node).ints[0])) + "_of_" + type +
                           (other == type ? "" : "_" + other);
  out.need({"strided"});
  out.declare_once("BINARY_STRIDED(" + name + ", " + type + ", " + other + ", " + to + ", " +
                   strided_expression(out, node) + ")");
  out.call(name,
           Arguments{out.input(node, 0), out.input(node, 1)} +
               broadcast(out, type_of(node.output()), {type_of(node.input(0)), type_of(node.input(1))}) +
               Arguments{out.output(node)});
}

void where(Writer& out, const Node& node) {
  const std::string type = bits_name(node.output().dtype), name = "where_" + type;
  out.need({"strided"});
  out.declare_once("WHERE(" + name + ", " + type + ")");
  out.call(name, Arguments{out.input(node, 0), "(const " + type + "*)" + out.input(node, 1),
                           "(const " + type + "*)" + out.input(node, 2)} +
                     broadcast(out, type_of(node.output()),
                               {type_of(node.input(0)), type_of(node.input(1)), type_of(node.input(2))}) +
                     Arguments{"(" + type + "*)" + out.output(node)});
}

namespace {

using nn::general::Reduce;

/// The macro's arguments; nothing where there is no kernel.
struct Reduction {
  const char *name = nullptr, *start = "0", *take = nullptr, *finish = "sum";
};
/// Sums are doubles.
Reduction real_reduction(Reduce kind) {
  switch (kind) {
    case Reduce::sum: return {"sum", "0", "sum += x"};
    case Reduce::mean: return {"mean", "0", "sum += x", "sum / count"};
    case Reduce::product: return {"product", "1", "sum *= x"};
    case Reduce::minimum: return {"minimum", "1.0 / 0.0", "sum = x < sum || x != x ? x : sum"};
    case Reduce::maximum: return {"maximum", "-1.0 / 0.0", "sum = x > sum || x != x ? x : sum"};
    case Reduce::l1: return {"l1", "0", "sum += x < 0 ? -x : x"};
    case Reduce::sum_square: return {"sum_square", "0", "sum += x * x"};
    case Reduce::l2: return {"l2", "0", "sum += x * x", "root_of_sum(sum)"};
    case Reduce::log_sum: return {"log_sum", "0", "sum += x", "log_of_sum(sum)"};
    default: return {};
  }
}
/// Sums are 64 bits, which wrap.
Reduction whole_reduction(Reduce kind, bool negative) {
  switch (kind) {
    case Reduce::sum: return {"sum", "0", "sum = sum + x"};
    case Reduce::product: return {"product", "1", "sum = sum * x"};
    case Reduce::mean:
      return {"mean", "0", "sum = sum + x", negative ? "(int64_t)sum / count" : "sum / (uint64_t)count"};
    case Reduce::sum_square: return {"sum_square", "0", "sum = sum + x * x"};
    case Reduce::minimum:
      if (negative) return {"minimum", "INT64_MAX", "sum = (int64_t)x < (int64_t)sum ? x : sum"};
      return {"minimum", "UINT64_MAX", "sum = x < sum ? x : sum"};
    case Reduce::maximum:
      if (negative) return {"maximum", "(uint64_t)INT64_MIN", "sum = (int64_t)x > (int64_t)sum ? x : sum"};
      return {"maximum", "0", "sum = x > sum ? x : sum"};
    case Reduce::l1:
      return {"l1", "0", negative ? "sum = (int64_t)x < 0 ? sum - x : sum + x" : "sum = sum + x"};
    default: return {};
  }
}
Reduction reduction_of(const Node& node) {
  const auto kind = static_cast<Reduce>(how(node).ints[0]);
  return is_real(node.input(0)) ? real_reduction(kind)
                                : whole_reduction(kind, is_signed(node.input(0).dtype));
}

/// The axes kept, then those reduced: extents, their number, steps; then how many elements become one.
Arguments reduced_axes(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const Strides own = nn::general::strides_of(x);
  std::vector<u32> parts[2], steps[2];
  u32 count = 1;
  for (u32 axis = 0; axis < x.rank; ++axis) {
    const bool reduced = (static_cast<u32>(how(node).ints[1]) >> axis & 1) != 0;
    parts[reduced ? 1 : 0].push_back(x.dims[axis]);
    steps[reduced ? 1 : 0].push_back(own.of[axis]);
    if (reduced) count *= x.dims[axis];
  }
  Arguments arguments;
  for (u32 part = 0; part < 2; ++part)
    arguments =
        arguments + Arguments{integers(out, parts[part]), number(static_cast<u32>(parts[part].size())),
                              integers(out, steps[part])};
  return arguments + Arguments{number(count)};
}

}  // namespace

bool has_reduce(const Node& node) {
  const auto kind = static_cast<Reduce>(how(node).ints[0]);
  if (is_half(node.input(0).dtype) || elements(node.input(0)) == 0) return false;
  if (kind == Reduce::l2 || kind == Reduce::log_sum || kind == Reduce::log_sum_exp) return is_single(node);
  return true;
}
void reduce(Writer& out, const Node& node) {
  const auto kind = static_cast<Reduce>(how(node).ints[0]);
  out.need({"strided"});
  if (kind == Reduce::l2 || kind == Reduce::log_sum || kind == Reduce::log_sum_exp)
    out.need({"elementary_f32", "sums_f32"});
  std::string name = "log_sum_exp_f32";
  if (kind == Reduce::log_sum_exp) {
    out.need({"log_sum_exp_f32"});
  } else {
    const std::string type = type_name(node.input(0).dtype);
    const Reduction how_to = reduction_of(node);
    name = std::string("reduce_") + how_to.name + "_of_" + type;
    out.need({"reduce"});
    out.declare_once("REDUCE(" + name + ", " + type + ", " +
                     (is_real(node.input(0)) ? "double" : "uint64_t") + ", " + how_to.start + ", " +
                     how_to.take + ", " + how_to.finish + ")");
  }
  out.call(name, Arguments{out.input(node, 0)} + reduced_axes(out, node) + Arguments{out.output(node)});
}

bool is_single(const Node& node) { return is(node.input(0), DType::f32) && is(node.output(), DType::f32); }

bool has_matmul(const Node& node) { return !is_half(node.output().dtype); }
void matmul(Writer& out, const Node& node) {
  Type a = type_of(node.input(0)), b = type_of(node.input(1));
  if (a.rank == 1) a = {a.dtype, 2, {1, a.dims[0]}};
  if (b.rank == 1) b = {b.dtype, 2, {b.dims[0], 1}};
  const u32 rows = a.dims[a.rank - 2], depth = a.dims[a.rank - 1], columns = b.dims[b.rank - 1];
  a.rank -= 2;
  b.rank -= 2;
  Type batch;
  nn::general::broadcast_onto(a, batch);
  nn::general::broadcast_onto(b, batch);
  std::vector<u32> steps;
  for (const auto& [type, elements] : {std::pair{a, rows * depth}, {b, depth * columns}}) {
    const Strides own = nn::general::broadcast_strides(type, batch);
    for (u32 axis = 0; axis < batch.rank; ++axis) steps.push_back(own.of[axis] * elements);
  }
  const std::string type = type_name(node.output().dtype), name = "matmul_of_" + type;
  out.need({"strided", "matmul"});
  out.declare_once("MATMUL(" + name + ", " + type + ", " + (is_real(node.output()) ? type : "uint64_t") +
                   ")");
  out.call(name, {out.input(node, 0), out.input(node, 1), number(rows), number(depth), number(columns),
                  integers(out, dims_of(batch)), number(batch.rank), integers(out, steps), out.output(node)});
}

void local_response(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  out.need({"elementary_f32", "local_response_f32"});
  out.call("local_response_f32",
           {out.input(node, 0), number(x.dims[0]), number(x.dims[1]), number(x.product(2, x.rank)),
            number(static_cast<u32>(how(node).ints[0])), literal(how(node).reals[0]),
            literal(how(node).reals[1]), literal(how(node).reals[2]), out.output(node)});
}

}  // namespace pipit::model::c
