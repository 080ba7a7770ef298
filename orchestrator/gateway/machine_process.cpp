#include "orchestrator/gateway/machine_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "support/files.h"

namespace pipit::gateway {

namespace {
constexpr usize kMaxCommandBytes = usize{64} << 10;
}

MachineProcess MachineProcess::find(const std::string& word, const std::string& other) {
  if (word.empty()) return {};  // which every process has
  std::error_code ended;
  for (std::filesystem::directory_iterator at("/proc", ended), end; !ended && at != end;
       at.increment(ended)) {
    const std::string name = at->path().filename().string();
    pid_t number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) continue;
    const auto command = support::read_file(at->path().string() + "/cmdline", kMaxCommandBytes);
    if (command.ok() && as_text(*command).find(word) != std::string_view::npos &&
        as_text(*command).find(other) != std::string_view::npos)
      return {number, word};
  }
  return {0, word};
}

bool MachineProcess::running() const {
  if (pid <= 0 || word.empty() || waitpid(pid, nullptr, WNOHANG) == pid) return false;
  // A number may have gone to another process since.
  const auto command = support::read_file("/proc/" + std::to_string(pid) + "/cmdline", kMaxCommandBytes);
  return command.ok() && as_text(*command).find(word) != std::string_view::npos;
}

std::optional<MachineProcess::Usage> MachineProcess::usage() const {
  constexpr u32 kUserTicks = 11, kSystemTicks = 12;  // counted behind the name
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto stat = support::read_file(folder + "/stat", kMaxCommandBytes);
  const auto statm = support::read_file(folder + "/statm", kMaxCommandBytes);
  if (pid <= 0 || !stat.ok() || !statm.ok()) return std::nullopt;
  const std::string text(as_text(*stat));
  const usize name_end = text.rfind(')');
  if (name_end == text.npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  u64 ticks = 0;
  for (u32 i = 0; i <= kSystemTicks; ++i) {
    std::string field;
    if (!(fields >> field)) return std::nullopt;
    if (i == kUserTicks || i == kSystemTicks) ticks += std::strtoull(field.c_str(), nullptr, 10);
  }
  std::istringstream pages{std::string(as_text(*statm))};
  u64 size = 0, resident = 0;
  pages >> size >> resident;
  const u64 ticks_per_second = static_cast<u64>(sysconf(_SC_CLK_TCK));
  return Usage{ticks * (1'000'000'000 / ticks_per_second),
               resident * static_cast<u64>(sysconf(_SC_PAGESIZE))};
}

void MachineProcess::end(bool at_once) const {
  if (running()) kill(pid, at_once ? SIGKILL : SIGTERM);
}

}  // namespace pipit::gateway
