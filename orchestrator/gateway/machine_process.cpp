#include "orchestrator/gateway/machine_process.h"

#include <sys/wait.h>

#include <csignal>

#include "support/files.h"

namespace pipit::gateway {

namespace {
constexpr usize kMaxCommandBytes = usize{64} << 10;
}

bool MachineProcess::running() const {
  if (pid <= 0 || waitpid(pid, nullptr, WNOHANG) == pid) return false;
  // A number may have gone to another process since.
  const auto command = support::read_file("/proc/" + std::to_string(pid) + "/cmdline", kMaxCommandBytes);
  return command.ok() && as_text(*command).find(word) != std::string_view::npos;
}

void MachineProcess::end(bool at_once) const {
  if (running()) kill(pid, at_once ? SIGKILL : SIGTERM);
}

}  // namespace pipit::gateway
