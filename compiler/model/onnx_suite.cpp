#include "compiler/model/onnx_suite.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "compiler/model/compiler.h"
#include "compiler/model/dynamic_model.h"
#include "compiler/model/emit_c/emit_c.h"
#include "nn/general/general.h"
#include "support/files.h"

namespace pipit::model {

using support::Error;
using support::Result;

const char* onnx_suite_folder() { return "/usr/share/libonnx-testdata/data"; }

namespace {

namespace fs = std::filesystem;

HostValue host_of(const onnx_file::Tensor& tensor) {
  return {Value::Kind::tensor, dtype_of(tensor.type), tensor.dims, tensor.data, {}};
}

Result<HostValue> read_value(const fs::path& path, onnx_file::ValueInfo::Kind kind) {
  const auto value = TRY(onnx_file::parse_value(TRY(support::read_file(path)), kind));
  HostValue host;
  if (!value.present) {
    host.kind = Value::Kind::none;
  } else if (value.is_list) {
    host.kind = Value::Kind::list;
    for (const auto& tensor : value.tensors) host.items.push_back(host_of(tensor));
  } else if (!value.tensors.empty()) {
    host = host_of(value.tensors[0]);
  }
  return host;
}

/// The data files hold bfloat16 as its bits: the program that wrote them has no such type.
void restore_type(HostValue& value, const onnx_file::ValueInfo& info) {
  if (info.type == onnx_file::ElementType::bf16 && value.dtype == DType::u16) value.dtype = DType::bf16;
}

/// The values of "input_0.pb", "input_1.pb", … as far as there are files.
Result<std::vector<HostValue>> read_values(const fs::path& folder, const std::string& stem,
                                           const std::vector<onnx_file::ValueInfo>& infos) {
  std::vector<HostValue> values;
  for (usize i = 0; i < infos.size(); ++i) {
    const fs::path path = folder / (stem + std::to_string(i) + ".pb");
    if (!fs::exists(path)) break;
    values.push_back(TRY(read_value(path, infos[i].kind)));
    restore_type(values.back(), infos[i]);
  }
  return values;
}

/// bfloat16 results lie in the data files as whole numbers, their bits, and ONNX's runner compares those.
std::string compare_bits(const HostValue& actual, const HostValue& expected) {
  const nn::general::Operand a{{DType::u16, 0, {}}, actual.data.data()},
      b{{DType::u16, 0, {}}, expected.data.data()};
  for (u32 i = 0; i < static_cast<u32>(element_count(expected.shape)); ++i)
    if (std::fabs(a.real(i) - b.real(i)) > 1e-3 * b.real(i))
      return "the bits of element " + std::to_string(i) + " differ";
  return "";
}

std::string compare_elements(const HostValue& actual, const HostValue& expected) {
  if (expected.dtype == DType::bf16) return compare_bits(actual, expected);
  const nn::general::Operand a{{actual.dtype, 0, {}}, actual.data.data()},
      b{{expected.dtype, 0, {}}, expected.data.data()};
  const u32 count = static_cast<u32>(element_count(expected.shape));
  const bool exact = !nn::general::includes(nn::general::Kinds::real, expected.dtype);
  for (u32 i = 0; i < count; ++i) {
    if (exact && a.integer(i) == b.integer(i)) continue;
    const f64 x = a.real(i), y = b.real(i);
    const bool same =
        (std::isnan(x) && std::isnan(y)) || x == y || std::fabs(x - y) <= 1e-7 + 1e-3 * std::fabs(y);
    if (!same || exact)
      return "element " + std::to_string(i) + " is " + std::to_string(x) + ", not " + std::to_string(y);
  }
  return "";
}

/// What is wrong with an output; empty where nothing is.
std::string compare(const HostValue& actual, const HostValue& expected) {
  if (actual.kind != expected.kind) return "the output is of another kind";
  if (actual.kind == Value::Kind::none) return "";
  if (actual.kind == Value::Kind::list) {
    if (actual.items.size() != expected.items.size()) return "the sequence has another length";
    for (usize i = 0; i < actual.items.size(); ++i)
      if (auto wrong = compare(actual.items[i], expected.items[i]); !wrong.empty()) return wrong;
    return "";
  }
  if (actual.dtype != expected.dtype)
    return std::string("the output is ") + dtype_name(actual.dtype) + ", not " + dtype_name(expected.dtype);
  if (actual.shape != expected.shape)
    return "the output is " + to_string(actual.shape) + ", not " + to_string(expected.shape);
  return compare_elements(actual, expected);
}

void name_operators(Bytes file, SuiteResult& result) {
  const auto parsed = onnx_file::parse(file);
  if (!parsed.ok()) return;
  std::set<std::string> names;
  for (const auto& node : parsed->nodes) names.insert(node.op_type);
  for (const auto& name : names) result.operators += (result.operators.empty() ? "" : " ") + name;
}

/// Whether the whole model, without values that only inputs give, becomes C; Wasm is compiled from that.
void try_to_emit(Bytes file, SuiteResult& result) {
  const auto compiled = compile_model(file);
  const auto made = compiled.ok() ? emit_c(compiled->pipm, "model") : Result<CModel>(compiled.error());
  result.emits = made.ok();
  if (!made.ok()) result.why_not_emits = made.error().text;
}

SuiteResult run_test(const fs::path& folder) {
  SuiteResult result{folder.filename().string()};
  const auto refuse = [&](const Error& error) {
    result.why = error.text;
    return result;
  };
  auto file = support::read_file(folder / "model.onnx");
  if (!file.ok()) return refuse(file.take_error());
  name_operators(*file, result);
  auto model = DynamicModel::create(*file, folder.string());
  if (!model.ok()) return refuse(model.take_error());
  for (u32 set = 0;; ++set) {
    const fs::path data = folder / ("test_data_set_" + std::to_string(set));
    if (!fs::exists(data)) break;
    auto inputs = read_values(data, "input_", model->inputs());
    auto expected = read_values(data, "output_", model->outputs());
    if (!inputs.ok()) return refuse(inputs.take_error());
    if (!expected.ok()) return refuse(expected.take_error());
    auto outputs = model->run(*inputs);
    if (!outputs.ok()) return refuse(outputs.take_error());
    for (usize i = 0; i < expected->size(); ++i) {
      result.why = compare((*outputs)[i], (*expected)[i]);
      if (result.why.empty()) continue;
      result.why = "output " + std::to_string(i) + ": " + result.why;
      result.verdict = SuiteVerdict::wrong;
      return result;
    }
  }
  result.verdict = SuiteVerdict::agrees;
  try_to_emit(*file, result);
  return result;
}

}  // namespace

Result<std::vector<SuiteResult>> run_onnx_suite(const std::string& group, const std::string& only) {
  const fs::path folder = fs::path(onnx_suite_folder()) / group;
  if (!fs::exists(folder))
    return Error(Code::not_found, "no tests at " + folder.string() + "; apt-get install libonnx-testdata");
  std::vector<fs::path> tests;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "model.onnx") &&
        entry.path().filename().string().find(only) != std::string::npos)
      tests.push_back(entry.path());
  std::sort(tests.begin(), tests.end());
  std::vector<SuiteResult> results;
  results.reserve(tests.size());
  for (const auto& test : tests) results.push_back(run_test(test));
  return results;
}

}  // namespace pipit::model
