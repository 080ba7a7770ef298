// What code for each target is: its own header, reproducible, with the instructions that its processor has.
#include <gtest/gtest.h>

#include <cstring>

#include "compiler/aot/compile.h"
#include "support/files.h"
#include "wasm/native/targets.h"

namespace pipit::aot {
namespace {

namespace native = wasm::native;

native::Header header_of(const std::vector<u8>& file) {
  native::Header header;
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

/// (func (param v128 v128 v128) (result v128) i32x4.relaxed_dot_i8x16_i7x16_add_s of them)
constexpr u8 kRelaxedDot[] = {0,    'a', 's',  'm', 1,    0, 0,    0, 1,    8, 1,    0x60, 3,    0x7B, 0x7B,
                              0x7B, 1,   0x7B, 3,   2,    1, 0,    7, 5,    1, 1,    'd',  0,    0,    10,
                              13,   1,   11,   0,   0x20, 0, 0x20, 1, 0x20, 2, 0xFD, 0x93, 0x02, 0x0B};

/// Counts VPDPBUSD with 128-bit operands: opcode 50 of map 0F38, behind a VEX (AVX-VNNI) or EVEX prefix.
u32 count_vnni(const std::vector<u8>& file) {
  u32 count = 0;
  const native::Header header = header_of(file);
  for (usize i = header.image_at; i + 5 < header.image_at + header.code_bytes; ++i) {
    count += file[i] == 0xC4 && (file[i + 1] & 0x1F) == 2 && file[i + 3] == 0x50;
    count += file[i] == 0x62 && (file[i + 1] & 0x07) == 2 && file[i + 4] == 0x50;
  }
  return count;
}

TEST(Targets, RelaxedDotProductsAreOneInstructionWhereThereIsVnni) {
  struct Case {
    const char *cpu, *feature;
    u32 bit, expected;
  };
  constexpr Case kCases[] = {{"x86-64-v2", "", 0, 0},
                             {"x86-64-v3", "", 0, 0},
                             {"x86-64-v3", "+avxvnni", native::kAvxVnni, 1},
                             {"x86-64-v4", "+avx512vnni", native::kAvx512Vnni, 1}};
  for (const Case& one : kCases) {
    Options options{.target = *find_target("x86_64-linux", one.cpu), .effort = Effort::o2};
    options.target.features += one.feature;
    options.target.cpu_features |= one.bit;
    const auto compiled = compile(kRelaxedDot, options);
    ASSERT_TRUE(compiled.ok()) << compiled.error().text;
    EXPECT_EQ(count_vnni(*compiled), one.expected) << one.cpu << one.feature;
  }
}

TEST(Targets, EveryOneCompilesEverything) {
  for (const char* name : {"/calls.wasm", "/vectors.wasm"}) {  // SIMD and tail calls are in the second
    const auto module = *support::read_file(std::string(PIPIT_WASM_TEST_MODULES) + name);
    for (const TargetRow& row : targets())
      for (const Effort effort : {Effort::o0, Effort::light, Effort::o2}) {
        const Options options{.target = *find_target(row.name, ""), .effort = effort, .metering = true};
        const auto compiled = compile(module, options);
        ASSERT_TRUE(compiled.ok()) << row.name << name << ": " << compiled.error().text;
        EXPECT_EQ(header_of(*compiled).target, row.id);
        EXPECT_EQ(*compiled, *compile(module, options)) << row.name << name << ": not reproducible";
      }
  }
  ASSERT_EQ(targets().size(), std::size(native::kTargetNames));
  for (usize i = 0; i < targets().size(); ++i) {
    EXPECT_EQ(targets()[i].name, native::kTargetNames[i].name);
    EXPECT_EQ(targets()[i].id, native::kTargetNames[i].id);
    EXPECT_EQ(targets()[i].pointer_bytes, native::kTargetNames[i].pointer_bytes);
    EXPECT_EQ(targets()[i].checks == Checks::software, native::kTargetNames[i].fixed_memory);
  }
  EXPECT_EQ(find_target("z80", "").error().code, Code::not_found);
  EXPECT_EQ(find_target("thumbv7em", "x86-64-v3").error().code, Code::not_found);
  EXPECT_EQ(find_target("thumbv7em", "native").error().code, Code::not_found);
  EXPECT_EQ(find_target("aarch64-linux", "x86-64-v2").error().code, Code::not_found);
}

}  // namespace
}  // namespace pipit::aot
