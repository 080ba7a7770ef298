// ONNX's own backend tests (Debian's libonnx-testdata), for every operator that can be imported.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/onnx_file.h"
#include "support/files.h"

namespace pipit::model {
namespace {

namespace fs = std::filesystem;
constexpr const char* kFolder = "/usr/share/libonnx-testdata/data/node";

enum class Verdict { passed, unsupported, wrong };

struct Case {
  std::string name;
  onnx_file::Model model;
  std::vector<onnx_file::Tensor> inputs;
  onnx_file::Tensor expected;
};

support::Result<Case> load(const fs::path& folder) {
  Case test{folder.filename().string()};
  test.model = TRY(onnx_file::parse(TRY(support::read_file(folder / "model.onnx"))));
  const fs::path data = folder / "test_data_set_0";
  for (usize i = 0; i < test.model.inputs.size(); ++i) {
    test.inputs.push_back(
        TRY(onnx_file::parse_tensor(TRY(support::read_file(data / ("input_" + std::to_string(i) + ".pb"))))));
    test.inputs.back().name = test.model.inputs[i].name;
  }
  test.expected = TRY(onnx_file::parse_tensor(TRY(support::read_file(data / "output_0.pb"))));
  test.model.outputs.resize(1);
  return test;
}

/// The node tests feed weights as inputs. The compiler wants them as constants: all inputs from `kept` on
/// become so.
std::vector<u8> with_constants(Case test, usize kept) {
  for (usize i = kept; i < test.inputs.size(); ++i) test.model.initializers.push_back(test.inputs[i]);
  test.model.inputs.resize(kept);
  return onnx_file::serialise(test.model);
}

Verdict compare(const Case& test, const nn::TensorInfo& info, Bytes output, std::string& why) {
  if (info.dtype != DType::f32 || test.expected.type != onnx_file::ElementType::f32)
    return Verdict::unsupported;
  if (output.size() != test.expected.data.size()) {
    why = "the output has another size";
    return Verdict::wrong;
  }
  const auto values = real_values(info, output);
  const auto expected = real_values(info, test.expected.data);
  for (usize i = 0; i < values.size(); ++i)
    if (!(std::fabs(values[i] - expected[i]) <= 1e-4f + 1e-3f * std::fabs(expected[i]))) {
      why = "element " + std::to_string(i) + " is " + std::to_string(values[i]) + ", not " +
            std::to_string(expected[i]);
      return Verdict::wrong;
    }
  return Verdict::passed;
}

Verdict run(const Case& test, std::string& why) {
  // As many run-time inputs as the compiler takes; the rest as constants.
  for (usize kept = test.inputs.size(); kept > 0; --kept) {
    auto compiled = compile_model(with_constants(test, kept));
    if (!compiled.ok()) {
      why = compiled.error().text;
      continue;
    }
    auto session = Session::create(compiled->pipm);
    EXPECT_TRUE(session.ok());
    std::vector<Bytes> inputs;
    for (usize i = 0; i < kept; ++i) inputs.emplace_back(test.inputs[i].data);
    auto output = session->run_all(inputs);
    if (!output.ok()) {
      why = output.error().text;
      return Verdict::wrong;
    }
    return compare(test, session->model().output(0), *output, why);
  }
  return Verdict::unsupported;
}

TEST(OnnxNodes, AgreeWhereTheyCompile) {
  ASSERT_TRUE(fs::exists(kFolder)) << "apt-get install libonnx-testdata";
  u32 passed = 0;
  std::vector<std::string> refused;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    auto test = load(entry.path());
    if (!test.ok() || test->inputs.empty()) continue;
    std::string why;
    switch (run(*test, why)) {
      case Verdict::passed: ++passed; break;
      case Verdict::unsupported: refused.push_back(test->name + ": " + why); break;
      case Verdict::wrong: ADD_FAILURE() << test->name << ": " << why; break;
    }
  }
  if (std::getenv("PIPIT_VERBOSE") != nullptr)
    for (const auto& line : refused) std::printf("%s\n", line.c_str());
  RecordProperty("passed", static_cast<int>(passed));
  std::printf("%u node tests agree, %zu are refused\n", passed, refused.size());
  EXPECT_GE(passed, 90u) << "operators that compiled before do not any more";
}

}  // namespace
}  // namespace pipit::model
