// Functions of whole numbers, and those that change the element type.
#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/general.h"
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

/// The scales and zero points of an axis: how far apart its elements lie, and how many there are.
Arguments scale_axis(const Node& node) {
  const Type x = type_of(node.input(0));
  const i32 axis = how(node).ints[0];
  if (axis < 0) return {"1", "1"};
  const u32 along = static_cast<u32>(axis);
  return {number(x.product(along + 1, x.rank)), number(x.dims[along])};
}

Arguments scaled(Writer& out, const Node& node) {
  return Arguments{out.input(node, 0), out.input(node, 1), out.input(node, 2),
                   number(elements(node.output()))} +
         scale_axis(node) + Arguments{out.output(node)};
}

}  // namespace

bool has_quantize(const Node& node) {
  return (is(node.input(0), DType::f32) || is(node.input(0), DType::i32)) && is(node.input(1), DType::f32);
}
void quantize_by(Writer& out, const Node& node) {
  const std::string from = type_name(node.input(0).dtype), to = type_name(node.output().dtype),
                    name = "quantize_" + from + "_to_" + to;
  out.need({"elementary_f32", "functions_f32", "quantize"});
  out.declare_once("QUANTIZE_BY(" + name + ", " + from + ", " + to + ", " +
                   limits_of(node.output().dtype).both() + ")");
  out.call(name, scaled(out, node));
}

bool has_dequantize(const Node& node) {
  return is(node.output(), DType::f32) && is(node.input(1), DType::f32);
}
void dequantize_by(Writer& out, const Node& node) {
  const std::string from = type_name(node.input(0).dtype), name = "dequantize_" + from;
  out.need({"quantize"});
  out.declare_once("DEQUANTIZE_BY(" + name + ", " + from + ")");
  out.call(name, scaled(out, node));
}

const char* whole_function(Unary kind) {
  switch (kind) {
    case Unary::absolute: return "x < 0 ? 0 - (uint64_t)x : (uint64_t)x";
    case Unary::negate: return "0 - (uint64_t)x";
    case Unary::sign: return "(x > 0) - (x < 0)";
    case Unary::square: return "(uint64_t)x * (uint64_t)x";
    case Unary::bitwise_not: return "~(uint64_t)x";
    default: return nullptr;
  }
}

const char* double_function(Unary kind) {
  switch (kind) {
    case Unary::absolute: return "x < 0 || 1 / x < 0 ? -x : x";
    case Unary::negate: return "-x";
    case Unary::reciprocal: return "1 / x";
    case Unary::sign: return "x > 0 ? 1 : x < 0 ? -1 : x";
    case Unary::square: return "x * x";
    default: return nullptr;
  }
}

std::string whole_arithmetic(Binary kind, u32 dtype) {
  const std::string bits = number(8 * dtype_bytes(static_cast<DType>(dtype)));
  // x / -1 leaves nothing, and has no quotient for the lowest integer.
  std::string rest = std::string("(y == 0") + (is_signed(dtype) ? " || y == -1" : "") + " ? 0 : x % y)";
  switch (kind) {
    case Binary::modulo:
      return !is_signed(dtype) ? rest
                               : rest + " != 0 && (" + rest + " < 0) != (y < 0) ? " + rest + " + y : " + rest;
    case Binary::remainder: return rest;
    case Binary::bitwise_and: return "x & y";
    case Binary::bitwise_or: return "x | y";
    case Binary::bitwise_xor: return "x ^ y";
    case Binary::shift_left: return "(uint64_t)y >= " + bits + " ? 0 : (uint64_t)x << y";
    case Binary::shift_right: return "(uint64_t)y >= " + bits + " ? 0 : x >> y";
    default: return "";
  }
}

bool has_einsum(const Node& node) {
  bool filled = !is_half(node.output().dtype);
  for (u32 k = 0; k < node.input_count(); ++k) filled = filled && elements(node.input(k)) > 0;
  return filled;
}
void einsum(Writer& out, const Node& node) {
  const i32* ints = how(node).ints;
  const u32 labels = static_cast<u32>(ints[1]), operands = node.input_count();
  std::vector<u32> extents(labels, 0), steps;
  for (u32 k = 0; k <= operands; ++k) {
    const Type type = type_of(k < operands ? node.input(k) : node.output());
    const Strides own = nn::general::strides_of(type);
    std::vector<u32> moves(labels, 0);
    for (u32 axis = 0; axis < type.rank; ++axis) {
      const u32 label = static_cast<u32>(ints[2 + 2 * k + axis / 4]) >> (axis % 4 * 8) & 0xFF;
      if (k < operands) extents[label] = std::max(extents[label], type.dims[axis]);
      if (type.dims[axis] != 1) moves[label] += own.of[axis];
    }
    steps.insert(steps.end(), moves.begin(), moves.end());
  }
  const std::string type = type_name(node.output().dtype), name = "einsum_of_" + type;
  std::string pointers;
  for (u32 k = 0; k < operands; ++k) pointers += (k == 0 ? "" : ", ") + out.input(node, k);
  out.need({"einsum"});
  out.declare_once("EINSUM(" + name + ", " + type + ", " + (is_real(node.output()) ? "double" : "uint64_t") +
                   ")");
  out.call(name, {"(const " + type + "* const[]){" + pointers + "}", number(operands), integers(out, extents),
                  number(labels), integers(out, steps), number(elements(node.output())), out.output(node)});
}

}  // namespace pipit::model::c
