#pragma once
#include "mewz/files/archive_member.h"

namespace pipit::mewz {

/// Reads a tar archive (POSIX.1-2008 pax interchange, ustar) where it lies: names, kinds and contents in
/// order.
class TarReader {
 public:
  explicit TarReader(Bytes archive) : archive_(archive) {}
  /// Whether `data` begins like one.
  static bool recognises(Bytes data);
  /// The next member of a kind that files have (hard links, devices and extended headers are skipped): true;
  /// false at the end. malformed at a header with a wrong checksum, number, or a member that reaches beyond
  /// the archive; Error::where is the header's offset.
  Result<bool> next(ArchiveMember& out);

 private:
  Bytes archive_;
  usize at_ = 0;
};

}  // namespace pipit::mewz
