#pragma once
#include <span>

#include "compiler/model/emit_c/kernels.h"
#include "compiler/model/emit_c/writer.h"

namespace pipit::model {

/// What a target adds to portable C. Kernels may call portable ones.
struct Dialect {
  /// Writes a node by a kernel of the target's own; false leaves it to portable C.
  bool (*write)(c::Writer& out, const nn::Node& node);
  std::span<const CKernel> kernels;
};

}  // namespace pipit::model
