#pragma once
#include <new>
#include <type_traits>

#include "base/check.h"
#include "base/result.h"
#include "base/types.h"

namespace pipit {

/// Bump allocator over memory the caller owns. Nothing is freed one by one: rewind to a mark, or reset all.
/// Objects in it must be trivially destructible. After seal() an allocation is a bug of ours.
class Arena {
 public:
  Arena() = default;
  explicit Arena(MutBytes memory) : memory_(memory) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `size` bytes aligned to `align` (a power of two), uninitialised; nullptr when they do not fit.
  void* allocate(usize size, usize align) {
    PIPIT_CHECK(!sealed_);
    const usize base = reinterpret_cast<usize>(memory_.data());
    const usize start = ((base + used_ + align - 1) & ~(align - 1)) - base;
    if (start > memory_.size() || size > memory_.size() - start) {
      const usize wanted = start > ~usize{0} - size ? ~usize{0} : start + size;
      if (wanted > wanted_) wanted_ = wanted;
      return nullptr;
    }
    used_ = start + size;
    if (used_ > high_water_) high_water_ = used_;
    return memory_.data() + start;
  }

  /// An array of `count` value-initialised T, or out_of_memory.
  template <class T>
  Result<std::span<T>> make_array(usize count) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count != 0 && count > memory_.size() / sizeof(T)) return no_room();
    void* at = allocate(count * sizeof(T), alignof(T));
    if (at == nullptr) return no_room();
    T* first = static_cast<T*>(at);
    for (usize i = 0; i < count; ++i) new (first + i) T();
    return std::span<T>(first, count);
  }

  /// One T, or out_of_memory.
  template <class T, class... Args>
  Result<T*> make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    void* at = allocate(sizeof(T), alignof(T));
    if (at == nullptr) return no_room();
    return new (at) T(std::forward<Args>(args)...);
  }

  void seal() { sealed_ = true; }
  void reset() {
    used_ = 0;
    sealed_ = false;
  }
  /// A point to which rewind() frees everything allocated after it.
  usize mark() const { return used_; }
  void rewind(usize mark) {
    PIPIT_CHECK(mark <= used_);
    used_ = mark;
  }

  usize capacity() const { return memory_.size(); }
  usize used() const { return used_; }
  /// Most bytes ever in use; budgets are checked against it.
  usize high_water() const { return high_water_; }
  /// Bytes the largest refused allocation would have needed in all; 0 when none was refused.
  usize wanted() const { return wanted_; }

 private:
  Error no_room() const { return {Code::out_of_memory, "arena too small", static_cast<u32>(wanted_)}; }

  MutBytes memory_;
  usize used_ = 0;
  usize high_water_ = 0;
  usize wanted_ = 0;
  bool sealed_ = false;
};

}  // namespace pipit
