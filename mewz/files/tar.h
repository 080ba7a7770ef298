#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// Reads a tar archive (POSIX.1-2008 pax interchange, ustar) where it lies: names, kinds and contents in
/// order.
class TarReader {
 public:
  enum class Kind : u8 { file, directory, symbolic_link };
  struct Member {
    static constexpr u32 kMaxName = 256;
    char name_text[kMaxName];
    u32 name_bytes = 0;
    Kind kind = Kind::file;
    Bytes data;               ///< of a file
    std::string_view target;  ///< of a symbolic link
    u64 modified_seconds = 0;

    /// Without "./" in front and "/" behind.
    std::string_view name() const { return {name_text, name_bytes}; }
  };

  explicit TarReader(Bytes archive) : archive_(archive) {}
  /// Whether `data` begins like one.
  static bool recognises(Bytes data);
  /// The next member that is of a Kind (hard links, devices and extended headers are skipped): true; false at
  /// the end. malformed at a header with a wrong checksum, number, or a member that reaches beyond the
  /// archive; Error::where is the header's offset.
  Result<bool> next(Member& out);

 private:
  Bytes archive_;
  usize at_ = 0;
};

}  // namespace pipit::mewz
