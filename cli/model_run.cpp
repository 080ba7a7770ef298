// pipit model run: inferences on pictures, sound, arrays or raw elements, or accuracy over a data set.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "cli/model_common.h"
#include "cli/model_dynamic.h"
#include "compiler/model/input_file.h"
#include "compiler/model/npy.h"
#include "compiler/model/team.h"
#include "support/files.h"
#include "support/unfinished.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Json;
using support::Result;
using support::Status;

struct Arguments {
  std::string model, output, fit = "crop", mean, deviation;
  std::vector<std::string> inputs;
  std::vector<std::string> output_values;  // --output: a format or a file
  DatasetArguments dataset;
  u32 index = 0;
  bool indexed = false, signed_pixels = false;
  u32 count = 0, top = 5, threads = 1;
};

Result<model::InputOptions> input_options(const Arguments& arguments) {
  model::InputOptions options;
  options.fit = arguments.fit == "stretch" ? model::Fit::stretch : model::Fit::crop;
  options.signed_bytes = arguments.signed_pixels;
  options.normalised = !arguments.mean.empty() || !arguments.deviation.empty();
  options.mean = TRY(parse_colours(arguments.mean, 0));
  options.deviation = TRY(parse_colours(arguments.deviation, 1));
  for (f32 deviation : options.deviation)
    if (!(deviation > 0)) return Error(Code::invalid_argument, "the standard deviation must be positive");
  return options;
}

std::string label_of(const std::vector<std::string>& labels, u32 index) {
  return index < labels.size() ? labels[index] : "";
}

/// Indices of the `top` largest values, largest first.
std::vector<u32> largest(const std::vector<f32>& values, u32 top) {
  std::vector<u32> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  const usize count = std::min<usize>(top, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](u32 a, u32 b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  order.resize(count);
  return order;
}

struct Printed {
  std::vector<std::string> labels;
  i32 expected = -1;
  u32 top = 5;
};

Json result_json(const nn::TensorInfo& info, const std::vector<f32>& values, const Printed& how) {
  Json json = {{"type", shape_text(info)}, {"values", values}};
  if (!values.empty()) {
    const u32 best = largest(values, 1)[0];
    json["argmax"] = best;
    if (const auto label = label_of(how.labels, best); !label.empty()) json["label"] = label;
  }
  if (how.expected >= 0) json["expected"] = how.expected;
  return json;
}

void print_text(const nn::TensorInfo& info, const std::vector<f32>& values, const Printed& how) {
  if (!how.labels.empty()) {
    for (u32 index : largest(values, how.top))
      std::printf("  %9.5f  %4u  %s\n", static_cast<f64>(values[index]), index,
                  label_of(how.labels, index).c_str());
    return;
  }
  std::printf("%s:", shape_text(info).c_str());
  for (usize i = 0; i < std::min<usize>(values.size(), 16); ++i)
    std::printf(" %g", static_cast<f64>(values[i]));
  std::printf("%s\nargmax %u", values.size() > 16 ? " …" : "", values.empty() ? 0 : largest(values, 1)[0]);
  if (how.expected >= 0) std::printf(", labelled %d", how.expected);
  std::printf("\n");
}

/// What --output FILE collects: every output of every sample.
class OutputFile {
 public:
  OutputFile(std::string path, const nn::PlannedModel& model) : path_(std::move(path)), model_(model) {}

  void add(const model::Session& session) {
    if (path_.empty()) return;
    ++samples_;
    data_.resize(is_npy() ? model_.output_count() : 1);
    for (u32 i = 0; i < model_.output_count(); ++i) {
      const Bytes bytes = session.output(i);
      auto& to = data_[is_npy() ? i : 0];
      to.insert(to.end(), bytes.begin(), bytes.end());
    }
  }

  /// One file; with several outputs one .npy each, the output's number before the extension.
  Status write() const {
    if (path_.empty()) return {};
    const support::Unfinished until_all_are_there;
    if (!is_npy()) return support::write_file(path_, data_[0]);
    for (u32 i = 0; i < model_.output_count(); ++i) {
      const nn::TensorInfo info = model_.output(i);
      model::Array array{info.dtype, {static_cast<i64>(samples_)}, data_[i]};
      const bool leading_one = info.rank > 0 && info.dims[0] == 1;  // the batch
      for (u32 axis = leading_one ? 1 : 0; axis < info.rank; ++axis) array.shape.push_back(info.dims[axis]);
      std::string path = path_;
      if (model_.output_count() > 1) path.insert(path.size() - 4, "." + std::to_string(i));
      TRY(support::write_file(path, model::write_npy(array)));
    }
    return {};
  }

 private:
  bool is_npy() const { return path_.ends_with(".npy"); }
  std::string path_;
  const nn::PlannedModel& model_;
  u64 samples_ = 0;
  std::vector<std::vector<u8>> data_;
};

Status run_file(const Arguments& arguments, const Session& session, Bytes file) {
  if (arguments.inputs.size() > 1)
    return Error(Code::invalid_argument, "a model with a fixed plan reads all inputs from one file");
  model::ThreadTeam team(arguments.threads);
  model::Session inference = TRY(model::Session::create(file, nn::fast_kernels(), &team));
  const nn::PlannedModel& model = inference.model();
  const auto samples = TRY(model::read_samples(arguments.inputs[0], model, TRY(input_options(arguments))));
  const Printed how{TRY(read_labels(arguments.dataset.labels)), -1, arguments.top};
  OutputFile output(arguments.output, model);
  Json all = Json::array();
  for (usize n = 0; n < samples.size(); ++n) {
    std::vector<Bytes> inputs;
    Bytes rest(samples[n]);
    for (u32 i = 0; i < model.input_count(); ++i) {
      inputs.push_back(rest.first(model.input(i).bytes));
      rest = rest.subspan(inputs.back().size());
    }
    TRY(inference.run_all(inputs));
    output.add(inference);
    if (session.output != Output::json && samples.size() > 1) std::printf("sample %zu\n", n);
    for (u32 i = 0; i < model.output_count(); ++i) {
      const auto values = model::real_values(model.output(i), inference.output(i));
      if (session.output == Output::json)
        all.push_back(result_json(model.output(i), values, how));
      else
        print_text(model.output(i), values, how);
    }
  }
  if (session.output == Output::json)
    std::printf("%s\n", support::dump(all.size() == 1 ? all[0] : all, 2).c_str());
  return output.write();
}

Status run_image(const Arguments& arguments, const Session& session, Bytes file) {
  const model::Dataset dataset = TRY(open_dataset(arguments.dataset, model::Split::test));
  if (arguments.index >= dataset.count)
    return Error(Code::out_of_range, "--index " + std::to_string(arguments.index) + " of " +
                                         std::to_string(dataset.count) + " images");
  model::ThreadTeam team(arguments.threads);
  model::Session inference = TRY(model::Session::create(file, nn::fast_kernels(), &team));
  const Bytes output = TRY(inference.run(std::span<const f32>(dataset.input(arguments.index))));
  Printed how;
  how.expected = dataset.labels.empty() ? -1 : dataset.labels[arguments.index];
  const nn::TensorInfo info = inference.model().output(0);
  const auto values = model::real_values(info, output);
  const u32 best = model::argmax(info, output);
  const auto names =
      arguments.dataset.name == "fashion-mnist" ? model::fashion_labels() : std::span<const char* const>{};
  if (session.output == Output::json) {
    Json json = result_json(info, values, how);
    if (best < names.size()) json["label"] = names[best];
    std::printf("%s\n", support::dump(json, 2).c_str());
  } else {
    print_text(info, values, how);
    if (best < names.size()) std::printf("%s\n", names[best]);
  }
  OutputFile written(arguments.output, inference.model());
  written.add(inference);
  return written.write();
}

Status run_all(const Arguments& arguments, const Session& session, Bytes file) {
  const model::Dataset dataset = TRY(open_dataset(arguments.dataset, model::Split::test));
  const u32 count = arguments.count == 0 ? dataset.count : std::min(arguments.count, dataset.count);
  const model::Accuracy measured = TRY(accuracy("images", file, dataset, count));
  if (session.output == Output::json)
    std::printf("%s\n", support::dump({{"images", measured.total},
                                       {"right", measured.right},
                                       {"accuracy_percent", measured.percent()}},
                                      2)
                            .c_str());
  else
    std::printf("%u of %u images right: %.2f %%\n", measured.right, measured.total, measured.percent());
  return {};
}

Status run_dynamic(const Arguments& arguments, const Session& session, model::DynamicModel model) {
  if (arguments.inputs.empty())
    return Error(
        Code::invalid_argument,
        "inputs decide the shapes of this model; give --input FILE for each, .npy or ONNX tensor .pb");
  const auto outputs = TRY(model.run(TRY(dynamic_inputs(model, arguments.inputs))));
  const Printed how{TRY(read_labels(arguments.dataset.labels)), -1, arguments.top};
  Json all = Json::array();
  for (const model::HostValue& value : outputs) {
    if (session.output == Output::json)
      all.push_back(result_json(info_of(value), numbers_of(value), how));
    else
      print_text(info_of(value), numbers_of(value), how);
  }
  if (session.output == Output::json)
    std::printf("%s\n", support::dump(all.size() == 1 ? all[0] : all, 2).c_str());
  return write_outputs(arguments.output, outputs);
}

/// --output is a format or a file; both may be given.
void sort_outputs(Arguments& arguments, Session& session) {
  for (const std::string& value : arguments.output_values) {
    if (value == "json" || value == "table")
      session.output = value == "json" ? Output::json : Output::table;
    else
      arguments.output = value;
  }
}

Status run(Arguments& arguments, Session& session) {
  sort_outputs(arguments, session);
  auto loaded = load_planned(arguments.model);
  if (!loaded.ok())
    return run_dynamic(arguments, session, TRY(load_dynamic(arguments.model, loaded.take_error())));
  const std::vector<u8>& file = *loaded;
  if (!arguments.inputs.empty()) return run_file(arguments, session, file);
  if (!arguments.dataset.given())
    return Error(Code::invalid_argument, "nothing to run on; give --input FILE, --dataset or --images");
  return arguments.indexed ? run_image(arguments, session, file) : run_all(arguments, session, file);
}

}  // namespace

void register_model_run(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand("run", "inferences on a file, or accuracy over a data set");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->model, ".onnx, .tflite or .pipm")->required();
  command->add_option(
      "--input", arguments->inputs,
      "PNG, JPEG, BMP, WAV, .npy, ONNX tensor .pb or raw little-endian elements; several samples "
      "in one file run one by one; of a model whose shapes inputs decide .npy or .pb, one for every input");
  add_threads_option(*command, arguments->threads);
  command->add_option("-o,--out", arguments->output, "file for all outputs, raw, or .npy by its name");
  command->add_option("--fit", arguments->fit, "how a picture gets the input's aspect")
      ->capture_default_str()
      ->check(CLI::IsMember({"crop", "stretch"}));
  command->add_option(
      "--pixel-mean", arguments->mean,
      "of pixel / 255, one number or three: the input is (pixel / 255 - mean) / std; without it a "
      "float input is pixel / 255, an integer input the pixel (int8: less 128)");
  command->add_option("--pixel-std", arguments->deviation, "the standard deviation it is divided by");
  command->add_flag("--signed-pixels", arguments->signed_pixels,
                    "the picture stores int8 bytes, as the test pictures of TensorFlow Lite Micro do");
  command->add_option("--top", arguments->top, "classes to print with --labels")->capture_default_str();
  add_dataset_options(*command, arguments->dataset, "--dataset");
  command->get_option("--labels")
      ->description("with --input a text file, one name a line; of a data set an IDX file");
  const auto* index = command->add_option("--index", arguments->index, "only this image of the data set");
  command->add_option("--count", arguments->count, "only the first images of the data set");
  set_action(
      *command, session,
      "pipit model run mobilenet.tflite --input cat.png --labels imagenet_labels.txt --output scores.npy",
      [arguments, index, &session] {
        arguments->indexed = index->count() > 0;
        return run(*arguments, session);
      });
  // In place of the common option: here it may name a file as well.
  command->remove_option(command->get_option("--output"));
  command->add_option("--output", arguments->output_values,
                      "table, json, or a file for all outputs as --out");
}

}  // namespace pipit::cli
