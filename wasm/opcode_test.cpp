#include "wasm/opcode.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pipit::wasm {
namespace {

TEST(Opcode, TheTableIsWhole) {
  // Wasm 2.0 without SIMD: 183 instructions of one byte, select twice, and 18 behind the prefix.
  u32 one_byte = 0, prefixed = 0;
  for (u32 code = 0; code < 256; ++code) {
    if (!op_info(static_cast<u8>(code)).exists) {
      EXPECT_STREQ(op_name(static_cast<u8>(code)), "");
      continue;
    }
    EXPECT_STRNE(op_name(static_cast<u8>(code)), "");
    ++(code >= kFirstFc ? prefixed : one_byte);
  }
  EXPECT_EQ(one_byte, 183u);
  EXPECT_EQ(prefixed, kFcCount);
}

TEST(Opcode, NamesAreUniqueButForTypedSelect) {
  std::multiset<std::string> names;
#define OP(code, id, name, immediate, signature, alignment) names.insert(name);
#include "wasm/opcodes.def"
#undef OP
  for (const std::string& name : names) EXPECT_EQ(names.count(name), name == "select" ? 2u : 1u) << name;
}

TEST(Opcode, SignaturesArePacked) {
  EXPECT_EQ(op_info(0x6A).signature, 1 << 6 | 1 << 3 | 1);  // i32.add: i32 i32 -> i32
  EXPECT_EQ(op_info(0x37).signature, 1 << 6 | 2 << 3 | 0);  // i64.store: i32 i64 ->
  EXPECT_EQ(op_info(0x41).signature, 1);                    // i32.const: -> i32
  EXPECT_EQ(op_info(0x10).signature, kContextual);          // call
  EXPECT_EQ(op_info(0x29).alignment, 3);                    // i64.load
  EXPECT_EQ(op_info(kFirstFc + 10).immediate, Immediate::memory_memory);
  EXPECT_STREQ(op_name(0x6A), "i32.add");
}

}  // namespace
}  // namespace pipit::wasm
