#include "mewz/interrupts/fault.h"

#include "base/check.h"
#include "mewz/cpu/cpu.h"
#include "mewz/cpu/stacks.h"
#include "mewz/log.h"

extern "C" const pipit::u8 _kernel_start[], _rodata_start[];

namespace pipit {

void check_failed(const char* condition, const char* file, int line) {
  {
    mewz::Line() << "check failed: " << condition << " at " << file << ":" << u32(line);
  }
  mewz::panic("a kernel invariant is broken", __builtin_frame_address(0));
}

}  // namespace pipit

// string_view::substr's range check ends here in a build without exceptions.
namespace std {
// NOLINTNEXTLINE(bugprone-std-namespace-modification): libstdc++ asks for it by this name
void __throw_out_of_range_fmt(const char* format, ...) { pipit::check_failed(format, "libstdc++", 0); }
}  // namespace std

extern "C" [[noreturn]] void __stack_chk_fail() {
  pipit::mewz::panic("a stack canary was overwritten", __builtin_frame_address(0));
}

namespace pipit::mewz {
namespace {

constexpr u32 kMaxCallers = 24;
constinit DescribeApplication g_describe = nullptr;
constinit RecoverFault g_recover = nullptr;
constinit bool g_reporting = false;

constexpr const char* kExceptions[] = {"divide error",
                                       "debug",
                                       "non-maskable interrupt",
                                       "breakpoint",
                                       "overflow",
                                       "bound range",
                                       "invalid opcode",
                                       "no coprocessor",
                                       "double fault",
                                       "coprocessor overrun",
                                       "invalid task state",
                                       "segment not present",
                                       "stack segment",
                                       "general protection",
                                       "page fault",
                                       "reserved",
                                       "x87 floating point",
                                       "alignment check",
                                       "machine check",
                                       "SIMD floating point",
                                       "virtualisation",
                                       "control protection"};

bool in_text(usize address) {
  return address >= reinterpret_cast<usize>(_kernel_start) &&
         address < reinterpret_cast<usize>(_rodata_start);
}

/// Whether a saved frame pointer and the return address above it can be read.
bool on_some_stack(usize frame) {
  for (const StackRange& range : stack_ranges())
    if (frame % 8 == 0 && range.contains(frame) && range.contains(frame + 15)) return true;
  return false;
}

void print_backtrace(usize rip, usize frame) {
  Line line;
  line << "backtrace";
  if (rip != 0) (line << " ").hex(rip);
  for (u32 i = 0; i < kMaxCallers && on_some_stack(frame); ++i) {
    const auto* const words = reinterpret_cast<const usize*>(frame);
    if (!in_text(words[1])) break;
    (line << " ").hex(words[1]);
    if (words[0] <= frame) break;  // callers lie above
    frame = words[0];
  }
}

/// A fault while reporting one must not report again.
void begin_report() {
  cpu::disable_interrupts();
  if (g_reporting) stop(StopCode::kernel_fault);
  g_reporting = true;
}

[[noreturn]] void end_report(StopCode code) {
  if (g_describe != nullptr) g_describe();
  stop(code);
}

}  // namespace

void set_fault_recovery(RecoverFault recover) { g_recover = recover; }
bool recover_fault(InterruptFrame& frame) { return g_recover != nullptr && g_recover(frame); }

void set_application_report(DescribeApplication describe) { g_describe = describe; }

void report_fault(const InterruptFrame& frame, std::string_view what, StopCode code) {
  begin_report();
  {
    Line line;
    line << "kernel fault: " << what;
    if (frame.vector < std::size(kExceptions)) line << ", " << kExceptions[frame.vector];
    (line << " at ").hex(frame.rip) << ", error ";
    line.hex(frame.error);
    if (frame.vector == vector::kPageFault) (line << ", address ").hex(cpu::read_cr2());
  }
  const struct {
    const char* name;
    u64 value;
  } registers[] = {{"rax", frame.rax}, {"rbx", frame.rbx}, {"rcx", frame.rcx}, {"rdx", frame.rdx},
                   {"rsi", frame.rsi}, {"rdi", frame.rdi}, {"rbp", frame.rbp}, {"rsp", frame.rsp},
                   {"r8", frame.r8},   {"r9", frame.r9},   {"r10", frame.r10}, {"r11", frame.r11},
                   {"r12", frame.r12}, {"r13", frame.r13}, {"r14", frame.r14}, {"r15", frame.r15}};
  for (u32 row = 0; row < std::size(registers); row += 4) {
    Line line;
    for (u32 i = row; i < row + 4; ++i)
      (line << (i == row ? "  " : " ") << registers[i].name << " ").hex(registers[i].value);
  }
  print_backtrace(frame.rip, frame.rbp);
  end_report(code);
}

void panic(std::string_view what, const void* frame_pointer, StopCode code) {
  begin_report();
  Line() << "kernel fault: " << what;
  print_backtrace(0, reinterpret_cast<usize>(frame_pointer));
  end_report(code);
}

}  // namespace pipit::mewz
