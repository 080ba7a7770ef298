// pipit model compile: a model ahead of time, as C that needs nothing of Pipit, as a Wasm module, or as a web
// page.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>

#include "cli/model_web.h"
#include "cli/progress.h"
#include "compiler/model/emit_c/emit_c.h"
#include "compiler/model/emit_wasm/emit_wasm.h"
#include "support/files.h"
#include "support/unfinished.h"

namespace pipit::cli {
namespace {

using support::Error;
using support::Json;
using support::Result;
using support::Status;

struct Arguments {
  std::string input, output, name, arena_limit, emit = "c";
  bool integer_io = false;
  WebArguments web;
};

/// A C identifier from a file's name: "kws_ref_model.tflite" → "kws_ref_model".
std::string name_from(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  name = name.substr(0, name.find('.'));
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<u8>(c)) == 0; }, '_');
  return name.empty() || std::isdigit(static_cast<u8>(name[0])) != 0 ? "model_" + name : name;
}

Result<std::vector<u8>> planned(const Arguments& arguments, ProgressLine& progress) {
  std::vector<u8> file = TRY(support::read_file(arguments.input));
  const u32 limit = arguments.arena_limit.empty() ? 0 : TRY(parse_bytes(arguments.arena_limit));
  if (is_planned(file)) {
    const auto planned = nn::PlannedModel::load(file);
    if (!planned.ok()) return Error(planned.error()).in(arguments.input);
    if (limit != 0 && planned->arena_bytes() > limit)
      return Error(Code::out_of_range, arguments.input + ": is planned already, for " +
                                           std::to_string(planned->arena_bytes()) + " bytes of activations");
    return file;
  }
  model::CompileOptions options = options_for(arguments.input);
  options.name = arguments.name;
  options.integer_io = arguments.integer_io;
  options.target = chosen_target();
  if (limit != 0) options.arena_limit = limit;
  options.observer = progress.passes({});
  auto compiled = model::compile_model(file, options);
  if (!compiled.ok()) return compiled.take_error().in(arguments.input);
  return std::move(compiled->pipm);
}

Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

Result<std::vector<std::string>> write_c(const Arguments& arguments, const model::CModel& made) {
  const support::Unfinished until_both_are_there;
  const std::string base = (arguments.output.empty() ? "." : arguments.output) + "/" + arguments.name;
  TRY(support::write_file(base + ".c", bytes_of(made.source)));
  TRY(support::write_file(base + ".h", bytes_of(made.header)));
  return std::vector<std::string>{base + ".h", base + ".c"};
}

Result<std::vector<std::string>> write_wasm(const Arguments& arguments, const model::WasmModel& made) {
  const std::string path = arguments.output.empty() ? arguments.name + ".wasm" : arguments.output;
  TRY(support::write_file(path, made.module));
  return std::vector<std::string>{path};
}

void print_json(const model::CModel& made, const std::vector<std::string>& files) {
  const Json json = {{"files", files},
                     {"arena_bytes", made.arena_bytes},
                     {"scratch_bytes", made.scratch_bytes},
                     {"dsp_scratch_bytes", made.dsp_scratch_bytes},
                     {"state_bytes", made.state_bytes},
                     {"constant_bytes", made.constant_bytes},
                     {"operators", made.operators}};
  std::printf("%s\n", support::dump(json, 2).c_str());
}

void print_text(const model::CModel& made, const std::vector<std::string>& files) {
  std::printf("RAM    %u bytes: activations %u, scratch %u\n", made.arena_bytes + made.scratch_bytes,
              made.arena_bytes - made.state_bytes, made.scratch_bytes);
  if (made.state_bytes != 0) std::printf("       and %u that the model remembers\n", made.state_bytes);
  if (made.dsp_scratch_bytes != made.scratch_bytes)
    std::printf("       %u bytes on a Cortex-M with the DSP extension: scratch %u\n",
                made.arena_bytes + made.dsp_scratch_bytes, made.dsp_scratch_bytes);
  std::printf("flash  %u bytes of constants, and the code\n", made.constant_bytes);
  for (const std::string& name : made.operators)
    std::printf("compile the C files of operator %s along, with -Dpipit_operator_entry=%s\n", name.c_str(),
                model::entry_name(name).c_str());
  for (const std::string& file : files) std::printf("wrote %s\n", file.c_str());
}

void print_files(const std::vector<std::string>& files, const Session& session) {
  if (session.output == Output::json)
    std::printf("%s\n", support::dump({{"files", files}}, 2).c_str());
  else
    for (const std::string& file : files) std::printf("wrote %s\n", file.c_str());
}

Status run(Arguments arguments, const Session& session) {
  if (arguments.name.empty()) arguments.name = name_from(arguments.input);
  ProgressLine progress;
  progress.say("reading " + arguments.input);
  const std::vector<u8> pipm = TRY(planned(arguments, progress));
  progress.say("writing " + arguments.emit);
  if (arguments.emit == "web") {
    if (arguments.web.title.empty()) arguments.web.title = arguments.name;
    const auto files =
        TRY(write_web(pipm, arguments.web, arguments.output.empty() ? arguments.name : arguments.output));
    progress.clear();
    print_files(files, session);
    return {};
  }
  const auto print = session.output == Output::json ? print_json : print_text;
  if (arguments.emit == "c") {
    auto made = model::emit_c(pipm, arguments.name);
    if (!made.ok()) return made.take_error().in(arguments.input);
    const auto files = TRY(write_c(arguments, *made));
    progress.clear();
    print(*made, files);
    return {};
  }
  auto made = model::emit_wasm(pipm, arguments.name, {arguments.web.relaxed_simd});
  if (!made.ok()) return made.take_error().in(arguments.input);
  const auto files = TRY(write_wasm(arguments, *made));
  progress.clear();
  print(made->c, files);
  return {};
}

}  // namespace

void register_model_compile(CLI::App& parent, Session& session) {
  CLI::App* command = parent.add_subcommand(
      "compile", "a model ahead of time: self-contained C99, a Wasm module with SIMD, or a web page");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("model", arguments->input, "ONNX, TFLite or planned model")->required();
  command->add_option("--emit", arguments->emit, "c, wasm or web")
      ->check(CLI::IsMember({"c", "wasm", "web"}))
      ->capture_default_str();
  command->add_option("-o,--out", arguments->output,
                      "c: folder for NAME.c and NAME.h; wasm: the module's file; web: the page's folder");
  command->add_option("--name", arguments->name,
                      "prefix of every public name; default: from the file's name");
  command->add_flag("--integer-io", arguments->integer_io,
                    "int8 inputs and outputs: no conversion in the model");
  command->add_option("--arena-limit", arguments->arena_limit,
                      "bytes of RAM for activations, as in 64K; an error names the obstacle");
  command->add_flag("--relaxed-simd", arguments->web.relaxed_simd,
                    "wasm: float multiply-adds that round as the processor likes; the engine must have "
                    "relaxed SIMD");
  add_web_options(*command, arguments->web);
  set_action(*command, session, "pipit model compile gesture.int8.onnx --emit=c --integer-io -o build/",
             [arguments, &session] { return run(*arguments, session); });
}

}  // namespace pipit::cli
