#pragma once
#include "base/types.h"

namespace pipit::waiot {

/// A block of 32-bit device registers; offsets are the driver's named constants.
class Registers {
 public:
  constexpr explicit Registers(usize base) : base_(base) {}
  u32 read(u32 offset) const { return *reinterpret_cast<volatile u32*>(base_ + offset); }
  void write(u32 offset, u32 value) const { *reinterpret_cast<volatile u32*>(base_ + offset) = value; }
  u8 read_byte(u32 offset) const { return *reinterpret_cast<volatile u8*>(base_ + offset); }
  void write_byte(u32 offset, u8 value) const { *reinterpret_cast<volatile u8*>(base_ + offset) = value; }
  constexpr usize base() const { return base_; }

 private:
  usize base_;
};

/// Polls until `done()` holds; false after `attempts` tries: a device that hangs must not hang the firmware.
template <class Done>
bool wait_until(Done done, u32 attempts = 1'000'000) {
  for (u32 i = 0; i < attempts; ++i)
    if (done()) return true;
  return false;
}

}  // namespace pipit::waiot
