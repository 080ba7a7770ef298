#include "mewz/files/tar.h"

#include <cstring>

namespace pipit::mewz {
namespace {

constexpr usize kBlock = 512;
struct Field {
  usize at, bytes;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kTime{136, 12}, kChecksum{148, 8}, kLink{157, 100},
    kMagic{257, 5}, kPrefix{345, 155};
constexpr usize kType = 156;

std::string_view text_of(const u8* header, Field field) {
  const auto* const text = reinterpret_cast<const char*>(header + field.at);
  usize size = 0;
  while (size < field.bytes && text[size] != 0) ++size;
  return {text, size};
}

/// Octal digits, spaces around them; or, as GNU writes large ones, big-endian binary marked by the first bit.
bool number_of(const u8* header, Field field, u64& out) {
  const u8* const at = header + field.at;
  out = 0;
  if ((at[0] & 0x80) != 0) {
    for (usize i = 1; i < field.bytes; ++i) {
      if (out >> 55 != 0) return false;
      out = out << 8 | at[i];
    }
    return true;
  }
  usize i = 0;
  while (i < field.bytes && at[i] == ' ') ++i;
  for (; i < field.bytes && at[i] >= '0' && at[i] <= '7'; ++i) out = out << 3 | static_cast<u64>(at[i] - '0');
  return i == field.bytes || at[i] == 0 || at[i] == ' ';
}

bool checksum_holds(const u8* header) {
  u64 stated = 0, sum = 0;
  if (!number_of(header, kChecksum, stated)) return false;
  for (usize i = 0; i < kBlock; ++i)
    sum += i >= kChecksum.at && i < kChecksum.at + kChecksum.bytes ? ' ' : header[i];
  return sum == stated;
}

bool append(ArchiveMember& out, std::string_view text) {
  if (text.size() > ArchiveMember::kMaxName - out.name_bytes) return false;
  std::memcpy(out.name_text + out.name_bytes, text.data(), text.size());
  out.name_bytes += static_cast<u32>(text.size());
  return true;
}

bool take_name(const u8* header, ArchiveMember& out) {
  out.name_bytes = 0;
  std::string_view name = text_of(header, kName), prefix = text_of(header, kPrefix);
  std::string_view& head = prefix.empty() ? name : prefix;
  while (head.starts_with("./")) head.remove_prefix(2);
  while (name.ends_with('/')) name.remove_suffix(1);
  if (!prefix.empty() && (!append(out, prefix) || !append(out, "/"))) return false;
  return append(out, name);
}

}  // namespace

bool TarReader::recognises(Bytes data) {
  return data.size() >= kBlock && text_of(data.data(), kMagic) == "ustar" && checksum_holds(data.data());
}

Result<bool> TarReader::next(ArchiveMember& out) {
  for (;;) {
    if (archive_.size() - at_ < kBlock) return false;  // an archive cut at a block is what some tools write
    const u8* const header = archive_.data() + at_;
    if (header[0] == 0) return false;
    const u32 where = static_cast<u32>(at_);
    if (!checksum_holds(header)) return Error{Code::malformed, "tar: wrong checksum of a header", where};
    u64 size = 0;
    if (!number_of(header, kSize, size) || !number_of(header, kTime, out.modified_seconds))
      return Error{Code::malformed, "tar: a number is not octal", where};
    at_ += kBlock;
    if (size > archive_.size() - at_)
      return Error{Code::malformed, "tar: a member reaches beyond the archive", where};
    out.data = archive_.subspan(at_, size);
    const usize whole = (size + kBlock - 1) & ~(kBlock - 1);
    at_ = whole > archive_.size() - at_ ? archive_.size() : at_ + whole;
    switch (header[kType]) {
      case 0:
      case '0': out.kind = ArchiveMember::Kind::file; break;
      case '2': out.kind = ArchiveMember::Kind::symbolic_link; break;
      case '5': out.kind = ArchiveMember::Kind::directory; break;
      default: continue;
    }
    out.target = text_of(header, kLink);
    if (!take_name(header, out))
      return Error{Code::out_of_range, "tar: a name is longer than 256 bytes", where};
    if (out.name_bytes == 0 || out.name() == ".") continue;
    return true;
  }
}

}  // namespace pipit::mewz
