#pragma once
#include "base/result.h"
#include "base/types.h"

/// CBOR (RFC 8949), the part that messages between machines need: unsigned integers, byte and text strings,
/// arrays, maps, booleans; definite lengths only.
namespace pipit::cbor {

/// RFC 8949 §3.1.
enum class Major : u8 {
  uint = 0,
  negative = 1,
  bytes = 2,
  text = 3,
  array = 4,
  map = 5,
  tag = 6,
  simple = 7
};

/// Writes into the caller's bytes. When they are too few, ok() turns false and stays so.
class Writer {
 public:
  explicit Writer(MutBytes out) : out_(out) {}

  void uint(u64 value) { head(Major::uint, value); }
  void boolean(bool value) { byte(value ? 0xF5 : 0xF4); }
  void bytes(Bytes value);
  void text(std::string_view value);
  /// `count` elements, or key and value pairs, follow.
  void array(u64 count) { head(Major::array, count); }
  void map(u64 count) { head(Major::map, count); }

  bool ok() const { return ok_; }
  /// What was written, or out_of_memory when it did not fit.
  Result<Bytes> finish() const;

 private:
  void head(Major major, u64 value);
  void byte(u8 value);
  void raw(const void* data, usize size);

  MutBytes out_;
  usize used_ = 0;
  bool ok_ = true;
};

/// Reads hostile bytes. Every call either succeeds and moves on, or fails with `malformed` (Error::where is
/// the offset) and stays where it is. Views point into the message. Whether text is UTF-8 is for whoever
/// shows it.
class Reader {
 public:
  /// Deepest nesting that skip() follows.
  static constexpr u32 kMaxDepth = 8;

  explicit Reader(Bytes message) : message_(message) {}

  Result<u64> uint(u64 max = ~u64{0});
  Result<bool> boolean();
  Result<Bytes> bytes(usize max);
  Result<std::string_view> text(usize max);
  /// Element or pair count, at most `max`.
  Result<u32> array(u32 max) { return container(Major::array, max); }
  Result<u32> map(u32 max) { return container(Major::map, max); }
  /// Passes over one item of any type, with all it holds.
  Status skip();
  /// The message must end here.
  Status end() const;

  usize offset() const { return offset_; }
  Error malformed(const char* message) const { return {Code::malformed, message, static_cast<u32>(offset_)}; }

 private:
  struct Head {
    Major major;
    u8 info;
    u64 value;
    usize size;  ///< bytes of the head itself
  };
  Result<Head> head() const;
  Result<Bytes> string(Major major, usize max);
  Result<u32> container(Major major, u32 max);

  Bytes message_;
  usize offset_ = 0;
};

}  // namespace pipit::cbor
