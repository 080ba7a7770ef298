// Trained models compiled to Wasm: the planned model's bytes in our engine, in place and ahead of time, and
// in Node, inference by inference.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

#include "compiler/aot/compile.h"
#include "compiler/model/compiler.h"
#include "compiler/model/emit_wasm/emit_wasm.h"
#include "compiler/model/testing/emitted.h"
#include "host/native/native.h"
#include "support/files.h"
#include "support/process.h"
#include "wasm/engine.h"

namespace pipit {
namespace {

using Outputs = std::vector<std::vector<u8>>;
/// All inputs of one inference.
using Inputs = std::vector<std::vector<u8>>;

/// A module in one of our engines.
class Guest {
 public:
  Guest(const std::vector<u8>& code, bool ahead_of_time)
      : code_(code), space_(usize{32} << 20), arena_(space_) {
    auto module = wasm::ValidModule::load(code_, arena_);
    EXPECT_TRUE(module.ok()) << module.error().message;
    module_ = std::make_unique<wasm::ValidModule>(*module);
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

  Outputs run(const std::vector<Inputs>& inferences, usize output_bytes) {
    Outputs outputs;
    for (const Inputs& inputs : inferences) {
      for (usize i = 0; i < inputs.size(); ++i) {
        const std::string where = "model_input" + std::to_string(i);
        const auto in = instance_->memory(call(where.c_str()), static_cast<u32>(inputs[i].size()));
        EXPECT_TRUE(in.ok());
        std::memcpy(in->data(), inputs[i].data(), inputs[i].size());
      }
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
    file_ = std::make_unique<host::NativeFile>(*host::NativeFile::copy(*compiled));
    const auto loaded = wasm::native::NativeModule::load(file_->bytes(), *module_, host::this_machine());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    native_ = std::make_unique<wasm::native::NativeCode>(*loaded, &host::fault_port());
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
  std::unique_ptr<wasm::ValidModule> module_;
  std::unique_ptr<host::NativeFile> file_;
  std::unique_ptr<wasm::native::NativeCode> native_;
  host::GuardedMemories memories_;
  wasm::Instance* instance_ = nullptr;
};

constexpr const char* kRunInNode = R"JS(
const fs = require('fs');
const [module, inputs, sizes, bytes] = process.argv.slice(1);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(module)), {});
const all = fs.readFileSync(inputs);
for (let at = 0; at < all.length;) {
  sizes.split(',').map(Number).forEach((size, i) => {
    new Uint8Array(exports.memory.buffer).set(all.subarray(at, at + size), exports['model_input' + i]());
    at += size;
  });
  exports.model_run();
  fs.appendFileSync(inputs + '.out', Buffer.from(exports.memory.buffer, exports.model_output0(), Number(bytes)));
}
)JS";

Outputs run_in_node(const std::vector<u8>& module, const std::vector<Inputs>& inferences,
                    usize output_bytes) {
  const std::string base = ::testing::TempDir() + "emitted." + std::to_string(getpid());
  std::vector<u8> all;
  std::string sizes;
  for (const Inputs& inputs : inferences)
    for (const auto& input : inputs) all.insert(all.end(), input.begin(), input.end());
  for (const auto& input : inferences[0]) sizes += (sizes.empty() ? "" : ",") + std::to_string(input.size());
  EXPECT_TRUE(support::write_file(base + ".wasm", module).ok() && support::write_file(base, all).ok());
  const auto ran =
      support::run({"node", "-e", kRunInNode, base + ".wasm", base, sizes, std::to_string(output_bytes)});
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
    {"Convolution16Bit", "tflm-seanet/conv/conv1.tflite"},
    {"TransposedConvolution16Bit", "tflm-seanet/transpose_conv/transpose_conv0.tflite"},
    {"LeakyRelu16Bit", "tflm-seanet/leaky_relu/leaky_relu10.tflite"},
    {"OnnxLstm", "/usr/share/libonnx-testdata/data/node/test_lstm_with_peepholes/model.onnx"},
    {"OnnxGru", "/usr/share/libonnx-testdata/data/node/test_gru_seq_length/model.onnx"},
    {"OnnxRnn", "/usr/share/libonnx-testdata/data/node/test_rnn_seq_length/model.onnx"},
    {"OnnxLayerNormalization",
     "/usr/share/libonnx-testdata/data/node/test_layer_normalization_3d_axis1_epsilon_expanded/model.onnx"},
    {"MicrophoneFrontEnd", "tflite-micro/micro_speech/models/audio_preprocessor_int8.tflite", true},
};

class EmittedTest : public ::testing::TestWithParam<Case> {};

TEST_P(EmittedTest, GivesThePlannedModelsBytesInEveryEngine) {
  const Case& how = GetParam();
  const bool ours = std::string(how.file).starts_with("examples/");
  const std::string folder = how.file[0] == '/' ? "" : ours ? PIPIT_SOURCE_DIR "/" : PIPIT_TESTDATA "/";
  const std::string path = folder + how.file;
  if (!ours && !std::filesystem::exists(path)) GTEST_SKIP() << "no trained model " << path;
  const auto file = support::read_file(path);
  ASSERT_TRUE(file.ok()) << file.error().text;
  const auto planned = model::compile_model(*file);
  ASSERT_TRUE(planned.ok()) << planned.error().text;
  model::testing::Engine engine(planned->pipm);

  std::vector<Inputs> inputs;
  Outputs expected;
  std::minstd_rand random(11);
  for (int i = 0; i < 3; ++i) {
    Inputs all;
    for (u32 input = 0; input < engine.model().input_count(); ++input)
      all.push_back(model::testing::random_tensor(engine.model().input(input), random));
    inputs.push_back(std::move(all));
    expected.push_back(engine.infer(inputs.back())[0]);
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
