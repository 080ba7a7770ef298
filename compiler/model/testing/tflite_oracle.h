#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/files.h"
#include "support/process.h"

/// TensorFlow Lite itself, as WebAssembly in Node, to compare with.
namespace pipit::model::testing {

inline ::testing::AssertionResult has_tflite() {
  if (support::exists(std::string(PIPIT_TFLITE_MODULES) + "/@tensorflow/tfjs-tflite/package.json"))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "TensorFlow Lite is missing; run tests/tflite/install.sh " << PIPIT_TFLITE_MODULES << "/..";
}

/// All outputs of all samples, one after the other, by one interpreter.
inline std::vector<u8> run_tflite(const std::string& model, const std::vector<u8>& samples) {
  const std::string folder = ::testing::TempDir() + "tflite." + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  EXPECT_TRUE(support::write_file(folder + "/input.bin", samples).ok());
  const auto ran = support::run({"node", PIPIT_SOURCE_DIR "/tests/tflite/run.mjs", model,
                                 folder + "/input.bin", folder + "/output.bin"},
                                "", {"PIPIT_TFLITE_MODULES=" PIPIT_TFLITE_MODULES});
  EXPECT_TRUE(ran.ok()) << ran.error().text;
  if (ran.ok()) EXPECT_EQ(ran->exit_code, 0) << ran->err;
  auto output = support::read_file(folder + "/output.bin");
  EXPECT_TRUE(output.ok()) << output.error().text;
  std::filesystem::remove_all(folder);
  return output.ok() ? *std::move(output) : std::vector<u8>{};
}

}  // namespace pipit::model::testing
