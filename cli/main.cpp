#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string_view>

#include "cli/command.h"
#include "cli/end_on_interrupt.h"
#include "support/unfinished.h"

namespace pipit::cli {

namespace {
std::atomic<bool> stop_requested{false};
}

void add_output(CLI::App& command, Session& session) {
  command.add_option("--output", session.output, "how results are printed")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Output>{{"table", Output::table}, {"json", Output::json}}, CLI::ignore_case))
      ->option_text("table|json");
}

int fail(const support::Error& error) {
  std::fprintf(stderr, "pipit: %s\n", error.text.c_str());
  return 1;
}

bool interrupted() { return stop_requested; }

void watch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

namespace {
void end_here(int) {
  const bool again = stop_requested.exchange(true);
  if (support::Unfinished::any() && !again) return;
  constexpr std::string_view kText = "\npipit: interrupted\n";
  if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) _exit(131);
  _exit(130);
}
}  // namespace

void end_on_interrupt() {
  struct sigaction action = {};
  action.sa_handler = end_here;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

using Register = void (*)(CLI::App& root, Session& session);
constexpr Register kCommands[] = {
    register_aot,   register_bench, register_build, register_device, register_down, register_gateway,
    register_model, register_pull,  register_push,  register_run,    register_up,   register_wast,
};

}  // namespace pipit::cli

int main(int argc, char** argv) {
  using namespace pipit::cli;
  become_runner(argc, argv);
  CLI::App root{
      "pipit: one Wasm application with its model, on microcontrollers, bare VMs and Linux, placed by "
      "Kubernetes"};
  root.require_subcommand(1);
  root.footer("Example: pipit run app.wasm --dir .\nEach subcommand has --help with an example.");
  root.set_version_flag("--version", PIPIT_VERSION);
  Session session;
  for (Register add : kCommands) add(root, session);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? 0 : 2;  // of wrong usage; --help and --version end here as well
  }
  return session.exit_code;
}
