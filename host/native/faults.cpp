// Faults of native code. The handler runs on a stack of its own and does one thing: it makes the thread go on
// where Instance::resume() left off, with the trap recorded.
#include <csignal>
#include <cstring>
#include <memory>

#include "host/native/native.h"
#include "wasm/native/context.h"

namespace pipit::host {

namespace native = wasm::native;

namespace {

thread_local native::NativeRun* on_now = nullptr;
struct sigaction before[2];
constexpr int kSignals[] = {SIGSEGV, SIGBUS};

/// Where the fault happened, and how to go on elsewhere with an argument.
struct Machine {
  explicit Machine(void* raw) : context(static_cast<ucontext_t*>(raw)->uc_mcontext) {}
#if defined(__x86_64__)
  native::TrapSite site() const {
    return {.pc = reinterpret_cast<const void*>(context.gregs[REG_RIP]),
            .sp = reinterpret_cast<const void*>(context.gregs[REG_RSP])};
  }
  void go_on(void (*code)(void*), void* argument) {
    context.gregs[REG_RIP] = reinterpret_cast<greg_t>(code);
    context.gregs[REG_RDI] = reinterpret_cast<greg_t>(argument);
  }
#elif defined(__aarch64__)
  native::TrapSite site() const {
    return {.pc = reinterpret_cast<const void*>(context.pc),
            .sp = reinterpret_cast<const void*>(context.sp),
            .link = reinterpret_cast<const void*>(context.regs[30])};
  }
  void go_on(void (*code)(void*), void* argument) {
    context.pc = reinterpret_cast<usize>(code);
    context.regs[0] = reinterpret_cast<usize>(argument);
  }
#endif
  mcontext_t& context;
};

void on_fault(int signal, siginfo_t*, void* raw) {
  Machine machine(raw);
  if (on_now != nullptr) {
    if (void* to = native::take_fault(*on_now, machine.site()))
      return machine.go_on(native::pipit_native_abandon, to);
  }
  // Not ours: let the instruction fault again under whoever was in charge before.
  sigaction(signal, &before[signal == SIGSEGV ? 0 : 1], nullptr);
}

void install() {
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (usize i = 0; i < 2; ++i) sigaction(kSignals[i], &action, &before[i]);
}

/// A thread's own stack for the handler, unless it has one.
class SignalStack {
 public:
  SignalStack() {
    stack_t current = {};
    if (sigaltstack(nullptr, &current) == 0 && (current.ss_flags & SS_DISABLE) == 0) return;
    const usize bytes = 64 * 1024;
    memory_ = std::make_unique<u8[]>(bytes);
    const stack_t own = {.ss_sp = memory_.get(), .ss_flags = 0, .ss_size = bytes};
    sigaltstack(&own, nullptr);
  }
  ~SignalStack() {
    if (memory_ == nullptr) return;
    const stack_t none = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
  }

 private:
  std::unique_ptr<u8[]> memory_;
};

void running(native::NativeRun* run) {
  static const bool kInstalled = [] {
    install();
    return true;
  }();
  (void)kInstalled;
  static thread_local const SignalStack stack;
  on_now = run;
}

constexpr native::FaultPort kPort{running};

}  // namespace

const native::FaultPort& fault_port() { return kPort; }

}  // namespace pipit::host
