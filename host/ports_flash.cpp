#include "host/ports_flash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "support/unique_fd.h"

namespace pipit::host {

using support::UniqueFd;

namespace {

support::Error system_error(const std::string& what) {
  return {Code::io, what + ": " + std::strerror(errno)};
}

/// Opens or makes the file; `fresh` says that its bytes are to be set to erased.
support::Result<UniqueFd> open_file(const std::string& file, u32 size_bytes, bool& fresh) {
  UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct stat facts = {};
  if (!fd || fstat(fd.get(), &facts) != 0) return system_error(file);
  if (facts.st_size != 0 && facts.st_size != static_cast<off_t>(size_bytes))
    return support::Error(
        Code::invalid_argument,
        file + ": not a flash image of " + std::to_string(size_bytes) + " bytes; remove it to start afresh");
  fresh = facts.st_size == 0;
  if (fresh && ftruncate(fd.get(), static_cast<off_t>(size_bytes)) != 0) return system_error(file);
  return fd;
}

}  // namespace

support::Result<MappedFlash> MappedFlash::create(const std::string& file, u32 size_bytes, u32 sector_bytes) {
  bool fresh = true;
  const UniqueFd fd = file.empty() ? UniqueFd() : TRY(open_file(file, size_bytes, fresh));
  void* at = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, fd ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
                  fd.get(), 0);
  if (at == MAP_FAILED) return system_error("mapping flash");
  if (fresh) std::memset(at, 0xFF, size_bytes);
  return MappedFlash({static_cast<u8*>(at), size_bytes}, sector_bytes, !file.empty());
}

MappedFlash::MappedFlash(MappedFlash&& other) noexcept
    : memory_(std::exchange(other.memory_, {})),
      sector_bytes_(other.sector_bytes_),
      persistent_(other.persistent_) {}

MappedFlash::~MappedFlash() {
  if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

Status MappedFlash::erase(u32 offset, u32 size) {
  if (((offset | size) & (sector_bytes_ - 1)) != 0 || offset > memory_.size() ||
      size > memory_.size() - offset)
    return Error{Code::out_of_range, "erase outside flash or within a sector", offset};
  std::memset(memory_.data() + offset, 0xFF, size);
  return {};
}

Status MappedFlash::program(u32 offset, Bytes data) {
  if (offset > memory_.size() || data.size() > memory_.size() - offset)
    return Error{Code::out_of_range, "program outside flash", offset};
  for (usize i = 0; i < data.size(); ++i)
    if (memory_[offset + i] != 0xFF)
      return Error{Code::io, "flash is not erased", static_cast<u32>(offset + i)};
  if (!data.empty()) std::memcpy(memory_.data() + offset, data.data(), data.size());
  return {};
}

Bytes MappedFlash::view(u32 offset, u32 size) const {
  PIPIT_CHECK(offset <= memory_.size() && size <= memory_.size() - offset);
  return Bytes(memory_).subspan(offset, size);
}

}  // namespace pipit::host
