#include "rig/accelerator.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include "base/types.h"

namespace pipit::rig {
namespace {

constexpr u32 kPageBytes = 4096;
constexpr int kPatienceMs = 250;

// mov ecx, 4,000,000; dec ecx; jnz; hlt: in real mode, which is ring 0. Natively two milliseconds, emulated
// seconds.
constexpr u8 kLoop[] = {0x66, 0xB9, 0x00, 0x09, 0x3D, 0x00, 0x66, 0x49, 0x75, 0xFC, 0xF4};

/// Runs the loop to its end; false when KVM cannot.
bool run_loop(int kvm) {
  const int machine = ioctl(kvm, KVM_CREATE_VM, 0);
  if (machine < 0) return false;
  void* const memory = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  std::memcpy(memory, kLoop, sizeof kLoop);
  kvm_userspace_memory_region region{};
  region.memory_size = kPageBytes;
  region.userspace_addr = reinterpret_cast<u64>(memory);
  if (ioctl(machine, KVM_SET_USER_MEMORY_REGION, &region) < 0) return false;
  const int processor = ioctl(machine, KVM_CREATE_VCPU, 0);
  const int run_bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (processor < 0 || run_bytes < 0) return false;
  void* const state =
      mmap(nullptr, static_cast<usize>(run_bytes), PROT_READ | PROT_WRITE, MAP_SHARED, processor, 0);
  if (state == MAP_FAILED) return false;
  kvm_sregs special;
  if (ioctl(processor, KVM_GET_SREGS, &special) < 0) return false;
  special.cs.base = 0;
  special.cs.selector = 0;
  kvm_regs registers{};
  registers.rflags = 2;
  if (ioctl(processor, KVM_SET_SREGS, &special) < 0 || ioctl(processor, KVM_SET_REGS, &registers) < 0)
    return false;
  return ioctl(processor, KVM_RUN, 0) == 0 && static_cast<kvm_run*>(state)->exit_reason == KVM_EXIT_HLT;
}

/// Whether the loop ended in time, tried by a process of its own that can be killed inside of it.
bool loop_is_fast(int kvm) {
  int done[2];
  if (pipe2(done, O_CLOEXEC) != 0) return false;
  const pid_t child = fork();
  if (child == 0) {
    const char answer = run_loop(kvm) ? 'y' : 'n';
    _exit(write(done[1], &answer, 1) == 1 ? 0 : 1);
  }
  close(done[1]);
  char answer = 'n';
  pollfd waiting{done[0], POLLIN, 0};
  const bool ended = child > 0 && poll(&waiting, 1, kPatienceMs) == 1 && read(done[0], &answer, 1) == 1;
  close(done[0]);
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  return ended && answer == 'y';
}

}  // namespace

Accelerator choose_accelerator() {
  const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) return {"tcg", "no /dev/kvm that we may use: QEMU translates"};
  const bool fast = loop_is_fast(kvm);
  close(kvm);
  if (fast) return {"kvm", "KVM runs ring-0 code at native speed"};
  return {"tcg", "KVM here does not run ring-0 code at native speed: QEMU translates"};
}

}  // namespace pipit::rig
