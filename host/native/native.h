#pragma once
#include <string>
#include <vector>

#include "support/error.h"
#include "wasm/native/native.h"

/// What Linux gives to native modules: executable mappings, memory with guard pages, faults as traps.
namespace pipit::host {

/// What the compiler calls native modules for this process: pipit aot --target=….
#if defined(__x86_64__)
constexpr const char* kThisTarget = "x86_64-linux";
#else
constexpr const char* kThisTarget = "aarch64-linux";
#endif

/// This processor.
wasm::native::Machine this_machine();

/// Turns faults of native code into traps of the run that is on. Installs a handler for SIGSEGV and SIGBUS on
/// first use; other faults go where they went before. Threads are told apart.
const wasm::native::FaultPort& fault_port();

/// Linear memories of one run, each 8 GiB of address space of which only the committed pages are accessible.
/// Unmaps them at its end.
class GuardedMemories {
 public:
  GuardedMemories() : space_{reserve, commit, this} {}
  ~GuardedMemories();
  GuardedMemories(const GuardedMemories&) = delete;
  /// For InstanceConfig::memory_space; the object must outlive the instance.
  const wasm::MemorySpace* space() const { return &space_; }

 private:
  static u8* reserve(void* self);
  static bool commit(void* self, u8* base, usize from, usize to);

  wasm::MemorySpace space_;
  std::vector<u8*> bases_;
};

/// The bytes of a native module, executable. Anything in them runs as this process does: load() verifies
/// their form, not their intent.
class NativeFile {
 public:
  /// Maps a file: its pages are shared and read when they are needed.
  static support::Result<NativeFile> map(const std::string& path);
  /// Copies bytes into a mapping of their own.
  static support::Result<NativeFile> copy(Bytes bytes);
  NativeFile(NativeFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  NativeFile& operator=(NativeFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~NativeFile();
  Bytes bytes() const { return bytes_; }

 private:
  explicit NativeFile(MutBytes bytes) : bytes_(bytes) {}
  MutBytes bytes_;
};

}  // namespace pipit::host
