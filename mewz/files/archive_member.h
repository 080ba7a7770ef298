#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// What an archive has under one name. Contents lie where the archive lies.
struct ArchiveMember {
  enum class Kind : u8 { file, directory, symbolic_link };
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

}  // namespace pipit::mewz
