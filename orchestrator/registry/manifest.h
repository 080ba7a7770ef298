#pragma once
#include <functional>
#include <string>
#include <vector>

#include "orchestrator/registry/oci.h"
#include "support/json.h"

/// The OCI image manifest of an artifact (image spec 1.1 §manifest); shared by layout, push and pull.
namespace pipit::registry {

// What a foreign manifest may ask us to hold.
constexpr usize kMaxManifestBytes = usize{4} << 20;
constexpr usize kMaxConfigBytes = usize{1} << 20;
constexpr usize kMaxLayerBytes = usize{256} << 20;
constexpr usize kMaxLayers = 16;

struct Descriptor {
  std::string media_type;
  std::string digest;
  u64 size = 0;
  std::string title;
};

struct ManifestDocument {
  Descriptor config;
  std::vector<Descriptor> layers;
  std::map<std::string, std::string> annotations;
};

/// "sha256:" and 64 lower-case hex digits.
bool valid_digest(std::string_view text);
std::string digest_of(Bytes data);
inline std::string digest_of(std::string_view text) { return digest_of(as_bytes(text)); }

/// The same artifact always yields the same bytes, hence the same digest.
std::string manifest_text(const Artifact& artifact);
/// malformed, unsupported (an index, or a configuration that is not Wasm's), out_of_range (over the bounds
/// above).
support::Result<ManifestDocument> parse_manifest(std::string_view text);
support::Result<Descriptor> parse_descriptor(const support::Json& json, usize max_bytes);

/// Gathers every blob of a manifest through `fetch` and checks its size and digest.
using Fetch = std::function<support::Result<std::vector<u8>>(const Descriptor&)>;
support::Result<Artifact> assemble(std::string_view manifest, const Fetch& fetch);

}  // namespace pipit::registry
