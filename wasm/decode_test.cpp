#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "wasm/module_impl.h"
#include "wasm/tests/engine.h"

namespace pipit::wasm {
namespace {

using Data = std::vector<u8>;

/// Header and sections.
Data module_of(std::initializer_list<Data> sections) {
  Data all = {0, 'a', 's', 'm', 1, 0, 0, 0};
  for (const Data& section : sections) {
    all.push_back(section[0]);
    all.push_back(static_cast<u8>(section.size() - 1));
    all.insert(all.end(), section.begin() + 1, section.end());
  }
  return all;
}

const Data kNothingToNothing = {1, 1, 0x60, 0, 0};
const Data kOneFunction = {3, 1, 0};

/// A module with one function of type [] -> [] and this body.
Data body_of(const Data& instructions) {
  Data code = {10, 1, static_cast<u8>(instructions.size() + 1), 0};
  code.insert(code.end(), instructions.begin(), instructions.end());
  return module_of({kNothingToNothing, kOneFunction, code});
}
constexpr u32 kBodyAt = 8 + 6 + 4 + 5;  ///< offset of body_of()'s first instruction

struct Outcome {
  bool ok;
  Error error;
};
Outcome load(const Data& code, const Limits& limits = {}, usize arena_bytes = 1 << 16) {
  Data memory(arena_bytes);
  Arena arena(memory);
  auto module = ValidModule::load(code, arena, limits);
  if (module.ok()) return {true, {}};
  EXPECT_EQ(arena.used(), 0u) << "an error leaves nothing in the arena";
  return {false, module.error()};
}

void expect_error(const Data& code, Code kind, const char* message, u32 where, const Limits& limits = {}) {
  const Outcome outcome = load(code, limits);
  ASSERT_FALSE(outcome.ok) << message;
  EXPECT_EQ(outcome.error.code, kind) << outcome.error.message;
  EXPECT_STREQ(outcome.error.message, message);
  EXPECT_EQ(outcome.error.where, where) << message;
}

TEST(Decode, TheEmptyModuleIsValid) { EXPECT_TRUE(load(module_of({})).ok); }

TEST(Decode, Headers) {
  expect_error({}, Code::malformed, "magic header not detected: not a WebAssembly module", 0);
  expect_error({0x7F, 'E', 'L', 'F', 1, 0, 0, 0}, Code::malformed,
               "magic header not detected: not a WebAssembly module", 0);
  expect_error({0, 'a', 's', 'm', 2, 0, 0, 0}, Code::malformed, "unknown binary version", 4);
  expect_error({0, 'a', 's', 'm', 13, 0, 1, 0}, Code::malformed, "unknown binary version", 4);
}

TEST(Decode, Sections) {
  expect_error(module_of({{14, 0}}), Code::malformed, "malformed section id", 8);
  expect_error(module_of({kOneFunction, kNothingToNothing}), Code::malformed, "unknown type", 11);
  expect_error(module_of({{5, 0}, {5, 0}}), Code::malformed, "unexpected content after last section", 11);
  expect_error({0, 'a', 's', 'm', 1, 0, 0, 0, 1, 9, 0}, Code::malformed, "length out of bounds", 10);
  expect_error(module_of({{1, 0, 0}}), Code::malformed, "section size mismatch", 11);
  expect_error(module_of({kNothingToNothing, kOneFunction}), Code::malformed,
               "function and code section have inconsistent lengths", 18);
  expect_error(module_of({{12, 1}}), Code::malformed, "data count and data section have inconsistent lengths",
               11);
  expect_error(module_of({{5, 2, 0, 0, 0, 0}}), Code::malformed, "multiple memories are not supported", 10);
}

TEST(Decode, WhatIsLeftOutIsRefusedByName) {
  const auto refuse = [](const Data& instructions, const char* message) {
    expect_error(body_of(instructions), Code::unsupported, message, kBodyAt);
  };
  refuse({0xFE, 0x03, 0x00, 0x0B}, "threads are not supported");
  refuse({0x06, 0x40, 0x0B}, "exception handling is not supported");
  refuse({0xFB, 0x00, 0x0B}, "garbage-collected types are not supported");
  refuse({0x14, 0x00, 0x0B}, "typed function references are not supported");
  expect_error(module_of({{5, 1, 3, 1, 1}}), Code::unsupported, "shared memory is not supported", 11);
  expect_error(module_of({{5, 1, 4, 1}}), Code::unsupported, "64-bit memory is not supported", 11);
  expect_error(module_of({{4, 1, 0x63, 0x00, 0, 0}}), Code::unsupported,
               "typed function references are not supported", 11);
  expect_error(body_of({0x41, 0x00, 0x28, 0x40, 0x00, 0x00, 0x1A, 0x0B}), Code::malformed,
               "malformed memop flags (multiple memories are not supported)", kBodyAt + 3);
}

TEST(Decode, SimdSaysWhere) {
  expect_error(body_of({0xFD, 0x9A, 0x01, 0x0B}), Code::malformed, "illegal opcode", kBodyAt);
  expect_error(body_of({0xFD, 0x94, 0x02, 0x0B}), Code::malformed, "illegal opcode", kBodyAt);
  expect_error(body_of({0xFD, 0x0C, 0x00, 0x0B}), Code::malformed, "length out of bounds", kBodyAt + 2);
  expect_error(body_of({0xFD, 0x15, 0x10, 0x0B}), Code::malformed, "invalid lane index", kBodyAt + 2);
  expect_error(body_of({0xFD, 0x1D, 0x02, 0x0B}), Code::malformed, "invalid lane index", kBodyAt + 2);
  expect_error(body_of({0xFD, 0x4D, 0x1A, 0x0B}), Code::malformed, "type mismatch", kBodyAt);
  expect_error(body_of({0xFD, 0x00, 0x00, 0x00, 0x0B}), Code::malformed, "unknown memory", kBodyAt);
  Data zero = {0xFD, 0x0C};
  zero.resize(18);
  Data dropped = zero;
  dropped.insert(dropped.end(), {0x1A, 0x0B});
  EXPECT_TRUE(load(body_of(dropped)).ok);
  Data left = zero;
  left.push_back(0x0B);
  expect_error(body_of(left), Code::malformed, "type mismatch", kBodyAt + 18);
}

TEST(Decode, TailCallsYieldWhatTheirCallerYields) {
  EXPECT_TRUE(load(body_of({0x12, 0x00, 0x0B})).ok);
  expect_error(body_of({0x12, 0x01, 0x0B}), Code::malformed, "unknown function", kBodyAt);
  // Functions 0: [] -> [] and 1: [] -> [i32]: neither may end in the other.
  const Data types = {1, 2, 0x60, 0, 0, 0x60, 0, 1, 0x7F}, functions = {3, 2, 0, 1};
  const u32 at = 8 + 10 + 5 + 5;
  expect_error(module_of({types, functions, {10, 2, 4, 0, 0x12, 1, 0x0B, 4, 0, 0x41, 0, 0x0B}}),
               Code::malformed, "type mismatch", at);
  expect_error(module_of({types, functions, {10, 2, 2, 0, 0x0B, 4, 0, 0x12, 0, 0x0B}}), Code::malformed,
               "type mismatch", at + 3);
}

/// A global of type i32 whose value this expression is; offsets count from the expression.
constexpr u32 kConstantAt = 8 + 2 + 3;
Data global_of(Data expression, u8 type = 0x7F) {
  Data section = {6, 1, type, 0};
  section.insert(section.end(), expression.begin(), expression.end());
  return module_of({section});
}

TEST(Decode, ConstantExpressions) {
  const Data sum = {0x41, 1, 0x41, 2, 0x6A, 0x0B};
  EXPECT_TRUE(load(global_of(sum)).ok);
  EXPECT_TRUE(load(global_of({0x42, 1, 0x42, 2, 0x7E, 0x0B}, 0x7E)).ok);
  expect_error(global_of(sum, 0x7E), Code::malformed, "type mismatch in constant expression", kConstantAt);
  expect_error(global_of({0x41, 1, 0x42, 2, 0x6A, 0x0B}), Code::malformed,
               "type mismatch in constant expression", kConstantAt + 4);
  expect_error(global_of({0x41, 1, 0x6A, 0x0B}), Code::malformed, "type mismatch in constant expression",
               kConstantAt + 2);
  expect_error(global_of({0x41, 1, 0x45, 0x0B}), Code::malformed, "constant expression required",
               kConstantAt + 2);
  expect_error(global_of({0x23, 0, 0x0B}), Code::malformed,
               "unknown global: a constant expression reads imported globals only", kConstantAt);
  Data deep;
  for (u32 i = 0; i <= kMaxConstantDepth; ++i) deep.insert(deep.end(), {0x41, 1});
  deep.push_back(0x0B);
  expect_error(global_of(deep), Code::unsupported, "constant expression is deeper than this engine supports",
               kConstantAt + 2 * kMaxConstantDepth);
}

TEST(Decode, TablesMayBeginAsOtherThanNull) {
  EXPECT_TRUE(load(module_of({{4, 1, 0x40, 0, 0x70, 0, 1, 0xD0, 0x70, 0x0B}})).ok);
  expect_error(module_of({{4, 1, 0x40, 0, 0x64, 0x70, 0, 1, 0xD0, 0x70, 0x0B}}), Code::malformed,
               "type mismatch in constant expression", 17);
  expect_error(module_of({{4, 1, 0x64, 0x70, 0, 1}}), Code::malformed,
               "type mismatch: elements that are never null need an initial value", 11);
}

TEST(Decode, BodiesSayWhere) {
  expect_error(body_of({0xFF, 0x0B}), Code::malformed, "illegal opcode", kBodyAt);
  expect_error(body_of({0x01, 0x27, 0x0B}), Code::malformed, "illegal opcode", kBodyAt + 1);
  expect_error(body_of({0xE0, 0x0B}), Code::malformed, "illegal opcode",
               kBodyAt);  // internal codes stay internal
  expect_error(body_of({0x01, 0x41, 0x01, 0x0B}), Code::malformed, "type mismatch", kBodyAt + 3);
  expect_error(body_of({0x1A, 0x0B}), Code::malformed, "type mismatch", kBodyAt);
  expect_error(body_of({0x0C, 0x01, 0x0B}), Code::malformed, "unknown label", kBodyAt);
  expect_error(body_of({0x20, 0x00, 0x1A, 0x0B}), Code::malformed, "unknown local", kBodyAt);
  expect_error(body_of({0x10, 0x01, 0x0B}), Code::malformed, "unknown function", kBodyAt);
  expect_error(body_of({0x3F, 0x00, 0x1A, 0x0B}), Code::malformed, "unknown memory", kBodyAt);
  expect_error(body_of({0x01}), Code::malformed, "unexpected end: END opcode expected", kBodyAt + 1);
  expect_error(body_of({0x0B, 0x01}), Code::malformed, "operators remaining after end of function",
               kBodyAt + 1);
  expect_error(body_of({0x05, 0x0B}), Code::malformed, "else without if", kBodyAt);
}

TEST(Decode, Limits) {
  expect_error(module_of({{5, 1, 0, 2}}), Code::out_of_range,
               "module wants more memory than this platform has", 10, {.max_memory_pages = 1});
  expect_error(module_of({{4, 1, 0x70, 0, 5}}), Code::out_of_range,
               "table is larger than this platform allows", 11, {.max_table_elements = 4});
  expect_error(module_of({}), Code::out_of_range, "module is larger than this platform allows", 7,
               {.max_module_bytes = 7});
  Data code = {10, 1, 4, 1, 0xFF, 0x01, 0x7F};  // 255 locals
  code[2] = 5;
  code.push_back(0x0B);
  expect_error(module_of({kNothingToNothing, kOneFunction, code}), Code::out_of_range,
               "too many locals for this platform", 22, {.max_locals = 254});
  EXPECT_TRUE(load(module_of({kNothingToNothing, kOneFunction, code}), {.max_locals = 255}).ok);
}

TEST(Decode, HugeCountsAllocateNothing) {
  // Sections that claim 2^28 items: refused by the bytes that are there, in a small arena.
  for (u8 id : {1, 2, 3, 4, 6, 7, 9, 10, 11})
    expect_error(module_of({{id, 0x80, 0x80, 0x80, 0x80, 0x01}}), Code::malformed,
                 "unexpected end: more items than bytes", 10);
}

TEST(Decode, ExportNamesAreUnique) {
  const Data twice = {7, 2, 1, 'f', 0, 0, 1, 'f', 0, 0};
  Data code = {10, 1, 2, 0, 0x0B};
  expect_error(module_of({kNothingToNothing, kOneFunction, twice, code}), Code::malformed,
               "duplicate export name", 25);
}

TEST(Decode, ImportsExportsAndNamesAreFound) {
  const Data code = test::read_module("calls");
  Data memory(1 << 16);
  Arena arena(memory);
  auto module = ValidModule::load(code, arena);
  ASSERT_TRUE(module.ok()) << module.error().message;
  ASSERT_EQ(module->import_count(), 3u);
  EXPECT_EQ(module->import(1).module, "test");
  EXPECT_EQ(module->import(1).name, "wait");
  EXPECT_EQ(module->import(1).kind, ExternKind::func);
  EXPECT_EQ(*module->exported_function("fib"), 5u);
  EXPECT_EQ(module->exported_function("memory").error().code, Code::not_found);
  EXPECT_EQ(module->function_name(5), "fib");
  EXPECT_EQ(module->function_name(3), "");
}

TEST(Decode, MetadataIsSmall) {
  const Data code = test::read_module("mix");
  Data memory(1 << 16);
  Arena arena(memory);
  auto module = ValidModule::load(code, arena);
  ASSERT_TRUE(module.ok()) << module.error().message;
  const ModuleImpl& impl = module->impl();
  EXPECT_EQ(sizeof(FuncEntry), 12u);
  EXPECT_EQ(sizeof(SideEntry), 8u);
  EXPECT_LE(arena.used(), sizeof(ModuleImpl) + impl.funcs.size() * 13 + impl.side.size() * 8 +
                              impl.types.size() * sizeof(TypeEntry) + 64);
}

TEST(Decode, EveryTruncationIsAnErrorThatGivesTheArenaBack) {
  for (const char* name : {"calls", "mix"}) {
    const Data code = test::read_module(name);
    ASSERT_FALSE(code.empty());
    u32 accepted = 0;
    for (usize size = 0; size < code.size(); ++size) {
      const Data part(code.begin(),
                      code.begin() + static_cast<std::ptrdiff_t>(size));  // so that sanitizers see the end
      const Outcome outcome = load(part);
      accepted += outcome.ok;
      if (!outcome.ok) EXPECT_LE(outcome.error.where, size) << outcome.error.message;
    }
    // Cutting between sections can leave a whole module: the header alone, or one without its custom
    // sections.
    EXPECT_LE(accepted, 8u) << name;
    EXPECT_TRUE(load(code).ok);
  }
}

TEST(Decode, EveryArenaThatIsTooSmallSaysSo) {
  const Data code = test::read_module("mix");
  usize need = 0;
  while (!load(code, {}, need).ok) {
    EXPECT_EQ(load(code, {}, need).error.code, Code::out_of_memory) << need;
    ASSERT_LT(++need, 1u << 16);
  }
  EXPECT_GT(need, sizeof(ModuleImpl));
}

}  // namespace
}  // namespace pipit::wasm
