#pragma once
#include "mewz/files/cpio.h"
#include "mewz/files/tar.h"

namespace pipit::mewz {

/// Reads a tar or a cpio archive, whichever it is.
class ArchiveReader {
 public:
  explicit ArchiveReader(Bytes archive)
      : is_cpio_(CpioReader::recognises(archive)), tar_(archive), cpio_(archive) {}
  static bool recognises(Bytes data) { return TarReader::recognises(data) || CpioReader::recognises(data); }
  /// As TarReader::next() and CpioReader::next().
  Result<bool> next(ArchiveMember& out) { return is_cpio_ ? cpio_.next(out) : tar_.next(out); }

 private:
  bool is_cpio_;
  TarReader tar_;
  CpioReader cpio_;
};

}  // namespace pipit::mewz
