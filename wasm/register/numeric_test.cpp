// The numeric instructions of microcontrollers, against those of computers: every one, over a grid of
// operands.
#include "wasm/register/numeric.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "wasm/engine.h"
#include "wasm/opcode.h"
#include "wasm/register/translate.h"

namespace pipit::wasm::reg {
namespace {

constexpr u64 kGrid[] = {
    0, 1, 2, 31, 63, 64, 0x7F, 0x80, 0xFFFF'8000, 0x7FFF'FFFF, 0x8000'0000, 0xFFFF'FFFF,
    0x7FFF'FFFF'FFFF'FFFF, 0x8000'0000'0000'0000, 0xFFFF'FFFF'FFFF'FFFF, 0x0123'4567'89AB'CDEF,
    // f32: 1, -1, 0.5, -0.5, 2.5, -3.7, 2^31, -2^31, 2^32, 2^63, -2^63, 2^64, infinities, NaNs, a subnormal
    0x3F80'0000, 0xBF80'0000, 0x3F00'0000, 0xBF00'0000, 0x4020'0000, 0xC06C'CCCD, 0x4F00'0000, 0xCF00'0000,
    0x4F80'0000, 0x5F00'0000, 0xDF00'0000, 0x5F80'0000, 0x7F80'0000, 0xFF80'0000, 0x7FC0'0000, 0xFFC0'1234,
    0x0000'0007,
    // f64: the same
    0x3FF0'0000'0000'0000, 0xBFF0'0000'0000'0000, 0x3FE0'0000'0000'0000, 0xBFE0'0000'0000'0000,
    0x4004'0000'0000'0000, 0xC00D'9999'9999'999A, 0x41E0'0000'0000'0000, 0xC1E0'0000'0000'0000,
    0xC1E0'0000'0020'0000, 0x41EF'FFFF'FFE0'0000, 0x41F0'0000'0000'0000, 0x43E0'0000'0000'0000,
    0xC3E0'0000'0000'0000, 0x43F0'0000'0000'0000, 0x7FF0'0000'0000'0000, 0xFFF0'0000'0000'0000,
    0x7FF8'0000'0000'0000, 0xFFF8'0000'0000'1234};

/// Value types as the binary format has them, by their letter in a packed signature.
u8 type_of(u32 letter) { return static_cast<u8>(0x80 - letter); }

/// (func (export "f") (param …) (result …) local.get… op)
std::vector<u8> module_of(u16 op, PackedSignature signature) {
  std::vector<u8> params;
  if (signature >> 6 != 0) params.push_back(type_of(signature >> 6));
  params.push_back(type_of(signature >> 3 & 7));
  std::vector<u8> type = {1, 0x60, static_cast<u8>(params.size())};
  type.insert(type.end(), params.begin(), params.end());
  type.insert(type.end(), {1, type_of(signature & 7)});
  std::vector<u8> body = {0};
  for (usize i = 0; i < params.size(); ++i) body.insert(body.end(), {0x20, static_cast<u8>(i)});
  if (op >= kFirstFc)
    body.insert(body.end(), {kPrefixFc, static_cast<u8>(op - kFirstFc)});
  else
    body.push_back(static_cast<u8>(op));
  body.push_back(0x0B);
  std::vector<u8> bytes = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, static_cast<u8>(type.size())};
  bytes.insert(bytes.end(), type.begin(), type.end());
  bytes.insert(bytes.end(), {3, 2, 1, 0, 7, 5, 1, 1, 'f', 0, 0});
  bytes.insert(bytes.end(), {10, static_cast<u8>(body.size() + 2), 1, static_cast<u8>(body.size())});
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

struct Outcome {
  TrapKind trap = TrapKind::none;
  u64 bits = 0;
};

/// What the engine of this build makes of the instruction.
class Reference {
 public:
  Reference(u16 op, PackedSignature signature) : bytes_(module_of(op, signature)), arena_(memory_) {
    auto module = ValidModule::load(bytes_, arena_);
    PIPIT_CHECK(module.ok());
    auto code = translate_in(*module, arena_);
    PIPIT_CHECK(code.ok());
    auto instance = Instance::create(
        *module, {}, {.engine = &kRegisterEngine, .code = *code, .stack_bytes = 1024}, arena_);
    PIPIT_CHECK(instance.ok());
    instance_ = *instance;
    function_ = *module->exported_function("f");
  }
  Outcome operator()(std::span<const Value> arguments) {
    EXPECT_TRUE(instance_->start(function_, arguments).ok());
    if (instance_->resume() == RunState::trapped) return {instance_->trap().kind, 0};
    return {TrapKind::none, instance_->results()[0].u64_};
  }

 private:
  std::vector<u8> bytes_;
  u8 memory_[16 * 1024];
  Arena arena_;
  Instance* instance_ = nullptr;
  u32 function_ = 0;
};

Outcome outcome_of(u32 number, u32 result_letter, const Value& a, const Value& b) {
  Value d{};
  NumericState state{&d, &a, &b, 0, 0, 0};
  const TrapKind trap = compute(number, state);
  const u64 results[] = {state.acc, d.u64_, std::bit_cast<u32>(state.fs), std::bit_cast<u64>(state.fd)};
  return {trap, trap == TrapKind::none ? results[result_letter - 1] : 0};
}

bool is_numeric_opcode(u32 op) {
  constexpr struct {
    u8 first, last;
  } kSets[] = {{0x50, 0x5A}, {0x61, 0x69}, {0x78, 0x91}, {0x96, 0x9F},
               {0xA4, 0xA6}, {0xA8, 0xBB}, {0xC2, 0xC4}, {0xE0, 0xE7}};
  for (const auto& set : kSets)
    if (op >= set.first && op <= set.last) return true;
  return false;
}

TEST(NumericInstructions, AreThoseOfTheLargeEngine) {
  u32 compared = 0;
  for (u16 op = 0x50; op <= 0xE7; ++op) {
    if (!is_numeric_opcode(op)) continue;
    const PackedSignature signature = op_info(op).signature;
    const u32 result = signature & 7;
    const bool has_two = signature >> 6 != 0;
    Reference reference(op, signature);
    for (const u64 x : kGrid)
      for (const u64 y : kGrid) {
        if (!has_two && y != kGrid[0]) break;
        Value arguments[2];
        arguments[0].u64_ = x;
        arguments[1].u64_ = y;
        const Outcome expected = reference({arguments, has_two ? 2u : 1u});
        const Outcome found = outcome_of(op, result, arguments[0], arguments[1]);
        ASSERT_EQ(found.trap, expected.trap) << op_name(op) << std::hex << " " << x << " " << y;
        const u64 mask = result == 1 || result == 3 ? 0xFFFF'FFFF : ~u64{0};
        ASSERT_EQ(found.bits & mask, expected.bits & mask) << op_name(op) << std::hex << " " << x << " " << y;
        ++compared;
      }
  }
  EXPECT_GT(compared, 50'000u);
}

TEST(NumericInstructions, ArithmeticTakesItsOperandsWhereTheFormSays) {
  const f64 slots[] = {3, 5};
  Value a{}, b{};
  a.f64_ = slots[0], b.f64_ = slots[1];
  const f64 fd = 7;
  const auto apply = [](u32 operation, f64 x, f64 y) {
    return operation == 0 ? x + y : operation == 1 ? x - y : operation == 2 ? x * y : x / y;
  };
  for (u32 number = 0; number < 26; ++number) {
    Value d{};
    NumericState state{&d, &a, &b, 0, 0, fd};
    ASSERT_EQ(compute(number, state), TrapKind::none);
    const u32 form = number % 6;
    f64 expected = apply(number / 6,
                         form % 3 == 1   ? fd
                         : form % 3 == 2 ? slots[1]
                                         : slots[0],
                         form % 3 == 2 ? fd : slots[1]);
    bool to_slot = form >= 3;
    if (number >= 24) expected = slots[0] * fd + slots[1], to_slot = number == 25;
    EXPECT_EQ(state.fd, expected) << number;
    EXPECT_EQ(d.f64_, to_slot ? expected : 0) << number;
  }
}

}  // namespace
}  // namespace pipit::wasm::reg
