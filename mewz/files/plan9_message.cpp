#include "mewz/files/plan9_message.h"

#include <cstring>

namespace pipit::mewz::plan9 {

Request::Request(MutBytes memory, Type type, u16 tag) : memory_(memory) {
  put(u32{0}).put(static_cast<u8>(type)).put(tag);
}

Request& Request::text(std::string_view value) {
  if (value.size() > 0xFFFF) fits_ = false;
  if (!fits_) return *this;
  put(static_cast<u16>(value.size()));
  return bytes(as_bytes(value));
}

Request& Request::bytes(Bytes value) {
  if (memory_.size() - used_ < value.size()) fits_ = false;
  if (!fits_) return *this;
  if (!value.empty()) std::memcpy(memory_.data() + used_, value.data(), value.size());
  used_ += value.size();
  return *this;
}

Bytes Request::finish() {
  store_le(memory_.data(), static_cast<u32>(used_));
  return {memory_.data(), used_};
}

Result<Reply> Reply::parse(Bytes bytes, Type type, u16 tag) {
  if (bytes.size() < kHeaderBytes || load_le<u32>(bytes.data()) != bytes.size())
    return Error{Code::malformed, "9P: a reply of another size than it says"};
  const u8 got = bytes[4];
  const bool failed = got == static_cast<u8>(Type::error) + 1;
  if (!failed && got != static_cast<u8>(type) + 1)
    return Error{Code::malformed, "9P: a reply to another request", got};
  if (load_le<u16>(bytes.data() + 5) != tag) return Error{Code::malformed, "9P: a reply with another tag"};
  Reply reply;
  reply.body_ = bytes.subspan(kHeaderBytes);
  if (failed) {
    constexpr u32 kUnknown = 5;  // EIO, for an error without a number
    reply.error_ = reply.number32();
    if (!reply.ok() || reply.error_ == 0) reply.error_ = kUnknown;
  }
  return reply;
}

std::string_view Reply::text() { return as_text(bytes(number16())); }

Bytes Reply::bytes(u32 count) {
  if (body_.size() - at_ < count) {
    ok_ = false;
    at_ = body_.size();
    return {};
  }
  const Bytes value = body_.subspan(at_, count);
  at_ += count;
  return value;
}

Qid Reply::qid() {
  Qid qid;
  qid.type = number8();
  (void)number32();  // version
  qid.path = number64();
  return qid;
}

u16 wasi_errno(u32 linux_errno) {
  constexpr u16 kIo = 29;
  // include/uapi/asm-generic/errno-base.h, 1 to 40.
  static constexpr u8 kByNumber[] = {kIo, 63,  44, 71, 27, 29, 60, 1,  45, 8,  12, 6,  48, 2,
                                     21,  kIo, 10, 20, 75, 43, 54, 31, 28, 41, 33, 59, 74, 22,
                                     51,  70,  69, 34, 64, 18, 68, 16, 37, 46, 52, 55, 32};
  constexpr u32 kOverflow = 75, kNotSupported = 95, kQuota = 122;
  if (linux_errno < sizeof kByNumber) return kByNumber[linux_errno];
  return linux_errno == kOverflow ? 61 : linux_errno == kNotSupported ? 58 : linux_errno == kQuota ? 19 : kIo;
}

}  // namespace pipit::mewz::plan9
