#pragma once
#include "base/result.h"
#include "base/types.h"
#include "wasm/rule.h"

namespace pipit::wasm {

/// A bounds-checked cursor over module bytes. The first error sticks: afterwards every read yields 0 and ok()
/// is false, so that parsing code checks once per step instead of at each byte.
class Reader {
 public:
  explicit Reader(Bytes code, u32 offset = 0)
      : begin_(code.data()), at_(begin_ + offset), end_(begin_ + code.size()) {}

  bool ok() const { return rule_ == Rule::none; }
  Error error() const { return rule_error(rule_, where_); }
  Status status() const { return ok() ? Status{} : Status{error()}; }
  /// Records at the current offset which rule is broken, unless there is one already.
  void fail(Rule rule);
  void fail_at(u32 offset, Rule rule);
  /// Takes over the error of `other`, if it has one.
  void fail_as(const Reader& other);

  u32 offset() const { return static_cast<u32>(at_ - begin_); }
  const u8* at() const { return at_; }
  bool at_end() const { return at_ == end_; }
  usize left() const { return static_cast<usize>(end_ - at_); }
  void seek(u32 offset) { at_ = begin_ + offset; }
  /// Whether anything read so far was of type v128; noted by those who read types and instructions.
  bool uses_v128() const { return uses_v128_; }
  void note_v128() { uses_v128_ = true; }

  /// Narrows the readable bytes to the next `size`; yields what restore() needs.
  const u8* narrow(u32 size);
  void restore(const u8* end) { end_ = end; }

  u8 byte();
  /// The next byte without consuming it; 0 at the end.
  u8 peek() const { return at_ == end_ ? 0 : *at_; }
  u32 leb_u32();
  i32 leb_s32() { return static_cast<i32>(leb(32, true)); }
  i64 leb_s33() { return static_cast<i64>(leb(33, true)); }
  i64 leb_s64() { return static_cast<i64>(leb(64, true)); }
  /// `size` raw bytes.
  Bytes bytes(u32 size);
  /// A length-prefixed UTF-8 name.
  std::string_view name();

 private:
  u64 leb(u32 bits, bool is_signed);

  const u8* begin_;
  const u8* at_;
  const u8* end_;
  u32 where_ = 0;
  Rule rule_ = Rule::none;
  bool uses_v128_ = false;
};

/// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(Bytes text);

/// An unsigned LEB128 of two bytes or more: its value, and its length in the upper half. Out of line, because
/// most have one byte; packed, because 32-bit targets return that in registers.
u64 trusted_long_u32(const u8* at);

/// Unchecked LEB128 reads for bytes that validation went over already.
inline u32 trusted_u32(const u8*& at) {
  const u32 first = *at;
  if (first < 0x80) [[likely]] {
    ++at;
    return first;
  }
  const u64 rest = trusted_long_u32(at);
  at += static_cast<u32>(rest >> 32);
  return static_cast<u32>(rest);
}

template <class U>
inline U trusted_signed(const u8*& at) {
  U value = 0;
  for (u32 shift = 0;;) {
    const U byte = *at++;
    value |= (byte & 0x7F) << shift;
    shift += 7;
    if (byte < 0x80) {
      if ((byte & 0x40) != 0 && shift < sizeof(U) * 8) value |= ~U{0} << shift;
      return value;
    }
  }
}
inline i32 trusted_s32(const u8*& at) { return static_cast<i32>(trusted_signed<u32>(at)); }
inline i64 trusted_s64(const u8*& at) { return static_cast<i64>(trusted_signed<u64>(at)); }

}  // namespace pipit::wasm
