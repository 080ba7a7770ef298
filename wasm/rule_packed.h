#pragma once
#include "wasm/packed_text.h"
#include "wasm/rule.h"

/// The messages of rules.def, packed: for microcontrollers (rule_packed.cpp), and for the test that compares
/// them.
namespace pipit::wasm {

inline constexpr char kRuleMessages[] =
#define RULE(id, code, message) message "\0"
#include "wasm/rules.def"
#undef RULE
    ;
inline constexpr auto kPackedRules = pack_texts(kRuleMessages);
using RuleTexts = TextTable<kPackedRules.byte_count, kPackedRules.pair_count, kPackedRules.deepest>;

}  // namespace pipit::wasm
