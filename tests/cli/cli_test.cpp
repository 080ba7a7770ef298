// What the pipit command promises whoever starts it: help with an example, errors that say what to do, and an
// end as soon as it is asked for one.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "compiler/model/npy.h"
#include "compiler/model/testing/models.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "pipit-cli-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path = pattern;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name, const std::vector<u8>& bytes) const {
    EXPECT_TRUE(support::write_file(path + "/" + name, bytes).ok());
    return path + "/" + name;
  }
  std::string path;
};

support::ProcessOutput pipit(std::vector<std::string> words) {
  words.insert(words.begin(), PIPIT_PROGRAM);
  auto output = support::run(words);
  EXPECT_TRUE(output.ok());
  return output.ok() ? *std::move(output) : support::ProcessOutput{};
}

/// Starts pipit, lets it get to work, and sends SIGINT; its exit code, or -1 when it did not end in ten
/// seconds.
int interrupted(std::vector<std::string> words, const std::string& log) {
  using namespace std::chrono_literals;
  words.insert(words.begin(), PIPIT_PROGRAM);
  auto process = support::Process::start(words, {.log_file = log, .environment = {}, .directory = {}});
  EXPECT_TRUE(process.ok());
  if (!process.ok()) return -2;
  std::this_thread::sleep_for(500ms);
  EXPECT_TRUE(process->running()) << "it ended before it was interrupted";
  kill(process->pid(), SIGINT);
  for (int tenths = 0; tenths < 100 && process->running(); ++tenths) std::this_thread::sleep_for(100ms);
  return process->exit_code().value_or(-1);
}

/// A module whose `_start` returns, or goes round for ever.
std::vector<u8> module_of(bool endless) {
  std::vector<u8> module = {0, 'a', 's', 'm', 1, 0, 0,  0, 1, 4,   1,   0x60, 0,   0,   3,   2, 1, 0,
                            5, 3,   1,   0,   1, 7, 10, 1, 6, '_', 's', 't',  'a', 'r', 't', 0, 0};
  const std::vector<u8> returns = {10, 4, 1, 2, 0, 0x0B};
  const std::vector<u8> goes_round = {10, 9, 1, 7, 0, 0x03, 0x40, 0x0C, 0, 0x0B, 0x0B};
  const auto& code = endless ? goes_round : returns;
  module.insert(module.end(), code.begin(), code.end());
  return module;
}

TEST(Help, HasAnExampleForEveryCommand) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"aot"},
                                                          {"bench"},
                                                          {"build"},
                                                          {"device"},
                                                          {"gateway"},
                                                          {"model"},
                                                          {"model", "info"},
                                                          {"model", "plan"},
                                                          {"model", "compile"},
                                                          {"model", "run"},
                                                          {"model", "quantize"},
                                                          {"pull"},
                                                          {"model", "bench"},
                                                          {"push"},
                                                          {"run"},
                                                          {"model", "profile"},
                                                          {"up"},
                                                          {"down"},
                                                          {"wast"},
                                                          {"run", "--target=mewz"}};
  for (std::vector<std::string> words : commands) {
    words.emplace_back("--help");
    const auto output = pipit(words);
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_NE(output.out.find("xample"), std::string::npos) << "pipit … " << words.front() << "\n"
                                                            << output.out;
  }
}

TEST(Wast, AFolderWithoutScriptsIsAnError) {
  const Folder folder;
  const auto output = pipit({"wast", folder.path});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_NE(output.err.find("no script (.json)"), std::string::npos) << output.err;
}

TEST(Model, MayKeepTensorsInFilesBesideIt) {
  const Folder folder;
  model::testing::Builder b;
  b.input("x", {2});
  b.node("Add", {"x", "w"}, "y");
  b.model.initializers.push_back({"w", model::onnx_file::ElementType::f32, {2}, {}});
  b.model.outputs.push_back({"y", model::onnx_file::ElementType::f32, {2}});
  const std::string file = folder.file("m.onnx", model::onnx_file::serialise_external(b.model, "w.bin"));
  const std::string out = folder.path + "/m.pipm";
  const auto missing = pipit({"model", "plan", file, "-o", out});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("w.bin' cannot be opened"), std::string::npos) << missing.err;
  EXPECT_FALSE(fs::exists(out));

  folder.file("w.bin", model::testing::bytes_of<f32>({10, 20}));
  const std::string input = folder.file("x.bin", model::testing::bytes_of<f32>({1, 2}));
  const auto planned = pipit({"model", "plan", file, "-o", out});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_NE(pipit({"model", "run", out, "--input", input}).out.find(": 11 22"), std::string::npos);
}

TEST(Model, TooLargeForItsArenaNamesTheObstacle) {
  const Folder folder;
  const std::string model = std::string(PIPIT_SOURCE_DIR) + "/examples/fashion/fashion.onnx";
  const auto output = pipit({"model", "compile", model, "--arena-limit=1K", "-o", folder.path});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_NE(output.err.find("the limit is 1024; most is alive at "), std::string::npos) << output.err;
  EXPECT_TRUE(fs::is_empty(folder.path));
}

/// Enough samples to be calibrating when it is interrupted.
std::string many_samples(const Folder& folder) {
  constexpr u32 kSamples = 10'000;
  const model::Array array{DType::f32, {kSamples, 1, 28, 28}, std::vector<u8>(usize{kSamples} * 28 * 28 * 4)};
  return folder.file("samples.npy", model::write_npy(array));
}

TEST(Model, EndsWhenInterruptedAndLeavesNothing) {
  const Folder folder;
  const std::string model = std::string(PIPIT_SOURCE_DIR) + "/examples/fashion/fashion.onnx";
  const std::string made = folder.path + "/out/", samples = many_samples(folder);
  const std::vector<std::vector<std::string>> commands = {
      {"model", "profile", model, "--iterations=100000", "--svg", made + "profile.svg"},
      {"model", "quantize", model, "--npy=" + samples, "--samples=1000000", "-o", made + "int8.onnx"},
      {"model", "bench", model, "--iterations=1000000"}};
  for (const auto& words : commands) {
    EXPECT_EQ(interrupted(words, folder.path + "/log"), 130) << words[1];
    EXPECT_FALSE(fs::exists(made)) << words[1];
  }
}

TEST(Run, NativeLoopsEndWhenInterrupted) {
  const Folder folder;
  const std::string app = folder.file("loop.wasm", module_of(true));
  const std::string cache = "--cache=" + folder.path + "/cache";
  EXPECT_EQ(pipit({"run", app, "--engine=aot", cache, "--fuel=1000"}).exit_code, 124);  // compiles it
  for (const char* command : {"run", "run-here"}) {
    EXPECT_EQ(interrupted({command, app, "--engine=aot", cache, "--report"}, folder.path + "/log"), 130);
    EXPECT_EQ(interrupted({command, app, "--engine=aot", cache, "--report", "--fuel=1000000000000000"},
                          folder.path + "/log"),
              130);
    const auto log = support::read_file(folder.path + "/log");
    ASSERT_TRUE(log.ok());
    EXPECT_NE(std::string(log->begin(), log->end()).find("fuel used"), std::string::npos) << "no report";
  }
}

TEST(Run, ACheckpointNeedsItsMoment) {
  const Folder folder;
  const auto output =
      pipit({"run", folder.file("app.wasm", module_of(false)), "--checkpoint=" + folder.path + "/run"});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_NE(output.err.find("--checkpoint needs --checkpoint-after=N"), std::string::npos) << output.err;
}

}  // namespace
}  // namespace pipit
