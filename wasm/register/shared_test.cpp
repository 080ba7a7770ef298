// What microcontrollers execute in one shared function, against the handlers that computers have for it:
// every instruction, over operands drawn at random.
#include "wasm/register/shared.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "wasm/register/emitter.h"
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {
namespace {

constexpr u32 kMemoryBytes = 256, kSlots = 256;
constexpr Layout kLayouts[] = {
#define F(form, jump, names, imm, block) {names, jump, imm, block},
    PIPIT_FORMS(F)
#undef F
};
constexpr Form kForms[] = {
#define R(id, form) Form::form,
#define N(id) Form::num,
#include "wasm/register/instructions.def"
#undef R
#undef N
};

/// Everything that an instruction may read or change.
struct World {
  Value slots[kSlots];
  u8 memory[kMemoryBytes];
  u32 acc;
  f32 fs;
  f64 fd;
};

class SharedInstructions : public testing::Test {
 protected:
  /// Mostly small numbers, so that many addresses lie inside the memory, and comparisons hold either way.
  u32 number() {
    constexpr u32 kEdges[] = {0,           1,           0x7FFF'FFFF, 0x8000'0000,
                              0xFFFF'FFFF, 0xFFFF'FF80, 0x3F80'0000, 0x7FC0'0000};
    const u32 any = random_();
    switch (any % 4) {
      case 0: return kEdges[any / 4 % 8];
      case 1: return any;
      default: return any / 4 % (kMemoryBytes + 8);
    }
  }
  void fill(World& world) {
    for (Value& slot : world.slots) slot.u64_ = number() | u64{number()} << 32;
    for (u8& byte : world.memory) byte = static_cast<u8>(random_());
    world.acc = number();
    world.fs = __builtin_bit_cast(f32, number());
    world.fd = __builtin_bit_cast(f64, u64{number()} << 32 | number());
  }
  /// The instruction with operands drawn at random, and what shows the accumulators afterwards. A taken
  /// branch goes past the instruction that writes kNotTaken. Returns the instruction's bytes.
  u32 write(Code code) {
    const Layout layout = kLayouts[static_cast<u32>(kForms[static_cast<u32>(code)])];
    u8* at = code_;
    const auto put16 = [&](u32 value) {
      *at++ = static_cast<u8>(value);
      *at++ = static_cast<u8>(value >> 8);
    };
    u32 names = 0;
    for (u32 left = layout.names; left != 0; left >>= 4) ++names;
    const u32 bytes = 2u + layout.jump + names + layout.imm;
    put16(handler_code(code));
    if (layout.jump != 0) put16((bytes + kSkipped) / 2);
    for (u32 left = layout.names; left != 0; left >>= 4)
      *at++ = left % 8 == 0 ? u8{0} : static_cast<u8>(random_() % kFirstShown);
    const u32 immediate = number();
    std::memcpy(at, &immediate, layout.imm);
    at += layout.imm;
    put16(handler_code(Code::const_d)), put16(kNotTaken), put16(1);
    put16(handler_code(Code::put)), put16(kShownAcc);
    put16(handler_code(Code::put_f32)), put16(kShownF32);
    put16(handler_code(Code::put_f64)), put16(kShownF64);
    put16(handler_code(Code::halt));
    return bytes;
  }

  /// What shows in the slots after an instruction that ended at `next`.
  void show(World& world, const SharedState& state, bool is_taken) {
    if (!is_taken) world.slots[kNotTaken].i32_ = 1;
    world.slots[kShownAcc].u32_ = state.acc;
    world.slots[kShownF32].f32_ = state.fs;
    world.slots[kShownF64].f64_ = state.fd;
  }

  /// Runs what write() wrote with the handlers of this build; false when it traps.
  bool run(Code code, World& world, bool& went_back) {
    constexpr u8 kEmpty[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    u8 memory[1024];
    Arena arena(memory);
    auto module = ValidModule::load(kEmpty, arena);
    PIPIT_CHECK(module.ok());
    InstanceImpl instance(*module);
    const RegisterCode image;  // holds no code: a trap is not looked up
    Machine machine = machine_with(world);
    machine.instance = &instance;
    machine.image = &image;
    instance.run = &machine;
    handler_of(code)(code_, world.slots, world.acc, world.fs, world.fd, &machine, handler_base(),
                     machine.memory);
    went_back = machine.ticks != kTicks;
    if (machine.state == RunState::finished) return true;
    EXPECT_EQ(machine.trap.kind, TrapKind::out_of_bounds_memory_access);
    return false;
  }

  static Machine machine_with(World& world) {
    Machine machine;
    machine.memory = world.memory;
    for (u32 i = 0; i < 5; ++i) machine.reach[i] = kMemoryBytes - (usize{1} << i) + 1;
    machine.ticks = kTicks;
    return machine;
  }

  static constexpr u32 kTicks = 1000, kSkipped = 6;
  static constexpr u32 kFirstShown = 250, kNotTaken = 250, kShownAcc = 251, kShownF32 = 252, kShownF64 = 253;
  std::mt19937 random_{20'261'121};  // NOLINT(bugprone-random-generator-seed): a failure is to come again
  alignas(8) u8 code_[64] = {};
};

/// Behind these the accumulator of i32 holds anything.
bool frees_accumulator(Code code) { return code >= Code::loadf32_s_a && code < Code::far_s; }

bool same(const World& a, const World& b) {
  const auto same_slot = [](const Value& x, const Value& y) { return x.u64_ == y.u64_; };
  return std::ranges::equal(a.slots, b.slots, same_slot) && std::ranges::equal(a.memory, b.memory);
}

/// Which of two NaNs arithmetic passes on is not said: any stands for all.
bool is_float_arithmetic(Code code) { return code >= Code::f32_add_ss_a && code < Code::f32_eq; }
void settle_nans(World& world) {
  for (Value& slot : world.slots)
    if (std::isnan(slot.f32_)) slot.u32_ = 0x7FC0'0000;
}

TEST_F(SharedInstructions, DoWhatHandlersOfTheirOwnDo) {
  World before, here, there;
  u32 compared = 0, taken = 0, back = 0, trapped = 0;
  for (u32 number = 0; number < kShareable; ++number) {
    const Code code = static_cast<Code>(number);
    if (!is_shareable(code)) continue;
    for (u32 round = 0; round < 300 && !HasFailure(); ++round) {
      SCOPED_TRACE(number);
      fill(before);
      const u32 bytes = write(code);
      here = there = before;
      const Machine machine = machine_with(here);
      SharedState state{here.slots, &machine, here.acc, here.fs, here.fd, false};
      const u8* const next = execute_shared(code, code_, state);
      bool went_back = false;
      ASSERT_EQ(run(code, there, went_back), next != nullptr);
      if (next == nullptr) {
        ++trapped;
        EXPECT_TRUE(same(here, before));
        continue;
      }
      const bool is_taken = next == code_ + bytes + kSkipped;
      if (!is_taken) ASSERT_EQ(next, code_ + bytes);
      show(here, state, is_taken);
      if (frees_accumulator(code)) here.slots[kShownAcc] = there.slots[kShownAcc];
      EXPECT_EQ(state.goes_back, went_back);
      if (is_float_arithmetic(code)) settle_nans(here), settle_nans(there);
      EXPECT_TRUE(same(here, there));
      taken += is_taken;
      back += went_back;
      ++compared;
    }
  }
  EXPECT_GT(compared, 50'000u);
  EXPECT_GT(taken, 5'000u);
  EXPECT_GT(back, 2'000u);
  EXPECT_GT(trapped, 5'000u);
}

}  // namespace
}  // namespace pipit::wasm::reg
