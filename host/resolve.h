#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "base/types.h"

/// Finding a file below a granted directory without ever leaving it.
namespace pipit::host {

/// An owned file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// Where a path ends: a directory that surely lies below the granted one, and one name in it (never "..", no
/// slash).
struct Place {
  UniqueFd directory;
  std::string name;
  bool must_be_directory = false;  ///< the path ended in a slash
};

/// Walks `path` from directory `root`, component by component, no symbolic link followed by the kernel: each
/// is read and walked here, so that neither "..", an absolute target nor a link swapped in meanwhile leads
/// out. A link in last place is followed when `follow`. Answers a WASI errno: notcapable for a path that
/// leads out. The last component need not exist.
u16 resolve(int root, std::string_view path, bool follow, Place& out);

/// The WASI errno of a Linux one.
u16 wasi_errno(int error);

}  // namespace pipit::host
