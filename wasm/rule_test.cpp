#include "wasm/rule.h"

#include <gtest/gtest.h>

#include <string>

#include "wasm/rule_packed.h"

namespace pipit::wasm {
namespace {

constexpr Code kCodes[] = {
#define RULE(id, code, message) Code::code,
#include "wasm/rules.def"
#undef RULE
};
constexpr u32 kCount = sizeof kCodes / sizeof kCodes[0];

TEST(Rule, PackedMessagesSayTheSame) {
  constexpr RuleTexts kTexts(kPackedRules);
  for (u32 number = 0; number < kCount; ++number) {
    std::string message(kPackedRules.longest + 1, '#');
    kTexts.unpack(number, message.data());
    const Error error = rule_error(static_cast<Rule>(number + 1), 7);
    EXPECT_EQ(message.substr(0, message.find('\0')), error.message);
    EXPECT_EQ(message.back(), '#') << "beyond the room for the longest: " << error.message;
    EXPECT_EQ(error.code, kCodes[number]) << error.message;
    EXPECT_EQ(error.where, 7u);
  }
}

TEST(Rule, PackingHalvesTheMessages) { EXPECT_LT(sizeof(RuleTexts), sizeof kRuleMessages / 2); }

}  // namespace
}  // namespace pipit::wasm
