#include "cli/model_dynamic.h"

#include <algorithm>

#include "compiler/model/npy.h"
#include "compiler/model/tflite_file.h"
#include "support/files.h"
#include "support/path.h"
#include "support/unfinished.h"

namespace pipit::cli {

using model::HostValue;
using support::Error;
using support::Result;
using support::Status;

Result<model::DynamicModel> load_dynamic(const std::string& path, Error planning) {
  const std::vector<u8> file = TRY(support::read_file(path));
  if (is_planned(file) || model::tflite_file::is_tflite(file)) return planning;
  auto loaded = model::DynamicModel::create(file, support::folder_of(path));
  if (!loaded.ok()) return planning;
  return loaded;
}

namespace {

Result<HostValue> read_value(const std::string& path) {
  const std::vector<u8> file = TRY(support::read_file(path));
  if (model::is_npy(file)) {
    auto array = TRY(model::read_npy(file));
    return HostValue{model::Value::Kind::tensor, array.dtype, array.shape, std::move(array.data), {}};
  }
  auto tensor = model::onnx_file::parse_tensor(file);
  if (!tensor.ok())
    return Error(
        Code::invalid_argument,
        path +
            " is neither .npy nor an ONNX tensor; a model whose shapes inputs decide needs files that "
            "carry a shape");
  return HostValue{model::Value::Kind::tensor, model::dtype_of(tensor->type), tensor->dims, tensor->data, {}};
}

HostValue zeros(const model::onnx_file::ValueInfo& info) {
  HostValue value{model::Value::Kind::tensor, model::dtype_of(info.type), info.dims, {}, {}};
  for (i64& dim : value.shape) dim = std::max<i64>(dim, 1);
  value.data.resize(static_cast<usize>(model::element_count(value.shape)) * dtype_bytes(value.dtype));
  return value;
}

}  // namespace

Result<std::vector<HostValue>> dynamic_inputs(const model::DynamicModel& model,
                                              const std::vector<std::string>& files) {
  const auto& infos = model.inputs();
  std::vector<HostValue> values;
  if (!files.empty() && files.size() != infos.size())
    return Error(Code::invalid_argument, "the model has " + std::to_string(infos.size()) + " inputs, got " +
                                             std::to_string(files.size()) + " files; give --input for each");
  values.reserve(infos.size());
  for (usize i = 0; i < infos.size(); ++i)
    values.push_back(files.empty() ? zeros(infos[i]) : TRY(read_value(files[i])));
  return values;
}

nn::TensorInfo info_of(const HostValue& value) {
  nn::TensorInfo info;
  info.dtype = value.dtype;
  info.rank = static_cast<u8>(std::min<usize>(value.shape.size(), nn::kMaxRank));
  for (usize axis = 0; axis < info.rank; ++axis) info.dims[axis] = static_cast<u32>(value.shape[axis]);
  info.bytes = static_cast<u32>(value.data.size());
  return info;
}

std::vector<f32> numbers_of(const HostValue& value) { return model::real_values(info_of(value), value.data); }

Status write_outputs(const std::string& path, const std::vector<HostValue>& outputs) {
  if (path.empty()) return {};
  const support::Unfinished until_all_are_there;
  const bool npy = path.ends_with(".npy");
  std::vector<u8> raw;
  for (usize i = 0; i < outputs.size(); ++i) {
    const HostValue& value = outputs[i];
    raw.insert(raw.end(), value.data.begin(), value.data.end());
    if (!npy) continue;
    std::string name = path;
    if (outputs.size() > 1) name.insert(name.size() - 4, "." + std::to_string(i));
    TRY(support::write_file(name, model::write_npy({value.dtype, value.shape, value.data})));
  }
  return npy ? Status() : support::write_file(path, raw);
}

}  // namespace pipit::cli
