// pipit model quantize: a float ONNX model to signed int8 in ONNX's QDQ convention.
#include <cstdio>

#include "cli/model_common.h"
#include "support/files.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Json;
using support::Result;
using support::Status;

struct Arguments {
  std::string input, output, dump;
  DatasetArguments dataset;
  std::string test_images, test_labels;
  u32 samples = 200;
  std::string method = "percentile";
  f64 percentile = 99.99;
  bool evaluate = false;
};

struct Accuracies {
  model::Accuracy real, integer;
  f64 loss() const { return real.percent() - integer.percent(); }
};

Result<model::Dataset> test_set(const Arguments& arguments) {
  if (!arguments.dataset.name.empty()) return open_dataset(arguments.dataset, model::Split::test);
  if (arguments.test_images.empty())
    return Error(Code::invalid_argument,
                 "--evaluate with --images also needs --test-images and --test-labels");
  return model::read_dataset(
      {arguments.test_images, arguments.test_labels, arguments.dataset.mean, arguments.dataset.deviation});
}

Result<Accuracies> measure(const Arguments& arguments, Bytes onnx, const model::QuantizedModel& quantized) {
  const model::Dataset test = TRY(test_set(arguments));
  const auto real = TRY(model::compile_model(onnx));
  const auto integer = TRY(model::compile_model(quantized.onnx));
  return Accuracies{TRY(accuracy("float", real.pipm, test, test.count)),
                    TRY(accuracy("int8", integer.pipm, test, test.count))};
}

void print_table(const Arguments& arguments, const model::QuantizedModel& quantized,
                 const Accuracies* measured) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& tensor : quantized.activations)
    rows.push_back({tensor.name, decimals(tensor.range.low, 4), decimals(tensor.range.high, 4),
                    decimals(tensor.scale, 6), std::to_string(tensor.zero_point)});
  std::printf("%s", support::format_table({"tensor", "low", "high", "scale", "zero point"}, rows,
                                          {false, true, true, true, true})
                        .c_str());
  std::printf("wrote %s (%s), calibrated on %u samples\n", arguments.output.c_str(),
              support::human_bytes(quantized.onnx.size()).c_str(), arguments.samples);
  if (measured != nullptr)
    std::printf("accuracy over %u images: float %.2f %%, int8 %.2f %%, loss %.2f points\n",
                measured->real.total, measured->real.percent(), measured->integer.percent(),
                measured->loss());
}

void print_json(const Arguments& arguments, const model::QuantizedModel& quantized,
                const Accuracies* measured) {
  Json tensors = Json::array();
  for (const auto& tensor : quantized.activations)
    tensors.push_back({{"name", tensor.name},
                       {"low", tensor.range.low},
                       {"high", tensor.range.high},
                       {"scale", tensor.scale},
                       {"zero_point", tensor.zero_point}});
  Json json = {{"output", arguments.output},
               {"bytes", quantized.onnx.size()},
               {"samples", arguments.samples},
               {"activations", tensors}};
  if (measured != nullptr)
    json["accuracy"] = {{"images", measured->real.total},
                        {"float_percent", measured->real.percent()},
                        {"int8_percent", measured->integer.percent()},
                        {"loss_points", measured->loss()}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

Status run(const Arguments& arguments, const Session& session) {
  TRY(check_pass_name(arguments.dump));
  const std::vector<u8> onnx = TRY(support::read_file(arguments.input));
  const model::Dataset training = TRY(open_dataset(arguments.dataset, model::Split::train));
  const u32 count = std::min(arguments.samples, training.count);
  const model::Samples samples{count, [&](u32 index) { return training.input(index); }};
  model::CalibrationOptions how;
  how.method =
      arguments.method == "minmax" ? model::CalibrationMethod::min_max : model::CalibrationMethod::percentile;
  how.percentile = arguments.percentile;
  model::CompileOptions options;
  options.observer = dump_after(arguments.dump);
  auto quantized = model::quantize_model(onnx, samples, how, options);
  if (!quantized.ok()) return quantized.take_error().in(arguments.input);
  TRY(support::write_file(arguments.output, quantized->onnx));
  Accuracies measured;
  if (arguments.evaluate) measured = TRY(measure(arguments, onnx, *quantized));
  const Accuracies* shown = arguments.evaluate ? &measured : nullptr;
  (session.output == Output::json ? print_json : print_table)(arguments, *quantized, shown);
  return {};
}

}  // namespace

void register_model_quantize(CLI::App& parent, Session& session) {
  CLI::App* command =
      parent.add_subcommand("quantize", "float ONNX to int8: static, per channel, calibrated");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->input, "float ONNX file")->required();
  command->add_option("-o,--out", arguments->output, "ONNX file to write, in QDQ convention")->required();
  add_dataset_options(*command, arguments->dataset, "--calibrate,--dataset");
  command->add_option("--samples", arguments->samples, "training images to calibrate on")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--method", arguments->method, "how ranges are taken from what was seen")
      ->capture_default_str()
      ->check(CLI::IsMember({"percentile", "minmax"}));
  command->add_option("--percentile", arguments->percentile, "of values kept within the range")
      ->capture_default_str();
  command->add_flag("--evaluate", arguments->evaluate,
                    "measure accuracy over the test images, float and int8");
  command->add_option("--test-images", arguments->test_images, "IDX file for --evaluate");
  command->add_option("--test-labels", arguments->test_labels, "IDX file for --evaluate");
  command->add_option("--dump-after", arguments->dump, "print the graph after a pass, or \"all\"");
  set_action(*command, session,
             "pipit model quantize fashion.onnx --calibrate=fashion-mnist --evaluate -o fashion.int8.onnx",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
