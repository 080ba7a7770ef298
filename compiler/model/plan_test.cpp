#include "compiler/model/plan.h"

#include <gtest/gtest.h>

#include <random>

#include "compiler/model/compiler.h"
#include "compiler/model/test_models.h"

namespace pipit::model {
namespace {

std::vector<Lifetime> random_blocks(std::mt19937& random) {
  std::vector<Lifetime> blocks(1 + random() % 40);
  for (Lifetime& block : blocks) {
    block.first = random() % 50;
    block.last = block.first + random() % 10;
    block.bytes = 1 + random() % 5000;
  }
  return blocks;
}

TEST(Plan, NoTwoLiveBlocksOverlap) {
  std::mt19937 random(7);
  for (u32 round = 0; round < 500; ++round) {
    const auto blocks = random_blocks(random);
    const Placement plan = place_greedy_by_size(blocks);
    ASSERT_EQ(plan.offsets.size(), blocks.size());
    EXPECT_EQ(plan.arena_bytes % 16, 0u);
    EXPECT_GE(plan.arena_bytes, lower_bound_bytes(blocks)) << "round " << round;
    for (usize i = 0; i < blocks.size(); ++i) {
      EXPECT_EQ(plan.offsets[i] % 16, 0u);
      EXPECT_LE(plan.offsets[i] + blocks[i].bytes, plan.arena_bytes);
      for (usize j = 0; j < i; ++j) {
        const bool same_time = blocks[i].first <= blocks[j].last && blocks[j].first <= blocks[i].last;
        const bool same_place = plan.offsets[i] < plan.offsets[j] + blocks[j].bytes &&
                                plan.offsets[j] < plan.offsets[i] + blocks[i].bytes;
        ASSERT_FALSE(same_time && same_place) << "round " << round << " blocks " << i << " and " << j;
      }
    }
  }
}

TEST(Plan, AChainNeedsItsTwoLargestNeighbours) {
  const std::vector<Lifetime> chain{{100, 0, 0}, {300, 0, 1}, {200, 1, 2}, {50, 2, 3}};
  EXPECT_EQ(lower_bound_bytes(chain), 304u + 208u);
  EXPECT_EQ(place_greedy_by_size(chain).arena_bytes, 304u + 208u);
}

TEST(Plan, WorksInPlaceWhereTheInputIsReadForTheLastTime) {
  testing::Builder b;
  b.input("x", {1, 16});
  b.node("Relu", {"x"}, "a");
  b.random("c", {16});
  b.node("Mul", {"a", "c"}, "m");
  b.node("Add", {"m", "c"}, "y");
  auto compiled = compile_model(b.finish("y", {1, 16}));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(compiled->in_place, 3u);
  EXPECT_EQ(compiled->arena_bytes, 64u);
}

TEST(Plan, KeepsAnInputThatIsReadAgain) {
  testing::Builder b;
  b.input("x", {1, 16});
  b.node("Relu", {"x"}, "a");
  b.node("Add", {"x", "a"}, "y");
  auto compiled = compile_model(b.finish("y", {1, 16}));
  ASSERT_TRUE(compiled.ok()) << compiled.error().text;
  EXPECT_EQ(compiled->arena_bytes, 128u);
}

}  // namespace
}  // namespace pipit::model
