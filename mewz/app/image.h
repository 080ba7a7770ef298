#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// What the machine was given: modules alone, and archives of files among which there may be one.
struct Sources {
  static constexpr u32 kMost = 8;
  Bytes all[kMost];  ///< the initial RAM disk, then disks, in the machine's order
  u32 count = 0;

  std::span<const Bytes> span() const { return {all, count}; }
};

/// A module without the zeros that fill a disk behind it; anything else as it is.
Bytes without_padding(Bytes data);

/// Of files that are planned models.
inline constexpr std::string_view kModelSuffix = ".pipm";

/// What to run.
struct AppImage {
  std::string_view name;           ///< argv[0]
  Bytes module;                    ///< Wasm
  Bytes native;                    ///< the same, compiled (.pna); empty: it is interpreted
  Bytes archives[Sources::kMost];  ///< all there are
  u32 archive_count = 0;
  bool has_models = false;  ///< some member of an archive is called as a planned model is

  std::span<const Bytes> archive_span() const { return {archives, archive_count}; }
};

/// The first file called `name` in the archives among `sources`. not_found when there is none; malformed when
/// an archive is.
Result<Bytes> find_file(const Sources& sources, std::string_view name);

/// Finds the application: a module by its first bytes, or in an archive the member `wanted` (the first
/// module, when `wanted` is empty) and, in the same archive, the first native module. not_found when there is
/// none; malformed when a source is neither module nor archive.
Result<AppImage> open_image(const Sources& sources, std::string_view wanted);

}  // namespace pipit::mewz
