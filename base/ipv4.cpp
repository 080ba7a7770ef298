#include "base/ipv4.h"

#include "base/text.h"

namespace pipit {

bool parse_ipv4(std::string_view text, std::array<u8, 4>& out) {
  std::array<u8, 4> address;
  for (usize i = 0; i < address.size(); ++i) {
    const bool last = i + 1 == address.size();
    const usize dot = last ? text.size() : text.find('.');
    u64 number = 0;
    if (dot == std::string_view::npos || !parse_decimal(slice(text, 0, dot), number) || number > 255)
      return false;
    address[i] = static_cast<u8>(number);
    text = slice(text, dot + 1);
  }
  out = address;
  return true;
}

}  // namespace pipit
