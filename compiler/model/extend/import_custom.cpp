#include "compiler/model/extend/import_custom.h"

#include "compiler/model/extend/custom.h"

namespace pipit::model {

using support::Error;
using support::Result;

Result<TensorId> import_custom(NodeImport& node, const pipit_operator& op) {
  if (node.inputs.size() < op.fewest_inputs || node.inputs.size() > op.most_inputs)
    return Error(Code::malformed, "has " + std::to_string(node.inputs.size()) + " inputs, needs " +
                                      std::to_string(op.fewest_inputs) + " to " +
                                      std::to_string(op.most_inputs));
  for (usize i = 0; i < node.inputs.size(); ++i)
    if (!node.has(i)) return Error(Code::malformed, "input " + std::to_string(i) + " is missing");
  CustomAttributes attributes = custom_attributes(op);
  for (u32 i = 0; i < op.attribute_count; ++i) {
    const pipit_attribute& attribute = op.attributes[i];
    if (attribute.is_real != 0) {
      attributes.values[i] =
          std::bit_cast<u32>(TRY(node.attributes.real(attribute.name, attribute.fallback.real)));
      continue;
    }
    const i64 value = TRY(node.attributes.integer(attribute.name, attribute.fallback.integer));
    if (value != static_cast<i32>(value))
      return Error(Code::out_of_range,
                   std::string("attribute '") + attribute.name + "' does not fit 32 bits");
    attributes.values[i] = static_cast<u32>(value);
  }
  return node.emit(Op::custom, node.inputs, attributes);
}

}  // namespace pipit::model
