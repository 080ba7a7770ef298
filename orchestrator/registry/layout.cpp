#include "orchestrator/registry/manifest.h"
#include "support/files.h"

namespace pipit::registry {

using support::Error;
using support::Json;
using support::Result;

namespace {

constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";

std::string blob_path(const std::string& folder, std::string_view digest) {
  return folder + "/blobs/sha256/" + std::string(digest.substr(digest.find(':') + 1));
}

}  // namespace

Result<std::string> write_layout(const Artifact& artifact, const std::string& folder,
                                 const std::string& tag) {
  const std::string manifest = manifest_text(artifact);
  const std::string digest = digest_of(manifest);
  TRY(support::write_file(blob_path(folder, digest_of(artifact.config)), artifact.config));
  for (const Layer& layer : artifact.layers)
    TRY(support::write_file(blob_path(folder, digest_of(layer.data)), layer.data));
  TRY(support::write_file(blob_path(folder, digest), as_bytes(manifest)));
  const Json index = {{"schemaVersion", 2},
                      {"mediaType", kIndexType},
                      {"manifests", Json::array({{{"mediaType", media::kOciManifest},
                                                  {"digest", digest},
                                                  {"size", manifest.size()},
                                                  {"annotations", {{kRefName, tag}}}}})}};
  TRY(support::write_file(folder + "/oci-layout", as_bytes(R"({"imageLayoutVersion":"1.0.0"})")));
  // Last, so that a layout is whole once it can be read.
  TRY(support::write_file(folder + "/index.json", as_bytes(support::dump(index, 2))));
  return digest;
}

Result<Artifact> read_layout(const std::string& folder) {
  const auto read = [&]() -> Result<Artifact> {
    const std::vector<u8> index_text = TRY(support::read_file(folder + "/index.json", kMaxManifestBytes));
    const Json index = TRY(support::parse_json(as_text(index_text)));
    const Json* manifests = support::find(index, {"manifests"});
    if (manifests == nullptr || !manifests->is_array() || manifests->size() != 1)
      return Error(Code::unsupported, "index.json must list exactly one manifest");
    const Descriptor descriptor = TRY(parse_descriptor((*manifests)[0], kMaxManifestBytes));
    const std::vector<u8> manifest =
        TRY(support::read_file(blob_path(folder, descriptor.digest), kMaxManifestBytes));
    if (digest_of(manifest) != descriptor.digest)
      return Error(Code::digest_mismatch, "the manifest blob does not have the digest " + descriptor.digest);
    return assemble(as_text(manifest), [&](const Descriptor& blob) {
      return support::read_file(blob_path(folder, blob.digest), blob.size);
    });
  };
  Result<Artifact> artifact = read();
  if (!artifact.ok()) return artifact.take_error().in(folder);
  return artifact;
}

}  // namespace pipit::registry
