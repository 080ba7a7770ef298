#pragma once
#include <new>

#include "base/types.h"

namespace pipit::mewz {

/// An object of static storage that is built when it is needed, and never destroyed. Until then it is zeroes,
/// so that it takes no room in the kernel's image, whatever its members begin with.
template <class T>
class Late {
 public:
  /// Once, before anything else is asked.
  template <class... Args>
  T& build(Args&&... args) {
    return *new (bytes_) T(static_cast<Args&&>(args)...);
  }
  T& operator*() { return *reinterpret_cast<T*>(bytes_); }
  T* operator->() { return &**this; }

 private:
  alignas(T) u8 bytes_[sizeof(T)] = {};
};

}  // namespace pipit::mewz
