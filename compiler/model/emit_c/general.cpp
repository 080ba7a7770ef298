#include "compiler/model/emit_c/general.h"

#include "compiler/model/emit_c/arguments.h"
#include "compiler/model/emit_c/movement.h"
#include "nn/general/general.h"
#include "nn/general/kinds.h"

namespace pipit::model::c {
namespace {

using namespace nn::format;
using nn::elements;
using nn::Node;
using nn::general::Binary;
using nn::general::FunctionId;

FunctionId function_of(const Node& node) {
  return static_cast<FunctionId>(node.attributes<GeneralAttributes>().function);
}
bool is_whole(const TensorRecord& tensor) { return type_name(tensor.dtype) != nullptr && !is_real(tensor); }

/// A function of x and y in C, for floats and for integers, which wrap; nullptr where there is none. T stands
/// for their type.
struct Expression {
  const char* name;
  const char *real, *whole;
};
const Expression* expression_of(Binary kind) {
  static constexpr Expression kAdd = {"add", "x + y", "(uint64_t)x + (uint64_t)y"},
                              kSubtract = {"subtract", "x - y", "(uint64_t)x - (uint64_t)y"},
                              kMultiply = {"multiply", "x * y", "(uint64_t)x * (uint64_t)y"},
                              // What has no quotient yields 0: -x is x for the lowest integer, and for 0.
      kDivide = {"divide", "x / y", "y == 0 || (y == (T)-1 && x == (T)(0 - (uint64_t)x)) ? 0 : x / y"},
                              kMinimum = {"minimum", "x != x ? x : y != y ? y : x < y ? x : y",
                                          "x < y ? x : y"},
                              kMaximum = {"maximum", "x != x ? x : y != y ? y : x > y ? x : y",
                                          "x > y ? x : y"};
  switch (kind) {
    case Binary::add: return &kAdd;
    case Binary::subtract: return &kSubtract;
    case Binary::multiply: return &kMultiply;
    case Binary::divide: return &kDivide;
    case Binary::minimum: return &kMinimum;
    case Binary::maximum: return &kMaximum;
    default: return nullptr;
  }
}
std::string typed(std::string expression, const std::string& type) {
  for (usize at = 0; (at = expression.find("(T)", at)) != std::string::npos; at += type.size())
    expression.replace(at + 1, 1, type);
  return expression;
}

/// How often a tensor's elements repeat in a row-major output of their shape: without leading 1s it must be
/// the tail of the output's shape.
bool repeats_in(const TensorRecord& tensor, const TensorRecord& out) {
  u32 skipped = 0;
  while (skipped < tensor.rank && tensor.dims[skipped] == 1) ++skipped;
  const u32 tail = tensor.rank - skipped;
  if (tail > out.rank) return false;
  for (u32 axis = 0; axis < tail; ++axis)
    if (tensor.dims[skipped + axis] != out.dims[out.rank - tail + axis]) return false;
  return true;
}

/// Operands that repeat along the output without strides.
bool repeats(const Node& node) {
  const auto kind = static_cast<Binary>(node.attributes<GeneralAttributes>().ints[0]);
  return expression_of(kind) != nullptr && repeats_in(node.input(0), node.output()) &&
         repeats_in(node.input(1), node.output());
}

void binary(Writer& out, const Node& node) {
  if (!repeats(node)) return strided(out, node);
  const Expression& how = *expression_of(static_cast<Binary>(node.attributes<GeneralAttributes>().ints[0]));
  const TensorRecord& x = node.input(0);
  const std::string type = type_name(x.dtype), kernel = std::string(how.name) + "_of_" + type;
  out.need({"binary"});
  out.declare_once("BINARY(" + kernel + ", " + type + ", " + typed(is_whole(x) ? how.whole : how.real, type) +
                   ")");
  out.call(kernel, {out.input(node, 0), number(elements(x)), out.input(node, 1),
                    number(elements(node.input(1))), number(elements(node.output())), out.output(node)});
}

/// Halves travel by way of f32, as they do in the engine.
std::string half_name(u32 dtype) { return dtype == static_cast<u32>(DType::f16) ? "half" : "bfloat"; }

void cast(Writer& out, const Node& node) {
  const u32 source = node.input(0).dtype, target = node.output().dtype;
  const auto name_of = [](u32 dtype) {
    return is_half(dtype) ? half_name(dtype) : std::string(type_name(dtype));
  };
  const std::string from = type_name(source), to = type_name(target),
                    name = name_of(source) + "_to_" + name_of(target);
  // x is the element, as a number.
  const std::string x = is_half(source) ? "float_of_" + half_name(source) + "(x[i])" : "x[i]";
  if (is_half(source) || is_half(target)) out.need({"half"});
  out.need({"cast"});
  if (nn::is(node.output(), DType::boolean))
    out.declare_once("CAST(" + name + "_is_true, " + from + ", " + to + ", " + x + " != 0)");
  else if (is_half(target))
    out.declare_once("CAST(" + name + ", " + from + ", " + to + ", " + half_name(target) +
                     "_of_float((float)" + x + "))");
  else if (is_real(node.input(0)) && is_whole(node.output()))
    out.declare_once("CAST_REAL(" + name + ", " + from + ", " + to + ", " + x + ", " +
                     limits_of(target).both() + ")");
  else
    out.declare_once("CAST(" + name + ", " + from + ", " + to + ", (" + to + ")" + x + ")");
  out.call(name + (nn::is(node.output(), DType::boolean) ? "_is_true" : ""),
           {out.input(node, 0), number(elements(node.output())), out.output(node)});
}

void slice(Writer& out, const Node& node) {
  const auto& how = node.attributes<GeneralAttributes>();
  emit_slice(out, node, how.ints, how.ints + 8);
}

void join(Writer& out, const Node& node) {
  emit_concat(out, node, static_cast<u32>(node.attributes<GeneralAttributes>().ints[0]));
}

bool has_elements(const Node& node) { return node.output().rank > 0; }
bool always(const Node&) { return true; }

struct GeneralEmitter {
  FunctionId function;
  bool (*has)(const Node& node);
  void (*write)(Writer& out, const Node& node);
};
constexpr GeneralEmitter kEmitters[] = {
    {FunctionId::unary, has_unary, unary},
    {FunctionId::binary, has_strided, binary},
    {FunctionId::where, always, where},
    {FunctionId::cast, always, cast},
    {FunctionId::reduce, has_reduce, reduce},
    {FunctionId::arg_reduce, has_order, arg_reduce},
    {FunctionId::transpose, always, general_transpose},
    {FunctionId::slice, has_elements, slice},
    {FunctionId::pad, has_general_pad, general_pad},
    {FunctionId::tile, has_tile, general_tile},
    {FunctionId::expand, always, expand},
    {FunctionId::concat, always, join},
    {FunctionId::reshape, always, reshape},
    {FunctionId::trilu, always, trilu},
    {FunctionId::eye, has_eye, eye},
    {FunctionId::reverse_sequence, always, reverse_sequence},
    {FunctionId::gather, has_gather, gather},
    {FunctionId::gather_elements, has_gather, gather_elements},
    {FunctionId::gather_nd, has_gather, gather_tuples},
    {FunctionId::scatter_elements, has_scatter, scatter_elements},
    {FunctionId::scatter_nd, has_scatter, scatter_tuples},
    {FunctionId::one_hot, has_order, one_hot},
    {FunctionId::range, has_eye, range},
    {FunctionId::cumulative_sum, has_order, cumulative_sum},
    {FunctionId::top_k, has_order, top_k},
    {FunctionId::matmul, has_matmul, matmul},
    {FunctionId::einsum, has_einsum, einsum},
    {FunctionId::conv, has_conv, conv},
    {FunctionId::conv_transpose, has_conv, conv_transpose},
    {FunctionId::pool, has_pool, pool},
    {FunctionId::resize, has_resize, resize},
    {FunctionId::local_response, is_single, local_response},
    {FunctionId::recurrent, has_recurrent, recurrent},
    {FunctionId::quantize, has_quantize, quantize_by},
    {FunctionId::dequantize, has_dequantize, dequantize_by},
    {FunctionId::unpool, has_unpool, unpool},
    {FunctionId::frame, always, frame},
    {FunctionId::audio, always, audio},
};

const GeneralEmitter* emitter_of(const Node& node) {
  for (const GeneralEmitter& emitter : kEmitters)
    if (emitter.function == function_of(node)) return &emitter;
  return nullptr;
}

}  // namespace

bool has_arithmetic(Binary kind) { return expression_of(kind) != nullptr; }
std::string arithmetic(Binary kind, u32 dtype) {
  const Expression& how = *expression_of(kind);
  const bool real = dtype == static_cast<u32>(DType::f32) || dtype == static_cast<u32>(DType::f64);
  return typed(real ? how.real : how.whole, type_name(dtype));
}
bool is_half(u32 dtype) {
  return dtype == static_cast<u32>(DType::f16) || dtype == static_cast<u32>(DType::bf16);
}
bool is_real(const TensorRecord& tensor) {
  return is_half(tensor.dtype) || nn::is(tensor, DType::f32) || nn::is(tensor, DType::f64);
}

std::vector<const char*> emitted_functions() {
  std::vector<const char*> names;
  for (const GeneralEmitter& emitter : kEmitters)
    names.push_back(nn::general::find_function(static_cast<u32>(emitter.function))->name);
  return names;
}

bool has_general(const Node& node) {
  const GeneralEmitter* emitter = emitter_of(node);
  return emitter != nullptr && node.output().bytes > 0 && emitter->has(node);
}

void general(Writer& out, const Node& node) { emitter_of(node)->write(out, node); }

}  // namespace pipit::model::c
