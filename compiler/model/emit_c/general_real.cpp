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

const GeneralAttributes& how(const Node& node) { return node.attributes<GeneralAttributes>(); }

std::string list_of(const std::vector<u32>& values) {
  std::string text;
  for (u32 value : values) text += (text.empty() ? "" : ", ") + number(value);
  return text;
}
/// A constant of integers; one 0 where there are none, for C has no empty arrays.
std::string integers(Writer& out, std::vector<u32> values) {
  if (values.empty()) values.push_back(0);
  return out.constant("int32_t", "[" + number(static_cast<u32>(values.size())) + "]", list_of(values));
}
std::vector<u32> dims_of(const Type& type) { return {type.dims, type.dims + type.rank}; }

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

bool has_unary(const Node& node) {
  const auto kind = static_cast<Unary>(how(node).ints[0]);
  if (kind == Unary::copy) return true;
  if (kind == Unary::logical_not) return is(node.input(0), DType::boolean);
  return is(node.input(0), DType::f32) && nn::general::float_function(kind).name != nullptr;
}
void unary(Writer& out, const Node& node) {
  const auto kind = static_cast<Unary>(how(node).ints[0]);
  if (kind == Unary::copy) return reshape(out, node);
  const std::string count = number(elements(node.output()));
  if (kind == Unary::logical_not) {
    out.need({"cast"});
    out.declare_once("CAST_NOT(not_of)");
    return out.call("not_of", {out.input(node, 0), count, out.output(node)});
  }
  out.need({"elementary_f32", "functions_f32", "unary_f32"});
  out.call("unary_f32", {out.input(node, 0), count, nn::general::float_function(kind).name,
                         literal(how(node).reals[0]), literal(how(node).reals[1]), out.output(node)});
}

bool has_strided(const Node& node) {
  const auto kind = static_cast<Binary>(how(node).ints[0]);
  const u32 x = node.input(0).dtype;
  if (is_half(x) || is_half(node.input(1).dtype)) return false;
  if (kind == Binary::power) return is(node.input(0), DType::f32) && is(node.input(1), DType::f32);
  if (kind == Binary::prelu) return is(node.input(0), DType::f32);
  return comparison_of(kind) != nullptr || (has_arithmetic(kind) && !is(node.input(0), DType::boolean));
}
void strided(Writer& out, const Node& node) {
  const auto kind = static_cast<Binary>(how(node).ints[0]);
  const std::string type = type_name(node.input(0).dtype), to = type_name(node.output().dtype);
  std::string name = "strided" + number(static_cast<u32>(kind)) + "_of_" + type, expression;
  out.need({"strided"});
  if (kind == Binary::power) {
    out.need({"elementary_f32", "power_f32"});
    expression = "power_f32(x, y)";
  } else if (kind == Binary::prelu) {
    expression = "x < 0 ? x * y : x";
  } else if (const char* comparison = comparison_of(kind)) {
    expression = comparison;
  } else {
    expression = arithmetic(kind, node.input(0).dtype);
  }
  out.declare_once("BINARY_STRIDED(" + name + ", " + type + ", " + type + ", " + to + ", " + expression +
                   ")");
  out.call(name,
           Arguments{out.input(node, 0), out.input(node, 1)} +
               broadcast(out, type_of(node.output()), {type_of(node.input(0)), type_of(node.input(1))}) +
               Arguments{out.output(node)});
}

void where(Writer& out, const Node& node) {
  const u32 bits = 8 * dtype_bytes(static_cast<DType>(node.output().dtype));
  const std::string type = "uint" + number(bits) + "_t", name = "where_" + number(bits);
  out.need({"strided"});
  out.declare_once("WHERE(" + name + ", " + type + ")");
  out.call(name, Arguments{out.input(node, 0), "(const " + type + "*)" + out.input(node, 1),
                           "(const " + type + "*)" + out.input(node, 2)} +
                     broadcast(out, type_of(node.output()),
                               {type_of(node.input(0)), type_of(node.input(1)), type_of(node.input(2))}) +
                     Arguments{"(" + type + "*)" + out.output(node)});
}

bool has_reduce(const Node& node) {
  switch (static_cast<nn::general::Reduce>(how(node).ints[0])) {
    case nn::general::Reduce::l2:
    case nn::general::Reduce::log_sum:
    case nn::general::Reduce::log_sum_exp: return false;
    default: return is(node.input(0), DType::f32) && elements(node.input(0)) > 0;
  }
}
void reduce(Writer& out, const Node& node) {
  using nn::general::Reduce;
  struct Kind {
    const char *name, *start, *take, *finish;
  };
  const auto kind_of = [](Reduce kind) -> Kind {
    switch (kind) {
      case Reduce::mean: return {"mean", "0", "sum += x", "sum / count"};
      case Reduce::product: return {"product", "1", "sum *= x", "sum"};
      case Reduce::minimum: return {"minimum", "1.0 / 0.0", "sum = x < sum || x != x ? x : sum", "sum"};
      case Reduce::maximum: return {"maximum", "-1.0 / 0.0", "sum = x > sum || x != x ? x : sum", "sum"};
      case Reduce::l1: return {"l1", "0", "sum += x < 0 ? -x : x", "sum"};
      case Reduce::sum_square: return {"sum_square", "0", "sum += x * x", "sum"};
      default: return {"sum", "0", "sum += x", "sum"};
    }
  };
  const Kind kind = kind_of(static_cast<Reduce>(how(node).ints[0]));
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
  Arguments arguments{out.input(node, 0)};
  for (u32 part = 0; part < 2; ++part)
    arguments =
        arguments + Arguments{integers(out, parts[part]), number(static_cast<u32>(parts[part].size())),
                              integers(out, steps[part])};
  const std::string name = std::string("reduce_") + kind.name;
  out.need({"strided", "reduce_f32"});
  out.declare_once("REDUCE_F32(" + name + ", " + kind.start + ", " + kind.take + ", " + kind.finish + ")");
  out.call(name, arguments + Arguments{number(count), out.output(node)});
}

bool is_single(const Node& node) { return is(node.input(0), DType::f32) && is(node.output(), DType::f32); }

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
  out.need({"strided", "matmul_f32"});
  out.call("matmul_f32",
           {out.input(node, 0), out.input(node, 1), number(rows), number(depth), number(columns),
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

bool has_gather(const Node& node) { return elements(node.input(0)) > 0; }
void gather(Writer& out, const Node& node) {
  const Type x = type_of(node.input(0));
  const u32 axis = static_cast<u32>(how(node).ints[0]);
  const std::string type = type_name(node.input(1).dtype), name = "gather_by_" + type;
  out.need({"gather"});
  out.declare_once("GATHER(" + name + ", " + type + ")");
  out.call(name, {out.bytes_of(out.input(node, 0)), number(x.product(0, axis)), number(x.dims[axis]),
                  number(x.product(axis + 1, x.rank) * dtype_bytes(x.dtype)), out.input(node, 1),
                  number(elements(node.input(1))), "(uint8_t*)" + out.output(node)});
}

}  // namespace pipit::model::c
