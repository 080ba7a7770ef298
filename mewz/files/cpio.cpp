#include "mewz/files/cpio.h"

#include <cstring>

namespace pipit::mewz {
namespace {

constexpr std::string_view kPlain = "070701", kChecked = "070702", kTrailer = "TRAILER!!!";
constexpr usize kHeader = 110, kFieldBytes = 8;
/// Fields behind the magic, eight hexadecimal digits each.
enum Field : u32 { kMode = 1, kLinks = 4, kTime = 5, kSize = 6, kNameSize = 11, kFields = 13 };
constexpr u32 kTypeMask = 0170000, kDirectory = 0040000, kRegular = 0100000, kSymbolicLink = 0120000;

bool has_magic(Bytes data) {
  if (data.size() < kHeader) return false;
  const std::string_view magic = as_text(data.first(kPlain.size()));
  return magic == kPlain || magic == kChecked;
}

bool read_fields(const u8* header, u32 (&out)[kFields]) {
  const u8* at = header + kPlain.size();
  for (u32& field : out) {
    field = 0;
    for (usize i = 0; i < kFieldBytes; ++i, ++at) {
      const u32 digit = *at >= '0' && *at <= '9'   ? *at - u32{'0'}
                        : *at >= 'a' && *at <= 'f' ? *at - u32{'a'} + 10
                        : *at >= 'A' && *at <= 'F' ? *at - u32{'A'} + 10
                                                   : 16;
      if (digit == 16) return false;
      field = field << 4 | digit;
    }
  }
  return true;
}

constexpr u64 align4(u64 at) { return (at + 3) & ~u64{3}; }

}  // namespace

bool CpioReader::recognises(Bytes data) { return has_magic(data); }

Result<bool> CpioReader::next(ArchiveMember& out) {
  for (;;) {
    const u32 where = static_cast<u32>(at_);
    const Bytes rest = at_ < archive_.size() ? archive_.subspan(at_) : Bytes{};
    u32 fields[kFields];
    if (!has_magic(rest)) return Error{Code::malformed, "cpio: no header where one should be", where};
    if (!read_fields(rest.data(), fields))
      return Error{Code::malformed, "cpio: a number is not hexadecimal", where};
    const u64 data_at = align4(kHeader + u64{fields[kNameSize]}), end = data_at + fields[kSize];
    if (fields[kNameSize] == 0 || end > rest.size() || rest[kHeader + fields[kNameSize] - 1] != 0)
      return Error{Code::malformed, "cpio: a member reaches beyond the archive", where};
    std::string_view name = as_text(rest.subspan(kHeader, fields[kNameSize] - 1));
    if (name == kTrailer) return false;
    // The last member's padding may be missing.
    at_ += static_cast<usize>(align4(end) < rest.size() ? align4(end) : rest.size());
    const Bytes data = rest.subspan(static_cast<usize>(data_at), fields[kSize]);
    switch (fields[kMode] & kTypeMask) {
      case kRegular:
        if (data.empty() && fields[kLinks] > 1) continue;
        out.kind = ArchiveMember::Kind::file;
        break;
      case kDirectory: out.kind = ArchiveMember::Kind::directory; break;
      case kSymbolicLink: out.kind = ArchiveMember::Kind::symbolic_link; break;
      default: continue;
    }
    while (name.starts_with("./")) name.remove_prefix(2);
    while (name.starts_with('/')) name.remove_prefix(1);
    while (name.ends_with('/')) name.remove_suffix(1);
    if (name.empty() || name == ".") continue;
    if (name.size() > ArchiveMember::kMaxName || name.find('\0') != name.npos)
      return Error{Code::out_of_range, "cpio: a name is longer than 256 bytes, or has a zero byte", where};
    std::memcpy(out.name_text, name.data(), name.size());
    out.name_bytes = static_cast<u32>(name.size());
    out.data = data;
    out.target = as_text(data);
    out.modified_seconds = fields[kTime];
    return true;
  }
}

}  // namespace pipit::mewz
