#pragma once
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "compiler/model/compiler.h"
#include "compiler/model/dataset.h"
#include "compiler/model/evaluate.h"
#include "support/json.h"

/// What the subcommands of `pipit model` share.
namespace pipit::cli {

/// Data set options: --dataset=NAME, or files with their normalisation.
struct DatasetArguments {
  std::string name, images, labels;
  f32 mean = 0, deviation = 1;
  bool given() const { return !name.empty() || !images.empty(); }
};
void add_dataset_options(CLI::App& command, DatasetArguments& arguments, const std::string& name_flags);
support::Result<model::Dataset> open_dataset(const DatasetArguments& arguments, model::Split split);

/// Bytes of a planned model from a .pipm or .onnx file, whatever its name; other bytes are taken as ONNX.
support::Result<std::vector<u8>> load_planned(const std::string& path);
bool is_planned(Bytes file);
/// Options to compile the model at `path`, which may keep tensors in files beside it.
model::CompileOptions options_for(const std::string& path);

/// Prints the graph after the pass `name`, or after every pass for "all"; nothing for "".
model::PassObserver dump_after(const std::string& name);
/// invalid_argument, with all names, when there is no such pass.
support::Status check_pass_name(const std::string& name);

/// Accuracy with a progress line on a terminal's standard error.
support::Result<model::Accuracy> accuracy(const char* label, Bytes file, const model::Dataset& dataset,
                                          u32 count);

/// "65536", "64K", "1M" as bytes; invalid_argument for anything else.
support::Result<u32> parse_bytes(const std::string& text);

/// "0.5" or "0.485,0.456,0.406"; empty is `fallback` three times. invalid_argument for anything else.
support::Result<std::array<f32, 3>> parse_colours(const std::string& text, f32 fallback);
/// One name a line; none for "".
support::Result<std::vector<std::string>> read_labels(const std::string& path);

/// Adds --threads: how many share an inference, 1 unless said.
void add_threads_option(CLI::App& command, u32& threads);

/// "%.*f"
std::string decimals(f64 value, int digits);
std::string shape_text(const nn::TensorInfo& info);

/// Adds `command` with an example under --help and --output; `run` prints and returns an error or nothing.
void set_action(CLI::App& command, Session& session, const char* example,
                std::function<support::Status()> run);

/// Adds --operators and --target, which take effect before any subcommand runs.
void add_extension_options(CLI::App& command);
/// Of --target; nullptr without it.
const model::Target* chosen_target();

void register_model_compile(CLI::App& parent, Session& session);
void register_model_info(CLI::App& parent, Session& session);
void register_model_quantize(CLI::App& parent, Session& session);
void register_model_plan(CLI::App& parent, Session& session);
void register_model_run(CLI::App& parent, Session& session);
void register_model_profile(CLI::App& parent, Session& session);
void register_model_bench(CLI::App& parent, Session& session);

}  // namespace pipit::cli
