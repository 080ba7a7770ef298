#include "compiler/model/flatbuffer.h"

#include <algorithm>

namespace pipit::model {

void FlatbufferReader::fail(const char* what, u64 where) {
  if (failed()) return;
  failure_ = what;
  where_ = static_cast<u32>(std::min<u64>(where, 0xFFFFFFFF));
}

bool FlatbufferReader::in_file(u64 at, u64 size) {
  if (at <= file_.size() && size <= file_.size() - at) return true;
  fail("an offset points outside the file", at);
  return false;
}

bool FlatbufferReader::spend(u64 bytes) {
  if (bytes <= budget_) {
    budget_ -= bytes;
    return true;
  }
  fail("vectors are shared too often", 0);
  return false;
}

FlatbufferTable::FlatbufferTable(FlatbufferReader& reader, u64 at) {
  const i64 vtable = static_cast<i64>(at) - reader.load<i32>(at);
  if (reader.failed()) return;
  if (vtable < 0 || !reader.in_file(static_cast<u64>(vtable), 4)) {
    reader.fail("a table's layout lies outside the file", at);
    return;
  }
  vtable_ = static_cast<u64>(vtable);
  vtable_bytes_ = reader.load<u16>(vtable_);
  table_bytes_ = reader.load<u16>(vtable_ + 2);
  if (vtable_bytes_ < 4 || vtable_bytes_ % 2 != 0 || table_bytes_ < 4 ||
      !reader.in_file(vtable_, vtable_bytes_) || !reader.in_file(at, table_bytes_)) {
    reader.fail("a table is larger than the file", at);
    return;
  }
  reader_ = &reader;
  at_ = at;
}

FlatbufferTable FlatbufferTable::root(FlatbufferReader& reader) {
  return FlatbufferTable(reader, reader.load<u32>(0));
}

u64 FlatbufferTable::field_at(u32 field, u32 size) const {
  if (reader_ == nullptr) return 0;
  const u32 slot = 4 + 2 * field;
  if (slot + 2 > vtable_bytes_) return 0;
  const u16 offset = reader_->load<u16>(vtable_ + slot);
  if (offset == 0) return 0;
  if (offset < 4 || offset + size > table_bytes_) {
    reader_->fail("a field lies outside its table", at_);
    return 0;
  }
  return at_ + offset;
}

FlatbufferTable FlatbufferTable::table(u32 field) const {
  const u64 at = field_at(field, 4);
  if (at == 0) return {};
  return FlatbufferTable(*reader_, at + reader_->load<u32>(at));
}

FlatbufferTable::Elements FlatbufferTable::elements(u32 field, u32 size, u32 most) const {
  const u64 at = field_at(field, 4);
  if (at == 0) return {};
  const u64 start = at + reader_->load<u32>(at);
  const u32 count = reader_->load<u32>(start);
  if (reader_->failed() || !reader_->in_file(start + 4, u64{count} * size)) return {};
  if (count > most) {
    reader_->fail("a vector has more elements than any model", start);
    return {};
  }
  return {start + 4, count};
}

std::vector<FlatbufferTable> FlatbufferTable::tables(u32 field, u32 most) const {
  const Elements found = elements(field, 4, most);
  std::vector<FlatbufferTable> all;
  for (u32 i = 0; i < found.count && !reader_->failed(); ++i) {
    const u64 at = found.at + u64{i} * 4;
    all.push_back(FlatbufferTable(*reader_, at + reader_->load<u32>(at)));
  }
  return all;
}

std::string FlatbufferTable::text(u32 field, u32 most) const {
  const Elements found = elements(field, 1, 1u << 30);
  const u32 count = std::min(found.count, most);
  if (count == 0 || !reader_->spend(count)) return "";
  const u8* first = reader_->file().data() + found.at;
  std::string text(first, first + count);
  for (char& c : text)
    if (static_cast<u8>(c) < 0x20 || c == 0x7F) c = '?';
  return text;
}

Bytes FlatbufferTable::bytes(u32 field) const {
  const Elements found = elements(field, 1, 1u << 31);
  if (found.count == 0) return {};
  return reader_->file().subspan(found.at, found.count);
}

}  // namespace pipit::model
