#include "bench/models/node.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "support/files.h"
#include "support/json.h"

namespace pipit::bench {

using support::Error;
using support::Result;

Result<std::unique_ptr<OnnxRuntime>> OnnxRuntime::start() {
  if (!support::exists(PIPIT_NODE_MODULES "/onnxruntime-node/package.json"))
    return Error(Code::not_found, "ONNX Runtime is missing; run tests/onnxruntime/install.sh");
  setenv("PIPIT_NODE_MODULES", PIPIT_NODE_MODULES, 1);
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) return Error(Code::io, "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  const char* const words[] = {"node", PIPIT_BENCH_MODELS "/onnxruntime.mjs", nullptr};
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, "node", &actions, nullptr, const_cast<char* const*>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  if (error != 0) return Error(Code::not_found, "cannot start node: apt-get install nodejs");
  return std::unique_ptr<OnnxRuntime>(new OnnxRuntime(pid, fdopen(to[1], "w"), fdopen(from[0], "r")));
}

std::string OnnxRuntime::version() {
  const auto file = support::read_file(PIPIT_NODE_MODULES "/onnxruntime-node/package.json");
  if (!file.ok()) return "";
  const auto package = support::parse_json({reinterpret_cast<const char*>(file->data()), file->size()});
  return package.ok() ? package->value("version", "") : "";
}

OnnxRuntime::~OnnxRuntime() {
  std::fclose(to_);  // the driver ends at the end of its input
  std::fclose(from_);
  int status = 0;
  (void)waitpid(pid_, &status, 0);
}

Result<std::string> OnnxRuntime::ask(const std::string& line) {
  char answer[2048];
  if (std::fprintf(to_, "%s\n", line.c_str()) < 0 || std::fflush(to_) != 0 ||
      std::fgets(answer, sizeof answer, from_) == nullptr)
    return Error(Code::io, "node ended unexpectedly");
  std::string text = answer;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.starts_with("ok ")) return Error(Code::unsupported, "ONNX Runtime: " + text);
  return text.substr(3);
}

support::Status OnnxRuntime::load(const std::string& file, bool unsigned_activations) {
  TRY(ask("load " + file + (unsigned_activations ? " unsigned" : "")));
  return {};
}

Result<std::vector<u8>> OnnxRuntime::run(const std::vector<u8>& input, const std::string& folder) {
  const std::string from = folder + "/input.raw", to = folder + "/output.raw";
  TRY(support::write_file(from, input));
  TRY(ask("run " + from + " " + to));
  return support::read_file(to);
}

Result<f64> OnnxRuntime::sample(u32 count) {
  return std::strtod(TRY(ask("sample " + std::to_string(count))).c_str(), nullptr);
}

}  // namespace pipit::bench
