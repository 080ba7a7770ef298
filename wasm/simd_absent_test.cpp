// Linked without pipit_wasm_simd, as firmware is.
#include <gtest/gtest.h>

#include "wasm/module.h"
#include "wasm/simd.h"

namespace pipit::wasm {
namespace {

Error refusal(std::vector<u8> sections) {
  std::vector<u8> code = {0, 'a', 's', 'm', 1, 0, 0, 0};
  code.insert(code.end(), sections.begin(), sections.end());
  std::vector<u8> memory(1 << 16);
  Arena arena(memory);
  auto module = ValidModule::load(code, arena);
  EXPECT_FALSE(module.ok());
  return module.ok() ? Error{Code::internal, "accepted"} : module.error();
}

TEST(SimdAbsent, IsRefusedByNameAndOffset) {
  EXPECT_EQ(simd_feature(), nullptr);
  // A parameter of type v128.
  const Error type = refusal({1, 5, 1, 0x60, 1, 0x7B, 0});
  EXPECT_EQ(type.code, Code::unsupported);
  EXPECT_STREQ(type.message, "SIMD (v128) is not supported");
  EXPECT_EQ(type.where, 13u);
  // v128.const in a body, then in the value of a global.
  const Error body = refusal({1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 6, 1, 4, 0, 0xFD, 0x0C, 0x0B});
  EXPECT_EQ(body.code, Code::unsupported);
  EXPECT_STREQ(body.message, "SIMD is not supported");
  EXPECT_EQ(body.where, 23u);
  const Error constant = refusal({6, 6, 1, 0x7F, 0, 0xFD, 0x0C, 0x0B});
  EXPECT_EQ(constant.code, Code::unsupported);
  EXPECT_EQ(constant.where, 13u);
}

}  // namespace
}  // namespace pipit::wasm
