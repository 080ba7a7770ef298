#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/command.h"
#include "cli/up/run.h"
#include "support/json.h"

namespace pipit::cli {

namespace {

/// The checkout: where the script says it is, else where this binary was built from.
std::string checkout() {
  const char* root = std::getenv("PIPIT_ROOT");
  return root != nullptr && *root != '\0' ? root : PIPIT_CHECKOUT;
}

struct Arguments {
  up::Options options;
  std::string boards = "virt-rv32,mps2-an386,mewz";
  bool once = false;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (usize at = 0; at <= text.size();) {
    const usize comma = std::min(text.find(',', at), text.size());
    if (comma > at) parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

void print_result(const up::Report& report, Output output) {
  if (output == Output::json)
    std::printf("%s\n", support::dump(report.json(), 2).c_str());
  else if (!report.devices.empty())
    std::printf("\n%s\n", report.table().c_str());
  for (const std::string& failure : report.failures) std::fprintf(stderr, "pipit: up: %s\n", failure.c_str());
  if (output == Output::table && report.failures.empty()) std::printf("up: all as it should be\n");
  std::fflush(stdout);
}

int run(Arguments& arguments, Output output) {
  watch_interrupts();
  up::Options& options = arguments.options;
  options.root = checkout();
  options.program = std::filesystem::read_symlink("/proc/self/exe").string();
  if (options.name.empty()) options.name = rig::State::default_name(options.root);
  options.boards = split(arguments.boards);
  options.json = output == Output::json;
  options.interrupted = interrupted;
  auto job = up::Job::create(options);
  if (!job.ok()) return fail(job.error());
  (*job)->execute();
  const up::Report& report = (*job)->run().report;
  print_result(report, output);
  if (!arguments.once && !interrupted()) (*job)->stay();
  const int exit_code = report.failures.empty() ? 0 : 1;
  // Everything stops here; then the name is free again.
  (*job).reset();
  if (auto state = rig::State::open(options.name); state.ok()) state->end_all();
  return exit_code;
}

}  // namespace

void register_up(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand("up", "start a whole fleet on this machine and run the main job");
  command->footer("example: ./pipit up --once");
  auto arguments = std::make_shared<Arguments>();
  command->add_flag("--once", arguments->once, "print the result table and end");
  command->add_option("--name", arguments->options.name,
                      "of this run and its state folder (default: one a checkout)");
  command->add_option("--images", arguments->options.images, "test images to each device")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--rate", arguments->options.rate, "images a second to each device")
      ->check(CLI::Range(0.1, 1000.0))
      ->capture_default_str();
  command->add_option("--boards", arguments->boards, "one device each")->capture_default_str();
  add_output(*command, session);
  command->callback([arguments, &session] { session.exit_code = run(*arguments, session.output); });
}

void register_down(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand("down", "stop what up started");
  command->footer("example: ./pipit down");
  auto name = std::make_shared<std::string>();
  command->add_option("--name", *name, "of the run (default: this checkout's)");
  command->callback([name, &session] {
    auto state = rig::State::open(name->empty() ? rig::State::default_name(checkout()) : *name);
    if (!state.ok()) {
      session.exit_code = fail(state.error());
      return;
    }
    // The run stops its own services in order; what it cannot is stopped here.
    const bool held = state->held();
    if (held) state->owner().end(30'000);
    auto left = rig::State::open(state->name());
    const int ended = left.ok() ? left->end_all() : 0;
    if (held || ended > 0)
      std::printf("down: %s stopped%s\n", state->name().c_str(),
                  ended > 0 ? (", " + std::to_string(ended) + " processes were left over").c_str() : "");
    else
      std::printf("down: nothing of %s is up\n", state->name().c_str());
  });
}

}  // namespace pipit::cli
