#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/endian.h"
#include "base/types.h"

/// Reading flatbuffers (flatbuffers.dev/internals) that nobody has verified: every access is bounded by the
/// file. The first one outside is remembered by the reader and yields a default, so that callers read a whole
/// record and ask once.
namespace pipit::model {

/// A file and what went wrong with it.
class FlatbufferReader {
 public:
  explicit FlatbufferReader(Bytes file) : file_(file), budget_(4 * u64{file.size()} + (1u << 20)) {}

  Bytes file() const { return file_; }
  bool failed() const { return failure_ != nullptr; }
  const char* failure() const { return failure_; }
  u32 where() const { return where_; }

  /// Remembers the first failure.
  void fail(const char* what, u64 where);
  /// Whether [at, at + size) lies in the file; a failure otherwise.
  bool in_file(u64 at, u64 size);
  /// Vectors may be shared between tables; a small file must not unpack to a large model.
  bool spend(u64 bytes);

  template <class T>
  T load(u64 at) {
    if (!in_file(at, sizeof(T))) return T{};
    return load_le<T>(file_.data() + at);
  }

 private:
  Bytes file_;
  u64 budget_;
  const char* failure_ = nullptr;
  u32 where_ = 0;
};

/// A table of the file, or none. Fields are named by their number in the schema.
class FlatbufferTable {
 public:
  FlatbufferTable() = default;
  static FlatbufferTable root(FlatbufferReader& reader);

  bool valid() const { return reader_ != nullptr; }
  bool has(u32 field) const { return field_at(field, 1) != 0; }

  template <class T>
  T scalar(u32 field, T fallback) const {
    const u64 at = field_at(field, sizeof(T));
    return at == 0 ? fallback : reader_->load<T>(at);
  }
  /// None where the field is absent.
  FlatbufferTable table(u32 field) const;
  std::vector<FlatbufferTable> tables(u32 field, u32 most) const;
  /// Cut off beyond `most` bytes.
  std::string text(u32 field, u32 most) const;
  /// Bytes of a [ubyte] vector, where they lie.
  Bytes bytes(u32 field) const;
  template <class T>
  std::vector<T> vector(u32 field, u32 most) const;

 private:
  FlatbufferTable(FlatbufferReader& reader, u64 at);
  /// Position of a field's value; 0 when the table has none.
  u64 field_at(u32 field, u32 size) const;
  struct Elements {
    u64 at = 0;
    u32 count = 0;
  };
  Elements elements(u32 field, u32 size, u32 most) const;

  FlatbufferReader* reader_ = nullptr;
  u64 at_ = 0, vtable_ = 0;
  u16 vtable_bytes_ = 0, table_bytes_ = 0;
};

template <class T>
std::vector<T> FlatbufferTable::vector(u32 field, u32 most) const {
  const Elements found = elements(field, sizeof(T), most);
  std::vector<T> values;
  if (found.count == 0 || !reader_->spend(u64{found.count} * sizeof(T))) return values;
  values.reserve(found.count);
  for (u32 i = 0; i < found.count; ++i) values.push_back(reader_->load<T>(found.at + u64{i} * sizeof(T)));
  return values;
}

}  // namespace pipit::model
