#include "rig/state.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "support/files.h"
#include "support/json.h"

namespace pipit::rig {

using support::Error;
using support::Json;
using support::Result;

namespace {

/// 0 when there is no such process, or when it is dead and only waits for its parent to notice.
u64 start_time_of(pid_t pid) {
  const auto stat = support::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!stat.ok()) return 0;
  // Field 2 is the command in parentheses and may hold spaces: count from its end, where field 3, the state,
  // follows.
  const std::string_view text = as_text(*stat);
  usize at = text.rfind(')');
  if (at == std::string_view::npos || at + 2 >= text.size() || text[at + 2] == 'Z') return 0;
  for (int field = 2; field < 22; ++field) {
    at = text.find(' ', at + 1);
    if (at == std::string_view::npos) return 0;
  }
  return std::strtoull(text.data() + at + 1, nullptr, 10);
}

Json record_json(const ProcessRecord& record) {
  return {{"name", record.name}, {"pid", record.pid}, {"start_time", record.start_time}};
}

ProcessRecord record_from(const Json& json) {
  return {support::text_at(json, {"name"}), static_cast<pid_t>(support::int_at(json, {"pid"})),
          static_cast<u64>(support::int_at(json, {"start_time"}))};
}

bool valid_name(const std::string& name) {
  return !name.empty() && name.size() <= 63 && name.front() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

/// QEMUs whose command line names a file below `folder`: machines that a service of the run started and left
/// running, as the gateway does.
std::vector<ProcessRecord> machines_in(const std::string& folder) {
  constexpr usize kMaxCommandBytes = usize{1} << 20;
  std::vector<ProcessRecord> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    std::from_chars(name.data(), name.data() + name.size(), pid);
    if (pid <= 0) continue;
    const auto command = support::read_file(entry.path().string() + "/cmdline", kMaxCommandBytes);
    if (command.ok() && as_text(*command).starts_with("qemu-system-") &&
        as_text(*command).find(folder + "/") != std::string_view::npos)
      out.push_back(ProcessRecord::of("machine", pid));
  }
  return out;
}

}  // namespace

ProcessRecord ProcessRecord::of(std::string name, pid_t pid) {
  return {std::move(name), pid, start_time_of(pid)};
}

bool ProcessRecord::alive() const { return pid > 0 && start_time != 0 && start_time_of(pid) == start_time; }

void ProcessRecord::end(int grace_ms) const {
  using namespace std::chrono;
  if (!alive()) return;
  kill(pid, SIGTERM);
  const auto deadline = steady_clock::now() + milliseconds(grace_ms);
  while (alive() && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(20));
  if (alive()) kill(pid, SIGKILL);
  for (int i = 0; i < 250 && alive(); ++i) std::this_thread::sleep_for(milliseconds(20));
}

std::string State::default_name(const std::string& root) {
  std::string name;
  for (char c : std::filesystem::path(root).filename().string()) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (plain || !name.empty()) name += plain ? lower : '-';
  }
  if (name.empty()) name = "pipit";
  return name.substr(0, 40) + "-" + support::sha256_hex(as_bytes(root)).substr(0, 6);
}

Result<State> State::open(const std::string& name) {
  if (!valid_name(name))
    return Error(Code::invalid_argument,
                 "name \"" + name + "\" must be lower-case letters, digits and dashes");
  State state;
  state.name_ = name;
  state.directory_ = support::state_directory() + "/" + name;
  const std::string file = state.path("state.json");
  if (!support::exists(file)) return state;
  const std::vector<u8> text = TRY(support::read_file(file, usize{1} << 20));
  auto parsed = support::parse_json(as_text(text));
  if (!parsed.ok()) return parsed.take_error().in(file);
  if (const Json* owner = support::find(*parsed, {"owner"})) state.owner_ = record_from(*owner);
  if (const Json* processes = support::find(*parsed, {"processes"});
      processes != nullptr && processes->is_array())
    for (const Json& process : *processes) state.processes_.push_back(record_from(process));
  if (const Json* ports = support::find(*parsed, {"ports"}); ports != nullptr && ports->is_object())
    for (const auto& [key, value] : ports->items())
      if (value.is_number_unsigned()) state.ports_[key] = value.get<u16>();
  return state;
}

support::Status State::claim() {
  if (held())
    return Error(Code::already_exists, "\"" + name_ + "\" is up already (process " +
                                           std::to_string(owner_.pid) +
                                           "); end it with ./pipit down, or choose another --name");
  end_all();
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (error) return Error(Code::io, "cannot empty " + directory_ + ": " + error.message());
  TRY(support::make_directories(directory_ + "/log"));
  owner_ = ProcessRecord::of("up", getpid());
  return save();
}

support::Status State::add_process(const std::string& name, pid_t pid) {
  processes_.push_back(ProcessRecord::of(name, pid));
  return save();
}

support::Status State::remove_process(pid_t pid) {
  std::erase_if(processes_, [&](const ProcessRecord& record) { return record.pid == pid; });
  return save();
}

support::Status State::set_port(const std::string& name, u16 port) {
  ports_[name] = port;
  return save();
}

int State::end_all() {
  int ended = 0;
  // First those that would start others again.
  for (auto record = processes_.rbegin(); record != processes_.rend(); ++record) {
    ended += record->alive() ? 1 : 0;
    record->end(3000);
  }
  processes_.clear();
  ports_.clear();
  for (const ProcessRecord& left : machines_in(directory_)) {
    ++ended;
    left.end(3000);
  }
  std::error_code ignored;
  std::filesystem::remove(path("state.json"), ignored);
  return ended;
}

support::Status State::save() const {
  Json processes = Json::array();
  for (const ProcessRecord& record : processes_) processes.push_back(record_json(record));
  const Json json = {
      {"name", name_}, {"owner", record_json(owner_)}, {"processes", processes}, {"ports", ports_}};
  return support::write_file(path("state.json"), as_bytes(support::dump(json, 2)));
}

Result<u16> choose_port() {
  constexpr u16 kFirst = 20000, kLast = 32000;
  static std::mt19937 random(std::random_device{}());
  static std::set<u16> taken;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<u16>(std::uniform_int_distribution<int>(kFirst, kLast)(random));
    if (taken.contains(port)) continue;
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) break;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(socket);
    if (!free) continue;
    taken.insert(port);
    return port;
  }
  return Error(Code::unavailable, "no free port on 127.0.0.1 between 20000 and 32000");
}

}  // namespace pipit::rig
