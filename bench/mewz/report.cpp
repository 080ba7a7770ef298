#include "bench/mewz/report.h"

#include <cstdio>

namespace pipit::bench {
namespace {

struct Row {
  double cpu, above, times_floor, wall, ready;
  long rss, in_use;
};

Row row_of(const Subject& subject, double floor) {
  const double cpu = median(subject.cpu_ms);
  const long in_use =
      subject.free_kb == 0 ? 0 : static_cast<long>(subject.vm.memory_mb) * 1024 - subject.free_kb;
  return {cpu,   cpu - floor, cpu / floor, median(subject.wall_ms), median(subject.ready_ms), subject.rss_kb,
          in_use};
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= ' ') out += c;
  }
  return out + '"';
}

void print_json(const Report& report) {
  const double floor = median(report.subjects[0].cpu_ms);
  std::printf("{\"runs\": %d, \"accelerator\": \"tcg\", \"start\": [", report.runs);
  const char* comma = "";
  for (const Subject& subject : report.subjects) {
    if (subject.cpu_ms.empty()) continue;
    const Row row = row_of(subject, floor);
    std::printf(
        "%s\n  {\"until\": %s, \"cpu_ms\": %.2f, \"above_floor_ms\": %.2f, \"times_floor\": %.3f, "
        "\"wall_ms\": %.2f, "
        "\"main_to_start_ms\": %.2f, \"guest_kb_in_use\": %ld, \"qemu_rss_kb\": %ld}",
        comma, quoted(subject.name).c_str(), row.cpu, row.above, row.times_floor, row.wall, row.ready,
        row.in_use, row.rss);
    comma = ",";
  }
  std::printf("],\n \"figures\": {");
  comma = "";
  for (const Fact& fact : report.facts) {
    std::printf("%s\n  %s: %s", comma, quoted(fact.name).c_str(), quoted(fact.value).c_str());
    comma = ",";
  }
  std::printf("},\n \"not_measured\": [");
  comma = "";
  for (const std::string& line : report.skipped) {
    std::printf("%s\n  %s", comma, quoted(line).c_str());
    comma = ",";
  }
  std::printf("]}\n");
}

/// A number, or a dash where there is none.
std::string cell(double number, const char* format) {
  if (number == 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace

void print(const Report& report, Format format) {
  if (format == Format::json) return print_json(report);
  const bool markdown = format == Format::markdown;
  const char* line =
      markdown ? "| %s | %s | %s | %s | %s | %s | %s | %s |\n" : "%-44s %8s %8s %8s %8s %9s %9s %9s\n";
  if (markdown)
    std::printf(
        "| until | CPU-ms | above the floor | times the floor | wall ms | main() to _start, ms |"
        " guest KB in use | RSS of QEMU, KB |\n|---|---|---|---|---|---|---|---|\n");
  else
    std::printf(line, "until", "CPU-ms", "-floor", "/floor", "wall ms", "start ms", "guest KB", "RSS KB");
  const double floor = median(report.subjects[0].cpu_ms);
  for (const Subject& subject : report.subjects) {
    if (subject.cpu_ms.empty()) continue;
    const Row row = row_of(subject, floor);
    std::printf(line, subject.name.c_str(), cell(row.cpu, "%.1f").c_str(), cell(row.above, "%.1f").c_str(),
                cell(row.times_floor, "%.2f").c_str(), cell(row.wall, "%.1f").c_str(),
                cell(row.ready, "%.1f").c_str(), cell(static_cast<double>(row.in_use), "%.0f").c_str(),
                cell(static_cast<double>(row.rss), "%.0f").c_str());
  }
  std::printf(markdown ? "\n| | |\n|---|---|\n" : "\n");
  for (const Fact& fact : report.facts)
    std::printf(markdown ? "| %s | %s |\n" : "%s: %s\n", fact.name.c_str(), fact.value.c_str());
  for (const std::string& reason : report.skipped) std::printf("not measured: %s\n", reason.c_str());
  std::printf(
      "\nCPU-ms: the whole QEMU process, medians of %d runs, translated (TCG); machines of 16 MB unless they "
      "say "
      "otherwise\n",
      report.runs);
}

}  // namespace pipit::bench
