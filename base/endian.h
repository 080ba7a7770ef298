#pragma once
#include <cstring>

#include "base/types.h"

/// Little-endian loads and stores at any alignment. Every target of Pipit is little-endian.
namespace pipit {

template <class T>
T load_le(const u8* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <class T>
void store_le(u8* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

}  // namespace pipit
