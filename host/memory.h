#pragma once
#include <string>
#include <utility>

#include "support/error.h"

/// Memory of the runner: address space and mapped files.
namespace pipit::host {

/// Bytes of a mapping that ends with the object.
class Mapping {
 public:
  /// Address space that costs memory only where it is used, so that linear memory can grow in place.
  static support::Result<Mapping> reserve(usize bytes);
  /// A file's bytes, read from disk only where they are looked at. The error names the file.
  static support::Result<Mapping> file(const std::string& path, usize limit);
  Mapping() = default;
  Mapping(Mapping&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Mapping();
  MutBytes memory() const { return memory_; }

 private:
  explicit Mapping(MutBytes memory) : memory_(memory) {}
  MutBytes memory_;
};

}  // namespace pipit::host
