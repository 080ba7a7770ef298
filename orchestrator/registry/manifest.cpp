#include "orchestrator/registry/manifest.h"

#include "support/files.h"

namespace pipit::registry {

using support::Error;
using support::Json;
using support::Result;

namespace {

constexpr const char* kTitle = "org.opencontainers.image.title";

Json descriptor_json(std::string_view media_type, Bytes data, std::string_view title) {
  Json json = {{"mediaType", media_type}, {"digest", digest_of(data)}, {"size", data.size()}};
  if (!title.empty()) json["annotations"] = {{kTitle, title}};
  return json;
}

support::Status check_blob(const Descriptor& descriptor, Bytes data) {
  if (data.size() != descriptor.size)
    return Error(Code::digest_mismatch, "blob " + descriptor.digest + " has " + std::to_string(data.size()) +
                                            " bytes, its manifest says " + std::to_string(descriptor.size));
  if (const std::string actual = digest_of(data); actual != descriptor.digest)
    return Error(Code::digest_mismatch, "blob " + descriptor.digest + " has the digest " + actual);
  return {};
}

}  // namespace

const Layer* Artifact::layer(std::string_view media_type) const {
  for (const Layer& layer : layers)
    if (layer.media_type == media_type) return &layer;
  return nullptr;
}

bool valid_digest(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  return text.starts_with(kAlgorithm) && text.size() == kAlgorithm.size() + 64 &&
         text.find_first_not_of("0123456789abcdef", kAlgorithm.size()) == std::string_view::npos;
}

std::string digest_of(Bytes data) { return "sha256:" + support::sha256_hex(data); }

std::string manifest_text(const Artifact& artifact) {
  Json layers = Json::array();
  for (const Layer& layer : artifact.layers)
    layers.push_back(descriptor_json(layer.media_type, layer.data, layer.title));
  Json manifest = {{"schemaVersion", 2},
                   {"mediaType", media::kOciManifest},
                   {"config", descriptor_json(media::kWasmConfig, artifact.config, "")},
                   {"layers", std::move(layers)}};
  if (!artifact.annotations.empty()) manifest["annotations"] = artifact.annotations;
  return support::dump(manifest);
}

Result<Descriptor> parse_descriptor(const Json& json, usize max_bytes) {
  Descriptor descriptor;
  descriptor.media_type = support::text_at(json, {"mediaType"});
  descriptor.digest = support::text_at(json, {"digest"});
  descriptor.title = support::text_at(json, {"annotations", kTitle});
  if (descriptor.media_type.empty()) return Error(Code::malformed, "a descriptor has no mediaType");
  if (!valid_digest(descriptor.digest))
    return Error(Code::malformed, "descriptor digest \"" + descriptor.digest + "\" is not sha256");
  const i64 size = support::int_at(json, {"size"}, -1);
  if (size < 0 || static_cast<u64>(size) > max_bytes)
    return Error(Code::out_of_range, "blob " + descriptor.digest + " announces " + std::to_string(size) +
                                         " bytes; the limit is " + std::to_string(max_bytes));
  descriptor.size = static_cast<u64>(size);
  return descriptor;
}

Result<ManifestDocument> parse_manifest(std::string_view text) {
  if (text.size() > kMaxManifestBytes) return Error(Code::out_of_range, "the manifest is over 4 MiB");
  const Json json = TRY(support::parse_json(text));
  if (support::int_at(json, {"schemaVersion"}) != 2)
    return Error(Code::malformed, "not an OCI manifest: no schemaVersion 2");
  if (support::find(json, {"manifests"}) != nullptr)
    return Error(Code::unsupported, "an image index; a Pipit package is one manifest for every platform");
  const Json* config = support::find(json, {"config"});
  const Json* layers = support::find(json, {"layers"});
  if (config == nullptr || layers == nullptr || !layers->is_array())
    return Error(Code::malformed, "the manifest lacks config or layers");
  ManifestDocument document;
  document.config = TRY(parse_descriptor(*config, kMaxConfigBytes));
  if (document.config.media_type != media::kWasmConfig)
    return Error(Code::unsupported, "not a Wasm artifact: its configuration is " +
                                        document.config.media_type + ", expected " + media::kWasmConfig);
  if (layers->size() > kMaxLayers) return Error(Code::out_of_range, "the manifest has more than 16 layers");
  for (const Json& layer : *layers) document.layers.push_back(TRY(parse_descriptor(layer, kMaxLayerBytes)));
  if (const Json* annotations = support::find(json, {"annotations"});
      annotations != nullptr && annotations->is_object())
    for (const auto& [key, value] : annotations->items())
      if (value.is_string()) document.annotations[key] = value.get<std::string>();
  return document;
}

Result<Artifact> assemble(std::string_view manifest, const Fetch& fetch) {
  const ManifestDocument document = TRY(parse_manifest(manifest));
  Artifact artifact;
  artifact.digest = digest_of(manifest);
  artifact.annotations = document.annotations;
  artifact.config = TRY(fetch(document.config));
  TRY(check_blob(document.config, artifact.config));
  for (const Descriptor& descriptor : document.layers) {
    std::vector<u8> data = TRY(fetch(descriptor));
    TRY(check_blob(descriptor, data));
    artifact.layers.push_back({descriptor.media_type, descriptor.title, std::move(data)});
  }
  return artifact;
}

}  // namespace pipit::registry
