// pipit model: import, quantise, plan and try models.
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <thread>

#include "cli/end_on_interrupt.h"
#include "cli/model_common.h"
#include "nn/format.h"
#include "support/files.h"
#include "support/path.h"

namespace pipit::cli {

using support::Error;
using support::Result;
using support::Status;

void add_dataset_options(CLI::App& command, DatasetArguments& arguments, const std::string& name_flags) {
  command.add_option(name_flags, arguments.name, "data set of this machine by name: fashion-mnist");
  command.add_option("--images", arguments.images, "images as an IDX file, plain or gzipped");
  command.add_option("--labels", arguments.labels, "their labels as an IDX file");
  command.add_option("--mean", arguments.mean, "of pixel / 255, subtracted from it")->capture_default_str();
  command.add_option("--std", arguments.deviation, "standard deviation it is divided by")
      ->capture_default_str();
}

Result<model::Dataset> open_dataset(const DatasetArguments& arguments, model::Split split) {
  if (!arguments.name.empty()) return model::read_dataset(TRY(model::find_dataset(arguments.name, split)));
  if (arguments.images.empty())
    return Error(
        Code::invalid_argument,
        "no samples; give --dataset=fashion-mnist, or --images and --labels, or where it is taken --npy");
  return model::read_dataset({arguments.images, arguments.labels, arguments.mean, arguments.deviation});
}

bool is_planned(Bytes file) {
  u32 magic = 0;
  if (file.size() >= sizeof magic) std::memcpy(&magic, file.data(), sizeof magic);
  return magic == nn::format::kMagic;
}

model::CompileOptions options_for(const std::string& path) {
  model::CompileOptions options;
  options.folder = support::folder_of(path);
  return options;
}

Result<std::vector<u8>> load_planned(const std::string& path) {
  std::vector<u8> file = TRY(support::read_file(path));
  if (is_planned(file)) {
    const auto loaded = nn::PlannedModel::load(file);
    if (!loaded.ok()) return Error(loaded.error()).in(path);
    return file;
  }
  auto compiled = model::compile_model(file, options_for(path));
  if (!compiled.ok()) return compiled.take_error().in(path);
  return std::move(compiled->pipm);
}

Status check_pass_name(const std::string& name) {
  std::string known = "all, import, quantize";
  bool found = name.empty() || name == "all" || name == "import" || name == "quantize";
  for (const auto passes : {model::canonical_passes(), model::lowering_passes()})
    for (const model::Pass& pass : passes) {
      found = found || name == pass.name;
      known += std::string(", ") + pass.name;
    }
  if (found) return {};
  return Error(Code::invalid_argument, "no pass '" + name + "'; there are " + known);
}

model::PassObserver dump_after(const std::string& name) {
  if (name.empty()) return {};
  return [name](const char* pass, const model::Graph& graph) {
    if (name == "all" || name == pass) std::printf("; after %s\n%s", pass, model::print(graph).c_str());
  };
}

Result<model::Accuracy> accuracy(const char* label, Bytes file, const model::Dataset& dataset, u32 count) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto progress = [&](u32 done) {
    if (terminal && done % 100 == 0) std::fprintf(stderr, "\r%s: %u of %u images", label, done, count);
    return !interrupted();
  };
  auto measured = model::evaluate(file, dataset, count, std::thread::hardware_concurrency(), progress);
  if (terminal) std::fprintf(stderr, "\r\033[K");
  return measured;
}

Result<u32> parse_bytes(const std::string& text) {
  u64 value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  if (unit == "K" || unit == "KiB") value *= 1024;
  if (unit == "M" || unit == "MiB") value *= u64{1024} * 1024;
  const bool known = unit.empty() || unit == "K" || unit == "KiB" || unit == "M" || unit == "MiB";
  if (failure != std::errc() || !known || value == 0 || value >= 0x80000000u)
    return Error(Code::invalid_argument, "'" + text + "' is no number of bytes; use 65536, 64K or 1M");
  return static_cast<u32>(value);
}

void add_threads_option(CLI::App& command, u32& threads) {
  command.add_option("--threads", threads, "threads that share an inference; the results are the same")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
}

std::string decimals(f64 value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string shape_text(const nn::TensorInfo& info) {
  const model::Shape shape(info.dims.begin(), info.dims.begin() + info.rank);
  return std::string(model::dtype_name(info.dtype)) + "[" + model::to_string(shape) + "]";
}

void set_action(CLI::App& command, Session& session, const char* example, std::function<Status()> run) {
  command.footer(std::string("example: ") + example);
  add_output(command, session);
  command.callback([run = std::move(run), &session] {
    end_on_interrupt();
    const Status done = run();
    if (!done.ok()) session.exit_code = fail(done.error());
    if (interrupted()) session.exit_code = 130;
  });
}

void register_model(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand("model", "import, quantise, plan and try models");
  command->require_subcommand(1);
  command->footer(
      "example: pipit model quantize fashion.onnx --calibrate=fashion-mnist -o fashion.int8.onnx");
  // The subcommands leave these two to their parent, wherever they stand.
  add_extension_options(*command);
  command->fallthrough();
  register_model_info(*command, session);
  register_model_quantize(*command, session);
  register_model_plan(*command, session);
  register_model_compile(*command, session);
  register_model_run(*command, session);
  register_model_profile(*command, session);
  register_model_bench(*command, session);
}

support::Result<std::array<f32, 3>> parse_colours(const std::string& text, f32 fallback) {
  std::array<f32, 3> values{fallback, fallback, fallback};
  if (text.empty()) return values;
  std::istringstream in(text);
  std::vector<f32> parsed;
  for (std::string part; std::getline(in, part, ',');) {
    char* end = nullptr;
    parsed.push_back(std::strtof(part.c_str(), &end));
    if (part.empty() || *end != 0 || !std::isfinite(parsed.back())) parsed.clear();
    if (parsed.empty()) break;
  }
  if (parsed.size() != 1 && parsed.size() != 3)
    return support::Error(Code::invalid_argument,
                          "'" + text + "' is neither one number nor three for red, green and blue");
  for (usize i = 0; i < 3; ++i) values[i] = parsed[parsed.size() == 1 ? 0 : i];
  return values;
}

support::Result<std::vector<std::string>> read_labels(const std::string& path) {
  std::vector<std::string> labels;
  if (path.empty()) return labels;
  const std::vector<u8> file = TRY(support::read_file(path));
  std::istringstream in(std::string(file.begin(), file.end()));
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    labels.push_back(line);
  }
  return labels;
}

}  // namespace pipit::cli
