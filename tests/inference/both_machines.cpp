#include "tests/inference/both_machines.h"

#include <filesystem>
#include <sstream>

#include "host/runner.h"
#include "rig/initrd.h"
#include "rig/vm.h"
#include "support/files.h"

namespace pipit::inference {
namespace {

using support::Error;
using support::Result;
using support::Status;

constexpr char kModule[] = PIPIT_WASM_FOLDER "/mewz_classify.wasm";

/// A directory for one run, gone with it.
struct Folder {
  std::string path;

  static Result<Folder> create() {
    std::string name = std::filesystem::temp_directory_path() / "pipit-inference-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) return Error(Code::unavailable, "no temporary directory: " + name);
    return Folder{name};
  }
  explicit Folder(std::string name) : path(std::move(name)) {}
  Folder(Folder&& other) noexcept : path(std::exchange(other.path, {})) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
};

struct Collected final : ports::Console {
  void write(Bytes bytes) override { text.append(as_text(bytes)); }
  std::string text;
};

Result<Answers> answers(const std::string& folder, const std::string& said) {
  Answers out;
  out.outputs = TRY(support::read_file(folder + "/outputs"));
  out.said = said;
  constexpr std::string_view kMark = "class ";
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(kMark))
      out.classes.push_back(static_cast<u32>(std::stoul(line.substr(kMark.size()))));
  return out;
}

}  // namespace

Result<usize> Application::package_bytes(const std::vector<u8>& model) {
  return TRY(support::read_file(kModule)).size() + model.size();
}

Result<Answers> run_on_linux(const Application& application) {
  const Folder folder = TRY(Folder::create());
  TRY(support::write_file(folder.path + "/inputs", application.inputs));
  Collected console;
  host::RunOptions options;
  options.module = TRY(support::read_file(kModule));
  options.arguments = {application.type, application.dimensions, "/data/inputs", "/data/outputs"};
  options.directories = {{folder.path, "/data"}};
  options.models = {{"model", application.model}};
  options.arena_bytes = 1u << 30;
  options.out = &console;
  const auto report = TRY(host::run(options));
  if (report.process_exit_code() != 0)
    return Error(Code::invalid_argument, "on Linux: " + report.trap + console.text);
  return answers(folder.path, console.text);
}

Result<Answers> run_in_mewz(const Application& application, u32 memory_mb, int timeout_ms) {
  const Folder folder = TRY(Folder::create());
  const std::string disk = folder.path + "/disk", shared = folder.path + "/shared";
  std::filesystem::create_directory(shared);
  const auto archive = TRY(rig::make_initrd({{"app.wasm", TRY(support::read_file(kModule))},
                                             {"model.pipm", application.model},
                                             {"inputs", application.inputs}}));
  TRY(support::write_file(disk, archive));
  rig::VmOptions options;
  options.kernel = PIPIT_SOURCE_DIR "/build/mewz/bin/mewz";
  options.disks = {disk};
  options.directories = {{shared, "/shared"}};
  options.memory_mb = memory_mb;
  options.arguments =
      "arg=" + application.type + " arg=" + application.dimensions + " arg=/inputs arg=/shared/outputs";
  const auto end = TRY(rig::run_vm(options, timeout_ms));
  if (end.code != 0) return Error(Code::invalid_argument, "in Mewz: " + end.console);
  return answers(shared, end.console);
}

}  // namespace pipit::inference
