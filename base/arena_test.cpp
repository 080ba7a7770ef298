#include "base/arena.h"

#include <gtest/gtest.h>

#include <array>

namespace pipit {
namespace {

TEST(Arena, AlignsAndCounts) {
  alignas(16) std::array<u8, 64> memory;
  Arena arena(memory);
  ASSERT_NE(arena.allocate(1, 1), nullptr);
  void* eight = arena.allocate(8, 8);
  EXPECT_EQ(reinterpret_cast<usize>(eight) % 8, 0u);
  EXPECT_EQ(arena.used(), 16u);
}

TEST(Arena, RefusesWhatDoesNotFitAndSaysHowMuchWasWanted) {
  alignas(16) std::array<u8, 64> memory;
  Arena arena(memory);
  auto result = arena.make_array<u32>(17);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::out_of_memory);
  EXPECT_EQ(arena.used(), 0u);
  ASSERT_TRUE(arena.make_array<u8>(60).ok());
  EXPECT_FALSE(arena.make_array<u64>(1).ok());
  EXPECT_EQ(arena.wanted(), 72u);
}

TEST(Arena, RefusesSizesThatOverflow) {
  alignas(16) std::array<u8, 64> memory;
  Arena arena(memory);
  EXPECT_FALSE(arena.make_array<u64>(~usize{0} / 8).ok());
  EXPECT_EQ(arena.allocate(~usize{0} - 2, 1), nullptr);
}

TEST(Arena, RewindFreesAndKeepsTheHighWaterMark) {
  alignas(16) std::array<u8, 64> memory;
  Arena arena(memory);
  const usize mark = arena.mark();
  ASSERT_TRUE(arena.make_array<u8>(40).ok());
  arena.rewind(mark);
  EXPECT_EQ(arena.used(), 0u);
  EXPECT_EQ(arena.high_water(), 40u);
}

TEST(ArenaDeathTest, ASealedArenaAllocatesNothing) {
  std::array<u8, 8> memory;
  Arena arena(memory);
  arena.seal();
  EXPECT_DEATH(arena.allocate(1, 1), "sealed_");
}

}  // namespace
}  // namespace pipit
