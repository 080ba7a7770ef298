#include "base/cbor.h"

#include <cstring>

namespace pipit::cbor {

void Writer::raw(const void* data, usize size) {
  if (!ok_ || size > out_.size() - used_) {
    ok_ = false;
    return;
  }
  if (size != 0) std::memcpy(out_.data() + used_, data, size);
  used_ += size;
}

void Writer::byte(u8 value) { raw(&value, 1); }

void Writer::head(Major major, u64 value) {
  // The shortest form: the value itself up to 23, else 1, 2, 4 or 8 bytes after it, big-endian.
  const u8 type = static_cast<u8>(static_cast<u8>(major) << 5);
  if (value < 24) return byte(static_cast<u8>(type | value));
  const u32 log = value > 0xFFFF'FFFF ? 3 : value > 0xFFFF ? 2 : value > 0xFF ? 1 : 0;
  byte(static_cast<u8>(type | (24 + log)));
  for (u32 left = 1u << log; left-- > 0;) byte(static_cast<u8>(value >> (8 * left)));
}

void Writer::bytes(Bytes value) {
  head(Major::bytes, value.size());
  raw(value.data(), value.size());
}

void Writer::text(std::string_view value) {
  head(Major::text, value.size());
  raw(value.data(), value.size());
}

Result<Bytes> Writer::finish() const {
  if (!ok_)
    return Error{Code::out_of_memory, "message does not fit its buffer", static_cast<u32>(out_.size())};
  return Bytes(out_.first(used_));
}

Result<Reader::Head> Reader::head() const {
  if (offset_ >= message_.size()) return malformed("message ends within an item");
  const u8 first = message_[offset_];
  Head head{static_cast<Major>(first >> 5), static_cast<u8>(first & 31), static_cast<u64>(first & 31), 1};
  if (head.info < 24) return head;
  if (head.info > 27) return malformed("indefinite length or reserved head");
  const usize extra = usize{1} << (head.info - 24);
  if (message_.size() - offset_ - 1 < extra) return malformed("message ends within an item");
  head.value = 0;
  for (usize i = 0; i < extra; ++i) head.value = head.value << 8 | message_[offset_ + 1 + i];
  head.size = 1 + extra;
  return head;
}

Result<u64> Reader::uint(u64 max) {
  const Head item = TRY(head());
  if (item.major != Major::uint) return malformed("unsigned integer expected");
  if (item.value > max) return malformed("integer too large");
  offset_ += item.size;
  return item.value;
}

Result<bool> Reader::boolean() {
  const Head item = TRY(head());
  if (item.major != Major::simple || (item.info != 20 && item.info != 21))
    return malformed("boolean expected");
  offset_ += item.size;
  return item.info == 21;
}

Result<Bytes> Reader::string(Major major, usize max) {
  const Head item = TRY(head());
  if (item.major != major) return malformed(major == Major::text ? "text expected" : "byte string expected");
  if (item.value > message_.size() - offset_ - item.size) return malformed("message ends within a string");
  if (item.value > max) return malformed("string too long");
  const Bytes view = message_.subspan(offset_ + item.size, static_cast<usize>(item.value));
  offset_ += item.size + view.size();
  return view;
}

Result<Bytes> Reader::bytes(usize max) { return string(Major::bytes, max); }

Result<std::string_view> Reader::text(usize max) { return as_text(TRY(string(Major::text, max))); }

Result<u32> Reader::container(Major major, u32 max) {
  const Head item = TRY(head());
  if (item.major != major) return malformed(major == Major::map ? "map expected" : "array expected");
  if (item.value > max) return malformed("too many elements");
  offset_ += item.size;
  return static_cast<u32>(item.value);
}

Status Reader::skip() {
  const usize start = offset_;
  u64 left[kMaxDepth];  // items still to come at each level of nesting
  u32 depth = 0;
  left[0] = 1;
  const auto fail = [&](Error error) {
    offset_ = start;
    return error;
  };
  while (true) {
    while (left[depth] == 0) {
      if (depth == 0) return {};
      --depth;
    }
    --left[depth];
    auto got = head();
    if (!got.ok()) return fail(got.error());
    const Head item = *got;
    const usize rest = message_.size() - offset_ - item.size;
    if (item.major == Major::bytes || item.major == Major::text) {
      if (item.value > rest) return fail(malformed("message ends within a string"));
      offset_ += static_cast<usize>(item.value);
    }
    const bool pairs = item.major == Major::map;
    if (pairs || item.major == Major::array || item.major == Major::tag) {
      // Each element takes a byte at least: a count the message cannot hold is refused before it is
      // multiplied.
      if (item.value > rest && item.major != Major::tag)
        return fail(malformed("message ends within a container"));
      if (depth + 1 == kMaxDepth) return fail(malformed("nested too deep"));
      left[++depth] = item.major == Major::tag ? 1 : item.value * (pairs ? 2 : 1);
    }
    offset_ += item.size;
  }
}

Status Reader::end() const {
  if (offset_ != message_.size()) return malformed("bytes after the message");
  return {};
}

}  // namespace pipit::cbor
