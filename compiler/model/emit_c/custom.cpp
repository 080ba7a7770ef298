// An operator of someone else: its C is compiled along, its node becomes static descriptions and one call.
#include <cctype>

#include "compiler/model/emit_c/custom.h"
#include "compiler/model/emit_c/emit_c.h"

namespace pipit::model {

std::string entry_name(const std::string& operator_name) {
  std::string name = "pipit_operator_";
  for (char c : operator_name) name += std::isalnum(static_cast<u8>(c)) != 0 ? c : '_';
  return name;
}

namespace c {
namespace {

using nn::format::CustomAttributes;
using nn::format::TensorRecord;

std::string tensor_text(const TensorRecord& tensor) {
  std::string dims;
  for (u32 dim : tensor.dims) dims += (dims.empty() ? "" : ", ") + std::to_string(dim);
  return "{" + std::to_string(tensor.dtype) + ", " + std::to_string(tensor.rank) + ", {" + dims + "}, " +
         literal(tensor.scale) + ", " + literal(tensor.zero_point) + "}";
}

}  // namespace

void custom(Writer& out, const nn::Node& node) {
  const auto& attributes = node.attributes<CustomAttributes>();
  const std::string entry = entry_name(attributes.name);
  out.declare_once("#include \"pipit/operator.h\"");
  out.declare_once("extern const pipit_operator " + entry + ";");
  std::string tensors, pointers, values;
  for (u32 i = 0; i < node.input_count(); ++i) {
    tensors += (i == 0 ? "" : ", ") + tensor_text(node.input(i));
    pointers += (i == 0 ? "" : ", ") + out.input(node, i);
  }
  for (u32 i = 0; i < attributes.count; ++i)
    values += (i == 0 ? "" : ", ") + std::string("{") + literal(static_cast<i32>(attributes.values[i])) + "}";
  const std::string inputs = out.constant("pipit_tensor", "[]", tensors);
  const std::string data = out.constant("void* const", "[]", pointers);
  const std::string numbers = out.constant("pipit_value", "[]", values.empty() ? "{0}" : values);
  const std::string view =
      out.constant("pipit_node", "", inputs + ", " + std::to_string(node.input_count()) + ", " + numbers);
  const std::string result = out.constant(
      "pipit_tensor", "", tensor_text(node.output()).substr(1, tensor_text(node.output()).size() - 2));
  out.call(entry + ".run", {"&" + view, data, "&" + result, out.output(node)});
}

}  // namespace c
}  // namespace pipit::model
