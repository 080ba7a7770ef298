// A model from the initial RAM disk gives in a machine, bit for bit, what it gives on Linux.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "host/runner.h"
#include "nn/testing/sample_models.h"
#include "rig/initrd.h"
#include "rig/vm.h"
#include "support/files.h"

namespace pipit::mewz {
namespace {

struct Collected final : ports::Console {
  void write(Bytes bytes) override { text.append(as_text(bytes)); }
  std::string text;
};

rig::VmOptions machine(const std::vector<u8>& module, const std::vector<u8>& model, std::string& initrd) {
  initrd = testing::TempDir() + "mewz-models-" + std::to_string(getpid());
  const auto archive = rig::make_initrd({{"app.wasm", module}, {"models/sample.pipm", model}});
  EXPECT_TRUE(archive.ok() && support::write_file(initrd, *archive).ok());
  rig::VmOptions options;
  options.kernel = PIPIT_SOURCE_DIR "/build/mewz/bin/mewz";
  options.initrd = initrd;
  options.memory_mb = 16;
  return options;
}

TEST(MewzInference, ComputesWhatLinuxComputes) {
  auto module = support::read_file(PIPIT_WASM_FOLDER "/mewz_infer.wasm");
  ASSERT_TRUE(module.ok()) << module.error().text;
  const std::vector<u8> model = nn::testing::every_int8_operator();
  Collected on_linux;
  host::RunOptions options;
  options.module = *module;
  options.models = {{"sample", model}};
  options.out = &on_linux;
  const auto report = host::run(options);
  ASSERT_TRUE(report.ok()) << report.error().text;
  ASSERT_TRUE(on_linux.text.starts_with("output ")) << on_linux.text;

  std::string initrd;
  const auto run = rig::run_vm(machine(*module, model, initrd), 20'000);
  std::remove(initrd.c_str());
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 0u) << run->console;
  EXPECT_NE(run->console.find(on_linux.text), std::string::npos) << on_linux.text << run->console;
}

TEST(MewzInference, RefusesADamagedModel) {
  auto module = support::read_file(PIPIT_WASM_FOLDER "/mewz_infer.wasm");
  ASSERT_TRUE(module.ok()) << module.error().text;
  std::vector<u8> model = nn::testing::every_int8_operator();
  model[model.size() / 2] ^= 1;
  std::string initrd;
  const auto run = rig::run_vm(machine(*module, model, initrd), 20'000);
  std::remove(initrd.c_str());
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 65u) << run->console;
  EXPECT_NE(run->console.find("mewz: models/sample.pipm: "), std::string::npos) << run->console;
}

}  // namespace
}  // namespace pipit::mewz
