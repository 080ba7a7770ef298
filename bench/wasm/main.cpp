// pipit-bench-wasm: what `pipit bench wasm` runs.
#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/wasm/engine_runtime.h"
#include "bench/wasm/report.h"
#include "support/files.h"

namespace pipit::bench {
namespace {

struct Arguments {
  std::string folder = PIPIT_BENCH_FOLDER, only, runtime;
  Format format = Format::table;
  MeasureOptions measure;
  bool kernels = true, start_up = true;
};

constexpr const char* kUsage =
    "pipit bench wasm [OPTIONS]: the engines against native code and one another, in one run\n"
    "  --kernel=TEXT          only kernels whose name contains TEXT\n"
    "  --runtime=TEXT         only runtimes whose name contains TEXT (the first, native, is always "
    "measured)\n"
    "  --repeats=N            samples of which the median counts (5)\n"
    "  --sample=MS            least processor time of a sample (30)\n"
    "  --no-kernels, --no-start-up\n"
    "  --output=table|json|markdown\n"
    "Figures are processor time divided by that of native code (clang-22 -O3 -march=x86-64-v2): lower is "
    "better.\n"
    "Example: pipit bench wasm --kernel=gemm --output=json\n";

enum Option { kernel, runtime, repeats, sample, no_kernels, no_start_up, output, help };
constexpr option kOptions[] = {{"kernel", required_argument, nullptr, kernel},
                               {"runtime", required_argument, nullptr, runtime},
                               {"repeats", required_argument, nullptr, repeats},
                               {"sample", required_argument, nullptr, sample},
                               {"no-kernels", no_argument, nullptr, no_kernels},
                               {"no-start-up", no_argument, nullptr, no_start_up},
                               {"output", required_argument, nullptr, output},
                               {"help", no_argument, nullptr, help},
                               {}};

bool parse_format(const std::string& text, Format& format) {
  constexpr const char* kNames[] = {"table", "json", "markdown"};
  for (int i = 0; i < 3; ++i)
    if (text == kNames[i]) {
      format = static_cast<Format>(i);
      return true;
    }
  std::fprintf(stderr, "pipit bench wasm: --output is table, json or markdown, not %s\n", text.c_str());
  return false;
}

/// Fills `arguments`; the exit code when there is nothing to run.
int parse(int argc, char** argv, Arguments& arguments) {
  for (int found; (found = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) switch (found) {
      case kernel: arguments.only = optarg; break;
      case runtime: arguments.runtime = optarg; break;
      case repeats:
        arguments.measure.repeats = static_cast<u32>(std::max(1l, std::strtol(optarg, nullptr, 10)));
        break;
      case sample: arguments.measure.sample_seconds = std::strtod(optarg, nullptr) / 1e3; break;
      case no_kernels: arguments.kernels = false; break;
      case no_start_up: arguments.start_up = false; break;
      case output:
        if (!parse_format(optarg, arguments.format)) return 2;
        break;
      case help: std::fputs(kUsage, stdout); return 0;
      default: std::fputs(kUsage, stderr); return 2;
    }
  return -1;
}

std::vector<std::string> kernel_names(const Arguments& arguments) {
  std::vector<std::string> names;
  std::error_code error;
  constexpr std::string_view kSuffix = ".scalar.wasm";
  for (const auto& entry : std::filesystem::directory_iterator(arguments.folder, error)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(kSuffix)) continue;
    names.push_back(name.substr(0, name.size() - kSuffix.size()));
  }
  std::erase_if(names, [&](const std::string& name) { return name.find(arguments.only) == name.npos; });
  std::sort(names.begin(), names.end());
  return names;
}

/// Every runtime there is, native code for the common instruction set first.
std::vector<std::unique_ptr<Runtime>> all_runtimes(const Arguments& arguments) {
  const std::string& folder = arguments.folder;
  std::vector<std::unique_ptr<Runtime>> list;
  list.push_back(native_runtime("native", folder, "v2.so"));
  list.push_back(native_runtime("native host", folder, "host.so"));
  list.push_back(native_runtime("wasm2c", folder, "wasm2c.so"));
  struct Variant {
    const char *name, *file;
  };
  constexpr Variant kVariants[] = {{"", "scalar.wasm"}, {" simd", "simd.wasm"}};
  auto node = start_node(PIPIT_BENCH_NODE_DRIVER);
  if (!node.ok()) std::fprintf(stderr, "pipit bench wasm: %s\n", node.error().text.c_str());
  for (const Variant& variant : kVariants) {
    if (node.ok())
      list.push_back(node_runtime(*node, std::string("v8") + variant.name, folder, variant.file));
    const std::string suffix = variant.name;
    list.push_back(engine_runtime("in-place" + suffix, folder, variant.file));
    list.push_back(engine_runtime("register" + suffix, folder, variant.file, prepare_registers));
    list.push_back(engine_runtime("aot" + suffix, folder, variant.file, native_code({"--cpu=x86-64-v2"})));
    list.push_back(engine_runtime("aot checks" + suffix, folder, variant.file,
                                  native_code({"--cpu=x86-64-v2", "--checks=software"})));
  }
  list.push_back(engine_runtime("aot host simd", folder, "simd.wasm", native_code({"--cpu=native"})));
  std::erase_if(list, [&](const auto& entry) {
    return entry != list.front() && entry->name().find(arguments.runtime) == std::string::npos;
  });
  return list;
}

bool measure_kernels(const Arguments& arguments, Report& report) {
  const auto runtimes = all_runtimes(arguments);
  for (const auto& entry : runtimes) report.runtimes.push_back(entry->name());
  const auto names = kernel_names(arguments);
  if (names.empty()) {
    std::fprintf(stderr, "pipit bench wasm: no kernel of that name in %s (build them: ninja bench)\n",
                 arguments.folder.c_str());
    return false;
  }
  bool all_right = true;
  for (usize i = 0; i < names.size(); ++i) {
    std::fprintf(stderr, "[%zu/%zu] %s\n", i + 1, names.size(), names[i].c_str());
    auto row = measure(names[i], runtimes, arguments.measure);
    if (!row.ok()) {
      std::fprintf(stderr, "pipit bench wasm: %s\n", row.error().text.c_str());
      return false;
    }
    for (usize column = 0; column < row->cells.size(); ++column) {
      const Cell& cell = row->cells[column];
      if (!cell.why.empty())
        std::fprintf(stderr, "  %s: %s\n", report.runtimes[column].c_str(), cell.why.c_str());
      all_right &= !cell.wrong;
    }
    report.rows.push_back(std::move(*row));
  }
  return all_right;
}

void measure_start_up(Report& report) {
  std::fprintf(stderr, "start-up\n");
  const std::string folder = PIPIT_BENCH_STARTUP "/", runner = PIPIT_BENCH_BIN "/pipit-run";
  const std::string compiler = PIPIT_BENCH_BIN "/pipit-aot", launcher = folder + "launch";
  const auto compile_time = [&](const char* what, const std::vector<std::string>& command) {
    return time_command(launcher, what, command, 1);
  };
  const std::string empty = folder + "empty.wasm", large = folder + "large.wasm";
  struct Entry {
    const char* what;
    std::vector<std::string> command;
  };
  const Entry entries[] = {{"a native program that does nothing", {folder + "empty"}},
                           {"empty module, interp", {runner, empty}},
                           {"empty module, in-place", {runner, "--engine=in-place", empty}},
                           {"empty module, aot from cache", {runner, "--engine=aot", empty}},
                           {"750 KB module, interp", {runner, large}},
                           {"750 KB module, in-place", {runner, "--engine=in-place", large}},
                           {"750 KB module, aot from cache", {runner, "--engine=aot", large}}};
  report.start_up.push_back(
      compile_time("750 KB module, pipit aot", {compiler, large, "-o", folder + "large.pna"}));
  report.start_up.push_back(compile_time("750 KB module, pipit aot --quick",
                                         {compiler, "--quick", large, "-o", folder + "large.pna"}));
  constexpr u32 kRepeats = 41;
  for (const Entry& entry : entries) {
    (void)time_command(launcher, entry.what, entry.command,
                       1);  // may compile, which takes more time and memory
    report.start_up.push_back(time_command(launcher, entry.what, entry.command, kRepeats));
  }
}

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // Node may end early; that is an error of one runtime, not our end
  Arguments arguments;
  if (const int code = parse(argc, argv, arguments); code >= 0) return code;
  Report report{.environment = describe_environment()};
  const bool all_right = !arguments.kernels || measure_kernels(arguments, report);
  if (arguments.start_up) measure_start_up(report);
  std::fputs(format_report(report, arguments.format).c_str(), stdout);
  return all_right ? 0 : 1;
}

}  // namespace
}  // namespace pipit::bench

int main(int argc, char** argv) { return pipit::bench::run(argc, argv); }
