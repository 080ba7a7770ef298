// TensorFlow Lite Micro's models that remember, compiled to C, on both boards: the engine's bytes over
// several inferences, and again after both have forgotten.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>

#include "base/crc32.h"
#include "base/endian.h"
#include "compiler/model/compiler.h"
#include "compiler/model/evaluate.h"
#include "compiler/model/testing/recurrent.h"
#include "support/files.h"
#include "tests/compiled/board_run.h"

namespace pipit {
namespace {

/// A trained model of the test data, or one layer of random weights.
struct Case {
  const char *name, *trained, *flash, *ram;
  std::vector<u8> (*made)();
  bool constant = false;  ///< whatever the input: its weights were scrambled
};

std::vector<u8> svdf() {
  model::testing::Values values(31);
  return model::testing::svdf(model::testing::LiteType::i8, values);
}
template <model::testing::LiteType type>
std::vector<u8> lstm() {
  model::testing::Values values(32);
  return model::testing::lstm(0, false, values, type);
}

constexpr Case kCases[] = {
    {"Svdf", nullptr, "8K", "4K", svdf},
    {"Lstm", nullptr, "8K", "4K", lstm<model::testing::LiteType::i8>},
    {"FloatLstm", nullptr, "16K", "4K", lstm<model::testing::LiteType::f32>},
    {"Keyword", "models/keyword_scrambled", "48K", "14K", nullptr, true},
    {"NoiseSuppression", "dtln/dtln_noise_suppression", "400K", "4K", nullptr},
    {"MicrophoneFrontEnd", "micro_speech/models/audio_preprocessor_int8", "16K", "4K", nullptr},
};
constexpr const char* kBoards[] = {"mps2-an386", "virt-rv32"};

class SequenceTest : public ::testing::TestWithParam<std::tuple<const char*, Case>> {};

std::string hexadecimal(Bytes bytes) {
  std::string text;
  for (u8 byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  text += "\n";
  return text;
}

std::vector<u8> some_input(const nn::TensorInfo& info, std::minstd_rand& random) {
  if (info.dtype == DType::f32)
    return model::testing::bytes_of(
        model::testing::Values(static_cast<u32>(random())).reals(info.bytes / 4, 2));
  std::vector<u8> input(info.bytes);
  for (u8& byte : input) byte = static_cast<u8>(random() >> 8);
  return input;
}

/// A case's file, written where it is no trained one; empty where the test data is missing.
std::string file_of(const Case& how) {
  if (how.trained != nullptr) {
    const std::string path = std::string(PIPIT_TESTDATA) + "/tflite-micro/" + how.trained + ".tflite";
    return std::filesystem::exists(path) ? path : "";
  }
  const std::string path = ::testing::TempDir() + "sequence." + std::to_string(getpid()) + ".tflite";
  EXPECT_TRUE(support::write_file(path, how.made()).ok());
  return path;
}

std::vector<u8> planned(const std::string& path) {
  const auto file = support::read_file(path);
  EXPECT_TRUE(file.ok()) << path;
  model::CompileOptions options;
  options.integer_io = true;
  const auto compiled = model::compile_model(*file, options);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  return compiled.ok() ? compiled->pipm : std::vector<u8>{};
}

/// Inputs, and what the engine's portable kernels make of them, one after the other.
struct Sequence {
  std::vector<std::vector<u8>> inputs, outputs;

  Sequence(const std::vector<u8>& pipm, int count) {
    auto engine = model::Session::create(pipm, {});
    EXPECT_TRUE(engine.ok()) << engine.error().text;
    std::minstd_rand random(7);
    for (int i = 0; i < count; ++i) {
      inputs.push_back(some_input(engine->model().input(0), random));
      const auto output = engine->run(Bytes(inputs.back()));
      EXPECT_TRUE(output.ok()) << output.error().text;
      outputs.emplace_back(output->begin(), output->end());
    }
  }
};

TEST_P(SequenceTest, GivesTheEnginesBytesAsGeneratedC) {
  const auto& [board, how] = GetParam();
  const std::string path = file_of(how);
  if (path.empty()) GTEST_SKIP() << "no trained model " << how.trained;
  const Sequence sequence(planned(path), 4);
  std::string stream, expected;
  for (int times = 0; times < 2; ++times) {
    for (usize i = 0; i < sequence.inputs.size(); ++i) {
      stream += '\1';
      stream.append(sequence.inputs[i].begin(), sequence.inputs[i].end());
      expected += hexadecimal(sequence.outputs[i]);
    }
    stream += '\2';
  }
  stream += '\0';
  const testing::BareImage image(board, path, "sequence_model", PIPIT_CHECKOUT "/tests/compiled/sequence.c",
                                 {how.flash, how.ram});
  if (how.trained == nullptr) std::filesystem::remove(path);
  ASSERT_TRUE(image.ok());
  std::string answer = image.run(stream);
  std::erase(answer, '\r');
  EXPECT_EQ(answer, expected);
  EXPECT_EQ(sequence.outputs[0] == sequence.outputs[1], how.constant) << "hardly computes";
}

/// What the board's model-sequence, the engine with extensions_recurrent.cpp, prints for each inference:
/// its number, its instructions and the checksum of its output.
std::string run_planned(const std::string& board, const std::string& pipm, const std::string& inputs) {
  const bool arm = board == "mps2-an386";
  const auto loaded = [](const std::string& file, const char* address) {
    return "loader,file=" + file + ",addr=" + address + ",force-raw=on";
  };
  std::vector<std::string> command = {"qemu-system-riscv32", "-M", "virt", "-m", "64M", "-bios", "none"};
  if (arm) command = {"qemu-system-arm", "-M", "mps2-an386"};
  for (const std::string& word :
       {std::string("-icount"), std::string("shift=0"), std::string("-nographic"), std::string("-monitor"),
        std::string("none"), std::string("-serial"), std::string("none"), std::string("-semihosting-config"),
        std::string("enable=on,target=native"), std::string("-kernel"),
        PIPIT_CHECKOUT "/build/" + board + "/bin/model-sequence", std::string("-device"),
        loaded(pipm, arm ? "0x21000000" : "0x82000000"), std::string("-device"),
        loaded(inputs, arm ? "0x21C00000" : "0x83C00000")})
    command.push_back(word);
  const auto ran = support::run(command);
  EXPECT_TRUE(ran.ok()) << ran.error().text;
  return ran.ok() ? ran->out + ran->err : "";
}

TEST_P(SequenceTest, GivesTheEnginesBytesAsAPlannedModel) {
  const auto& [board, how] = GetParam();
  if (!std::filesystem::exists(std::string(PIPIT_CHECKOUT "/build/") + board + "/bin/model-sequence"))
    GTEST_SKIP() << "not built: ninja -C build/" << board << " model-sequence";
  if (how.trained != nullptr && std::string(how.trained).find("audio") != std::string::npos)
    GTEST_SKIP() << "boards have no general functions";
  const std::string path = file_of(how);
  if (path.empty()) GTEST_SKIP() << "no trained model " << how.trained;
  const std::vector<u8> pipm = planned(path);
  const Sequence sequence(pipm, 4);
  std::vector<u8> inputs(8);
  store_le(inputs.data(), static_cast<u32>(sequence.inputs.size()));
  store_le(inputs.data() + 4, static_cast<u32>(sequence.inputs[0].size()));
  for (const auto& input : sequence.inputs) inputs.insert(inputs.end(), input.begin(), input.end());
  const std::string made = ::testing::TempDir() + "sequence." + std::to_string(getpid()) + ".pipm",
                    input_file = made + ".inputs";
  ASSERT_TRUE(support::write_file(made, pipm).ok() && support::write_file(input_file, inputs).ok());
  std::istringstream answer(run_planned(board, made, input_file));
  for (int times = 0; times < 2; ++times)
    for (usize i = 0; i < sequence.outputs.size(); ++i) {
      std::string word;
      usize index = 0;
      u64 instructions = 0;
      u32 checksum = 0;
      ASSERT_TRUE(answer >> word >> index >> instructions >> checksum) << answer.str();
      ASSERT_EQ(word, "inference") << answer.str();
      EXPECT_EQ(index, i);
      EXPECT_EQ(checksum, crc32(sequence.outputs[i])) << "inference " << i;
      if (times == 0 && i == 1)
        std::fprintf(stderr, "%s %s: %llu instructions\n", board, how.name,
                     static_cast<unsigned long long>(instructions));
    }
  std::filesystem::remove(made);
  std::filesystem::remove(input_file);
  if (how.trained == nullptr) std::filesystem::remove(path);
}

INSTANTIATE_TEST_SUITE_P(Boards, SequenceTest,
                         ::testing::Combine(::testing::ValuesIn(kBoards), ::testing::ValuesIn(kCases)),
                         [](const auto& info) {
                           const std::string board = std::get<0>(info.param);
                           return std::string(std::get<1>(info.param).name) +
                                  (board == "virt-rv32" ? "VirtRv32" : "Mps2An386");
                         });

}  // namespace
}  // namespace pipit
