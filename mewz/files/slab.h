#pragma once
#include <new>
#include <type_traits>

#include "mewz/memory/page_allocator.h"

namespace pipit::mewz {

/// Objects of one small type, cut from pages that are kept once they were taken.
template <class T>
class Slab {
 public:
  explicit Slab(PageAllocator& pages) : pages_(pages) {}

  /// A value-initialised object, or nullptr when there is no memory.
  T* take() {
    if (free_ == nullptr && !grow()) return nullptr;
    Free* const place = free_;
    free_ = place->next;
    return new (place) T();
  }
  void give_back(T* object) {
    static_assert(std::is_trivially_destructible_v<T>);
    free_ = new (object) Free{free_};
  }

 private:
  struct Free {
    Free* next;
  };
  static constexpr usize kPage = PageAllocator::block_bytes(0);
  static_assert(sizeof(T) >= sizeof(Free) && sizeof(T) <= kPage / 4);

  bool grow() {
    const usize page = pages_.allocate(0);
    if (page == 0) return false;
    for (usize at = page; at + sizeof(T) <= page + kPage; at += sizeof(T))
      free_ = new (reinterpret_cast<void*>(at)) Free{free_};
    return true;
  }

  PageAllocator& pages_;
  Free* free_ = nullptr;
};

}  // namespace pipit::mewz
