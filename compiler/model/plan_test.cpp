#include "compiler/model/plan.h"

#include <gtest/gtest.h>

#include <random>

#include "compiler/model/compiler.h"
#include "compiler/model/testing/models.h"

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
    const Placement greedy = place_greedy_by_size(blocks);
    const Placement plan = round % 4 == 0   ? greedy
                           : round % 4 == 1 ? place_greedy_by_conflict(blocks)
                           : round % 4 == 2 ? place_hill_climbing(blocks, greedy, 30)
                                            : place_best(blocks, ~u32{0});
    if (round % 4 >= 2) EXPECT_LE(plan.arena_bytes, greedy.arena_bytes);
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

/// Two branches from one tensor: a wide one that shrinks at once, and one that stays.
struct Branches {
  Graph graph;
  NodeId shrink, widen;
};
Branches branches() {
  Branches made;
  Graph& g = made.graph;
  const auto tensor = [&](const char* name, i64 size) { return g.add_tensor({name, DType::f32, {1, size}}); };
  const TensorId x = tensor("x", 64), wide_a = tensor("wide_a", 4096), wide_b = tensor("wide_b", 4096);
  const TensorId small_a = tensor("small_a", 16), small_b = tensor("small_b", 16), y = tensor("y", 16);
  g.inputs = {x};
  const auto layer = [&](const char* name, TensorId in, TensorId out) {
    const i64 inputs = g[in].shape[1], outputs = g[out].shape[1];
    const TensorId w = g.add_constant("w", DType::f32, {outputs, inputs},
                                      std::vector<f32>(static_cast<usize>(inputs * outputs)));
    const TensorId b =
        g.add_constant("b", DType::f32, {outputs}, std::vector<f32>(static_cast<usize>(outputs)));
    return g.append({Op::fully_connected, name, {in, w, b}, out});
  };
  layer("widen_a", x, wide_a);
  made.widen = layer("widen_b", x, wide_b);
  made.shrink = layer("shrink_a", wide_a, small_a);
  layer("shrink_b", wide_b, small_b);
  g.append({Op::add, "sum", {small_a, small_b}, y});
  g.outputs = {y};
  return made;
}

TEST(Plan, ReordersToKeepLessAlive) {
  Branches made = branches();
  const u32 before = activation_lower_bound(made.graph);
  ASSERT_TRUE(reorder_operators(made.graph));
  const u32 after = activation_lower_bound(made.graph);
  EXPECT_EQ(before, 4u * (4096 + 4096 + 64));
  EXPECT_EQ(after, 4u * (4096 + 64 + 16));
  const auto& order = made.graph.order();
  EXPECT_LT(std::find(order.begin(), order.end(), made.shrink),
            std::find(order.begin(), order.end(), made.widen));
  EXPECT_FALSE(reorder_operators(made.graph));
}

TEST(Plan, ALimitIsMetOrNamesTheObstacle) {
  const Branches made = branches();
  EXPECT_TRUE(plan_memory(made.graph, 40'000).ok());
  const auto refused = plan_memory(made.graph, 20'000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::out_of_range);
  EXPECT_NE(refused.error().text.find("limit is 20000"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find("fully_connected node 'widen_b'"), std::string::npos)
      << refused.error().text;
  EXPECT_NE(refused.error().text.find("'wide_a' 1x4096 f32"), std::string::npos) << refused.error().text;
}

/// Where both greedy orders leave a gap, climbing closes it.
TEST(Plan, ClimbingBeatsGreedySomewhere) {
  std::mt19937 random(3);
  u32 better = 0, gaps = 0;
  for (u32 round = 0; round < 200; ++round) {
    const auto blocks = random_blocks(random);
    const Placement greedy = place_greedy_by_size(blocks);
    if (greedy.arena_bytes == lower_bound_bytes(blocks)) continue;
    ++gaps;
    better += place_best(blocks, ~u32{0}).arena_bytes < greedy.arena_bytes;
  }
  EXPECT_GT(gaps, 10u);
  EXPECT_GT(better * 2, gaps);
}

}  // namespace
}  // namespace pipit::model
