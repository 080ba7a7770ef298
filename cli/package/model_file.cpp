#include "cli/package/model_file.h"

#include "compiler/model/compiler.h"
#include "nn/nn.h"
#include "support/files.h"
#include "support/path.h"

namespace pipit::package {

using support::Error;

support::Result<std::vector<u8>> load_model_file(const std::string& path, bool verify) {
  std::vector<u8> data = TRY(support::read_file(path));
  if (path.ends_with(".onnx") || path.ends_with(".tflite")) {
    model::CompileOptions options;
    options.folder = support::folder_of(path);
    auto compiled = model::compile_model(data, options);
    if (!compiled.ok()) return compiled.take_error().in(path);
    data = std::move(compiled->pipm);
  }
  if (!verify) return data;
  const auto planned = nn::PlannedModel::load(data);
  if (!planned.ok()) return Error(planned.error()).in(path + " is no planned model");
  return data;
}

}  // namespace pipit::package
