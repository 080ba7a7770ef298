#pragma once
#include <algorithm>

#include "base/types.h"

/// Paths of the guest, component by component.
namespace pipit::mewz {

/// Cuts the next component off `rest`, with the slashes before it; empty at the end.
inline std::string_view next_component(std::string_view& rest) {
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const usize end = std::min(rest.find('/'), rest.size());
  const std::string_view component{rest.data(), end};
  rest.remove_prefix(end);
  return component;
}

/// Whether no component is left.
inline bool only_slashes(std::string_view text) { return text.find_first_not_of('/') == text.npos; }

}  // namespace pipit::mewz
