#pragma once
#include "base/types.h"

namespace pipit::waiot {

/// One register of a fault report.
struct NamedRegister {
  const char* name;
  u32 value;
};

/// Prints what the processor was doing and resets. A board's exception handlers end here.
[[noreturn]] void report_fault(std::string_view what, std::span<const NamedRegister> registers);

}  // namespace pipit::waiot
