// Native code for AArch64 under user-mode QEMU: official scripts, and kernels against the same C on this
// machine.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/wast/script.h"
#include "support/json.h"
#include "support/process.h"

extern "C" {
#define KERNEL(name, text) \
  void k_##name##_init();  \
  void k_##name##_run();   \
  unsigned long long k_##name##_checksum();
#include "kernels.def"
#undef KERNEL
}

namespace pipit {
namespace {

namespace fs = std::filesystem;

/// What processors disagree on: conversions, division, shifts, NaNs and rounding; traps by guard pages;
/// calls, stacks and several instances; vectors.
constexpr std::string_view kScripts =
    " address call_indirect conversions endianness f32 f64 i64 memory_grow memory_trap return_call "
    "skip-stack-guard-page traps simd_address simd_conversions simd_f32x4_rounding simd_i16x8_q15mulr_sat_s "
    "simd_i32x4_trunc_sat_f64x2 i16x8_relaxed_q15mulr_s i32x4_relaxed_trunc i8x16_relaxed_swizzle "
    "relaxed_dot_product "
    "relaxed_laneselect relaxed_madd_nmadd relaxed_min_max ";

class AArch64 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::string_view(PIPIT_QEMU_AARCH64).empty())
      GTEST_SKIP() << "no qemu-aarch64: apt-get install qemu-user";
    if (!fs::exists(PIPIT_RUNNER))
      GTEST_SKIP() << "no " PIPIT_RUNNER
                      ": apt-get install libc6-dev-arm64-cross libstdc++-12-dev-arm64-cross, configure and "
                      "build again";
  }

  /// How many commands of a script passed, which is all. A process each: QEMU keeps 32 bytes or so for every
  /// page of address space that was ever reserved, 70 MB a linear memory.
  static u32 run(const std::string& script) {
    const auto output =
        support::run({PIPIT_QEMU_AARCH64, PIPIT_RUNNER, script}, "", {"PIPIT_AOT=" PIPIT_AOT});
    EXPECT_TRUE(output.ok());
    if (!output.ok()) return 0;
    EXPECT_EQ(output->exit_code, 0) << script << ": " << output->out << output->err;
    const usize line = output->out.find(" passed, 0 failed, 0 skipped\n");
    EXPECT_NE(line, std::string::npos) << output->out << output->err;
    return static_cast<u32>(std::strtoul(output->out.c_str(), nullptr, 10));
  }
};

TEST_F(AArch64, OfficialScriptsPass) {
  const auto all = wast::find_scripts({PIPIT_WASM_SUITE});
  if (!all.ok() || all->empty()) GTEST_SKIP() << "no test scripts on this machine (scripts/get-wasm-suite)";
  const bool takes_all = std::getenv("PIPIT_ALL_SCRIPTS") != nullptr;
  u32 passed = 0;
  for (const std::string& script : *all) {
    const std::string name = fs::path(script).stem();
    if (takes_all || kScripts.find(" " + name + " ") != std::string::npos) passed += run(script);
  }
  std::printf("%u passed\n", passed);
  EXPECT_GT(passed, 5000u);
}

struct Kernel {
  const char* name;
  void (*init)();
  void (*run)();
  unsigned long long (*checksum)();
};
constexpr Kernel kKernels[] = {
#define KERNEL(name, text) {text, k_##name##_init, k_##name##_run, k_##name##_checksum},
#include "kernels.def"
#undef KERNEL
};

support::Json call(const char* field) {
  return {{"type", "invoke"}, {"field", field}, {"args", support::Json::array()}};
}

support::Json expect(const char* field, support::Json results) {
  return {{"type", "assert_return"}, {"line", 1}, {"action", call(field)}, {"expected", std::move(results)}};
}

/// The modules in one script that expects what the C says here.
TEST_F(AArch64, KernelsComputeWhatTheyDoHere) {
  const support::Json nothing = support::Json::array();
  support::Json commands = nothing;
  for (const Kernel& kernel : kKernels) {
    kernel.init();
    kernel.run();
    const support::Json sum = {{"type", "i64"}, {"value", std::to_string(kernel.checksum())}};
    for (const char* variant : {".scalar", ".simd"}) {
      const std::string file = std::string(kernel.name) + variant + ".wasm";
      commands.push_back({{"type", "module"}, {"line", 1}, {"filename", file}});
      commands.push_back(expect("kernel_init", nothing));
      commands.push_back(expect("kernel_run", nothing));
      commands.push_back(expect("kernel_checksum", support::Json::array({sum})));
    }
  }
  std::ofstream(PIPIT_MODULES "/kernels.json")
      << support::dump({{"source_filename", "kernels"}, {"commands", commands}}, 0);
  EXPECT_EQ(run(PIPIT_MODULES "/kernels.json"), commands.size());
}

}  // namespace
}  // namespace pipit
