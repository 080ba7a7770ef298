#pragma once
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

namespace pipit::package {

/// A planned model from a file: as it is, or compiled when the file is called .onnx (float, or quantised in
/// QDQ form; tensors may lie in files beside it) or .tflite. Errors name the file. With `verify` the result
/// passed nn::PlannedModel::load.
support::Result<std::vector<u8>> load_model_file(const std::string& path, bool verify = true);

}  // namespace pipit::package
