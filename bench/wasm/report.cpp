#include "bench/wasm/report.h"

#include <sys/utsname.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/process.h"
#include "support/table.h"

namespace pipit::bench {
namespace {

using Cells = std::vector<std::string>;

constexpr const char* kOthers[] = {"integer-mix", "int8-conv", "int8-dot", "fp32-matmul"};

bool is_polybench(const std::string& kernel) {
  return std::none_of(std::begin(kOthers), std::end(kOthers),
                      [&](const char* name) { return kernel == name; });
}

std::vector<std::string> polybench(const Report& report) {
  std::vector<std::string> names;
  for (const Row& row : report.rows)
    if (is_polybench(row.kernel)) names.push_back(row.kernel);
  return names;
}

std::string number(double value, const char* format = "%.2f") {
  if (value <= 0) return "–";
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// The column that `column` is divided by: native code of the same instruction set.
usize base_of(const Report& report, usize column) {
  if (!report.runtimes[column].starts_with("aot host")) return 0;
  const auto found = std::find(report.runtimes.begin(), report.runtimes.end(), "native host");
  return found == report.runtimes.end() ? 0 : static_cast<usize>(found - report.runtimes.begin());
}

double ratio(const Report& report, const Row& row, usize column) {
  const double base = row.cells[base_of(report, column)].seconds;
  return base > 0 ? row.cells[column].seconds / base : 0;
}

double mean(const Report& report, usize column) {
  return geometric_mean(report.rows, polybench(report), column, base_of(report, column));
}

/// One line a runtime: the mean over PolyBench's kernels, then the other kernels.
std::vector<Cells> summary(const Report& report) {
  std::vector<Cells> lines;
  for (usize column = 0; column < report.runtimes.size(); ++column) {
    Cells line = {report.runtimes[column], number(mean(report, column))};
    for (const char* other : kOthers) {
      const auto row = std::find_if(report.rows.begin(), report.rows.end(),
                                    [&](const Row& candidate) { return candidate.kernel == other; });
      line.push_back(row == report.rows.end() ? "–" : number(ratio(report, *row, column)));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

/// One line a kernel: native time, then every other runtime divided by it.
std::vector<Cells> details(const Report& report) {
  std::vector<Cells> lines;
  for (const Row& row : report.rows) {
    Cells line = {row.kernel, number(row.cells[0].seconds * 1e3, "%.3f")};
    for (usize column = 1; column < row.cells.size(); ++column)
      line.push_back(number(ratio(report, row, column)));
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<Cells> start_up(const Report& report) {
  std::vector<Cells> lines;
  for (const StartUp& entry : report.start_up)
    lines.push_back(
        {entry.what, number(entry.milliseconds), number(entry.best), number(entry.megabytes, "%.1f")});
  return lines;
}

Cells summary_header() {
  return {"runtime", "PolyBench", "integer-mix", "int8-conv", "int8-dot", "fp32-matmul"};
}
Cells details_header(const Report& report) {
  Cells header = {"kernel", report.runtimes[0] + " ms"};
  header.insert(header.end(), report.runtimes.begin() + 1, report.runtimes.end());
  return header;
}
Cells start_up_header() { return {"start to end", "ms (median)", "ms (best)", "MB"}; }

std::string markdown_line(const Cells& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::string markdown_table(const Cells& header, const std::vector<Cells>& lines) {
  std::string text = markdown_line(header) + "|---|";
  for (usize i = 1; i < header.size(); ++i) text += "--:|";
  text += "\n";
  for (const Cells& line : lines) text += markdown_line(line);
  return text + "\n";
}

std::string plain_table(const Cells& header, const std::vector<Cells>& lines) {
  std::vector<bool> right(header.size(), true);
  right[0] = false;
  return support::format_table(header, lines, right) + "\n";
}

std::string to_json(const Report& report) {
  nlohmann::ordered_json json;
  json["environment"] = report.environment;
  json["base"] = report.runtimes[0];
  for (usize column = 0; column < report.runtimes.size(); ++column)
    json["polybench_geomean"][report.runtimes[column]] = mean(report, column);
  for (const Row& row : report.rows)
    for (usize column = 0; column < row.cells.size(); ++column) {
      auto& cell = json["kernels"][row.kernel][report.runtimes[column]];
      if (row.cells[column].seconds > 0)
        cell = {{"seconds", row.cells[column].seconds}, {"ratio", ratio(report, row, column)}};
      else
        cell = {{"missing", row.cells[column].why}};
    }
  for (const StartUp& entry : report.start_up) {
    auto& cell = json["start_up"][entry.what];
    if (entry.milliseconds > 0)
      cell = {{"median_ms", entry.milliseconds}, {"best_ms", entry.best}, {"peak_mb", entry.megabytes}};
    else
      cell = {{"missing", entry.why}};
  }
  return json.dump(2) + "\n";
}

std::string first_line_of(const std::vector<std::string>& command) {
  auto output = support::run(command);
  return output.ok() ? output->out.substr(0, output->out.find('\n')) : std::string("not installed");
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

std::string format_report(const Report& report, Format format) {
  if (format == Format::json) return to_json(report);
  const auto table = format == Format::markdown ? markdown_table : plain_table;
  std::string text;
  for (const std::string& line : report.environment)
    text += (format == Format::markdown ? "- " : "") + line + "\n";
  text += "\n";
  if (!report.rows.empty())
    text += table(summary_header(), summary(report)) + table(details_header(report), details(report));
  if (!report.start_up.empty()) text += table(start_up_header(), start_up(report));
  return text;
}

std::vector<std::string> describe_environment() {
  char date[32];
  const time_t now = time(nullptr);
  struct tm utc;
  std::strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &utc));
  utsname system = {};
  uname(&system);
  return {std::string("date: ") + date,
          "processor: " + processor(),
          std::string("system: ") + system.sysname + " " + system.release,
          "compiler: " + first_line_of({"clang-22", "--version"}),
          "node: " + first_line_of({"node", "--version"}),
          "wasm2c: " + first_line_of({"wasm2c", "--version"})};
}

}  // namespace pipit::bench
