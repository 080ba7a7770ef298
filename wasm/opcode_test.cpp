#include "wasm/opcode.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pipit::wasm {
namespace {

TEST(Opcode, TheTableIsWhole) {
  // Wasm 2.0: 183 instructions of one byte, select twice, and 18 behind 0xFC; two tail calls; 236 of SIMD, 20
  // relaxed.
  u32 one_byte = 0, prefixed = 0, simd = 0, relaxed = 0;
  for (u16 code = 0; code < kFirstSimd + kSimdCount; ++code) {
    if (!op_info(code).exists) {
      EXPECT_STREQ(op_name(code), "");
      continue;
    }
    EXPECT_STRNE(op_name(code), "");
    ++(code >= 0x200 ? relaxed : code >= kFirstSimd ? simd : code >= kFirstFc ? prefixed : one_byte);
  }
  EXPECT_EQ(one_byte, 183u + 2);
  EXPECT_EQ(prefixed, kFcCount);
  EXPECT_EQ(simd, 236u);
  EXPECT_EQ(relaxed, 20u);
}

TEST(Opcode, NamesAreUniqueButForTypedSelect) {
  std::multiset<std::string> names;
#define OP(code, id, name, immediate, signature, alignment) names.insert(name);
#include "wasm/opcodes.def"
#include "wasm/opcodes_simd.def"
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
  EXPECT_EQ(op_info(kFirstSimd + 0x52).signature, 5 << 9 | 5 << 6 | 5 << 3 | 5);  // v128.bitselect
  EXPECT_EQ(op_info(kFirstSimd + 0x54).immediate, Immediate::memarg_lane);
  EXPECT_STREQ(op_name(kFirstSimd + 0xAE), "i32x4.add");
}

}  // namespace
}  // namespace pipit::wasm
