// The classifier, from its ONNX file to the planned model that devices execute.
#include <cstdio>

#include "cli/up/run.h"
#include "support/files.h"
#include "support/table.h"

namespace pipit::up {

using support::Json;

support::Status prepare_model(Run& run) {
  const std::string onnx = run.path("examples/fashion/fashion.onnx");
  const std::string quantized = run.state.path("fashion.int8.onnx");
  run.model_file = run.state.path("fashion.pipm");
  const Json numbers = TRY(run.pipit({"model", "quantize", onnx, "-o", quantized, "--dataset=fashion-mnist",
                                      "--samples", "200", "--evaluate"}));
  const auto percent = [&](const char* key) {
    const Json* value = support::find(numbers, {"accuracy", key});
    return value != nullptr && value->is_number() ? value->get<double>() : 0;
  };
  run.report.fp32_percent = percent("float_percent");
  run.report.int8_percent = percent("int8_percent");
  const Json plan = TRY(run.pipit({"model", "plan", quantized, "-o", run.model_file, "--name", "fashion"}));
  run.report.model_bytes = TRY(support::read_file(run.model_file)).size();
  run.oracle = TRY(Oracle::load(run.model_file));
  run.images = TRY(model::read_dataset(TRY(model::find_dataset("fashion-mnist", model::Split::test))));

  char line[160];
  std::snprintf(line, sizeof line,
                "accuracy over %u test images: fp32 %.2f %%, int8 %.2f %%; planned model %s",
                run.images.count, run.report.fp32_percent, run.report.int8_percent,
                support::human_bytes(run.report.model_bytes).c_str());
  run.progress.say(line);
  run.report.require(run.report.fp32_percent >= 90, "the model's accuracy in fp32 is below 90 %");
  run.report.require(run.report.fp32_percent - run.report.int8_percent <= 0.5,
                     "int8 loses more than 0.5 points of accuracy");
  return {};
}

}  // namespace pipit::up
