#include "host/native/native.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <vector>

#include "support/unique_fd.h"

namespace pipit::host {

namespace native = wasm::native;

native::Machine this_machine() {
#if defined(__x86_64__)
  u32 features = 0;
  if (__builtin_cpu_supports("x86-64-v2")) features |= native::kSse42;
  if (__builtin_cpu_supports("x86-64-v3")) features |= native::kAvx2;
  if (__builtin_cpu_supports("x86-64-v4")) features |= native::kAvx512;
  if (__builtin_cpu_supports("avx512vnni")) features |= native::kAvx512Vnni;
  if (__builtin_cpu_supports("avxvnni")) features |= native::kAvxVnni;
  return {native::Target::x86_64_linux, features};
#else
  return {native::Target::aarch64_linux, 0};
#endif
}

namespace {

/// Spaces of memories that are gone, for those to come: emulators keep books on every page that was ever
/// reserved. For all threads, and never destroyed, since who gives back may go last.
class SpareSpaces {
 public:
  static SpareSpaces& all() {
    static auto* const spaces = new SpareSpaces;
    return *spaces;
  }
  u8* take() {
    const std::lock_guard lock(mutex_);
    if (bases_.empty()) return nullptr;
    u8* const base = bases_.back();
    bases_.pop_back();
    return base;
  }
  void give(u8* base) {
    const std::lock_guard lock(mutex_);
    bases_.push_back(base);
  }

 private:
  std::mutex mutex_;
  std::vector<u8*> bases_;
};

}  // namespace

GuardedMemories::~GuardedMemories() {
  for (u8* base : bases_)
    if (madvise(base, native::kGuardedSpace, MADV_DONTNEED) == 0 &&
        mprotect(base, native::kGuardedSpace, PROT_NONE) == 0)
      SpareSpaces::all().give(base);
    else
      munmap(base, native::kGuardedSpace);
}

u8* GuardedMemories::reserve(void* self) {
  u8* base = SpareSpaces::all().take();
  if (base == nullptr) {
    void* const made =
        mmap(nullptr, native::kGuardedSpace, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) return nullptr;
    base = static_cast<u8*>(made);
  }
  static_cast<GuardedMemories*>(self)->bases_.push_back(base);
  return base;
}

/// Whole pages: a memory that ends within one is accessible to the page's end.
bool GuardedMemories::commit(void*, u8* base, usize, usize to) {
  return to == 0 || mprotect(base, to, PROT_READ | PROT_WRITE) == 0;
}

static support::Error cannot(const std::string& what) {
  return {Code::io, what + ": " + std::strerror(errno)};
}

support::Result<NativeFile> NativeFile::map(const std::string& path) {
  const support::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status = {};
  if (!file || fstat(file.get(), &status) != 0) return cannot(path);
  if (status.st_size <= 0) return support::Error(Code::malformed, path + ": an empty native module");
  const usize size = static_cast<usize>(status.st_size);
  void* at = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) return cannot(path);
  return NativeFile({static_cast<u8*>(at), size});
}

support::Result<NativeFile> NativeFile::copy(Bytes bytes) {
  if (bytes.empty()) return support::Error(Code::malformed, "an empty native module");
  void* at = mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return cannot("memory for a native module");
  NativeFile file({static_cast<u8*>(at), bytes.size()});
  std::memcpy(at, bytes.data(), bytes.size());
  if (mprotect(at, bytes.size(), PROT_READ | PROT_EXEC) != 0) return cannot("executable memory");
  return file;
}

NativeFile::~NativeFile() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace pipit::host
