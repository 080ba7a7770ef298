#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/registry/oci.h"

namespace pipit::gateway {

/// A package that is on this machine.
struct Image {
  std::string digest;        ///< "sha256:…" of the OCI manifest
  std::vector<u8> manifest;  ///< encoded link::Manifest; every blob it names is in the store
};

/// Packages and their blobs on disk, by digest: <folder>/images/<hex> and <folder>/blobs/<hex>. Any thread.
class Images {
 public:
  /// `aliases`: registry names as Pods write them → "host:port" as this machine reaches them.
  Images(std::string folder, std::map<std::string, std::string> aliases)
      : folder_(std::move(folder)), aliases_(std::move(aliases)) {}

  /// Pulls what `reference` names now, and keeps it; blocks. A reference with a digest that is here already
  /// asks nobody.
  support::Result<Image> pull(const std::string& reference);
  /// A package that was pulled before, or nothing.
  std::optional<Image> cached(const std::string& digest) const;
  /// Removes every package not in `digests`, and blobs that none of the others names. Not while a pull runs.
  void keep_only(const std::set<std::string>& digests);
  /// File of a blob, for a name of 64 lower-case hex digits; empty when it was not pulled.
  std::string blob_file(std::string_view hex) const;
  /// `reference` with its registry's alias replaced.
  std::string resolve(const std::string& reference) const;

 private:
  support::Result<Image> keep(const registry::Artifact& artifact);

  std::string folder_;
  std::map<std::string, std::string> aliases_;
};

}  // namespace pipit::gateway
