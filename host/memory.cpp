#include "host/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "host/resolve.h"

namespace pipit::host {

support::Result<Mapping> Mapping::reserve(usize bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED)
    return support::Error(Code::out_of_memory, "cannot reserve " + std::to_string(bytes) + " bytes");
  return Mapping({static_cast<u8*>(at), bytes});
}

support::Result<Mapping> Mapping::file(const std::string& path, usize limit) {
  const auto failed = [&](const char* why) { return support::Error(Code::not_found, path + ": " + why); };
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (!fd || fstat(fd.get(), &info) != 0) return failed(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return failed("not a regular file");
  const usize bytes = static_cast<usize>(info.st_size);
  if (bytes > limit)
    return support::Error(Code::out_of_range, path + ": larger than " + std::to_string(limit) + " bytes");
  if (bytes == 0) return Mapping();
  void* at = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (at == MAP_FAILED) return failed(std::strerror(errno));
  return Mapping({static_cast<u8*>(at), bytes});
}

Mapping::~Mapping() {
  if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

}  // namespace pipit::host
