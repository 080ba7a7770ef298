#include "bench/models/report.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>

#include "support/json.h"
#include "support/process.h"
#include "support/table.h"

namespace pipit::bench {
namespace {

std::string number(const std::optional<f64>& value, const char* format) {
  if (!value) return "–";
  char text[40];
  std::snprintf(text, sizeof text, format, *value);
  return text;
}

/// What a program says first about itself; "" where it is missing.
std::string first_line(const std::vector<std::string>& command) {
  const auto ran = support::run(command);
  return ran.ok() ? ran->out.substr(0, ran->out.find('\n')) : "";
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "an unnamed processor";
}

/// "1.23 M (1.64)": instructions, and those per multiply-accumulate.
std::string count_text(const Row& row, const std::optional<f64>& count) {
  if (!count) return "–";
  const std::string all = number(*count / 1e6, "%.3f") + " M";
  return row.macs == 0 ? all : all + " (" + number(*count / static_cast<f64>(row.macs), "%.2f") + ")";
}

void print_boards(const std::vector<Row>& rows) {
  std::printf(
      "## Boards\n\nInstructions of one inference under QEMU's `-icount`, in millions, and per "
      "multiply-accumulate; as a "
      "planned model\n(`.pipm`, executed in place by the engine) and as generated C. Instructions are not "
      "cycles. Arena: RAM "
      "of activations.\n\n"
      "| model | MMAC | .pipm KB | arena KB | M4F, planned | M4F, C | rv32imac, planned | rv32imac, C |\n"
      "|---|--:|--:|--:|--:|--:|--:|--:|\n");
  for (const Row& row : rows) {
    if (row.boards.empty()) continue;
    std::printf(
        "| %s | %s | %s | %s |", row.name.c_str(), number(static_cast<f64>(row.macs) / 1e6, "%.2f").c_str(),
        number(row.file_bytes / 1024.0, "%.1f").c_str(), number(row.arena_bytes / 1024.0, "%.1f").c_str());
    for (const char* board : kBoards)
      for (const BoardRow& each : row.boards)
        if (each.board == board)
          std::printf(" %s | %s |", count_text(row, each.planned).c_str(),
                      count_text(row, each.generated).c_str());
    std::printf("\n");
  }
  for (const Row& row : rows)
    if (!row.boards_why.empty()) std::printf("\n%s: %s.\n", row.name.c_str(), row.boards_why.c_str());
}

/// A figure of the forms, if they were compared.
template <class Figure>
std::string form(const Row& row, Figure figure, const char* format) {
  return row.forms ? number(std::invoke(figure, *row.forms), format) : "–";
}

void print_server(const std::vector<Row>& rows) {
  std::printf(
      "\n## Server, one thread\n\nCPU milliseconds of one inference, the fastest of several samples, ours "
      "and ONNX "
      "Runtime's in turn; for the gains fp32, static and dynamic int8 in turn.\n\n"
      "| model | MMAC | fp32 | ONNX Runtime | ratio | int8 | ONNX Runtime u8s8 | ratio | fp32 / int8 | "
      "dynamic int8 | fp32 / "
      "dynamic |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
  const auto ratio = [](const Contest& c) {
    return c.ours_ms && c.theirs_ms ? number(c.ratio(), "%.2f") : "–";
  };
  for (const Row& row : rows) {
    std::string line = "| " + row.name + " | " + number(static_cast<f64>(row.macs) / 1e6, "%.2f");
    for (const std::string& cell :
         {number(row.real.ours_ms, "%.3f"), number(row.real.theirs_ms, "%.3f"), ratio(row.real),
          number(row.integer.ours_ms, "%.3f"), number(row.integer.theirs_ms, "%.3f"), ratio(row.integer),
          form(row, &Forms::static_gain, "%.2f"), form(row, &Forms::dynamic_ms, "%.3f"),
          form(row, &Forms::dynamic_gain, "%.2f")})
      line += " | " + cell;
    std::printf("%s |\n", line.c_str());
  }
}

}  // namespace

Surroundings Surroundings::here() {
  char date[20];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  return {date, processor_name(), std::string("clang ") + __clang_version__,
          first_line({"qemu-system-arm", "--version"}), ""};
}

void print_markdown(const std::vector<Row>& rows, const Surroundings& where) {
  std::printf(
      "# Models: what an inference takes\n\nWritten by `pipit bench models --output=markdown` on %s, %s.\n"
      "Built with %s; %s%s%s.\n\n",
      where.date.c_str(), where.processor.c_str(), where.compiler.c_str(), where.qemu.c_str(),
      where.onnxruntime.empty() ? "" : "; ONNX Runtime ", where.onnxruntime.c_str());
  bool boards = false, server = false;
  for (const Row& row : rows) {
    boards = boards || !row.boards.empty();
    server = server || row.real.ours_ms || row.integer.ours_ms;
  }
  if (boards) print_boards(rows);
  if (server) print_server(rows);
}

void print_json(const std::vector<Row>& rows) {
  support::Json all = support::Json::array();
  for (const Row& row : rows) {
    support::Json json = {{"model", row.name}, {"macs", row.macs}};
    const auto put = [&json](const char* key, const std::optional<f64>& value) {
      if (value) json[key] = *value;
    };
    put("fp32Ms", row.real.ours_ms), put("onnxruntimeFp32Ms", row.real.theirs_ms);
    put("int8Ms", row.integer.ours_ms), put("onnxruntimeU8s8Ms", row.integer.theirs_ms);
    if (row.forms) {
      put("dynamicMs", row.forms->dynamic_ms);
      put("staticGain", row.forms->static_gain()), put("dynamicGain", row.forms->dynamic_gain());
    }
    if (row.difference) json["largestDifference"] = *row.difference;
    for (const BoardRow& board : row.boards) {
      if (board.planned) json["instructions"][board.board] = *board.planned;
      if (board.generated) json["generatedInstructions"][board.board] = *board.generated;
    }
    all.push_back(json);
  }
  std::printf("%s\n", support::dump(all, 2).c_str());
}

void print_table(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells;
  const auto ratio = [](const Contest& c) {
    return c.ours_ms && c.theirs_ms ? number(c.ratio(), "%.2f") : std::string("–");
  };
  for (const Row& row : rows) {
    std::vector<std::string> line = {row.name,
                                     number(static_cast<f64>(row.macs) / 1e6, "%.2f"),
                                     number(row.real.ours_ms, "%.3f"),
                                     number(row.real.theirs_ms, "%.3f"),
                                     ratio(row.real),
                                     number(row.integer.ours_ms, "%.3f"),
                                     number(row.integer.theirs_ms, "%.3f"),
                                     ratio(row.integer)};
    line.push_back(row.difference ? std::to_string(*row.difference) : "–");
    line.push_back(form(row, &Forms::static_gain, "%.2f"));
    line.push_back(form(row, &Forms::dynamic_ms, "%.3f"));
    line.push_back(form(row, &Forms::dynamic_gain, "%.2f"));
    for (const char* board : kBoards) {
      std::string cell = "–";
      for (const BoardRow& each : row.boards)
        if (each.board == board && each.planned && row.macs != 0)
          cell = number(*each.planned / static_cast<f64>(row.macs), "%.2f");
      line.push_back(cell);
    }
    cells.push_back(line);
  }
  std::printf(
      "%s", support::format_table(
                {"model", "MMAC", "fp32 ms", "ORT", "ratio", "int8 ms", "ORT u8s8", "ratio", "±", "gain",
                 "dynamic ms", "gain", "M4F i/MAC", "rv32 i/MAC"},
                cells, {false, true, true, true, true, true, true, true, true, true, true, true, true, true})
                .c_str());
  for (const Row& row : rows)
    for (const std::string& why : {row.real.why, row.integer.why, row.boards_why})
      if (!why.empty()) std::printf("%s: %s\n", row.name.c_str(), why.c_str());
}

}  // namespace pipit::bench
