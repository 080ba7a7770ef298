#include "waiot/drivers/cfi_flash.h"

#include <algorithm>
#include <cstring>

#include "base/endian.h"

namespace pipit::waiot {
namespace {

constexpr u32 kChips = 2;
constexpr u32 kBusBytes = 4;

// Commands, AP-646 table 1; each chip gets its own copy.
constexpr u32 kReadArray = 0xFF;
constexpr u32 kReadQuery = 0x98;
constexpr u32 kClearStatus = 0x50;
constexpr u32 kBlockErase = 0x20;
constexpr u32 kWriteToBuffer = 0xE8;
constexpr u32 kConfirm = 0xD0;
constexpr u32 kReady = 0x80;
constexpr u32 kFailure = 0x3A;  // erase, program, voltage and lock bits of the status

// Query table, JESD68 §2.
constexpr u32 kQueryAddress = 0x55;
constexpr u32 kQueryText = 0x10;    // "QRY"
constexpr u32 kQuerySize = 0x27;    // log2 bytes of one chip
constexpr u32 kQueryBuffer = 0x2A;  // log2 bytes of one chip's write buffer
constexpr u32 kQuerySector = 0x2F;  // sector bytes of one chip / 256, two bytes

constexpr u32 both_chips(u32 code) { return code << 16 | code; }

}  // namespace

u32 CfiFlash::query(u32 index) const { return registers_.read(index * kBusBytes) & 0xFF; }

void CfiFlash::command(u32 offset, u32 code) const { registers_.write(offset, both_chips(code)); }

void CfiFlash::read_array() const { command(0, kReadArray); }

Status CfiFlash::init(u32 limit_bytes) {
  command(kQueryAddress * kBusBytes, kReadQuery);
  const bool answers =
      query(kQueryText) == 'Q' && query(kQueryText + 1) == 'R' && query(kQueryText + 2) == 'Y';
  const u32 size_log2 = query(kQuerySize), buffer_log2 = query(kQueryBuffer);
  sector_ = (query(kQuerySector) | query(kQuerySector + 1) << 8) * 256 * kChips;
  read_array();
  if (!answers || size_log2 > 28 || buffer_log2 > 16 || sector_ == 0)
    return Error{Code::unavailable, "no CFI flash answers"};
  size_ = std::min<u32>(limit_bytes, kChips << size_log2);
  buffer_ = kChips << buffer_log2;
  return {};
}

Status CfiFlash::wait_ready(u32 offset) const {
  u32 status = 0;
  const bool ready = wait_until(
      [&] {
        status = registers_.read(offset);
        return (status & both_chips(kReady)) == both_chips(kReady);
      },
      100'000'000);
  if (ready && (status & both_chips(kFailure)) == 0) return {};
  command(offset, kClearStatus);
  read_array();
  return Error{Code::io, ready ? "flash reports a failure" : "flash stays busy", offset};
}

Status CfiFlash::erase(u32 offset, u32 size) {
  if (offset % sector_ != 0 || size % sector_ != 0)
    return Error{Code::invalid_argument, "not whole sectors", offset};
  if (offset > size_ || size > size_ - offset)
    return Error{Code::out_of_range, "erase outside flash", offset};
  for (u32 at = offset; at < offset + size; at += sector_) {
    command(at, kBlockErase);
    command(at, kConfirm);
    TRY(wait_ready(at));
  }
  read_array();
  return {};
}

/// Programs `words` whole words from `source` through the write buffer; they lie in one buffer-sized block.
Status CfiFlash::program_buffer(u32 offset, const u8* source, u32 words) const {
  command(offset, kWriteToBuffer);
  TRY(wait_ready(offset));
  command(offset, words - 1);
  for (u32 i = 0; i < words; ++i)
    registers_.write(offset + i * kBusBytes, load_le<u32>(source + i * kBusBytes));
  command(offset, kConfirm);
  return wait_ready(offset);
}

/// Programs the bytes of one word that `data` covers; the others are programmed with what they hold already.
Status CfiFlash::program_part(u32 offset, Bytes data) const {
  const u32 word = offset & ~(kBusBytes - 1);
  u8 merged[kBusBytes];
  std::memcpy(merged, view(word, kBusBytes).data(), kBusBytes);
  std::memcpy(merged + (offset - word), data.data(), data.size());
  TRY(program_buffer(word, merged, 1));
  read_array();
  return {};
}

Status CfiFlash::program(u32 offset, Bytes data) {
  if (offset > size_ || data.size() > size_ - offset)
    return Error{Code::out_of_range, "program outside flash", offset};
  const Bytes target = view(offset, data.size());
  for (usize i = 0; i < data.size(); ++i)
    if ((target[i] & data[i]) != data[i])
      return Error{Code::io, "flash was not erased before programming", offset + static_cast<u32>(i)};

  u32 at = offset;
  Bytes rest = data;
  const auto take = [&](usize size) {
    at += size;
    rest = rest.subspan(size);
  };
  if (const usize head = std::min<usize>(-at % kBusBytes, rest.size()); head != 0) {
    TRY(program_part(at, rest.first(head)));
    take(head);
  }
  while (rest.size() >= kBusBytes) {
    const usize room = buffer_ - at % buffer_;
    const usize size = std::min(room, rest.size() & ~usize{kBusBytes - 1});
    TRY(program_buffer(at, rest.data(), size / kBusBytes));
    take(size);
  }
  read_array();
  if (!rest.empty()) TRY(program_part(at, rest));

  if (std::memcmp(target.data(), data.data(), data.size()) != 0)
    return Error{Code::io, "flash does not hold what was programmed", offset};
  return {};
}

Bytes CfiFlash::view(u32 offset, u32 size) const {
  PIPIT_CHECK(offset <= size_ && size <= size_ - offset);
  return {reinterpret_cast<const u8*>(registers_.base() + offset), size};
}

}  // namespace pipit::waiot
