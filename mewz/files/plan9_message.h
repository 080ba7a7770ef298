#pragma once
#include "base/endian.h"
#include "base/result.h"
#include "base/types.h"

/// Messages of 9P2000.L (diod's protocol.md; QEMU's and Linux' dialect of the Plan 9 file protocol):
/// little-endian numbers and counted strings behind size, type and tag.
namespace pipit::mewz::plan9 {

enum class Type : u8 {
  error = 6,  ///< as a reply 7: Rlerror
  lopen = 12,
  lcreate = 14,
  symlink = 16,
  readlink = 22,
  getattr = 24,
  setattr = 26,
  readdir = 40,
  fsync = 50,
  link = 70,
  mkdir = 72,
  renameat = 74,
  unlinkat = 76,
  version = 100,
  attach = 104,
  walk = 110,
  read = 116,
  write = 118,
  clunk = 120,
};

constexpr u32 kHeaderBytes = 7;
constexpr u32 kNoFid = ~u32{0};

/// What a file is, whatever its name (§ qid).
struct Qid {
  static constexpr u8 kDirectory = 0x80, kSymbolicLink = 0x02;
  u8 type = 0;
  u64 path = 0;

  bool is_directory() const { return (type & kDirectory) != 0; }
  bool is_link() const { return (type & kSymbolicLink) != 0; }
};

/// Writes one request into the caller's memory. What does not fit is left out and noticed by ok().
class Request {
 public:
  Request(MutBytes memory, Type type, u16 tag);
  Request& number8(u8 value) { return put(value); }
  Request& number16(u16 value) { return put(value); }
  Request& number32(u32 value) { return put(value); }
  Request& number64(u64 value) { return put(value); }
  /// At most 65,535 bytes.
  Request& text(std::string_view value);
  Request& bytes(Bytes value);
  bool ok() const { return fits_; }
  /// All of it, with its size in front.
  Bytes finish();

 private:
  template <class T>
  Request& put(T value);
  MutBytes memory_;
  usize used_ = 0;
  bool fits_ = true;
};

/// Reads one reply, every byte of which the other side chose. The first read beyond its end sticks: further
/// ones yield 0, and ok() is false.
class Reply {
 public:
  Reply() = default;
  /// malformed when `bytes` is not one whole reply to a request of `type` and `tag`, or an error.
  static Result<Reply> parse(Bytes bytes, Type type, u16 tag);
  /// Linux' errno when the request failed; 0 when it did not.
  u32 error() const { return error_; }

  u8 number8() { return get<u8>(); }
  u16 number16() { return get<u16>(); }
  u32 number32() { return get<u32>(); }
  u64 number64() { return get<u64>(); }
  std::string_view text();
  Bytes bytes(u32 count);
  Qid qid();
  bool at_end() const { return at_ == body_.size(); }
  bool ok() const { return ok_; }

 private:
  template <class T>
  T get();
  Bytes body_;
  usize at_ = 0;
  u32 error_ = 0;
  bool ok_ = true;
};

template <class T>
Request& Request::put(T value) {
  if (memory_.size() - used_ < sizeof value) {
    fits_ = false;
    return *this;
  }
  store_le(memory_.data() + used_, value);
  used_ += sizeof value;
  return *this;
}

template <class T>
T Reply::get() {
  if (body_.size() - at_ < sizeof(T)) {
    ok_ = false;
    at_ = body_.size();
    return 0;
  }
  const T value = load_le<T>(body_.data() + at_);
  at_ += sizeof(T);
  return value;
}

/// WASI preview 1's errno for one of Linux'.
u16 wasi_errno(u32 linux_errno);

}  // namespace pipit::mewz::plan9
