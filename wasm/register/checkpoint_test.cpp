#include "wasm/checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "base/crc32.h"
#include "wasm/tests/engine.h"

namespace pipit::wasm::test {
namespace {

class Checkpoint : public ::testing::Test {
 protected:
  void SetUp() override { engine_under_test = &kRegisterEngine; }
  void TearDown() override { engine_under_test = &kInPlaceEngine; }

  static std::vector<u8> save(Engine& engine) {
    std::vector<u8> bytes;
    const CodeSink sink{[](void* context, Bytes part) {
                          auto& all = *static_cast<std::vector<u8>*>(context);
                          all.insert(all.end(), part.begin(), part.end());
                          return true;
                        },
                        &bytes};
    const Status status = checkpoint(engine.instance(), sink);
    EXPECT_TRUE(status.ok()) << status.error().message;
    return bytes;
  }
  Status load(Engine& engine, const std::vector<u8>& bytes) {
    Arena scratch(scratch_);
    return restore(engine.instance(), bytes, scratch);
  }

  std::vector<u8> scratch_ = std::vector<u8>(1 << 18);
};

/// Runs in slices of random size, each in an instance of its own.
u64 run_scattered(std::vector<u8>& scratch, const char* module, const char* name, Value argument, u32 seed,
                  u64 longest_slice, Value& result) {
  std::mt19937 random(seed);
  auto engine = std::make_unique<Engine>(module);
  engine->start(name, {argument});
  u32 moves = 0;
  while (engine->instance().resume(random() % longest_slice + 1) == RunState::paused) {
    std::vector<u8> bytes;
    const CodeSink sink{[](void* context, Bytes part) {
                          auto& all = *static_cast<std::vector<u8>*>(context);
                          all.insert(all.end(), part.begin(), part.end());
                          return true;
                        },
                        &bytes};
    EXPECT_TRUE(checkpoint(engine->instance(), sink).ok());
    engine = std::make_unique<Engine>(module);
    Arena arena(scratch);
    const Status status = restore(engine->instance(), bytes, arena);
    EXPECT_TRUE(status.ok()) << status.error().message << " at " << status.error().where;
    if (!status.ok()) return 0;
    ++moves;
  }
  EXPECT_EQ(engine->instance().state(), RunState::finished);
  EXPECT_GT(moves, 3u);
  result = engine->instance().results()[0];
  return engine->instance().fuel_used();
}

TEST_F(Checkpoint, ARunThatMovesEndsAsOneThatStays) {
  struct Case {
    const char* module;
    const char* name;
    Value argument;
    u64 longest_slice;
  };
  const Case cases[] = {
      {"calls", "fib", value(15), 300}, {"calls", "mix", value(100), 60}, {"mix", "mix", value(12'345), 400}};
  for (const Case& c : cases) {
    Engine whole(c.module);
    const Value expected = whole.call(c.name, {c.argument});
    for (u32 seed = 0; seed < 5; ++seed) {
      Value result{};
      EXPECT_EQ(run_scattered(scratch_, c.module, c.name, c.argument, seed, c.longest_slice, result),
                whole->fuel_used())
          << c.name << " seed " << seed;
      EXPECT_EQ(result.u32_, expected.u32_) << c.name << " seed " << seed;
    }
  }
}

TEST_F(Checkpoint, APendingCallIsAskedAgainElsewhere) {
  for (const char* name : {"wait", "wait_indirect"}) {
    Engine engine("calls");
    engine.host.waits_left = 1;
    ASSERT_EQ(engine.run(name, {value(i64{21})}), RunState::pending);
    const std::vector<u8> bytes = save(engine);
    Engine other("calls");
    const Status status = load(other, bytes);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(other->state(), RunState::pending);
    EXPECT_EQ(other->resume(), RunState::finished);
    EXPECT_EQ(other->results()[0].i64_, std::string_view(name) == "wait" ? 43 : 42);
  }
}

TEST_F(Checkpoint, MemoryComesAlong) {
  Engine engine("calls");
  engine.call("store16", {value(60'000), value(0x1234)});
  engine.call("grow", {value(1)});
  engine.start("forever");
  ASSERT_EQ(engine->resume(100), RunState::paused);
  const std::vector<u8> bytes = save(engine);
  EXPECT_LT(bytes.size(), 1'000u) << "zeros cost nothing";
  Engine other("calls");
  ASSERT_TRUE(load(other, bytes).ok());
  EXPECT_EQ(other->memory().size(), 2u * 65'536);
  EXPECT_EQ(other->memory()[60'001], 0x12);
  EXPECT_EQ(other->resume(100), RunState::paused);
  EXPECT_EQ(other->fuel_used(), engine->fuel_used() + 100);
}

TEST_F(Checkpoint, OnlyWhatIsPausedCanBeWrittenAndOnlyIntoAFreshInstance) {
  Engine engine("calls");
  const CodeSink nowhere{[](void*, Bytes) { return true; }, nullptr};
  EXPECT_EQ(checkpoint(engine.instance(), nowhere).error().code, Code::invalid_argument);
  engine.start("forever");
  ASSERT_EQ(engine->resume(100), RunState::paused);
  const std::vector<u8> bytes = save(engine);
  EXPECT_EQ(load(engine, bytes).error().code, Code::invalid_argument) << "it runs already";
  Engine another("mix");
  EXPECT_EQ(load(another, bytes).error().code, Code::invalid_argument);
  Engine small("calls", {.stack_bytes = 16});
  EXPECT_EQ(load(small, bytes).error().code, Code::out_of_memory);
  engine_under_test = &kInPlaceEngine;
  Engine in_place("calls");
  EXPECT_EQ(load(in_place, bytes).error().code, Code::unsupported);
  const CodeSink full{[](void*, Bytes) { return false; }, nullptr};
  EXPECT_EQ(checkpoint(engine.instance(), full).error().code, Code::out_of_memory);
}

/// Whatever the bytes say: refused, or an instance that runs within its bounds.
TEST_F(Checkpoint, HostileBytesAreRefusedOrHarmless) {
  Engine engine("calls");
  engine.start("fib", {value(12)});
  ASSERT_EQ(engine->resume(60), RunState::paused);
  const std::vector<u8> good = save(engine);
  std::mt19937 random(7);
  u32 accepted = 0, refused = 0;
  for (u32 round = 0; round < 3'000; ++round) {
    std::vector<u8> bytes = good;
    if (round % 8 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      const u32 limit = round % 2 == 0 ? 200 : static_cast<u32>(bytes.size());
      for (u32 flips = random() % 3 + 1; flips != 0; --flips)
        bytes[random() % limit] = static_cast<u8>(round % 3 == 0 ? random() % 8 : random());
    }
    if (bytes.size() >= 4) {  // a checksum that fits, or nothing else is ever looked at
      const u32 checksum = crc32(Bytes(bytes).first(bytes.size() - 4));
      std::memcpy(bytes.data() + bytes.size() - 4, &checksum, 4);
    }
    Engine victim("calls", {.stack_bytes = 4096});
    const Status status = load(victim, bytes);
    if (!status.ok()) {
      EXPECT_EQ(victim->state(), RunState::idle);
      ++refused;
      continue;
    }
    ++accepted;
    for (u32 slices = 0; slices < 4 && victim->state() == RunState::paused; ++slices) victim->resume(1'000);
  }
  EXPECT_GT(refused, 1'000u);
  EXPECT_GT(accepted, 100u);
}

}  // namespace
}  // namespace pipit::wasm::test
