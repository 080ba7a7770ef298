// pipit-bench-models: inference on this processor against ONNX Runtime, and on boards in QEMU by
// instructions.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>

#include "bench/models/board_run.h"
#include "bench/models/node.h"
#include "bench/models/report.h"
#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/export_integer.h"
#include "support/files.h"

namespace pipit::bench {
namespace {

using support::Error;
using support::Result;

constexpr u32 kRounds = 7;
constexpr f64 kSampleMs = 120;  ///< CPU time of one sample, about

f64 cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<f64>(time.tv_sec) * 1e3 + static_cast<f64>(time.tv_nsec) / 1e6;
}

struct How {
  bool boards = true, server = true;  ///< which are measured
};

/// Our side of a contest.
class Ours {
 public:
  static Result<std::unique_ptr<Ours>> create(std::vector<u8> pipm) {
    auto ours = std::unique_ptr<Ours>(new Ours(std::move(pipm)));
    ours->session_ = std::make_unique<model::Session>(TRY(model::Session::create(ours->file_)));
    const nn::PlannedModel& model = ours->session_->model();
    for (u32 i = 0; i < model.input_count(); ++i) {
      const nn::TensorInfo info = model.input(i);
      std::vector<u8> input(info.bytes);
      for (usize k = 0; k < input.size(); ++k) input[k] = static_cast<u8>(7 * k + 3);
      if (info.dtype == DType::f32)
        for (usize k = 0; k * sizeof(f32) < input.size(); ++k) {
          const f32 value = std::sin(static_cast<f32>(k));
          std::memcpy(&input[k * sizeof value], &value, sizeof value);
        }
      ours->inputs_.push_back(std::move(input));
    }
    return ours;
  }
  Result<f64> sample(u32 count) {
    const std::vector<Bytes> inputs(inputs_.begin(), inputs_.end());
    const f64 start = cpu_ms();
    for (u32 i = 0; i < count; ++i) TRY(session_->run_all(inputs));
    return (cpu_ms() - start) / count;
  }
  /// Output 0 for bytes of input 0.
  Result<std::vector<u8>> run(const std::vector<u8>& input) {
    const Bytes output = TRY(session_->run(Bytes(input)));
    return std::vector<u8>(output.begin(), output.end());
  }
  u64 macs() const { return session_->model().macs(); }
  const std::vector<u8>& file() const { return file_; }

 private:
  explicit Ours(std::vector<u8> pipm) : file_(std::move(pipm)) {}
  std::vector<u8> file_;
  std::unique_ptr<model::Session> session_;
  std::vector<std::vector<u8>> inputs_;
};

u32 count_for(f64 ms) { return static_cast<u32>(std::clamp(kSampleMs / std::max(ms, 1e-4), 1.0, 100000.0)); }

/// Samples both in turn and keeps the fastest of each: what the machine does besides then counts least.
support::Status contest(Ours& ours, OnnxRuntime* theirs, Contest& result) {
  const u32 our_count = count_for(TRY(ours.sample(1)));
  const u32 their_count = theirs != nullptr ? count_for(TRY(theirs->sample(3))) : 0;
  for (u32 round = 0; round < kRounds; ++round) {
    const f64 our_ms = TRY(ours.sample(our_count));
    result.ours_ms = std::min(our_ms, result.ours_ms.value_or(our_ms));
    if (theirs == nullptr) continue;
    const f64 their_ms = TRY(theirs->sample(their_count));
    result.theirs_ms = std::min(their_ms, result.theirs_ms.value_or(their_ms));
  }
  return {};
}

/// The same for our forms of one model.
Result<Forms> take_turns(Ours& real, Ours& integer, Ours& dynamic) {
  Ours* const forms[] = {&real, &integer, &dynamic};
  u32 counts[3];
  f64 fastest[3];
  for (u32 i = 0; i < 3; ++i) counts[i] = count_for(fastest[i] = TRY(forms[i]->sample(1)));
  for (u32 round = 0; round < 3 * kRounds; ++round)
    for (u32 i = 0; i < 3; ++i) fastest[i] = std::min(fastest[i], TRY(forms[i]->sample(counts[i])));
  return Forms{fastest[0], fastest[1], fastest[2]};
}

class Bench {
 public:
  Bench(OnnxRuntime* theirs, const How& how) : theirs_(theirs), how_(how) {
    folder_ = std::filesystem::temp_directory_path() / ("pipit-bench-models." + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~Bench() { std::filesystem::remove_all(folder_); }

  Result<Row> measure(const std::string& path) {
    Row row{std::filesystem::path(path).stem().string()};
    path_ = path;
    const std::vector<u8> file = TRY(support::read_file(path));
    const bool onnx = path.ends_with(".onnx");
    model::Graph graph = TRY(model::import_model(file));
    const bool real = graph[graph.inputs[0]].dtype == DType::f32 && onnx;
    if (!real) return measure_integer(std::move(row), std::move(graph), {}, {});
    auto ours = TRY(Ours::create(TRY(model::compile_graph(graph)).pipm));
    row.macs = ours->macs();
    TRY(run(*ours, path, false, "fp32", row.real));
    model::CompileOptions dynamically;
    dynamically.dynamic = true;
    const auto dynamic = TRY(Ours::create(TRY(model::compile_graph(graph, dynamically)).pipm));
    const usize elements = ours->file().empty() ? 0 : element_count(*ours);
    const auto sample = [elements](u32 index) {
      std::vector<f32> values(elements);
      for (usize k = 0; k < elements; ++k) values[k] = std::sin(static_cast<f32>(k + usize{7} * index));
      return values;
    };
    auto quantized = model::quantize_model(file, {2, sample}, {});
    if (!quantized.ok()) {
      row.integer.why = quantized.error().text;
      return row;
    }
    return measure_integer(std::move(row), TRY(model::import_model(quantized->onnx)), quantized->onnx,
                           {ours.get(), dynamic.get()});
  }

 private:
  static usize element_count(const Ours& ours) {
    const auto model = nn::PlannedModel::load(ours.file());
    return model.ok() ? model->input(0).bytes / sizeof(f32) : 0;
  }

  /// What an integer model was made from, and its other form; null: it came as it is.
  struct Origin {
    Ours *real = nullptr, *dynamic = nullptr;
  };

  /// `onnx` is a QDQ model, or empty for an integer graph in execution layout (TFLite's).
  Result<Row> measure_integer(Row row, model::Graph graph, std::vector<u8> onnx, Origin origin) {
    const bool is_ours = onnx.empty();
    model::Shape shape = graph[graph.inputs[0]].shape;
    std::vector<u8> as_signed;
    if (is_ours) {
      auto exported = model::export_integer_onnx(graph, true);
      if (exported.ok()) {
        onnx = *std::move(exported);
        as_signed = TRY(model::export_integer_onnx(graph, false));
      } else {
        row.integer.why = exported.error().text;
      }
    }
    auto ours = TRY(Ours::create(TRY(model::compile_graph(std::move(graph))).pipm));
    row.macs = ours->macs();
    const std::string file = folder_ + "/model.onnx";
    TRY(support::write_file(file, onnx));
    TRY(support::write_file(folder_ + "/model.pipm", ours->file()));
    TRY(run(*ours, onnx.empty() ? "" : file, !is_ours, "int8", row.integer));
    if (how_.server && origin.real != nullptr) {
      step("fp32, int8 and dynamic int8 in turn");
      row.forms = TRY(take_turns(*origin.real, *ours, *origin.dynamic));
    }
    if (!as_signed.empty() && row.integer.theirs_ms)
      row.difference = TRY(difference(*ours, as_signed, shape));
    const auto model = nn::PlannedModel::load(ours->file());
    row.file_bytes = static_cast<u32>(ours->file().size());
    row.arena_bytes = model->arena_bytes();
    if (how_.boards) run_on_boards(row, onnx.empty() || is_ours ? path_ : file);
    return row;
  }

  /// `source` is what generated C is compiled from.
  void run_on_boards(Row& row, const std::string& source) {
    // What a board of the rig holds, and what QEMU counts within seconds.
    constexpr u64 kMostMacs = 200'000'000;
    constexpr u32 kMostFileBytes = 12u << 20, kMostArenaBytes = 3u << 20;
    if (row.macs > kMostMacs || row.file_bytes > kMostFileBytes || row.arena_bytes > kMostArenaBytes) {
      row.boards_why = "left out on boards, which take up to 200 MMAC, 12 MB of file and 3 MB of arena";
      return;
    }
    for (const char* board : kBoards) {
      BoardRow counted{board, {}, {}};
      step(board);
      const auto planned = run_on_board(board, folder_ + "/model.pipm");
      const auto generated = run_generated_on_board(board, source, folder_);
      if (planned.ok()) counted.planned = planned->instructions;
      if (generated.ok())
        counted.generated = generated->instructions, counted.stack_bytes = generated->stack_bytes;
      for (const auto* failed :
           {planned.ok() ? nullptr : &planned.error(), generated.ok() ? nullptr : &generated.error()})
        if (failed != nullptr) std::fprintf(stderr, "%s: %s\n", row.name.c_str(), failed->text.c_str());
      row.boards.push_back(std::move(counted));
    }
  }

  static void step(const char* what) { std::fprintf(stderr, "      %s\n", what); }

  /// The largest difference between our output and ONNX Runtime's of the same integers. (Its kernels for
  /// unsigned activations saturate on processors without VNNI.)
  Result<i32> difference(Ours& ours, const std::vector<u8>& onnx, const model::Shape& shape) {
    const std::string file = folder_ + "/signed.onnx";
    TRY(support::write_file(file, onnx));
    TRY(theirs_->load(file, false));
    std::vector<u8> input(static_cast<usize>(model::element_count(shape)));
    for (usize i = 0; i < input.size(); ++i) input[i] = static_cast<u8>(i * i % 251 + i / 7);
    const std::vector<u8> output = TRY(ours.run(input));
    const std::vector<u8> theirs = TRY(theirs_->run(model::channels_first(shape, input), folder_));
    if (theirs.size() != output.size()) return Error(Code::malformed, "outputs of different sizes");
    i32 largest = 0;
    for (usize i = 0; i < output.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<i8>(output[i]) - static_cast<i8>(theirs[i])));
    return largest;
  }

  support::Status run(Ours& ours, const std::string& onnx, bool unsigned_activations, const char* form,
                      Contest& result) {
    if (!how_.server) return {};
    step(form);
    OnnxRuntime* theirs = onnx.empty() ? nullptr : theirs_;
    if (theirs != nullptr)
      if (const auto loaded = theirs->load(onnx, unsigned_activations); !loaded.ok()) {
        result.why = loaded.error().text;
        theirs = nullptr;
      }
    return contest(ours, theirs, result);
  }

  OnnxRuntime* theirs_;
  How how_;
  std::string folder_, path_;
};

/// Models of the checkout, and of the shared test data where it lies beside it.
std::vector<std::string> default_models() {
  const std::string data = PIPIT_SOURCE_DIR "/../shared/testdata/";
  std::vector<std::string> found = {PIPIT_SOURCE_DIR "/examples/fashion/fashion.onnx"};
  for (const char* name : {"onnx-light/light_resnet50.onnx", "mlperf-tiny/kws_ref_model.tflite",
                           "mlperf-tiny/vww_96_int8.tflite", "mlperf-tiny/pretrainedResnet_quant.tflite",
                           "mlperf-tiny/ad01_int8.tflite"})
    if (support::exists(data + name)) found.push_back(data + name);
  return found;
}

int help() {
  std::printf(
      "usage: pipit bench models [--output=table|json|markdown] [--no-onnxruntime] [--no-boards] "
      "[--no-server] [MODEL.onnx|MODEL.tflite…]\n\n"
      "CPU time of an inference on one thread, ours and ONNX Runtime's in turn (--no-server leaves it out), "
      "and\n"
      "instructions per multiply-accumulate on boards in QEMU (--no-boards leaves them out), as a planned "
      "model and\n"
      "as generated C. A float ONNX model is also quantised, to static and to dynamic int8. ± is the "
      "largest\n"
      "difference between the integers that both make of one input. Without models: Fashion-MNIST, and with "
      "the\n"
      "test data ResNet-50 and MLPerf Tiny.\n\n"
      "example: pipit bench models --no-boards examples/fashion/fashion.onnx\n"
      "example: pipit bench models --no-server --output=markdown > boards.md\n");
  return 0;
}

struct Arguments {
  std::vector<std::string> models;
  std::string output = "table";
  How how;
  bool compare = true, help = false;
};

Result<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h")
      arguments.help = true;
    else if (word == "--output=json" || word == "--output=table" || word == "--output=markdown")
      arguments.output = word.substr(word.find('=') + 1);
    else if (word == "--no-boards")
      arguments.how.boards = false;
    else if (word == "--no-server")
      arguments.how.server = false;
    else if (word == "--no-onnxruntime")
      arguments.compare = false;
    else if (word.starts_with("-"))
      return Error(Code::invalid_argument, "unknown option " + word + " (see pipit bench models --help)");
    else
      arguments.models.push_back(word);
  }
  return arguments;
}

int run(int argc, char** argv) {
  auto parsed = parse(argc, argv);
  if (!parsed.ok()) {
    std::fprintf(stderr, "pipit bench models: %s\n", parsed.error().text.c_str());
    return 2;
  }
  if (parsed->help) return help();
  std::vector<std::string>& models = parsed->models;
  if (models.empty()) models = default_models();
  std::unique_ptr<OnnxRuntime> theirs;
  if (parsed->compare && parsed->how.server) {
    auto started = OnnxRuntime::start();
    if (started.ok())
      theirs = *std::move(started);
    else
      std::fprintf(stderr, "pipit bench models: %s\n", started.error().text.c_str());
  }
  for (const char* board : kBoards) {
    if (!parsed->how.boards) break;
    if (const auto built = build_board_program(board); !built.ok())
      std::fprintf(stderr, "pipit bench models: %s\n", built.error().text.c_str());
  }
  Bench bench(theirs.get(), parsed->how);
  std::vector<Row> rows;
  usize begun = 0;
  int code = 0;
  for (const std::string& path : models) {
    std::fprintf(stderr, "[%zu/%zu] %s\n", ++begun, models.size(), path.c_str());
    auto row = bench.measure(path);
    if (row.ok()) {
      rows.push_back(*std::move(row));
      continue;
    }
    std::fprintf(stderr, "pipit bench models: %s: %s\n", path.c_str(), row.error().text.c_str());
    code = 1;
  }
  if (parsed->output == "markdown") {
    Surroundings where = Surroundings::here();
    if (theirs != nullptr) where.onnxruntime = theirs->version();
    print_markdown(rows, where);
  } else {
    parsed->output == "json" ? print_json(rows) : print_table(rows);
  }
  return code;
}

}  // namespace
}  // namespace pipit::bench

int main(int argc, char** argv) { return pipit::bench::run(argc, argv); }
