#include "wasm/rule.h"

namespace pipit::wasm {

namespace {

/// One message behind the other: addresses would take four bytes each.
constexpr char kMessages[] =
#define RULE(id, code, message) message "\0"
#include "wasm/rules.def"
#undef RULE
    ;
constexpr Code kCodes[] = {
#define RULE(id, code, message) Code::code,
#include "wasm/rules.def"
#undef RULE
};

}  // namespace

Error rule_error(Rule rule, u32 where) {
  const u32 number = static_cast<u32>(rule) - 1;
  const char* message = kMessages;
  for (u32 before = number; before != 0; ++message)
    if (*message == 0) --before;
  return {kCodes[number], message, where};
}

}  // namespace pipit::wasm
