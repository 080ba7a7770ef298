#include "wasm/reader.h"

namespace pipit::wasm {

void Reader::fail(Rule rule) { fail_at(offset(), rule); }

void Reader::fail_as(const Reader& other) {
  if (!other.ok()) fail_at(other.where_, other.rule_);
}

void Reader::fail_at(u32 offset, Rule rule) {
  if (rule_ != Rule::none) return;
  rule_ = rule;
  where_ = offset;
  at_ = end_;
}

const u8* Reader::narrow(u32 size) {
  const u8* old = end_;
  if (size > left())
    fail(Rule::length_out_of_bounds);
  else
    end_ = at_ + size;
  return old;
}

u8 Reader::byte() {
  if (at_ == end_) {
    fail(Rule::unexpected_end);
    return 0;
  }
  return *at_++;
}

/// Most have one byte.
u32 Reader::leb_u32() {
  if (at_ != end_ && *at_ < 0x80) [[likely]]
    return *at_++;
  return static_cast<u32>(leb(32, false));
}

u64 Reader::leb(u32 bits, bool is_signed) {
  u64 value = 0;
  u8 byte = 0;
  u32 shift = 0;
  do {
    if (at_ == end_) {
      fail(Rule::unexpected_end);
      return 0;
    }
    byte = *at_++;
    value |= static_cast<u64>(byte & 0x7F) << shift;
    shift += 7;
    if (shift >= bits) {  // the last byte allowed: no continuation, and its spare bits carry no information
      const u32 used = bits - (shift - 7);
      const i32 rest =
          is_signed ? static_cast<i8>(static_cast<u8>(byte << 1)) >> used : (byte & 0x7F) >> used;
      const Rule rule = (byte & 0x80) != 0                                  ? Rule::integer_too_long
                        : (is_signed ? rest != 0 && rest != -1 : rest != 0) ? Rule::integer_too_large
                                                                            : Rule::none;
      if (rule != Rule::none) {
        fail_at(offset() - 1, rule);
        return 0;
      }
    }
  } while ((byte & 0x80) != 0);
  if (is_signed && (byte & 0x40) != 0 && shift < 64) value |= ~u64{0} << shift;
  return value;
}

u64 trusted_long_u32(const u8* at) {
  u32 value = 0;
  u32 length = 0;
  u32 byte = 0;
  do {
    byte = at[length];
    value |= (byte & 0x7Fu) << (7 * length);
    ++length;
  } while (byte >= 0x80);
  return value | u64{length} << 32;
}

Bytes Reader::bytes(u32 size) {
  if (size > left()) {
    fail(Rule::length_out_of_bounds);
    return {};
  }
  at_ += size;
  return {at_ - size, size};
}

std::string_view Reader::name() {
  const Bytes text = bytes(leb_u32());
  if (ok() && !is_utf8(text)) fail_at(offset() - static_cast<u32>(text.size()), Rule::malformed_utf8);
  return ok() ? as_text(text) : std::string_view{};
}

bool is_utf8(Bytes text) {
  for (usize i = 0; i < text.size();) {
    const u8 lead = text[i++];
    if (lead < 0x80) continue;
    const u32 more = lead < 0xC2 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 0;
    if (more == 0 || more > text.size() - i) return false;
    u32 point = lead & (0x3Fu >> more);
    for (u32 k = 0; k < more; ++k) {
      if ((text[i] & 0xC0) != 0x80) return false;
      point = point << 6 | (text[i++] & 0x3F);
    }
    if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000) || point > 0x10FFFF ||
        (point >= 0xD800 && point < 0xE000))
      return false;
  }
  return true;
}

}  // namespace pipit::wasm
