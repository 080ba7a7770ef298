#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/wasm/subject.h"

namespace pipit::bench {

/// A Node process that answers one line to each line.
class NodeProcess {
 public:
  NodeProcess(pid_t pid, FILE* to, FILE* from) : pid_(pid), to_(to), from_(from) {}
  NodeProcess(const NodeProcess&) = delete;
  ~NodeProcess() {
    std::fclose(to_);  // the driver ends at the end of its input
    std::fclose(from_);
    int status = 0;
    (void)waitpid(pid_, &status, 0);
  }

  support::Result<std::string> ask(const std::string& line) {
    char answer[1024];
    if (std::fprintf(to_, "%s\n", line.c_str()) < 0 || std::fflush(to_) != 0 ||
        std::fgets(answer, sizeof answer, from_) == nullptr)
      return support::Error(Code::io, "node ended unexpectedly");
    std::string text = answer;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.starts_with("ok ")) return support::Error(Code::unsupported, "node: " + text);
    return text.substr(3);
  }

 private:
  pid_t pid_;
  FILE *to_, *from_;
};

namespace {

class NodeSubject final : public Subject {
 public:
  NodeSubject(std::shared_ptr<NodeProcess> node, std::string id)
      : node_(std::move(node)), id_(std::move(id)) {}
  support::Result<double> sample(u32 rounds) override {
    const std::string text = TRY(node_->ask("sample " + id_ + " " + std::to_string(rounds)));
    return std::strtod(text.c_str(), nullptr);
  }
  support::Result<u64> checksum() override {
    const std::string text = TRY(node_->ask("checksum " + id_));
    return u64{std::strtoull(text.c_str(), nullptr, 16)};
  }

 private:
  std::shared_ptr<NodeProcess> node_;
  std::string id_;
};

class NodeRuntime final : public Runtime {
 public:
  NodeRuntime(std::shared_ptr<NodeProcess> node, std::string name, std::string folder, std::string variant)
      : node_(std::move(node)),
        name_(std::move(name)),
        folder_(std::move(folder)),
        variant_(std::move(variant)) {}
  std::string name() const override { return name_; }
  support::Result<std::unique_ptr<Subject>> load(const std::string& kernel) override {
    std::string id = TRY(node_->ask("load " + folder_ + "/" + kernel + "." + variant_));
    return std::unique_ptr<Subject>(new NodeSubject(node_, std::move(id)));
  }

 private:
  std::shared_ptr<NodeProcess> node_;
  std::string name_, folder_, variant_;
};

}  // namespace

support::Result<std::shared_ptr<NodeProcess>> start_node(const std::string& driver) {
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
    return support::Error(Code::io, "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  const char* const words[] = {"node", "--no-liftoff", "--no-wasm-tier-up", driver.c_str(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, "node", &actions, nullptr, const_cast<char* const*>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]);
  close(from[1]);
  if (error != 0) return support::Error(Code::not_found, "cannot start node: apt-get install nodejs");
  return std::make_shared<NodeProcess>(pid, fdopen(to[1], "w"), fdopen(from[0], "r"));
}

std::unique_ptr<Runtime> node_runtime(std::shared_ptr<NodeProcess> node, std::string name, std::string folder,
                                      std::string variant) {
  return std::make_unique<NodeRuntime>(std::move(node), std::move(name), std::move(folder),
                                       std::move(variant));
}

}  // namespace pipit::bench
