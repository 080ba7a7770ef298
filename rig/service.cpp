#include "rig/service.h"

#include <chrono>
#include <thread>

#include "support/files.h"

namespace pipit::rig {

using support::Error;
using support::Result;

Result<Service> Service::start(State& state, const std::string& name, const std::vector<std::string>& command,
                               const std::vector<std::string>& environment) {
  Service service;
  service.name_ = name;
  service.log_file_ = state.path("log/" + name + ".log");
  auto process = support::Process::start(
      command, {.log_file = service.log_file_, .environment = environment, .directory = state.directory()});
  if (!process.ok()) return process.take_error().in(name);
  service.process_ = std::move(*process);
  service.state_ = &state;
  TRY(state.add_process(name, service.process_.pid()));
  return service;
}

Service::Service(Service&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)),
      name_(std::move(other.name_)),
      log_file_(std::move(other.log_file_)),
      process_(std::move(other.process_)) {}

Service& Service::operator=(Service&& other) noexcept {
  if (this != &other) {
    stop();
    state_ = std::exchange(other.state_, nullptr);
    name_ = std::move(other.name_);
    log_file_ = std::move(other.log_file_);
    process_ = std::move(other.process_);
  }
  return *this;
}

void Service::stop() {
  if (state_ == nullptr) return;
  const pid_t pid = process_.pid();
  process_.stop();
  (void)state_->remove_process(pid);
  state_ = nullptr;
}

support::Status Service::wait(const std::function<bool()>& ready, int timeout_ms) {
  using namespace std::chrono;
  const auto deadline = steady_clock::now() + milliseconds(timeout_ms);
  while (!ready()) {
    if (!running())
      return Error(Code::unavailable, name_ + " ended at once; it wrote:\n" + log_tail(log_file_));
    if (steady_clock::now() > deadline)
      return Error(Code::timeout, name_ + " is not ready after " + std::to_string(timeout_ms / 1000) +
                                      " s; its log " + log_file_ + " ends:\n" + log_tail(log_file_));
    std::this_thread::sleep_for(milliseconds(50));
  }
  return {};
}

support::Status Service::wait_for_port(u16 port, int timeout_ms) {
  return wait([&] { return support::wait_for_port(port, 10); }, timeout_ms);
}

std::string log_tail(const std::string& file, usize lines) {
  const auto bytes = support::read_file(file);
  if (!bytes.ok()) return "(nothing)";
  std::string_view text = as_text(*bytes);
  while (text.ends_with('\n')) text.remove_suffix(1);
  usize at = text.size();
  for (usize i = 0; i < lines && at != std::string_view::npos && at > 0; ++i) at = text.rfind('\n', at - 1);
  return text.empty() ? "(nothing)"
                      : std::string(text.substr(at == std::string_view::npos || at == 0 ? 0 : at + 1));
}

}  // namespace pipit::rig
