// Trained models compiled to Wasm: the planned model's bytes in our engine, in place and ahead of time, and
// in Node, inference by inference.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "compiler/aot/compile.h"
#include "compiler/model/compiler.h"
#include "compiler/model/emit_wasm/emit_wasm.h"
#include "compiler/model/evaluate.h"
#include "host/native/native.h"
#include "support/files.h"
#include "support/process.h"
#include "wasm/engine.h"

namespace pipit {
namespace {

using Outputs = std::vector<std::vector<u8>>;

/// A module in one of our engines.
class Guest {
 public:
  Guest(const std::vector<u8>& code, bool ahead_of_time)
      : code_(code), space_(usize{32} << 20), arena_(space_) {
    auto module = wasm::ValidModule::load(code_, arena_);
    EXPECT_TRUE(module.ok()) << module.error().message;
    module_.emplace(*module);
    wasm::InstanceConfig config;
    if (ahead_of_time) {
      compile();
      config = {.engine = &wasm::kNativeEngine,
                .code = &*native_,
                .memory_space = memories_.space(),
                .stack_bytes = 256 * 1024};
    }
    auto instance = wasm::Instance::create(*module_, {}, config, arena_);
    EXPECT_TRUE(instance.ok()) << instance.error().message;
    instance_ = *instance;
  }

  Outputs run(const Outputs& inputs, usize output_bytes) {
    Outputs outputs;
    for (const auto& input : inputs) {
      const auto in = instance_->memory(call("model_input0"), static_cast<u32>(input.size()));
      EXPECT_TRUE(in.ok());
      std::memcpy(in->data(), input.data(), input.size());
      call("model_run");
      const auto out = instance_->memory(call("model_output0"), static_cast<u32>(output_bytes));
      EXPECT_TRUE(out.ok());
      outputs.emplace_back(out->begin(), out->end());
    }
    return outputs;
  }

 private:
  void compile() {
    aot::Options options{.effort = aot::Effort::o1};
    options.target = *aot::find_target(host::kThisTarget, "");
    const auto compiled = aot::compile(code_, options);
    ASSERT_TRUE(compiled.ok()) << compiled.error().text;
    file_.emplace(*host::NativeFile::copy(*compiled));
    const auto loaded = wasm::native::NativeModule::load(file_->bytes(), *module_, host::this_machine());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    native_.emplace(wasm::native::NativeCode{*loaded, &host::fault_port()});
  }
  u32 call(const char* name) {
    const auto function = module_->exported_function(name);
    EXPECT_TRUE(function.ok()) << name;
    EXPECT_TRUE(instance_->start(*function).ok());
    EXPECT_EQ(instance_->resume(), wasm::RunState::finished) << name;
    return instance_->results().empty() ? 0 : instance_->results()[0].u32_;
  }

  std::vector<u8> code_, space_;
  Arena arena_;
  std::optional<wasm::ValidModule> module_;
  std::optional<host::NativeFile> file_;
  std::optional<wasm::native::NativeCode> native_;
  host::GuardedMemories memories_;
  wasm::Instance* instance_ = nullptr;
};

constexpr const char* kRunInNode = R"JS(
const fs = require('fs');
const [module, inputs, size, bytes] = process.argv.slice(1);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(module)), {});
const all = fs.readFileSync(inputs);
for (let at = 0; at < all.length; at += Number(size)) {
  new Uint8Array(exports.memory.buffer).set(all.subarray(at, at + Number(size)), exports.model_input0());
  exports.model_run();
  fs.appendFileSync(inputs + '.out', Buffer.from(exports.memory.buffer, exports.model_output0(), Number(bytes)));
}
)JS";

Outputs run_in_node(const std::vector<u8>& module, const Outputs& inputs, usize output_bytes) {
  const std::string base = ::testing::TempDir() + "emitted." + std::to_string(getpid());
  std::vector<u8> all;
  for (const auto& input : inputs) all.insert(all.end(), input.begin(), input.end());
  EXPECT_TRUE(support::write_file(base + ".wasm", module).ok() && support::write_file(base, all).ok());
  const auto ran = support::run({"node", "-e", kRunInNode, base + ".wasm", base,
                                 std::to_string(inputs[0].size()), std::to_string(output_bytes)});
  EXPECT_TRUE(ran.ok() && ran->exit_code == 0) << (ran.ok() ? ran->err : ran.error().text);
  const auto written = support::read_file(base + ".out");
  EXPECT_TRUE(written.ok());
  Outputs outputs;
  for (usize at = 0; written.ok() && at + output_bytes <= written->size(); at += output_bytes)
    outputs.emplace_back(written->begin() + static_cast<std::ptrdiff_t>(at),
                         written->begin() + static_cast<std::ptrdiff_t>(at + output_bytes));
  for (const char* end : {".wasm", "", ".out"}) std::filesystem::remove(base + end);
  return outputs;
}

struct Case {
  const char *name, *file;
  bool remembers = false;
};
constexpr Case kCases[] = {
    {"Gesture", "examples/gesture/gesture.int8.onnx"},
    {"GestureFloat", "examples/gesture/gesture.onnx"},
    {"KeywordSpotting", "mlperf-tiny/kws_ref_model.tflite"},
    {"VisualWakeWords", "mlperf-tiny/vww_96_int8.tflite"},
    {"ImageClassification", "mlperf-tiny/pretrainedResnet_quant.tflite"},
    {"AnomalyDetection", "mlperf-tiny/ad01_int8.tflite"},
    {"NoiseSuppression", "tflite-micro/dtln/dtln_noise_suppression.tflite", true},
    {"MicrophoneFrontEnd", "tflite-micro/micro_speech/models/audio_preprocessor_int8.tflite", true},
};

class EmittedTest : public ::testing::TestWithParam<Case> {};

TEST_P(EmittedTest, GivesThePlannedModelsBytesInEveryEngine) {
  const Case& how = GetParam();
  const bool ours = std::string(how.file).starts_with("examples/");
  const std::string path = std::string(ours ? PIPIT_SOURCE_DIR : PIPIT_TESTDATA) + "/" + how.file;
  if (!ours && !std::filesystem::exists(path)) GTEST_SKIP() << "no trained model " << path;
  const auto file = support::read_file(path);
  ASSERT_TRUE(file.ok()) << file.error().text;
  const auto planned = model::compile_model(*file);
  ASSERT_TRUE(planned.ok()) << planned.error().text;
  auto engine = model::Session::create(planned->pipm, {});
  ASSERT_TRUE(engine.ok()) << engine.error().text;

  const nn::TensorInfo info = engine->model().input(0);
  Outputs inputs, expected;
  std::minstd_rand random(11);
  for (int i = 0; i < 3; ++i) {
    std::vector<u8> input(info.bytes);
    for (u8& byte : input) byte = static_cast<u8>(random() >> 8);
    if (info.dtype == DType::f32)
      for (usize at = 0; at < input.size(); at += sizeof(f32)) {
        const f32 value = static_cast<f32>(random() % 4001) / 1000.0f - 2.0f;
        std::memcpy(&input[at], &value, sizeof value);
      }
    inputs.push_back(std::move(input));
    const auto output = engine->run(Bytes(inputs.back()));
    ASSERT_TRUE(output.ok()) << output.error().text;
    expected.emplace_back(output->begin(), output->end());
  }
  EXPECT_NE(expected[0], expected[1]) << "the model hardly computes";

  const auto emitted = model::emit_wasm(planned->pipm, "model");
  ASSERT_TRUE(emitted.ok()) << emitted.error().text;
  const usize bytes = expected[0].size();
  EXPECT_EQ(Guest(emitted->module, false).run(inputs, bytes), expected) << "in place";
  EXPECT_EQ(Guest(emitted->module, true).run(inputs, bytes), expected) << "ahead of time";
  EXPECT_EQ(run_in_node(emitted->module, inputs, bytes), expected) << "in Node";
  const auto& functions = emitted->c.functions;
  EXPECT_EQ(std::find(functions.begin(), functions.end(), "model_reset") != functions.end(), how.remembers);
}

INSTANTIATE_TEST_SUITE_P(Models, EmittedTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace pipit
