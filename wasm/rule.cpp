// For machines with room, and with threads.
#include "wasm/rule.h"

namespace pipit::wasm {

static constexpr const char* kMessages[] = {
#define RULE(id, code, message) message,
#include "wasm/rules.def"
#undef RULE
};

Error rule_error(Rule rule, u32 where) {
  return {rule_code(rule), kMessages[static_cast<u32>(rule) - 1], where};
}

}  // namespace pipit::wasm
