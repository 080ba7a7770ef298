#pragma once
#include <cstring>

#include "wasm/opcode.h"
#include "wasm/register/handlers.h"
#include "wasm/simd_semantics.h"

/// What SIMD instructions of the register machine do between two dispatches: one step each, of which a
/// handler takes one or two. What each computes is in simd_semantics.h; here is where operands come from:
/// always slots, of which a v128 takes two.
namespace pipit::wasm::reg {
namespace {  // each who includes it has its own, for its instruction set

using simd::V128;

/// The machine as far as steps see it.
struct StepState {
  Value* fp;
  Machine* machine;
  u8* memory;
  u32 acc;
};

template <class T>
T read_slots(const Value& at) {
  T value;
  std::memcpy(&value, &at, sizeof value);
  return value;
}
template <class T>
void write_slots(Value& at, T value) {
  std::memcpy(static_cast<void*>(&at), &value, sizeof value);
}

/// Where the address of an access comes from.
enum class From : u8 { slot, wrapping, slots };

/// Step<immediate, from, bytes, F>: `run` gets the operands behind the code, of which there are kBytes, and
/// is false when an access must trap. rd ra rb rc, or a lane in rc's place.
template <Immediate kind, From from, u32 bytes, auto F>
struct Step;

#define PIPIT_STEP(size)              \
  static constexpr u32 kBytes = size; \
  [[gnu::always_inline]] static bool run(const u8* in, StepState& s)
#define PIPIT_SLOT(n) s.fp[in[n]]

template <u32 bytes, class R, class A, R (*F)(A)>
struct Step<Immediate::none, From::slot, bytes, F> {
  PIPIT_STEP(4) {
    write_slots(PIPIT_SLOT(0), F(read_slots<A>(PIPIT_SLOT(1))));
    return true;
  }
};
template <u32 bytes, class R, class A, class B, R (*F)(A, B)>
struct Step<Immediate::none, From::slot, bytes, F> {
  PIPIT_STEP(4) {
    write_slots(PIPIT_SLOT(0), F(read_slots<A>(PIPIT_SLOT(1)), read_slots<B>(PIPIT_SLOT(2))));
    return true;
  }
};
template <u32 bytes, V128 (*F)(V128, V128, V128)>
struct Step<Immediate::none, From::slot, bytes, F> {
  PIPIT_STEP(4) {
    write_slots(PIPIT_SLOT(0), F(read_slots<V128>(PIPIT_SLOT(1)), read_slots<V128>(PIPIT_SLOT(2)),
                                 read_slots<V128>(PIPIT_SLOT(3))));
    return true;
  }
};
template <u32 bytes, class R, R (*F)(V128, u32)>
struct Step<Immediate::lane, From::slot, bytes, F> {
  PIPIT_STEP(4) {
    write_slots(PIPIT_SLOT(0), F(read_slots<V128>(PIPIT_SLOT(1)), in[3]));
    return true;
  }
};
template <u32 bytes, class T, V128 (*F)(V128, T, u32)>
struct Step<Immediate::lane, From::slot, bytes, F> {
  PIPIT_STEP(4) {
    write_slots(PIPIT_SLOT(0), F(read_slots<V128>(PIPIT_SLOT(1)), read_slots<T>(PIPIT_SLOT(2)), in[3]));
    return true;
  }
};
template <u32 bytes, V128 (*F)(V128, V128, const u8*)>
struct Step<Immediate::shuffle, From::slot, bytes, F> {
  PIPIT_STEP(20) {
    write_slots(PIPIT_SLOT(0), F(read_slots<V128>(PIPIT_SLOT(1)), read_slots<V128>(PIPIT_SLOT(2)), in + 4));
    return true;
  }
};
template <u32 bytes, V128 (*F)(const u8*)>
struct Step<Immediate::v128, From::slot, bytes, F> {
  PIPIT_STEP(18) {
    write_slots(PIPIT_SLOT(0), F(in + 2));
    return true;
  }
};

/// Where an access of `bytes` goes, or null when it must trap. `immediate`: where the constant stands.
template <From from, u32 bytes>
[[gnu::always_inline]] inline u8* access(const u8* in, const u8* immediate, StepState& s) {
  constexpr u32 kLog2 = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : bytes == 8 ? 3 : 4;
  usize sum = PIPIT_SLOT(1).u32_;
  bool wraps = false;
  if constexpr (from == From::slot)
    wraps = __builtin_add_overflow(sum, usize{read<u32>(immediate)}, &sum);
  else if constexpr (from == From::wrapping)
    sum = static_cast<u32>(sum) + read<u32>(immediate);
  else
    sum = static_cast<u32>(sum) + PIPIT_SLOT(2).u32_;
  return wraps || sum >= s.machine->reach[kLog2] ? nullptr : s.memory + sum;
}
#define PIPIT_STEP_ACCESS(immediate)                           \
  u8* const at = access<from, bytes>(in, in + (immediate), s); \
  if (at == nullptr) [[unlikely]]                              \
  return false

template <From from, u32 bytes, V128 (*F)(const u8*)>
struct Step<Immediate::memarg, from, bytes, F> {
  PIPIT_STEP(from == From::slots ? 4 : 6) {
    PIPIT_STEP_ACCESS(2);
    write_slots(PIPIT_SLOT(0), F(at));
    return true;
  }
};
template <From from, u32 bytes, void (*F)(u8*, V128)>
struct Step<Immediate::memarg, from, bytes, F> {
  PIPIT_STEP(6) {
    PIPIT_STEP_ACCESS(2);
    F(at, read_slots<V128>(PIPIT_SLOT(0)));
    return true;
  }
};
template <From from, u32 bytes, V128 (*F)(const u8*, V128, u32)>
struct Step<Immediate::memarg_lane, from, bytes, F> {
  PIPIT_STEP(8) {
    PIPIT_STEP_ACCESS(4);
    write_slots(PIPIT_SLOT(0), F(at, read_slots<V128>(PIPIT_SLOT(2)), in[3]));
    return true;
  }
};
template <From from, u32 bytes, void (*F)(u8*, V128, u32)>
struct Step<Immediate::memarg_lane, from, bytes, F> {
  PIPIT_STEP(8) {
    PIPIT_STEP_ACCESS(4);
    F(at, read_slots<V128>(PIPIT_SLOT(2)), in[3]);
    return true;
  }
};

struct StepCopy {
  PIPIT_STEP(2) {
    write_slots(PIPIT_SLOT(0), read_slots<V128>(PIPIT_SLOT(1)));
    return true;
  }
};

// Scalar instructions that SIMD ones are paired with.

struct StepConstD {
  PIPIT_STEP(4) {
    PIPIT_SLOT(0).i32_ = read_i16(in + 2);
    return true;
  }
};
struct StepAddSiD {
  PIPIT_STEP(4) {
    s.acc = PIPIT_SLOT(1).u32_ + static_cast<u32>(i32{read_i16(in + 2)});
    PIPIT_SLOT(0).u32_ = s.acc;
    return true;
  }
};

#undef PIPIT_STEP
#undef PIPIT_STEP_ACCESS
#undef PIPIT_SLOT

/// A handler of one step.
template <class Only>
struct OneStep {
  PIPIT_PLACED static void run(PIPIT_ARGS) {
    StepState state{fp, PIPIT_MACHINE, PIPIT_MEMORY, acc};
    if (!Only::run(pc + 2, state)) [[unlikely]]
      PIPIT_TAIL(trap_out_of_bounds);
    PIPIT_NEXT_ACC(2 + Only::kBytes, state.acc);
  }
};
/// A handler of two, of which the second one's operands stand first.
template <class First, class Second>
struct TwoSteps {
  PIPIT_PLACED static void run(PIPIT_ARGS) {
    StepState state{fp, PIPIT_MACHINE, PIPIT_MEMORY, acc};
    if (!First::run(pc + 2 + Second::kBytes, state)) [[unlikely]]
      PIPIT_TAIL(trap_out_of_bounds);
    if (!Second::run(pc + 2, state)) [[unlikely]]
      PIPIT_TAIL(trap_out_of_bounds);
    PIPIT_NEXT_ACC(2 + Second::kBytes + First::kBytes, state.acc);
  }
};

}  // namespace
}  // namespace pipit::wasm::reg
