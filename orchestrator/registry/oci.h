#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// Packages as OCI artifacts (OCI image spec 1.1, distribution spec 1.1): an image layout on disk, and a
/// registry.
namespace pipit::registry {

namespace media {
constexpr const char* kWasmConfig = "application/vnd.wasm.config.v0+json";
constexpr const char* kWasmModule = "application/wasm";
constexpr const char* kModel = "application/vnd.pipit.model.v1+pipm";
constexpr const char* kNative = "application/vnd.pipit.native.v1+pna";
constexpr const char* kManifest = "application/vnd.pipit.manifest.v1+cbor";
constexpr const char* kOciManifest = "application/vnd.oci.image.manifest.v1+json";
}  // namespace media

struct Layer {
  std::string media_type;
  std::string title;  ///< annotation org.opencontainers.image.title
  std::vector<u8> data;
};

struct Artifact {
  std::vector<u8> config;  ///< media::kWasmConfig
  std::vector<Layer> layers;
  std::map<std::string, std::string> annotations;
  std::string digest;  ///< "sha256:…" of the OCI manifest; filled by read_layout, push and pull

  const Layer* layer(std::string_view media_type) const;
};

/// An OCI image layout folder (oci-layout, index.json, blobs/sha256/…) holding one artifact under `tag`.
support::Result<std::string> write_layout(const Artifact& artifact, const std::string& folder,
                                          const std::string& tag);
/// Every blob's digest and size is checked.
support::Result<Artifact> read_layout(const std::string& folder);

/// "host[:port]/repository[:tag][@sha256:…]"
struct Reference {
  std::string host;  ///< with port
  std::string repository;
  std::string tag;          ///< "latest" when neither tag nor digest is given
  std::string digest;       ///< "sha256:…" or empty
  bool plain_http = false;  ///< loopback addresses speak HTTP, all others HTTPS
  std::string text() const;
};
support::Result<Reference> parse_reference(std::string_view text);

/// Uploads blobs that the registry lacks, then the manifest; yields its digest.
support::Result<std::string> push(const Artifact& artifact, const Reference& reference);
/// Downloads manifest and blobs, each checked against its digest; sizes are bounded. Errors name the
/// reference: unavailable (registry does not answer), not_found, digest_mismatch, unsupported (not a Pipit
/// artifact).
support::Result<Artifact> pull(const Reference& reference);

}  // namespace pipit::registry
