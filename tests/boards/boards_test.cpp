// Official scripts in native code on emulated boards, where 128-bit values and calls that replace their
// caller have no instructions of their own.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "cli/wast/script.h"
#include "support/files.h"
#include "support/process.h"
#include "tests/boards/package.h"
#include "tests/boards/script_package.h"

namespace pipit::boards {
namespace {

namespace fs = std::filesystem;

struct Board {
  const char *preset, *target;
  const BoardMemory& memory;
  u32 too_large;  ///< commands of all scripts that grow a memory beyond what the machine has
  std::vector<std::string> (*machine)(const std::string& build, const std::string& folder);
};

void PrintTo(const Board& board, std::ostream* out) { *out << board.preset; }

std::vector<std::string> mps2(const std::string& build, const std::string&) {
  return {"qemu-system-arm", "-M", "mps2-an386", "-kernel", build + "/bin/wast_board"};
}

std::vector<std::string> virt(const std::string& build, const std::string& folder) {
  const std::string flash = folder + "/flash";
  if (!fs::exists(flash)) {
    fs::copy_file(build + "/bin/wast_board.bin", flash);
    fs::resize_file(flash, 32u << 20);  // a whole bank
  }
  return {"qemu-system-riscv32",
          "-M",
          "virt",
          "-bios",
          "none",
          "-m",
          "512M",
          "-drive",
          "if=pflash,unit=0,format=raw,readonly=on,file=" + flash};
}

constexpr Board kBoards[] = {{"mps2-an386", "thumbv7em", kMps2Memory, 5, mps2},
                             {"virt-rv32", "rv32imac", kVirtMemory, 0, virt}};

/// Calls that replace their caller; lanes of every kind, converted, rounded, saturated and in memory; the
/// relaxed operations, whose results are the same everywhere here.
constexpr std::string_view kScripts =
    " return_call return_call_indirect simd_address simd_bitwise simd_conversions simd_f32x4_rounding "
    "simd_f64x2_pmin_pmax simd_i16x8_q15mulr_sat_s simd_i32x4_trunc_sat_f64x2 simd_i64x2_arith2 "
    "simd_i8x16_sat_arith "
    "simd_load_splat simd_store8_lane i16x8_relaxed_q15mulr_s i32x4_relaxed_trunc i8x16_relaxed_swizzle "
    "relaxed_dot_product relaxed_laneselect relaxed_madd_nmadd relaxed_min_max ";

class Boards : public ::testing::TestWithParam<Board> {
 protected:
  void SetUp() override {
    build_ = std::string(PIPIT_SOURCE_DIR) + "/build/" + GetParam().preset;
    if (!fs::exists(build_ + "/bin/wast_board.bin"))
      GTEST_SKIP() << "no image: the preset " << GetParam().preset << " builds wast_board";
    folder_ = testing::TempDir() + "pipit-boards-" + GetParam().preset + "-" + std::to_string(getpid());
    fs::create_directories(folder_);
    setenv("PIPIT_AOT", PIPIT_AOT, 0);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// What the board says of a package.
  std::string run(const std::vector<u8>& package) {
    EXPECT_TRUE(support::write_file(folder_ + "/package", package).ok());
    fs::remove(folder_ + "/console");
    std::vector<std::string> command = GetParam().machine(build_, folder_);
    char at[32];
    std::snprintf(at, sizeof at, "0x%zx", GetParam().memory.package_at);
    for (const std::string& word :
         {std::string("-device"), "loader,file=" + folder_ + "/package,addr=" + at + ",force-raw=on",
          std::string("-display"), std::string("none"), std::string("-monitor"), std::string("none"),
          std::string("-serial"), "file:" + folder_ + "/console"})
      command.push_back(word);
    auto process = support::Process::start(command, {.log_file = folder_ + "/qemu.log"});
    EXPECT_TRUE(process.ok()) << process.error().text;
    std::string said;
    for (u32 ticks = 0; ticks < 6'000 && said.find("wast: done") == std::string::npos; ++ticks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const auto text = support::read_file(folder_ + "/console");
      if (text.ok()) said.assign(text->begin(), text->end());
    }
    return said;
  }

  std::string build_, folder_;
};

u32 number_before(const std::string& text, const std::string& what) {
  const usize end = text.find(what);
  if (end == std::string::npos) return ~u32{0};
  const usize begin = text.find_last_not_of("0123456789", end - 1) + 1;
  return static_cast<u32>(std::strtoul(text.c_str() + begin, nullptr, 10));
}

/// Beside the official ones: calls with more arguments than registers hold.
TEST_P(Boards, ManyArgumentsReplaceFew) {
  const auto package = package_script(PIPIT_ARGUMENTS_SCRIPT, GetParam().target, 0);
  ASSERT_TRUE(package.ok()) << package.error().text;
  const std::string said = run(*package);
  EXPECT_NE(said.find("wast: 14 passed, 0 failed"), std::string::npos) << said;
}

TEST_P(Boards, OfficialScriptsPass) {
  const auto all = wast::find_scripts({PIPIT_WASM_SUITE});
  if (!all.ok() || all->empty()) GTEST_SKIP() << "no test scripts on this machine (scripts/get-wasm-suite)";
  const bool takes_all = std::getenv("PIPIT_ALL_SCRIPTS") != nullptr;
  u32 passed = 0, failed = 0;
  for (const std::string& script : *all) {
    const std::string name = fs::path(script).stem();
    if (!takes_all && kScripts.find(" " + name + " ") == std::string::npos) continue;
    const auto package = package_script(script, GetParam().target, GetParam().memory.growth_pages);
    EXPECT_TRUE(package.ok()) << script << ": " << package.error().text;
    if (!package.ok()) continue;
    EXPECT_LE(package->size(), GetParam().memory.package_bytes) << script;
    const std::string said = run(*package);
    const u32 good = number_before(said, " passed"), bad = number_before(said, " failed");
    if (!takes_all || GetParam().too_large == 0) EXPECT_EQ(bad, 0u) << script << ":\n" << said;
    if (good == ~u32{0}) continue;
    passed += good;
    failed += bad;
  }
  if (takes_all) EXPECT_EQ(failed, GetParam().too_large);
  std::printf("%s: %u passed, %u failed\n", GetParam().preset, passed, failed);
  EXPECT_GT(passed, 2'000u);
}

INSTANTIATE_TEST_SUITE_P(Native, Boards, ::testing::ValuesIn(kBoards), [](const auto& info) {
  std::string name = info.param.preset;
  name[name.find('-')] = '_';
  return name;
});

}  // namespace
}  // namespace pipit::boards
