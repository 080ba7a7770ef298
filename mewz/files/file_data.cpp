#include <algorithm>
#include <cstring>

#include "mewz/files/inode.h"

namespace pipit::mewz {

void FileData::borrow(Bytes data) {
  borrowed_ = data.data();
  size_ = data.size();
}

u8** FileData::slot(u64 index, PageAllocator* pages) {
  if (index < kDirect) return &direct_[index];
  index -= kDirect;
  if (index >= u64{kPerTable} * kPerTable) return nullptr;
  if (tables_ == nullptr) {
    if (pages == nullptr) return nullptr;
    tables_ = reinterpret_cast<u8***>(pages->allocate_zeroed(0));
    if (tables_ == nullptr) return nullptr;
  }
  u8**& table = tables_[index / kPerTable];
  if (table == nullptr) {
    if (pages == nullptr) return nullptr;
    table = reinterpret_cast<u8**>(pages->allocate_zeroed(0));
    if (table == nullptr) return nullptr;
  }
  return &table[index % kPerTable];
}

usize FileData::read(u64 offset, MutBytes out) const {
  if (offset >= size_) return 0;
  const usize count = static_cast<usize>(std::min<u64>(out.size(), size_ - offset));
  if (borrowed_ != nullptr) {
    std::memcpy(out.data(), borrowed_ + offset, count);
    return count;
  }
  for (usize done = 0; done < count;) {
    const usize inside = (offset + done) % kPage, step = std::min(count - done, kPage - inside);
    u8** const page = const_cast<FileData*>(this)->slot((offset + done) / kPage, nullptr);
    if (page == nullptr || *page == nullptr)
      std::memset(out.data() + done, 0, step);  // a hole
    else
      std::memcpy(out.data() + done, *page + inside, step);
    done += step;
  }
  return count;
}

bool FileData::own(PageAllocator& pages) {
  if (borrowed_ == nullptr) return true;
  const Bytes data{borrowed_, static_cast<usize>(size_)};
  borrowed_ = nullptr;
  size_ = 0;
  if (write(0, data, pages) == data.size()) return true;
  drop_pages(0, pages);  // with the size that was reached
  borrow(data);
  return false;
}

usize FileData::write(u64 offset, Bytes data, PageAllocator& pages) {
  if (data.empty() || offset > kMostBytes || !own(pages)) return 0;
  const usize count = static_cast<usize>(std::min<u64>(data.size(), kMostBytes - offset));
  usize done = 0;
  while (done < count) {
    const usize inside = (offset + done) % kPage, step = std::min(count - done, kPage - inside);
    u8** const page = slot((offset + done) / kPage, &pages);
    if (page == nullptr) break;
    if (*page == nullptr) *page = reinterpret_cast<u8*>(pages.allocate_zeroed(0));
    if (*page == nullptr) break;
    std::memcpy(*page + inside, data.data() + done, step);
    done += step;
  }
  if (done != 0) size_ = std::max(size_, offset + done);
  return done;
}

bool FileData::set_size(u64 size, PageAllocator& pages) {
  if (size > kMostBytes) return false;
  if (size == 0 && borrowed_ != nullptr) {
    borrowed_ = nullptr;
    size_ = 0;
    return true;
  }
  if (!own(pages)) return false;
  if (size < size_) {
    drop_pages((size + kPage - 1) / kPage, pages);
    // What comes after the end must read as zero should the file grow again.
    u8** const last = slot(size / kPage, nullptr);
    if (size % kPage != 0 && last != nullptr && *last != nullptr)
      std::memset(*last + size % kPage, 0, kPage - size % kPage);
  }
  size_ = size;
  return true;
}

void FileData::drop_pages(u64 from_index, PageAllocator& pages) {
  const u64 end = (std::max<u64>(size_, 1) + kPage - 1) / kPage;
  for (u64 index = from_index; index < std::max<u64>(end, kDirect); ++index) {
    u8** const page = slot(index, nullptr);
    if (page == nullptr || *page == nullptr) continue;
    pages.free(reinterpret_cast<usize>(*page), 0);
    *page = nullptr;
  }
  if (from_index > kDirect || tables_ == nullptr) return;
  for (u32 i = 0; i < kPerTable; ++i)
    if (tables_[i] != nullptr) pages.free(reinterpret_cast<usize>(tables_[i]), 0);
  pages.free(reinterpret_cast<usize>(tables_), 0);
  tables_ = nullptr;
}

}  // namespace pipit::mewz
