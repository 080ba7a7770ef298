#pragma once
#include <string>
#include <vector>

#include "cli/model_common.h"
#include "compiler/model/dynamic_model.h"

/// ONNX models whose shapes inputs decide, for `pipit model run` and `bench`.
namespace pipit::cli {

/// The model behind `path`; `planning` is why it has no fixed plan, and the error where this is no such model
/// either.
support::Result<model::DynamicModel> load_dynamic(const std::string& path, support::Error planning);

/// Values of the model's inputs from .npy files and ONNX tensors (.pb), one an input, in the model's order.
/// Without files zeros, open dimensions being 1.
support::Result<std::vector<model::HostValue>> dynamic_inputs(const model::DynamicModel& model,
                                                              const std::vector<std::string>& files);

/// What `pipit model run` prints of a value: type, shape, numbers. Elements of 64 bits are rounded to float.
nn::TensorInfo info_of(const model::HostValue& value);
std::vector<f32> numbers_of(const model::HostValue& value);

/// The outputs into `path`: raw, one after the other, or with .npy one file each.
support::Status write_outputs(const std::string& path, const std::vector<model::HostValue>& outputs);

}  // namespace pipit::cli
