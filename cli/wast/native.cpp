#include "cli/wast/native.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <sstream>
#include <vector>

#include "host/native/native.h"

namespace pipit::wast {

namespace {

/// pipit-aot beside this program, or the one PIPIT_AOT names.
std::string compiler_path() {
  if (const char* path = std::getenv("PIPIT_AOT")) return path;
  std::error_code error;
  return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "pipit-aot").string();
}

/// The compiler as a server on two pipes.
class Compiler {
 public:
  /// `options`: words for the target and the effort.
  static support::Result<Compiler*> get(const std::string& options) {
    static std::map<std::string, Compiler> compilers;
    Compiler& compiler = compilers[options];
    if (compiler.pid_ == 0) TRY(compiler.start(options));
    return &compiler;
  }
  Compiler() = default;
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;
  ~Compiler() {
    if (pid_ == 0) return;
    ::close(to_);
    ::close(from_);
    waitpid(pid_, nullptr, 0);
  }

  support::Result<std::vector<u8>> compile(Bytes module) {
    const u32 size = static_cast<u32>(module.size());
    u8 failed = 0;
    u32 answer_size = 0;
    if (!send(&size, sizeof size) || !send(module.data(), size) || !receive(&failed, 1) ||
        !receive(&answer_size, sizeof answer_size))
      return gone();
    std::vector<u8> answer(answer_size);
    if (!receive(answer.data(), answer_size)) return gone();
    if (failed != 0) return support::Error(Code::unsupported, std::string(answer.begin(), answer.end()));
    return answer;
  }

 private:
  support::Status start(const std::string& options) {
    std::signal(SIGPIPE, SIG_IGN);
    int in[2], out[2];
    // Nobody else's: another compiler would keep this one's input open.
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return support::Error(Code::io, "no pipes");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const std::string path = compiler_path();
    std::vector<std::string> words = {path, "--serve"};
    std::istringstream more(options);
    for (std::string word; more >> word;) words.push_back(word);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const int result = posix_spawn(&pid_, path.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
    if (result == 0) return {};
    pid_ = 0;
    return support::Error(
        Code::not_found, path + ": " + std::strerror(result) + " (build pipit-aot, or name it in PIPIT_AOT)");
  }
  support::Error gone() {
    const int error = errno;
    return {Code::internal, std::string("pipit-aot went away: ") + std::strerror(error)};
  }
  bool send(const void* data, usize size) {
    const u8* at = static_cast<const u8*>(data);
    while (size != 0) {
      const ssize_t count = ::write(to_, at, size);
      if (count <= 0) return false;
      at += count, size -= static_cast<usize>(count);
    }
    return true;
  }
  bool receive(void* data, usize size) {
    u8* at = static_cast<u8*>(data);
    while (size != 0) {
      const ssize_t count = ::read(from_, at, size);
      if (count <= 0) return false;
      at += count, size -= static_cast<usize>(count);
    }
    return true;
  }

  pid_t pid_ = 0;
  int to_ = -1, from_ = -1;
};

}  // namespace

support::Result<std::vector<u8>> compile_for(const std::string& target, u32 memory_bytes, Bytes module) {
  // Many small modules: what counts is the code's correctness at the effort that applications get.
  const char* options = std::getenv("PIPIT_AOT_OPTIONS");
  std::string words = "--target=" + target + " " + (options == nullptr ? "-O2" : options);
  if (memory_bytes != 0) words += " --memory=" + std::to_string(memory_bytes);
  return TRY(Compiler::get(words))->compile(module);
}

support::Result<const void*> compile_native(const wasm::ValidModule& module, Arena& arena) {
  // Instances refer to their code for as long as scripts run.
  static std::deque<host::NativeFile> files;
  const auto bytes = TRY(compile_for(host::kThisTarget, 0, module.code()));
  files.push_back(TRY(host::NativeFile::copy(bytes)));
  const auto native =
      TRY(wasm::native::NativeModule::load(files.back().bytes(), module, host::this_machine()));
  return static_cast<const void*>(TRY(arena.make<wasm::native::NativeCode>(native, &host::fault_port())));
}

}  // namespace pipit::wast
