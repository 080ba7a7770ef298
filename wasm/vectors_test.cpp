// v128 operands that take two slots, and tail calls, in every engine; what the instructions compute is the
// suite's matter.
#include <gtest/gtest.h>

#include <cstring>

#include "wasm/module_impl.h"
#include "wasm/tests/engine.h"

namespace pipit::wasm::test {
namespace {

class Vectors : public InEveryEngine {};
INSTANTIATE_TEST_SUITE_P(, Vectors, kEveryEngine, engine_name);

Value bits(u64 pattern) { return {.bits = pattern}; }

/// What "mixed" of vectors.wat computes.
std::vector<u64> mixed(u32 n, u64 v0, u64 v1, u64 x) {
  u64 v[] = {v0, v1}, w[] = {x, x};
  u32 j = 0;
  for (u32 i = 0; i < std::max(n, 1u); ++i, j += 3)
    for (u32 lane = 0; lane < 2; ++lane) v[lane] = w[lane] = v[lane] + w[lane] - 1;
  return {v[0], v[1], x + j};
}

TEST_P(Vectors, LocalsOfBothWidthsShareAFrame) {
  Engine engine("vectors");
  for (const u32 n : {1u, 2u, 50u}) {
    ASSERT_EQ(engine.run("mixed", {value(n), bits(3), bits(~u64{0}), bits(11)}), RunState::finished);
    const auto results = engine->results();
    const auto expected = mixed(n, 3, ~u64{0}, 11);
    ASSERT_EQ(results.size(), 3u);
    for (u32 i = 0; i < 3; ++i) EXPECT_EQ(results[i].u64_, expected[i]) << n << ", " << i;
  }
  EXPECT_EQ(engine->start(engine.function("mixed"), std::vector<Value>(3)).error().code,
            Code::invalid_argument)
      << "a v128 is two arguments";
}

TEST_P(Vectors, LocalsAreFoundWhereverAVectorStands) {
  Engine engine("vectors");
  for (u32 i = 0; i < 2; ++i) {  // the second time in frames that others used
    EXPECT_EQ(engine.call("behind", {bits(3), bits(20), bits(100), bits(7)}).u64_,
              3 + 100 + 70 + 70 + 1000 + 20u);
    EXPECT_EQ(engine.call("many", {bits(5), bits(3)}).u64_, 3 + 50 + 3u);
    EXPECT_EQ(engine.call("many_narrow", {bits(5), bits(3)}).u64_, 3 + 3 + 5u);
  }
}

TEST_P(Vectors, NumbersMayTakeMoreBytesThanTheyNeed) {
  // (func (export "f") (param i64) (result i64) (local v128 i64)
  //   (local.set 2 (local.get 0))
  //   (i64.add (i64x2.extract_lane 1 (local.tee 1 (v128.const i64x2 0 5))) (local.get 2)))
  static constexpr u8 kModule[] = {
      0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00, 0x01, 0x06, 0x01, 0x60, 0x01, 0x7E, 0x01,
      0x7E, 0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 'f',  0x00, 0x00, 0x0A, 0x2E, 0x01,
      0x2C, 0x02, 0x01, 0x7B, 0x01, 0x7E, 0x20, 0x80, 0x00, 0x21, 0x82, 0x80, 0x00, 0xFD, 0x8C,
      0x00, 0,    0,    0,    0,    0,    0,    0,    0,    5,    0,    0,    0,    0,    0,
      0,    0,    0x22, 0x81, 0x00, 0xFD, 0x9D, 0x80, 0x00, 1,    0x20, 0x82, 0x00, 0x7C, 0x0B};
  std::vector<u8> memory(1 << 20);
  Arena arena(memory);
  const auto module = ValidModule::load(kModule, arena);
  ASSERT_TRUE(module.ok()) << module.error().message << " at " << module.error().where;
  InstanceConfig config{.engine = engine_under_test};
  if (engine_under_test == &kRegisterEngine) config.code = *translate_in(*module, arena);
  const auto instance = Instance::create(*module, {}, config, arena);
  ASSERT_TRUE(instance.ok());
  const Value argument = bits(37);
  ASSERT_TRUE((*instance)->start(*module->exported_function("f"), {&argument, 1}).ok());
  ASSERT_EQ((*instance)->resume(), RunState::finished);
  EXPECT_EQ((*instance)->results()[0].u64_, 42u);
}

TEST_P(Vectors, HowARunIsSlicedDoesNotMatter) {
  const auto expected = mixed(40, 5, 6, 7);
  for (const u64 slice : {1, 2, 3, 7}) {
    Engine engine("vectors");
    engine.start("mixed", {value(40), bits(5), bits(6), bits(7)});
    while (engine->resume(slice) == RunState::paused) {
    }
    ASSERT_EQ(engine->state(), RunState::finished);
    for (u32 i = 0; i < 3; ++i) EXPECT_EQ(engine->results()[i].u64_, expected[i]) << slice;
  }
}

TEST_P(Vectors, BranchesSelectAndDropMoveBothWidths) {
  Engine engine("vectors");
  EXPECT_EQ(engine.call("carry", {value(0)}).u64_, 300u);
  EXPECT_EQ(engine.call("carry", {value(1)}).u64_, 11u);
  EXPECT_EQ(engine.call("carry", {value(2)}).u64_, 15u);
  EXPECT_EQ(engine.call("calls").i32_, 84);
  EXPECT_EQ(engine.call("global", {bits(10), bits(20)}).u64_, 1 + 2 + 30u + 8);
  EXPECT_EQ(engine.call("global", {bits(1), bits(2)}).u64_, 33 + 3u + 9) << "globals keep both halves";
}

TEST_P(Vectors, AccessesOutsideTrapWhereTheyStand) {
  Engine engine("vectors");
  EXPECT_EQ(engine.call("out_of_bounds", {value(65'516)}).i32_, 0);
  EXPECT_EQ(engine.trap("out_of_bounds", {value(65'517)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine->trap().func, engine.function("out_of_bounds"));
  EXPECT_EQ(engine->module().code()[engine->trap().offset], 0xFD);
  EXPECT_EQ(engine.trap("out_of_bounds", {value(-1)}), TrapKind::out_of_bounds_memory_access);
}

/// What "addressed" of vectors.wat computes, `at` being 0 and so `by` below 64.
u64 addressed(u32 by) {
  u8 memory[80];
  for (u32 i = 0; i < sizeof memory; ++i) memory[i] = static_cast<u8>(i * 7 + 1);
  u32 a[4], b[4], v[4];
  std::memcpy(a, memory + 16, 16);
  std::memcpy(b, memory + by, 16);
  u64 sum[2], halves[2] = {b[0]};
  constexpr u32 kFactors[] = {3, 5, 7, 9};
  for (u32 i = 0; i < 4; ++i) v[i] = a[i] * kFactors[i] + b[i];
  std::memcpy(sum, v, 16);
  std::memcpy(halves + 1, memory + 16, 8);
  for (u32 i = 0; i < 2; ++i) sum[i] += halves[i];
  std::memcpy(v, sum, 16);
  v[3] = 5;
  u8 bytes[16];
  std::memcpy(bytes, v, 16);
  for (u32 i = 0; i < 16; ++i)
    if ((i % 2 == 1) == (i < 8)) bytes[i] = memory[by + i];
  std::memcpy(sum, bytes, 16);
  return sum[0] ^ sum[1];
}

TEST_P(Vectors, AccessesComputeTheirAddresses) {
  Engine engine("vectors");
  for (const u32 by : {0u, 8u, 21u, 48u})
    EXPECT_EQ(engine.call("addressed", {value(0u), value(by)}).u64_, addressed(by)) << by;
  // at + 16 may wrap, and is 0 then; at + 128 and at + by as well.
  EXPECT_EQ(engine.run("addressed", {value(~u32{0} - 15), value(16)}), RunState::finished);
  struct Outside {
    u32 at, by;
    u8 code;  // behind the prefix, of the access that traps
  };
  for (const auto& [at, by, code] : {Outside{65'520, 0, 0x00}, Outside{0, 65'521, 0x00},
                                     Outside{65'504, 0, 0x0B}, Outside{~u32{0} - 32, 4, 0x00}}) {
    EXPECT_EQ(engine.trap("addressed", {value(at), value(by)}), TrapKind::out_of_bounds_memory_access) << at;
    EXPECT_EQ(engine->module().code()[engine->trap().offset], 0xFD);
    EXPECT_EQ(engine->module().code()[engine->trap().offset + 1], code) << at;
  }
}

TEST_P(Vectors, TailCallsTakeNoStack) {
  Engine engine("vectors", {.stack_bytes = 2048});
  EXPECT_EQ(engine.call("sum", {value(i64{100'000}), value(i64{0})}).i64_, 5'000'050'000);
  const u32 high_water = engine->stack_high_water();
  EXPECT_EQ(engine.call("sum_indirect", {value(i64{10}), value(i64{5})}).i64_, 60);
  EXPECT_LE(engine->stack_high_water(), high_water + 64);
  EXPECT_EQ(engine.trap("mistyped", {value(i64{1}), value(i64{1})}), TrapKind::indirect_call_type_mismatch);
  EXPECT_EQ(engine->trap().func, engine.function("mistyped"));
  EXPECT_EQ(engine->module().code()[engine->trap().offset], 0x13);
}

TEST_P(Vectors, AnEndlessTailCallCanBePaused) {
  Engine engine("vectors");
  engine.start("sum", {value(i64{-1}), value(i64{0})});
  EXPECT_EQ(engine->resume(10'000), RunState::paused);
  EXPECT_EQ(engine->fuel_used(), 10'000u);
}

TEST_P(Vectors, ATailCallOfTheHostMayPend) {
  Engine engine("vectors");
  for (const char* name : {"wait_tail", "wait_below"}) {
    engine.host.waits_left = 2;
    EXPECT_EQ(engine.run(name, {value(i64{21})}), RunState::pending) << name;
    EXPECT_EQ(engine->resume(), RunState::pending);
    EXPECT_EQ(engine->resume(), RunState::finished);
    EXPECT_EQ(engine->results()[0].i64_, std::string_view(name) == "wait_tail" ? 42 : 43);
  }
}

TEST_P(Vectors, ATailCallWhoseFrameDoesNotFitTraps) {
  u32 trapped = 0;
  for (u32 bytes = 32; bytes <= 1024; bytes += 8) {
    Engine engine("vectors", {.stack_bytes = bytes});
    if (!engine->start(engine.function("large"), std::vector<Value>{value(i64{3})}).ok()) continue;
    if (engine->resume() == RunState::trapped) {
      ++trapped;
      EXPECT_EQ(engine->trap().kind, TrapKind::call_stack_exhausted);
    } else {
      EXPECT_EQ(engine->results()[0].i64_, 3);
    }
  }
  EXPECT_GT(trapped, 10u);
  EXPECT_LT(trapped, 110u);
}

}  // namespace
}  // namespace pipit::wasm::test
