// pipit-bench-mewz: what `pipit bench mewz` runs.
#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/mewz/native_speed.h"
#include "bench/mewz/report.h"
#include "bench/mewz/subjects.h"
#include "support/process.h"

namespace pipit::bench {
namespace {

constexpr const char* kUsage =
    "pipit bench mewz [OPTIONS]: how fast Mewz starts and serves, against the smallest kernel there can be\n"
    "  --runs=N               starts of each kind, in turn, of which the medians count (11)\n"
    "  --linux=FILE           kernel to compare with; else Debian's, which is fetched "
    "(bench/mewz/get-linux)\n"
    "  --models               also ResNet-50 and MobileNetV2 to their first answers (minutes)\n"
    "  --http                 also requests a second under wrk, and those of Linux (minutes)\n"
    "  --output=table|markdown|json\n"
    "Example: pipit bench mewz --runs=5 --http --output=markdown\n";

constexpr long kImageLimit = 524'288;
constexpr u32 kSmallMb = 16;

struct Arguments {
  int runs = 11;
  std::string linux_kernel;
  bool models = false, http = false;
  Format format = Format::table;
};

enum Option : u8 { runs, linux_kernel, with_models, http, output, help };
constexpr option kOptions[] = {{"runs", required_argument, nullptr, runs},
                               {"linux", required_argument, nullptr, linux_kernel},
                               {"models", no_argument, nullptr, with_models},
                               {"http", no_argument, nullptr, http},
                               {"output", required_argument, nullptr, output},
                               {"help", no_argument, nullptr, help},
                               {}};

volatile std::sig_atomic_t g_stopped = 0;

bool parse_format(const std::string& text, Format& format) {
  constexpr const char* kNames[] = {"table", "markdown", "json"};
  for (int i = 0; i < 3; ++i)
    if (text == kNames[i]) {
      format = static_cast<Format>(i);
      return true;
    }
  std::fprintf(stderr, "pipit bench mewz: --output is table, markdown or json, not %s\n", text.c_str());
  return false;
}

/// Fills `arguments`; the exit code when there is nothing to run.
std::optional<int> parse(int argc, char** argv, Arguments& arguments) {
  for (int chosen; (chosen = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (chosen) {
      case runs:
        arguments.runs = static_cast<int>(std::clamp(std::strtol(optarg, nullptr, 10), 1L, 1000L));
        break;
      case linux_kernel: arguments.linux_kernel = optarg; break;
      case with_models: arguments.models = true; break;
      case http: arguments.http = true; break;
      case output:
        if (!parse_format(optarg, arguments.format)) return 2;
        break;
      case help: std::fputs(kUsage, stdout); return 0;
      default: std::fputs(kUsage, stderr); return 2;
    }
  }
  return std::nullopt;
}

std::string number(double value, const char* format) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// What a program of ours says on its last line; nothing when it fails, which goes to `skipped`.
std::string last_line(const std::vector<std::string>& command, const char* what, Report& report) {
  const auto end = support::run(command);
  if (!end.ok() || end->exit_code != 0) {
    report.skipped.push_back(std::string(what) + ": " + (end.ok() ? end->err : end.error().text));
    return "";
  }
  std::string text = end->out;
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

/// The kernel given, or Debian's.
std::string find_linux(const Arguments& arguments, Report& report) {
  if (!arguments.linux_kernel.empty()) return arguments.linux_kernel;
  const std::string folder = last_line({PIPIT_SOURCE_DIR "/bench/mewz/get-linux"}, "Linux", report);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/boot", ignored))
    if (entry.path().filename().string().starts_with("vmlinuz-")) return entry.path().string();
  return "";
}

/// Each in turn: the large machines, or the small ones.
void measure_in_turn(Report& report, bool large) {
  for (int run = 0; run < report.runs && g_stopped == 0; ++run)
    for (Subject& subject : report.subjects) {
      if ((subject.vm.memory_mb > kSmallMb) != large) continue;
      std::fprintf(stderr, "\r\033[Krun %d of %d: %s", run + 1, report.runs, subject.name.c_str());
      // After the same machine, so that each finds processor and caches in the same state.
      Subject before = report.subjects[0];
      measure(before);
      if (g_stopped != 0 || measure(subject)) continue;
      const std::string why = subject.name + ": the mark never came";
      if (std::ranges::find(report.skipped, why) == report.skipped.end()) report.skipped.push_back(why);
    }
  std::fputs("\r\033[K", stderr);
}

/// Large machines after all small ones, to which they would leave cold caches.
void measure_all(Report& report) {
  for (const bool large : {false, true}) measure_in_turn(report, large);
}

void add_image(Report& report) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(PIPIT_SOURCE_DIR "/build/mewz/bin/mewz", error);
  if (error)
    report.skipped.push_back("kernel image: " + error.message() +
                             " (cmake --preset mewz; ninja -C build/mewz)");
  else
    report.facts.push_back({"kernel image with everything, bytes",
                            number(static_cast<double>(bytes), "%.0f of ") + std::to_string(kImageLimit)});
}

void add_ratio(Report& report) {
  const Subject* native = nullptr;
  const Subject* linux_start = nullptr;
  for (const Subject& subject : report.subjects) {
    if (subject.name.starts_with("first byte") && !subject.cpu_ms.empty()) native = &subject;
    if (subject.name.starts_with("Linux") && !subject.cpu_ms.empty()) linux_start = &subject;
  }
  if (native != nullptr && linux_start != nullptr)
    report.facts.push_back({"Linux to its init, times Mewz to the application's first byte",
                            number(median(linux_start->cpu_ms) / median(native->cpu_ms), "%.0f")});
}

void add_speed(Report& report, const std::string& folder) {
  std::fputs("native code by instruction count", stderr);
  const auto speed = native_speed(folder);
  std::fputs("\r\033[K", stderr);
  if (!speed.ok()) {
    report.skipped.push_back("native code speed: " + speed.error().text);
    return;
  }
  report.facts.push_back({"native code, 4 matrix products of 128 doubles squared, instructions",
                          number(speed->mewz, "%.0f; ") +
                              number(speed->linux_runner, "the Linux runner %.0f; ") +
                              number(speed->difference() * 100, "%+.2f %%")});
}

void add_http(Report& report, bool wanted) {
  if (!wanted) {
    report.skipped.push_back("HTTP under wrk: --http does");
    return;
  }
  std::fputs("HTTP under wrk, Mewz and Linux in turn (minutes)", stderr);
  const std::string said = last_line({PIPIT_SOURCE_DIR "/bench/mewz/compare-http"}, "HTTP under wrk", report);
  std::fputs("\r\033[K", stderr);
  if (!said.empty()) report.facts.push_back({"HTTP by wrk", said});
}

int run(const Arguments& arguments) {
  char folder[] = "/tmp/pipit-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  Report report{.runs = arguments.runs, .subjects = start_up(folder)};
  if (auto subject = linux_to_init(find_linux(arguments, report), folder))
    report.subjects.push_back(*std::move(subject));
  if (arguments.models)
    for (Subject& subject : models(folder, report.skipped)) report.subjects.push_back(std::move(subject));
  else
    report.skipped.push_back("ResNet-50 and MobileNetV2: --models does");
  measure_all(report);
  add_image(report);
  add_ratio(report);
  if (g_stopped == 0) add_speed(report, folder);
  if (g_stopped == 0) add_http(report, arguments.http);
  std::filesystem::remove_all(folder);
  if (report.subjects[0].cpu_ms.empty()) {
    std::fputs("pipit bench mewz: the kernels do not start: cmake --preset mewz && ninja -C build/mewz\n",
               stderr);
    return 1;
  }
  print(report, arguments.format);
  return g_stopped != 0 ? 130 : 0;
}

}  // namespace
}  // namespace pipit::bench

int main(int argc, char** argv) {
  pipit::bench::Arguments arguments;
  if (const auto code = pipit::bench::parse(argc, argv, arguments)) return *code;
  std::signal(SIGINT, [](int) { pipit::bench::g_stopped = 1; });
  return pipit::bench::run(arguments);
}
