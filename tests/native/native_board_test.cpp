// The same application on every board from its module and as native code in place from flash: the same
// answers, the same trap, stoppable alike, and fewer instructions.
#include "tests/native/board_fixture.h"

namespace pipit {
namespace {

constexpr u8 kTrap = 1, kSpin = 2;  // as in tests/apps/busy-work

class NativeBoard : public BoardFixture {
 protected:
  package::BuildReport build(std::vector<std::string> targets) {
    return BoardFixture::build({.folder = std::string(PIPIT_SOURCE_DIR) + "/tests/apps/busy-work",
                                .version = "",
                                .defines = {},
                                .unchecked = false,
                                .targets = std::move(targets),
                                .models = {}});
  }
  /// Answers to a few frames that wait in the queue together, and the instructions from one to the next.
  void run_frames(u32 from, std::vector<std::vector<u8>>& answers, u64& instructions) {
    constexpr u32 kFrames = 5;
    for (u32 i = 0; i < kFrames; ++i) gateway_.send_frame(from + i, static_cast<u8>(10 + i));
    ASSERT_TRUE(wait([&] { return gateway_.answer(from + kFrames - 1).has_value(); }));
    instructions = ~u64{0};
    u64 before = 0;
    for (u32 i = 0; i < kFrames; ++i) {
      const auto answer = gateway_.answer(from + i);
      ASSERT_TRUE(answer.has_value()) << i;
      answers.push_back(answer->payload);
      if (i != 0) instructions = std::min(instructions, answer->instructions - before);
      before = answer->instructions;
    }
  }
  /// Makes the application trap; how the device tells of it, without the instance's name.
  std::string trap(u32 sequence) {
    gateway_.send_frame(sequence, kTrap);
    EXPECT_TRUE(wait([&] { return gateway_.status().active.state == link::AppState::failed; }));
    const auto status = gateway_.status().active;
    return std::string(status.message) + " in " + std::string(status.trap_func) + " at " +
           std::to_string(status.trap_offset);
  }
};

TEST_P(NativeBoard, RunsInPlaceFromFlashAndDoesTheSame) {
  const auto interpreted = build({});
  const auto native = build({"thumbv7em", "rv32imac"});
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(native.package.natives.size(), 2u);
  EXPECT_EQ(interpreted.package.module, native.package.module);

  std::vector<std::vector<u8>> expected, actual;
  u64 slow = 0, fast = 0;
  deploy(interpreted, "from-module");
  EXPECT_FALSE(gateway_.status().active.native);
  run_frames(100, expected, slow);
  deploy(native, "native");
  EXPECT_TRUE(gateway_.status().active.native);
  run_frames(200, actual, fast);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(expected, actual);
  std::fprintf(stderr, "%s: instructions a frame: interpreted %llu, native %llu, %.1f times fewer\n",
               GetParam().name, static_cast<unsigned long long>(slow), static_cast<unsigned long long>(fast),
               static_cast<double>(slow) / static_cast<double>(fast));
  EXPECT_LT(fast * 4, slow);

  const std::string native_trap = trap(900);
  EXPECT_NE(native_trap.find("out of bounds memory access in fall_off at "), std::string::npos)
      << native_trap;
  deploy(interpreted, "from-module-again");
  EXPECT_EQ(trap(901), native_trap);
}

TEST_P(NativeBoard, CanBeStoppedInALoopThatNeverEnds) {
  deploy(build({"thumbv7em", "rv32imac"}), "native");
  EXPECT_TRUE(gateway_.status().active.native);
  gateway_.send_frame(1, kSpin);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  gateway_.desire({.generation = ++generation_, .app = false});
  EXPECT_TRUE(wait([&] { return gateway_.status().active.state == link::AppState::stopped; }, 10));
}

INSTANTIATE_TEST_SUITE_P(Kinds, NativeBoard, testing::ValuesIn(rig::board_kinds()), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace pipit
