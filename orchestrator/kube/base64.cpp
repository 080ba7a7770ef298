#include "orchestrator/kube/base64.h"

#include "base/types.h"

namespace pipit::kube {

namespace {
int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}
}  // namespace

support::Result<std::string> decode_base64(std::string_view text) {
  std::string out;
  u32 bits = 0;
  int held = 0;
  usize symbols = 0, padding = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    ++symbols;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int value = value_of(c);
    if (value < 0 || padding != 0) return support::Error(Code::malformed, "not base64");
    bits = bits << 6 | static_cast<u32>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (symbols % 4 != 0 || padding > 2) return support::Error(Code::malformed, "base64 of a wrong length");
  return out;
}

}  // namespace pipit::kube
