#pragma once
#include "compiler/model/import_operators.h"
#include "nn/custom/custom.h"

namespace pipit::model {

/// Imports a node whose operator is registered: its attributes by name, whatever the operator does not know
/// is refused.
support::Result<TensorId> import_custom(NodeImport& node, const pipit_operator& op);

}  // namespace pipit::model
