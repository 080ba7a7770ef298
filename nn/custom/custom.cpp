#include "nn/custom/custom.h"

#include <algorithm>

#include "nn/operator.h"

namespace pipit::nn {
namespace {

using format::CustomAttributes;

static_assert(static_cast<u32>(DType::boolean) == PIPIT_BOOL && static_cast<u32>(DType::i8) == PIPIT_I8 &&
              static_cast<u32>(DType::f32) == PIPIT_F32 && kMaxRank == PIPIT_MAX_RANK);
static_assert(sizeof(CustomAttributes::name) == PIPIT_MAX_NAME && sizeof(pipit_value) == 4 &&
              std::size(CustomAttributes{}.values) == PIPIT_MAX_ATTRIBUTES);

pipit_tensor describe(const format::TensorRecord& record) {
  pipit_tensor tensor{record.dtype, record.rank, {}, record.scale, record.zero_point};
  std::ranges::copy(record.dims, tensor.dims);
  return tensor;
}

/// A node as the C interface wants it, on the stack for the length of a call.
struct Call {
  explicit Call(const Node& node) {
    for (u32 i = 0; i < node.input_count(); ++i) inputs[i] = describe(node.input(i));
    const auto* values = reinterpret_cast<const pipit_value*>(node.attributes<CustomAttributes>().values);
    view = {inputs, node.input_count(), values};
  }
  pipit_tensor inputs[format::kMaxCustomInputs];
  pipit_node view{};
};

const pipit_operator* operator_of(const Node& node) {
  return find_custom_operator(node.attributes<CustomAttributes>().name);
}

bool same(const pipit_tensor& inferred, const format::TensorRecord& record) {
  return inferred.dtype == record.dtype && inferred.rank == record.rank &&
         std::equal(record.dims, record.dims + record.rank, inferred.dims);
}

const char* verify(const Node& node) {
  const auto& name = node.attributes<CustomAttributes>().name;
  if (name[sizeof name - 1] != '\0') return "operator name without an end";
  const pipit_operator* op = operator_of(node);
  if (op == nullptr) return "operator of a name that this build does not have";
  if (node.input_count() < op->fewest_inputs || node.input_count() > op->most_inputs)
    return "operator with a wrong number of operands";
  if (node.attributes<CustomAttributes>().count != op->attribute_count)
    return "operator with a wrong number of attributes";
  const Call call(node);
  pipit_tensor output{0, 0, {}, node.output().scale, node.output().zero_point};
  if (const char* wrong = op->infer(&call.view, &output)) return wrong;
  return same(output, node.output()) ? nullptr : "operator's output is not what it infers";
}

void run(const Node& node) {
  const Call call(node);
  const void* inputs[format::kMaxCustomInputs];
  for (u32 i = 0; i < node.input_count(); ++i) inputs[i] = node.data<u8>(i);
  const pipit_tensor output = describe(node.output());
  operator_of(node)->run(&call.view, inputs, &output, node.out<u8>());
}

}  // namespace

const pipit_operator* find_custom_operator(std::string_view name) {
  for (const pipit_operator* op : custom_operators())
    if (name == op->name) return op;
  return nullptr;
}

const char* check_custom_operator(const pipit_operator& op) {
  if (op.abi != PIPIT_OPERATOR_ABI) return "operator is made for another version of pipit/operator.h";
  if (op.name == nullptr || op.infer == nullptr || op.run == nullptr)
    return "operator without name, infer or run";
  const std::string_view name = op.name;
  if (name.empty() || name.size() >= PIPIT_MAX_NAME) return "operator name is empty or longer than 47 bytes";
  if (op.attribute_count > PIPIT_MAX_ATTRIBUTES) return "operator has more than 24 attributes";
  if (op.fewest_inputs < 1 || op.most_inputs > format::kMaxCustomInputs || op.fewest_inputs > op.most_inputs)
    return "operator takes no inputs or more than 8";
  return nullptr;
}

constinit const Operator kCustom = {format::Opcode::custom, kAnyDType, verify, run};

}  // namespace pipit::nn
