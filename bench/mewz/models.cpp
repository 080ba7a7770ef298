// Large models as applications. ResNet-50's weights are constants: it shows size and speed, not
// classification.
#include "compiler/model/compiler.h"

#include "bench/mewz/subjects.h"
#include "compiler/model/input_file.h"
#include "rig/initrd.h"
#include "support/files.h"

namespace pipit::bench {
namespace {

using support::Error;
using support::Result;

const std::string kData = PIPIT_TESTDATA;

Result<std::vector<u8>> int8_resnet50() {
  const auto onnx = TRY(support::read_file(kData + "/onnx-light/light_resnet50.onnx"));
  const std::vector<f32> sample(usize{3} * 224 * 224, 0.5f);
  const auto quantized = TRY(model::quantize_model(onnx, {1, [&sample](u32) { return sample; }},
                                                   {model::CalibrationMethod::min_max, 100}));
  return TRY(model::compile_model(quantized.onnx)).pipm;
}

Result<std::vector<u8>> mobilenet() {
  const auto tflite = TRY(support::read_file(kData + "/google-coral/mobilenet_v2_1.0_224_quant.tflite"));
  return TRY(model::compile_model(tflite)).pipm;
}

/// One picture and the model on a disk, with the module that classifies.
Result<Subject> subject(const char* name, const std::vector<u8>& model, const char* type,
                        const char* dimensions, const std::vector<u8>& input, u32 memory_mb,
                        const std::string& disk) {
  const auto module = TRY(support::read_file(PIPIT_WASM_FOLDER "/mewz_classify.wasm"));
  const auto archive = TRY(rig::make_initrd({{"app.wasm", module}, {"model.pipm", model}, {"input", input}}));
  TRY(support::write_file(disk, archive));
  Subject out{
      .name = name,
      .vm = machine("mewz", "", std::string("arg=") + type + " arg=" + dimensions + " arg=/input arg=/out"),
      .mark = "class "};
  out.vm.disks = {disk};
  out.vm.memory_mb = memory_mb;
  return out;
}

Result<Subject> resnet50(const std::string& folder) {
  const auto model = TRY(int8_resnet50());
  const std::vector<u8> input(usize{4} * 3 * 224 * 224);
  return subject("ResNet-50 in int8, first answer (96 MB)", model, "f32", "1,3,224,224", input, 96,
                 folder + "/resnet50");
}

Result<Subject> mobilenet_v2(const std::string& folder) {
  const auto model = TRY(mobilenet());
  const auto planned = nn::PlannedModel::load(model);
  if (!planned.ok()) return Error(planned.error().code, planned.error().message);
  const auto samples = TRY(model::read_samples(kData + "/google-coral/cat.bmp", *planned));
  return subject("MobileNetV2, first answer (32 MB)", model, "u8", "1,224,224,3", samples.front(), 32,
                 folder + "/mobilenet");
}

}  // namespace

std::vector<Subject> models(const std::string& folder, std::vector<std::string>& skipped) {
  std::vector<Subject> all;
  for (const auto& make : {resnet50, mobilenet_v2}) {
    auto made = make(folder);
    if (made.ok())
      all.push_back(*std::move(made));
    else
      skipped.push_back("a model: " + made.error().text);
  }
  return all;
}

}  // namespace pipit::bench
