#pragma once
#include <array>

#include "base/text.h"

namespace pipit::link {

/// The name of a device: "waiot-" and the last three bytes of its MAC address in lower-case hex.
using DeviceName = FixedText<16>;

inline DeviceName device_name(const std::array<u8, 6>& mac) {
  char text[16];
  TextWriter out(text);
  out << "waiot-";
  out.hex(Bytes(mac).subspan(3));
  DeviceName name;
  name.assign(out.text());
  return name;
}

}  // namespace pipit::link
