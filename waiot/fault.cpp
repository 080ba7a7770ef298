#include "waiot/fault.h"

#include <string_view>

#include "base/check.h"
#include "waiot/board.h"
#include "waiot/log.h"

namespace pipit {

void check_failed(const char* condition, const char* file, int line) {
  waiot::Line() << "waiot: check failed: " << condition << " at " << file << ":" << u32(line)
                << ", restarting";
  waiot::board::reset();
}

}  // namespace pipit

// string_view::substr's range check ends here in a build without exceptions.
namespace std {
// NOLINTNEXTLINE(bugprone-std-namespace-modification): libstdc++ asks for it by this name
void __throw_out_of_range_fmt(const char* format, ...) { pipit::check_failed(format, "libstdc++", 0); }
}  // namespace std

namespace pipit::waiot {

void report_fault(std::string_view what, std::span<const NamedRegister> registers) {
  Line() << "waiot: fault: " << what << ", restarting";
  for (const NamedRegister& each : registers) (Line() << "  " << each.name << " ").hex(each.value);
  board::reset();
}

}  // namespace pipit::waiot
