#include <gtest/gtest.h>

#include "wasm/module_impl.h"
#include "wasm/tests/engine.h"

extern "C" unsigned long long mix(unsigned seed);  // wasm/tests/mix.c, compiled natively

namespace pipit::wasm::test {
namespace {

class Interpreter : public InEveryEngine {};
class SubPageMemory : public InEveryEngine {};
class Memory : public InEveryEngine {};
INSTANTIATE_TEST_SUITE_P(Engines, Interpreter, kEveryEngine, engine_name);
INSTANTIATE_TEST_SUITE_P(Engines, SubPageMemory, kEveryEngine, engine_name);
INSTANTIATE_TEST_SUITE_P(Engines, Memory, kEveryEngine, engine_name);

TEST_P(Interpreter, Calls) {
  Engine engine("calls");
  EXPECT_EQ(engine.call("fib", {value(20)}).i64_, 6765);
  EXPECT_EQ(engine.run("two", {value(7), value(i64{1} << 40)}), RunState::finished);
  ASSERT_EQ(engine->results().size(), 2u);
  EXPECT_EQ(engine->results()[0].i64_, i64{1} << 40);
  EXPECT_EQ(engine->results()[1].i32_, 7);
}

/// What "mix" of calls.wat computes.
u32 mixed(u32 n) {
  u32 sum = 0;
  for (u32 i = 0; i < std::max(n, 1u); ++i) {
    sum = i % 2 == 0 ? sum + i : sum - i;
    const u32 carried[] = {2, 5, 3, 3};
    // br_table: 0 → $a (falls out behind both brs), 1 → $b, 2 and the default → $c.
    const u32 picked[] = {carried[0], 5, 3, 3};
    sum += picked[i & 3];
    ++sum;
  }
  return sum;
}

TEST_P(Interpreter, BranchesCarryAndDropOperands) {
  Engine engine("calls");
  for (i32 n : {1, 2, 3, 4, 5, 100})
    EXPECT_EQ(engine.call("mix", {value(n)}).u32_, mixed(static_cast<u32>(n))) << n;
}

TEST_P(Interpreter, TheStartFunctionRunsOnceAndFirst) {
  Engine engine("calls");
  EXPECT_EQ(engine.call("started").i32_, 1);
  EXPECT_EQ(engine.call("started").i32_, 1);
  Engine alone("calls");
  ASSERT_TRUE(alone->start().ok());
  EXPECT_EQ(alone->resume(), RunState::finished);
  EXPECT_EQ(alone.call("started").i32_, 1);
}

TEST_P(Interpreter, HowARunIsSlicedDoesNotMatter) {
  Engine whole("calls");
  EXPECT_EQ(whole.run("mix", {value(500)}), RunState::finished);
  const u64 spent = whole->fuel_used();
  EXPECT_GT(spent, 1500u);
  for (u64 slice : {u64{1}, u64{2}, u64{3}, u64{7}, u64{100}, spent - 1, spent}) {
    Engine sliced("calls");
    sliced.start("mix", {value(500)});
    u64 slices = 1;
    while (sliced->resume(slice) == RunState::paused) ++slices;
    ASSERT_EQ(sliced->state(), RunState::finished);
    EXPECT_EQ(sliced->results()[0].u32_, whole->results()[0].u32_) << slice;
    EXPECT_EQ(sliced->fuel_used(), spent) << slice;
    EXPECT_EQ(slices, (spent + slice - 1) / slice) << slice;
    EXPECT_EQ(sliced.host.adds, whole.host.adds);
  }
}

TEST_P(Interpreter, WithoutFuelNothingRuns) {
  Engine engine("calls");
  engine.start("forever");
  EXPECT_EQ(engine->resume(0), RunState::paused);
  EXPECT_EQ(engine->resume(0), RunState::paused);
  EXPECT_EQ(engine->fuel_used(), 0u);
  EXPECT_EQ(engine->resume(1'000), RunState::paused);
  EXPECT_EQ(engine->fuel_used(), 1'000u);
  EXPECT_EQ(engine->start(engine.function("forever")).error().code, Code::invalid_argument);
}

TEST_P(Interpreter, APendingHostFunctionIsAskedAgain) {
  for (const char* name : {"wait", "wait_indirect"}) {
    Engine engine("calls");
    engine.host.waits_left = 3;
    EXPECT_EQ(engine.run(name, {value(i64{21})}), RunState::pending) << name;
    EXPECT_EQ(engine->resume(), RunState::pending);
    EXPECT_EQ(engine->resume(), RunState::pending);
    EXPECT_EQ(engine->resume(), RunState::finished);
    EXPECT_EQ(engine.host.asked, 4u);
    EXPECT_EQ(engine->results()[0].i64_, std::string_view(name) == "wait" ? 43 : 42);
  }
}

TEST_P(Interpreter, AnImportedFunctionCanBeCalledDirectly) {
  Engine engine("calls");
  engine.host.waits_left = 1;
  const Value argument[] = {value(i64{4})};
  ASSERT_TRUE(engine->start(1, argument).ok());
  EXPECT_EQ(engine->resume(), RunState::pending);
  EXPECT_EQ(engine->resume(), RunState::finished);
  EXPECT_EQ(engine->results()[0].i64_, 8);
}

TEST_P(Interpreter, TheHostEndsARun) {
  Engine engine("calls");
  EXPECT_EQ(engine.run("act", {value(0)}), RunState::finished);
  EXPECT_EQ(engine.run("act", {value(42)}), RunState::exited);
  EXPECT_EQ(engine->exit_code(), 42u);
  EXPECT_EQ(engine.trap("act", {value(1)}), TrapKind::host);
  EXPECT_EQ(engine->trap().func, engine.function("act"));
}

TEST_P(Interpreter, TrapsSayWhichAndWhere) {
  Engine engine("calls");
  EXPECT_EQ(engine.trap("unreachable"), TrapKind::unreachable);
  EXPECT_EQ(engine->trap().func, engine.function("unreachable"));
  EXPECT_EQ(engine->module().code()[engine->trap().offset], 0x00);
  EXPECT_EQ(engine.trap("divide", {value(1), value(0)}), TrapKind::integer_divide_by_zero);
  EXPECT_EQ(engine->module().code()[engine->trap().offset], 0x6D);
  EXPECT_EQ(engine.trap("divide", {value(std::numeric_limits<i32>::min()), value(-1)}),
            TrapKind::integer_overflow);
  EXPECT_EQ(engine.trap("truncate", {value(3e9f)}), TrapKind::integer_overflow);
  EXPECT_EQ(engine.trap("truncate", {value(std::numeric_limits<f32>::quiet_NaN())}),
            TrapKind::invalid_conversion_to_integer);
  EXPECT_EQ(engine.trap("indirect", {value(4)}), TrapKind::undefined_element);
  EXPECT_EQ(engine.trap("indirect", {value(3)}), TrapKind::uninitialized_element);
  EXPECT_EQ(engine.trap("indirect", {value(2)}), TrapKind::indirect_call_type_mismatch);
  EXPECT_EQ(engine->module().code()[engine->trap().offset], 0x11);
  EXPECT_EQ(engine.call("indirect", {value(1)}).i32_, 18) << "it runs again after a trap";
  EXPECT_EQ(engine.trap("fill", {value(65'536), value(1)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine->module().code()[engine->trap().offset], 0xFC);
}

TEST_P(Interpreter, TooDeepARecursionTraps) {
  Engine engine("calls", {.stack_bytes = 4096});
  EXPECT_EQ(engine.trap("deep"), TrapKind::call_stack_exhausted);
  EXPECT_EQ(engine->trap().func, engine.function("deep"));
  EXPECT_GT(engine->stack_high_water(), 3900u);
  EXPECT_LE(engine->stack_high_water(), 4096u);
  // Exactly as deep as fits, found by trying: one more must trap, and no more.
  i32 deepest = 0;
  while (engine.run("depth", {value(deepest + 1)}) == RunState::finished) ++deepest;
  EXPECT_EQ(engine.call("depth", {value(deepest)}).i32_, deepest);
  EXPECT_GT(deepest, 10);
  Engine larger("calls", {.stack_bytes = 8192});
  EXPECT_EQ(larger.call("depth", {value(deepest + 1)}).i32_, deepest + 1);
}

TEST_P(Interpreter, TinyStacksTrapAndNeverOverrun) {
  for (u32 bytes = 0; bytes <= 256; bytes += 4) {
    Engine engine("calls", {.stack_bytes = bytes});
    const Value argument[] = {value(3)};
    const Status status = engine->start(engine.function("depth"), argument);
    if (!status.ok()) {
      EXPECT_EQ(status.error().code, Code::out_of_memory);
      continue;
    }
    const RunState state = engine->resume();
    EXPECT_TRUE(state == RunState::finished || engine->trap().kind == TrapKind::call_stack_exhausted);
  }
}

TEST_P(Interpreter, ArgumentsAreCounted) {
  Engine engine("calls");
  EXPECT_EQ(engine->start(engine.function("fib")).error().code, Code::invalid_argument);
  EXPECT_EQ(engine->start(1'000).error().code, Code::not_found);
}

TEST_P(Interpreter, AgreesWithNativeCode) {
  Engine engine("mix");
  for (u32 seed = 0; seed < 200; ++seed)
    ASSERT_EQ(engine.call("mix", {value(seed * 2'654'435'761u)}).u64_, ::mix(seed * 2'654'435'761u)) << seed;
}

TEST_P(SubPageMemory, TrapsAtExactlyMemoryBytes) {
  constexpr u32 kBytes = 5'001;  // no multiple of anything
  Engine engine("calls", {.memory_bytes = kBytes});
  EXPECT_EQ(engine->memory().size(), kBytes);
  EXPECT_EQ(engine.call("size").i32_, 1) << "memory.size answers whole pages";
  EXPECT_EQ(engine.call("load8", {value(kBytes - 1)}).i32_, 0);
  EXPECT_EQ(engine.trap("load8", {value(kBytes)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.call("load64", {value(kBytes - 8)}).i64_, 0);
  EXPECT_EQ(engine.trap("load64", {value(kBytes - 7)}), TrapKind::out_of_bounds_memory_access);
  engine.call("store16", {value(kBytes - 2), value(0x1234)});
  EXPECT_EQ(engine.trap("store16", {value(kBytes - 1), value(0xFFFF)}),
            TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine->memory()[kBytes - 1], 0x12) << "a store that traps stores nothing";
  EXPECT_EQ(engine.call("load_far", {value(kBytes - 4'004)}).i32_, 0x1234'0000);
  EXPECT_EQ(engine.trap("load_far", {value(kBytes - 4'003)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.trap("store64_far", {value(kBytes - 4'007), value(i64{1})}),
            TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.trap("load_far", {value(-1)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.trap("load_farthest", {value(-1)}), TrapKind::out_of_bounds_memory_access)
      << "no wrapping around";
  EXPECT_EQ(engine.trap("load_farthest", {value(5)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.run("fill", {value(0), value(kBytes)}), RunState::finished);
  EXPECT_EQ(engine.trap("fill", {value(1), value(kBytes)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.trap("copy", {value(1), value(0), value(kBytes)}), TrapKind::out_of_bounds_memory_access);
  EXPECT_EQ(engine.call("grow", {value(1)}).i32_, -1);
  EXPECT_EQ(engine.call("grow", {value(0)}).i32_, 1);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(engine->memory(16, 5)->data()), 5), "\1\1\1\1\1");
  EXPECT_FALSE(engine->memory(kBytes - 4, 5).ok());
  EXPECT_TRUE(engine->memory(kBytes, 0).ok());
  EXPECT_FALSE(engine->memory(~0u, 2).ok());
}

TEST_P(Memory, GrowsInPlaceFromTheArena) {
  Engine engine("calls");
  const u8* base = engine->memory().data();
  EXPECT_EQ(engine.call("grow", {value(2)}).i32_, 1);
  EXPECT_EQ(engine->memory().size(), 3u * kPageBytes);
  EXPECT_EQ(engine->memory().data(), base);
  EXPECT_EQ(engine.call("load8", {value(3 * 65'536 - 1)}).i32_, 0);
  EXPECT_EQ(engine.call("grow", {value(2)}).i32_, -1) << "the declared maximum is 4";
  EXPECT_NE(engine.arena().allocate(1, 1), nullptr);
  EXPECT_EQ(engine.call("grow", {value(1)}).i32_, -1) << "something else lies behind it now";
  EXPECT_EQ(engine.call("size").i32_, 3);
}

TEST_P(Memory, GrowsWithinMemoryBytes) {
  Engine engine("calls", {.memory_bytes = 2 * 65'536 + 100});
  EXPECT_EQ(engine->memory().size(), 65'536u);
  EXPECT_EQ(engine.call("grow", {value(1)}).i32_, 1);
  EXPECT_EQ(engine.call("grow", {value(1)}).i32_, -1);
}

TEST_P(Memory, SegmentsMustFitWhatThereIs) {
  const auto code = read_module("calls");
  std::vector<u8> memory(1 << 20);
  Arena arena(memory);
  auto module = ValidModule::load(code, arena);
  ASSERT_TRUE(module.ok());
  const usize used = arena.used();
  Host host;
  const HostTable tables[] = {{kHostFunctions, &host}};
  auto instance = Instance::create(*module, tables, {.memory_bytes = 20}, arena);
  ASSERT_FALSE(instance.ok());
  EXPECT_EQ(instance.error().code, Code::out_of_range);
  EXPECT_EQ(arena.used(), used) << "an error rewinds the arena";
}

TEST(Imports, UnknownAndMistypedOnesAreNamedByIndex) {
  const auto code = read_module("calls");
  std::vector<u8> memory(1 << 20);
  Arena arena(memory);
  auto module = ValidModule::load(code, arena);
  ASSERT_TRUE(module.ok());
  const usize used = arena.used();
  const HostTable first_only[] = {{std::span(kHostFunctions, 1), nullptr}};
  auto unknown = Instance::create(*module, first_only, {}, arena);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::not_found);
  EXPECT_EQ(unknown.error().where, 1u);
  for (const char* signature : {"i:i", "I:i", "I:", "II:I", "I:II", ":"}) {
    const HostFunction functions[] = {
        kHostFunctions[0], {"test", "wait", signature, Host::wait}, kHostFunctions[2]};
    const HostTable mistyped[] = {{functions, nullptr}};
    auto instance = Instance::create(*module, mistyped, {}, arena);
    ASSERT_FALSE(instance.ok()) << signature;
    EXPECT_EQ(instance.error().code, Code::invalid_argument);
    EXPECT_EQ(instance.error().where, 1u);
  }
  EXPECT_EQ(arena.used(), used);
}

TEST(Imports, EveryArenaThatIsTooSmallSaysSo) {
  const auto code = read_module("calls");
  std::vector<u8> memory(1 << 18);
  for (usize spare = 0;; spare += 24) {
    Arena measured(memory);
    auto module = ValidModule::load(code, measured);
    ASSERT_TRUE(module.ok());
    Arena arena(MutBytes(memory).subspan(measured.used(), spare));
    const HostTable tables[] = {{kHostFunctions, nullptr}};
    auto instance = Instance::create(*module, tables, {.memory_bytes = 64, .stack_bytes = 512}, arena);
    if (instance.ok()) break;
    EXPECT_EQ(instance.error().code, Code::out_of_memory) << spare;
    EXPECT_EQ(arena.used(), 0u);
    ASSERT_LT(spare, 8'192u);
  }
}

}  // namespace
}  // namespace pipit::wasm::test
