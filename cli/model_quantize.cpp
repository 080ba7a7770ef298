// pipit model quantize: a float model to signed int8, static (ONNX's QDQ convention) or dynamic (.pipm).
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/endian.h"
#include "cli/model_common.h"
#include "cli/progress.h"
#include "compiler/model/npy.h"
#include "compiler/model/sensitivity.h"
#include "support/files.h"
#include "support/table.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Json;
using support::Result;
using support::Status;

struct Arguments {
  std::string input, output, dump, npy;
  DatasetArguments dataset;
  std::string test_images, test_labels;
  u32 samples = 200;
  std::string method = "percentile";
  f64 percentile = 99.99;
  bool evaluate = false, dynamic = false, analyse = false, no_bias_correction = false;
  f64 target = 0, mixed = 0;  // percent; 0 = none
};

struct Accuracies {
  model::Accuracy real, integer;
  f64 loss() const { return real.percent() - integer.percent(); }
};

/// Everything the command found out.
struct Outcome {
  std::vector<u8> file;
  std::vector<model::TensorRange> activations;
  std::vector<model::LayerLoss> losses;
  std::vector<std::string> kept;  // layers that stayed float
  std::optional<Accuracies> measured;
};

Result<model::Dataset> test_set(const Arguments& arguments) {
  if (!arguments.dataset.name.empty()) return open_dataset(arguments.dataset, model::Split::test);
  if (arguments.test_images.empty())
    return Error(Code::invalid_argument, "accuracy needs --dataset, or --test-images and --test-labels");
  return model::read_dataset(
      {arguments.test_images, arguments.test_labels, arguments.dataset.mean, arguments.dataset.deviation});
}

/// Samples from an array whose first axis counts them.
Result<model::Samples> npy_samples(const Arguments& arguments) {
  auto read = model::read_npy(TRY(support::read_file(arguments.npy)));
  if (!read.ok()) return read.take_error().in(arguments.npy);
  const model::Array array = *std::move(read);
  if (array.dtype != DType::f32 || array.shape.empty() || array.shape[0] < 1)
    return Error(Code::invalid_argument,
                 arguments.npy + ": needs float elements, the first axis counting samples");
  const usize each = array.data.size() / 4 / static_cast<usize>(array.shape[0]);
  const u32 count = static_cast<u32>(std::min<i64>(array.shape[0], arguments.samples));
  return model::Samples{count, [array, each](u32 index) {
                          std::vector<f32> sample;
                          for (usize i = 0; i < each; ++i)
                            sample.push_back(load_le<f32>(&array.data[(index * each + i) * 4]));
                          return sample;
                        }};
}

/// `samples`, which say in `progress` which of them is looked at.
model::Samples shown(const model::Samples& samples, ProgressLine& progress) {
  if (!progress.shown()) return samples;
  return {samples.count, [samples, &progress](u32 index) {
            if (index % 10 == 0)
              progress.say("sample " + std::to_string(index + 1) + " of " + std::to_string(samples.count));
            return samples.at(index);
          }};
}

Result<model::Samples> calibration_samples(const Arguments& arguments) {
  if (!arguments.npy.empty()) return npy_samples(arguments);
  auto training = std::make_shared<model::Dataset>(TRY(open_dataset(arguments.dataset, model::Split::train)));
  const u32 count = std::min(arguments.samples, training->count);
  return model::Samples{count, [training](u32 index) { return training->input(index); }};
}

model::CalibrationOptions calibration_options(const Arguments& arguments) {
  model::CalibrationOptions how;
  how.method = arguments.method == "minmax"    ? model::CalibrationMethod::min_max
               : arguments.method == "entropy" ? model::CalibrationMethod::entropy
                                               : model::CalibrationMethod::percentile;
  how.percentile = arguments.percentile;
  return how;
}

Result<model::Accuracy> accuracy_of(const char* label, Bytes model_file, const model::Dataset& test,
                                    const std::string& folder = "") {
  model::CompileOptions compile;
  compile.folder = folder;
  const auto compiled = TRY(model::compile_model(model_file, compile));
  return accuracy(label, compiled.pipm, test, test.count);
}

Error target_missed(f64 target, const char* what, f64 reached) {
  return Error(Code::invalid_argument, "the accuracy target of " + decimals(target, 2) +
                                           " % cannot be met: " + what + " reaches " + decimals(reached, 2) +
                                           " %; nothing was written");
}

/// Keeps the layers that lose most in float, one more at a time, until the target holds.
Status search_mixed(const Arguments& arguments, Bytes onnx, const model::CalibratedModel& calibrated,
                    model::QuantizeOptions options, const model::CompileOptions& compile, Outcome& outcome) {
  const model::Dataset test = TRY(test_set(arguments));
  Accuracies measured;
  measured.real = TRY(accuracy_of("float", onnx, test, compile.folder));
  if (measured.real.percent() < arguments.mixed)
    return target_missed(arguments.mixed, "the float model", measured.real.percent());
  for (usize kept = 0;; ++kept) {
    auto quantized = TRY(model::quantize_calibrated(calibrated, options, compile));
    const std::string label =
        "int8, " + std::to_string(kept) + (kept == 1 ? " layer float" : " layers float");
    measured.integer = TRY(accuracy_of(label.c_str(), quantized.onnx, test));
    outcome.measured = measured;
    outcome.file = std::move(quantized.onnx);
    outcome.activations = std::move(quantized.activations);
    if (measured.integer.percent() >= arguments.mixed) return {};
    if (kept == outcome.losses.size())
      return target_missed(arguments.mixed, "the model with every layer in float and int8 between them",
                           measured.integer.percent());
    outcome.kept.push_back(outcome.losses[kept].node);
    options.keep_float.insert(outcome.losses[kept].node);
  }
}

Result<Outcome> quantize_static(const Arguments& arguments, Bytes onnx,
                                const model::CompileOptions& compile) {
  constexpr u32 kAnalysedSamples = 16;
  ProgressLine progress;
  const model::Samples samples = shown(TRY(calibration_samples(arguments)), progress);
  const auto calibrated = TRY(model::calibrate_model(onnx, samples, calibration_options(arguments), compile));
  model::QuantizeOptions options;
  options.bias_correction = !arguments.no_bias_correction;
  Outcome outcome;
  if (arguments.analyse || arguments.mixed > 0)
    outcome.losses = TRY(
        model::analyse_layers(calibrated.graph, calibrated.calibration, samples, options, kAnalysedSamples));
  progress.clear();
  if (arguments.mixed > 0) {
    TRY(search_mixed(arguments, onnx, calibrated, options, compile, outcome));
    return outcome;
  }
  auto quantized = TRY(model::quantize_calibrated(calibrated, options, compile));
  outcome.file = std::move(quantized.onnx);
  outcome.activations = std::move(quantized.activations);
  if (arguments.evaluate || arguments.target > 0) {
    const model::Dataset test = TRY(test_set(arguments));
    outcome.measured = Accuracies{TRY(accuracy_of("float", onnx, test, compile.folder)),
                                  TRY(accuracy_of("int8", outcome.file, test))};
  }
  return outcome;
}

Result<Outcome> quantize_dynamic(const Arguments& arguments, Bytes file, model::CompileOptions compile) {
  if (!arguments.output.ends_with(".pipm"))
    return Error(Code::invalid_argument,
                 "a dynamically quantised model is written as a planned model; give -o FILE.pipm");
  if (arguments.analyse || arguments.mixed > 0)
    return Error(Code::invalid_argument, "--analyse and --mixed work on static quantisation");
  compile.dynamic = true;
  Outcome outcome;
  outcome.file = TRY(model::compile_model(file, compile)).pipm;
  if (arguments.evaluate || arguments.target > 0) {
    const model::Dataset test = TRY(test_set(arguments));
    const model::Accuracy real = TRY(accuracy_of("float", file, test, compile.folder));
    outcome.measured = Accuracies{real, TRY(accuracy("dynamic int8", outcome.file, test, test.count))};
  }
  return outcome;
}

void print_table(const Arguments& arguments, const Outcome& outcome) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& tensor : outcome.activations)
    rows.push_back({tensor.name, decimals(tensor.range.low, 4), decimals(tensor.range.high, 4),
                    decimals(tensor.scale, 6), std::to_string(tensor.zero_point)});
  if (!rows.empty())
    std::printf("%s", support::format_table({"tensor", "low", "high", "scale", "zero point"}, rows,
                                            {false, true, true, true, true})
                          .c_str());
  rows.clear();
  for (const auto& loss : outcome.losses)
    rows.push_back(
        {loss.node, std::isfinite(loss.signal_to_noise_db) ? decimals(loss.signal_to_noise_db, 1) : "exact"});
  if (!rows.empty())
    std::printf(
        "%s",
        support::format_table({"layer, alone in int8", "signal to noise, dB"}, rows, {false, true}).c_str());
  for (const std::string& name : outcome.kept) std::printf("kept in float: %s\n", name.c_str());
  std::printf("wrote %s (%s)", arguments.output.c_str(), support::human_bytes(outcome.file.size()).c_str());
  if (arguments.dynamic)
    std::printf(", activations quantised at run time\n");
  else
    std::printf(", calibrated on up to %u samples\n", arguments.samples);
  if (outcome.measured)
    std::printf("accuracy over %u images: float %.2f %%, int8 %.2f %%, loss %.2f points\n",
                outcome.measured->real.total, outcome.measured->real.percent(),
                outcome.measured->integer.percent(), outcome.measured->loss());
}

void print_json(const Arguments& arguments, const Outcome& outcome) {
  Json tensors = Json::array(), losses = Json::array();
  for (const auto& tensor : outcome.activations)
    tensors.push_back({{"name", tensor.name},
                       {"low", tensor.range.low},
                       {"high", tensor.range.high},
                       {"scale", tensor.scale},
                       {"zero_point", tensor.zero_point}});
  for (const auto& loss : outcome.losses)
    losses.push_back(
        {{"layer", loss.node},
         {"signal_to_noise_db",
          std::isfinite(loss.signal_to_noise_db) ? Json(loss.signal_to_noise_db) : Json(nullptr)}});
  Json json = {{"output", arguments.output},
               {"bytes", outcome.file.size()},
               {"samples", arguments.samples},
               {"activations", tensors}};
  if (!outcome.losses.empty()) json["layers"] = losses;
  if (!outcome.kept.empty()) json["kept_float"] = outcome.kept;
  if (outcome.measured)
    json["accuracy"] = {{"images", outcome.measured->real.total},
                        {"float_percent", outcome.measured->real.percent()},
                        {"int8_percent", outcome.measured->integer.percent()},
                        {"loss_points", outcome.measured->loss()}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

Status run(const Arguments& arguments, const Session& session) {
  TRY(check_pass_name(arguments.dump));
  const std::vector<u8> file = TRY(support::read_file(arguments.input));
  model::CompileOptions compile = options_for(arguments.input);
  compile.observer = dump_after(arguments.dump);
  auto outcome = arguments.dynamic ? quantize_dynamic(arguments, file, compile)
                                   : quantize_static(arguments, file, compile);
  if (!outcome.ok()) return outcome.take_error().in(arguments.input);
  if (arguments.target > 0 && outcome->measured->integer.percent() < arguments.target)
    return target_missed(arguments.target, "the int8 model", outcome->measured->integer.percent())
        .in(arguments.input);
  TRY(support::write_file(arguments.output, outcome->file));
  (session.output == Output::json ? print_json : print_table)(arguments, *outcome);
  return {};
}

}  // namespace

void register_model_quantize(CLI::App& parent, Session& session) {
  CLI::App* command =
      parent.add_subcommand("quantize", "float to int8: static (calibrated, per channel) or dynamic");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->input, "float ONNX file; dynamic also TensorFlow Lite")->required();
  command->add_option("-o,--out", arguments->output, "file to write: ONNX in QDQ convention, dynamic a .pipm")
      ->required();
  command->add_flag("--dynamic", arguments->dynamic,
                    "int8 weights, activations quantised while the model runs");
  add_dataset_options(*command, arguments->dataset, "--calibrate,--dataset");
  command->add_option("--npy", arguments->npy, "calibrate on a .npy array of float samples instead");
  command->add_option("--samples", arguments->samples, "samples to calibrate on")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--method", arguments->method, "how ranges are taken from what was seen")
      ->capture_default_str()
      ->check(CLI::IsMember({"percentile", "minmax", "entropy"}));
  command->add_option("--percentile", arguments->percentile, "of values kept within the range")
      ->capture_default_str();
  command->add_flag("--no-bias-correction", arguments->no_bias_correction,
                    "leave the mean error of rounded weights in the biases");
  command->add_flag("--analyse,--analyze", arguments->analyse,
                    "list the layers that lose most, each alone in int8");
  command
      ->add_option("--mixed", arguments->mixed,
                   "keep the layers that lose most in float until this accuracy holds, in percent")
      ->check(CLI::Range(0.0, 100.0));
  command->add_option("--target", arguments->target, "write nothing below this accuracy, in percent")
      ->check(CLI::Range(0.0, 100.0));
  command->add_flag("--evaluate", arguments->evaluate,
                    "measure accuracy over the test images, float and int8");
  command->add_option("--test-images", arguments->test_images, "IDX file for accuracy");
  command->add_option("--test-labels", arguments->test_labels, "IDX file for accuracy");
  command->add_option("--dump-after", arguments->dump, "print the graph after a pass, or \"all\"");
  set_action(*command, session,
             "pipit model quantize fashion.onnx --calibrate=fashion-mnist --evaluate -o fashion.int8.onnx",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
