#include "nn/general/general.h"

#include <cstring>

#include "nn/general/kinds.h"
#include "nn/operator.h"
#include "nn/shapes.h"

namespace pipit::nn::general {

u32 Type::product(u32 begin, u32 end) const {
  u32 count = 1;
  for (u32 axis = begin; axis < end; ++axis) count *= dims[axis];
  return count;
}
u32 Type::count() const { return product(0, rank); }

bool operator==(const Type& a, const Type& b) {
  if (a.dtype != b.dtype || a.rank != b.rank) return false;
  for (u32 axis = 0; axis < a.rank; ++axis)
    if (a.dims[axis] != b.dims[axis]) return false;
  return true;
}

Type type_of(const format::TensorRecord& record) {
  Type type{static_cast<DType>(record.dtype), record.rank, {}};
  for (u32 axis = 0; axis < record.rank; ++axis) type.dims[axis] = record.dims[axis];
  return type;
}

f64 Operand::real(u32 index) const {
  f64 value = 0;
  with_type<Kinds::any>(type.dtype, [&]<class T> { value = static_cast<f64>(Compute<T>(as<T>()[index])); });
  return value;
}

i64 Operand::integer(u32 index) const {
  i64 value = 0;
  with_type<Kinds::any>(type.dtype, [&]<class T> {
    if constexpr (kIsReal<T>) {
      const f64 real = static_cast<f64>(Compute<T>(as<T>()[index]));
      value = real > -9e18 && real < 9e18 ? static_cast<i64>(real) : 0;
    } else {
      value = static_cast<i64>(Compute<T>(as<T>()[index]));
    }
  });
  return value;
}

bool broadcast_onto(const Type& operand, Type& out) {
  const u32 rank = operand.rank > out.rank ? operand.rank : out.rank;
  u32 dims[kMaxRank];
  for (u32 i = 0; i < rank; ++i) {  // counted from the last axis
    const u32 a = i < operand.rank ? operand.dims[operand.rank - 1 - i] : 1;
    const u32 b = i < out.rank ? out.dims[out.rank - 1 - i] : 1;
    if (a != b && a != 1 && b != 1) return false;
    dims[rank - 1 - i] = a == 1 ? b : a;
  }
  out.rank = rank;
  for (u32 axis = 0; axis < rank; ++axis) out.dims[axis] = dims[axis];
  return true;
}

Strides strides_of(const Type& type) {
  Strides strides;
  u32 step = 1;
  for (u32 axis = type.rank; axis-- > 0;) {
    strides.of[axis] = step;
    step *= type.dims[axis];
  }
  return strides;
}

Strides broadcast_strides(const Type& operand, const Type& shape) {
  const Strides own = strides_of(operand);
  Strides strides;
  const u32 skipped = shape.rank - operand.rank;
  for (u32 axis = 0; axis < operand.rank; ++axis)
    strides.of[skipped + axis] = operand.dims[axis] == 1 ? 0 : own.of[axis];
  return strides;
}

namespace {

constexpr Function kFunctions[] = {
#define X(number, name, fewest, most) {number, #name, fewest, most, infer_##name, run_##name},
    PIPIT_NN_FUNCTIONS(X)
#undef X
};

/// The operands of a node in a model file; `data` only where `running`.
struct Operands {
  Operand list[format::kMaxOperands];
  u32 count;

  Operands(const Node& node, bool running) : count(node.input_count()) {
    for (u32 i = 0; i < count; ++i) list[i] = {type_of(node.input(i)), running ? node.data<u8>(i) : nullptr};
  }
  std::span<const Operand> span() const { return {list, count}; }
};

/// Whether the function writes its second operand.
bool changes_state(const Attributes& attributes) {
  return attributes.function == static_cast<u32>(FunctionId::audio) &&
         attributes.ints[0] == static_cast<i32>(Audio::noise);
}

const char* verify(const Node& node) {
  const Operands operands(node, false);
  Type expected;
  const auto& attributes = node.attributes<Attributes>();
  if (const char* wrong = infer({operands.span(), attributes, {}, nullptr}, expected)) return wrong;
  if (changes_state(attributes) && !is_state(node.input(1)))
    return "general operator whose second input is no state";
  return expected == type_of(node.output()) ? nullptr
                                            : "general operator with another output than its function has";
}

void run(const Node& node) {
  const Operands operands(node, true);
  const auto& attributes = node.attributes<Attributes>();
  find_function(attributes.function)
      ->run({operands.span(), attributes, type_of(node.output()), node.out<u8>()});
}

}  // namespace

const Function* find_function(u32 number) {
  const u32 count = sizeof kFunctions / sizeof kFunctions[0];
  if (number < 1 || number > count) return nullptr;
  return &kFunctions[number - 1];
}

const char* infer(const Call& call, Type& out) {
  const Function* function = find_function(call.attributes.function);
  if (function == nullptr) return "general operator of an unknown function";
  if (call.inputs.size() < function->min_inputs || call.inputs.size() > function->max_inputs)
    return "general operator with a wrong number of inputs";
  out = {};
  if (const char* wrong = function->infer(call, out)) return wrong;
  u64 count = 1;
  if (out.rank > kMaxRank) return "general operator's output has more than 8 dimensions";
  for (u32 axis = 0; axis < out.rank; ++axis) {
    count *= out.dims[axis];
    if (count > kMaxElements || out.dims[axis] > kMaxElements)
      return "general operator's output has more than 2^28 elements";
  }
  return nullptr;
}

}  // namespace pipit::nn::general

namespace pipit::nn {

constinit const Operator kGeneral = {format::Opcode::general, kAnyDType, general::verify, general::run};

}  // namespace pipit::nn
