#pragma once
#include "mewz/files/archive_member.h"

namespace pipit::mewz {

/// Reads a cpio archive of the "new ASCII" kind (as Linux takes it for an initial RAM disk,
/// buffer-format.rst) where it lies.
class CpioReader {
 public:
  explicit CpioReader(Bytes archive) : archive_(archive) {}
  /// Whether `data` begins like one.
  static bool recognises(Bytes data);
  /// The next file, directory or symbolic link (devices are skipped, and of hard links all but the one that
  /// has the data): true; false at the trailer. malformed at a header with a wrong magic or number, a member
  /// that reaches beyond the archive, or an archive without trailer; Error::where is the header's offset.
  Result<bool> next(ArchiveMember& out);

 private:
  Bytes archive_;
  usize at_ = 0;
};

}  // namespace pipit::mewz
