// For microcontrollers: messages take half the flash.
#include "wasm/rule_packed.h"

namespace pipit::wasm {

[[gnu::noinline]] Error rule_error(Rule rule, u32 where) {
  static constexpr RuleTexts kMessages(kPackedRules);
  static char message[kPackedRules.longest];
  kMessages.unpack(static_cast<u32>(rule) - 1, message);
  return {rule_code(rule), message, where};
}

}  // namespace pipit::wasm
