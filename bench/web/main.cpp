// pipit-bench-web: models compiled to Wasm against ONNX Runtime web, both in Node, on one thread.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "bench/web/mobilenet.h"
#include "compiler/model/compiler.h"
#include "compiler/model/emit_wasm/emit_wasm.h"
#include "support/files.h"
#include "support/json.h"
#include "support/process.h"
#include "support/table.h"

namespace pipit::bench {
namespace {

using support::Error;
using support::Json;
using support::Result;

struct Row {
  std::string name, type;
  f64 ours_ms = 0, theirs_ms = 0, difference = 0;
  usize module_bytes = 0;
};

class Bench {
 public:
  explicit Bench(std::string folder) : folder_(std::move(folder)) {}

  Result<Row> measure(const std::string& name, const char* type, const std::vector<u8>& onnx) const {
    const auto compiled = TRY(model::compile_model(onnx));
    const auto made = TRY(model::emit_wasm(compiled.pipm, "model"));
    const std::string module = folder_ + "/model.wasm", file = folder_ + "/model.onnx";
    TRY(support::write_file(module, made.module));
    TRY(support::write_file(file, onnx));
    const auto ran = TRY(support::run({"node", PIPIT_BENCH_WEB "/contest.mjs", module, file, "7"}, "",
                                      {"PIPIT_NODE_MODULES=" PIPIT_WEB_MODULES}));
    if (ran.exit_code != 0) return Error(Code::internal, "node: " + ran.err);
    const Json json = TRY(support::parse_json(ran.out));
    return Row{name,
               type,
               json.value("ours", 0.0),
               json.value("theirs", 0.0),
               json.value("difference", 0.0),
               made.module.size()};
  }

  /// The float model, and its static int8 form in ONNX's QDQ convention, which both sides read.
  support::Status measure_both(const std::string& name, const std::vector<u8>& onnx,
                               std::vector<Row>& rows) const {
    rows.push_back(TRY(measure(name, "fp32", onnx)));
    const auto graph = TRY(model::import_model(onnx));
    const u64 elements = static_cast<u64>(model::element_count(graph[graph.inputs[0]].shape));
    const model::Samples samples{
        2, [elements](u32 index) {
          std::vector<f32> values(elements);
          for (usize i = 0; i < values.size(); ++i)
            values[i] = std::sin(static_cast<f32>(i) * (1.0f + 0.1f * static_cast<f32>(index)));
          return values;
        }};
    const auto quantised = TRY(model::quantize_model(onnx, samples, {}));
    rows.push_back(TRY(measure(name, "int8", quantised.onnx)));
    return {};
  }

 private:
  std::string folder_;
};

void print(const std::vector<Row>& rows, bool as_json) {
  if (as_json) {
    Json all = Json::array();
    for (const Row& row : rows)
      all.push_back({{"model", row.name},
                     {"type", row.type},
                     {"ms", row.ours_ms},
                     {"onnxruntime_web_ms", row.theirs_ms},
                     {"ratio", row.ours_ms / row.theirs_ms},
                     {"relative_difference", row.difference},
                     {"module_bytes", row.module_bytes}});
    std::printf("%s\n", support::dump(all, 2).c_str());
    return;
  }
  std::vector<std::vector<std::string>> cells;
  const auto text = [](const char* format, f64 value) {
    char out[32];
    std::snprintf(out, sizeof out, format, value);
    return std::string(out);
  };
  for (const Row& row : rows)
    cells.push_back({row.name, row.type, text("%.2f", row.ours_ms), text("%.2f", row.theirs_ms),
                     text("%.2f", row.ours_ms / row.theirs_ms), text("%.1e", row.difference),
                     support::human_bytes(row.module_bytes)});
  std::printf("%s", support::format_table({"model", "type", "ms", "ORT web", "ratio", "difference", "module"},
                                          cells, {false, false, true, true, true, true, true})
                        .c_str());
}

int run(int argc, char** argv) {
  std::vector<std::string> models;
  bool as_json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      std::printf(
          "usage: pipit bench web [--output=table|json] [MODEL.onnx…]\n\n"
          "CPU time of an inference in Node, of the module that `pipit model compile --emit=wasm` writes and "
          "of\n"
          "ONNX Runtime web, in turn. Float models with one input, each also as static int8. Without a "
          "model:\n"
          "MobileNetV2 with random weights. ONNX Runtime web comes by bench/web/install.sh.\n\n"
          "example: pipit bench web examples/fashion/fashion.onnx\n");
      return 0;
    }
    if (word == "--output=json")
      as_json = true;
    else if (word != "--output=table")
      models.push_back(word);
  }
  const auto fail = [](const std::string& what) {
    std::fprintf(stderr, "pipit bench web: %s\n", what.c_str());
    return 1;
  };
  if (!support::exists(PIPIT_WEB_MODULES "/onnxruntime-web/package.json"))
    return fail("ONNX Runtime web is missing; run bench/web/install.sh");
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("pipit-bench-web-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const Bench bench(folder);
  std::vector<Row> rows;
  int code = 0;
  const auto contest = [&](const std::string& name, const std::vector<u8>& onnx) {
    std::fprintf(stderr, "%s\n", name.c_str());
    const auto done = bench.measure_both(name, onnx, rows);
    if (!done.ok()) code = fail(name + ": " + done.error().text);
  };
  if (models.empty()) contest("MobileNetV2", mobilenet_v2());
  for (const std::string& path : models) {
    const auto file = support::read_file(path);
    if (file.ok())
      contest(std::filesystem::path(path).stem(), *file);
    else
      code = fail(file.error().text);
  }
  print(rows, as_json);
  std::filesystem::remove_all(folder);
  return code;
}

}  // namespace
}  // namespace pipit::bench

int main(int argc, char** argv) { return pipit::bench::run(argc, argv); }
