#include "orchestrator/registry/package.h"

#include <algorithm>

#include "orchestrator/registry/manifest.h"
#include "support/hex.h"
#include "support/json.h"

namespace pipit::registry {

using support::Error;
using support::Json;
using support::Result;

namespace {

bool same_blob(const link::Blob& blob, Bytes data) {
  return blob.size == data.size() && "sha256:" + support::hex(blob.digest) == digest_of(data);
}

/// Wasm's OCI artifact configuration (CNCF TAG Runtime, "Wasm OCI Artifact layout"), without a date: the same
/// package always has the same digest.
std::vector<u8> config_of(const std::vector<Layer>& layers) {
  Json digests = Json::array();
  for (const Layer& layer : layers) digests.push_back(digest_of(layer.data));
  const std::string text =
      support::dump(Json{{"architecture", "wasm"}, {"os", "wasip1"}, {"layerDigests", std::move(digests)}});
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Result<link::Manifest> decode_manifest(Bytes bytes) {
  if (bytes.size() > link::kMaxManifestBytes)
    return Error(Code::out_of_range, "the device manifest has " + std::to_string(bytes.size()) +
                                         " bytes; a device keeps at most " +
                                         std::to_string(link::kMaxManifestBytes) + " bytes");
  link::Manifest manifest;
  if (auto status = link::decode(bytes, manifest); !status.ok())
    return Error(status.take_error()).in("the device manifest");
  return manifest;
}

support::Status check_listed(const link::Manifest& manifest, const Package& package) {
  const usize held = 1 + package.models.size();
  if (manifest.blob_count != held)
    return Error(Code::invalid_argument, "the device manifest lists " + std::to_string(manifest.blob_count) +
                                             " blobs, the package has " + std::to_string(held));
  const std::span blobs(manifest.blobs.data(), manifest.blob_count);
  const auto listed = [&](const NamedModel& model) {
    return std::ranges::any_of(blobs, [&](const link::Blob& blob) {
      return blob.kind == link::BlobKind::model && blob.name == model.name && same_blob(blob, model.data);
    });
  };
  const auto module = std::ranges::find(blobs, link::BlobKind::module, &link::Blob::kind);
  if (module == blobs.end() || !same_blob(*module, package.module))
    return Error(Code::invalid_argument, "the device manifest does not list the module's digest");
  for (const NamedModel& model : package.models)
    if (!listed(model))
      return Error(Code::invalid_argument, "the device manifest does not list model \"" + model.name + "\"");
  const bool same =
      std::ranges::equal(std::span(manifest.natives).first(manifest.native_count), package.natives,
                         [](const link::Blob& blob, const NativeModule& native) {
                           return blob.target == native.target && same_blob(blob, native.data);
                         });
  if (!same)
    return Error(Code::invalid_argument, "the device manifest does not list the package's native modules");
  return {};
}

}  // namespace

link::Blob blob_entry(link::BlobKind kind, Bytes data, std::string_view name) {
  link::Blob blob;
  blob.kind = kind;
  blob.size = static_cast<u32>(data.size());
  blob.name = name;
  const std::string text = digest_of(data).substr(7);
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (usize i = 0; i < blob.digest.size(); ++i)
    blob.digest[i] = static_cast<u8>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  return blob;
}

Result<Artifact> to_artifact(const Package& package) {
  const link::Manifest manifest = TRY(decode_manifest(package.manifest));
  TRY(check_listed(manifest, package));
  Artifact artifact;
  artifact.layers.push_back({media::kWasmModule, std::string(manifest.name) + ".wasm", package.module});
  for (const NamedModel& model : package.models)
    artifact.layers.push_back({media::kModel, model.name, model.data});
  for (const NativeModule& native : package.natives)
    artifact.layers.push_back({media::kNative, native.name + ".pna", native.data});
  artifact.layers.push_back({media::kManifest, "manifest.cbor", package.manifest});
  artifact.config = config_of(artifact.layers);
  artifact.annotations = {{"org.opencontainers.image.title", std::string(manifest.name)},
                          {"org.opencontainers.image.version", std::string(manifest.version)}};
  artifact.digest = digest_of(manifest_text(artifact));
  return artifact;
}

/// The layer of `type` that holds `blob`.
static Result<const Layer*> layer_of(const Artifact& artifact, const link::Blob& blob, const char* type) {
  const auto layer = std::ranges::find_if(
      artifact.layers, [&](const Layer& l) { return l.media_type == type && same_blob(blob, l.data); });
  if (layer != artifact.layers.end()) return &*layer;
  return Error(Code::digest_mismatch, "the device manifest names blob sha256:" + support::hex(blob.digest) +
                                          ", which no layer of type " + type + " holds");
}

Result<Package> from_artifact(const Artifact& artifact) {
  const Layer* module = artifact.layer(media::kWasmModule);
  const Layer* document = artifact.layer(media::kManifest);
  if (module == nullptr || document == nullptr)
    return Error(Code::unsupported, std::string("not a Pipit package: no layer of type ") +
                                        (module == nullptr ? media::kWasmModule : media::kManifest));
  const link::Manifest manifest = TRY(decode_manifest(document->data));
  Package package;
  package.manifest = document->data;
  for (const link::Blob& blob : std::span(manifest.blobs.data(), manifest.blob_count)) {
    const char* type = blob.kind == link::BlobKind::module ? media::kWasmModule : media::kModel;
    const Layer* const layer = TRY(layer_of(artifact, blob, type));
    if (blob.kind == link::BlobKind::module)
      package.module = layer->data;
    else
      package.models.push_back({std::string(blob.name), layer->data});
  }
  for (const link::Blob& blob : std::span(manifest.natives.data(), manifest.native_count)) {
    const Layer& layer = *TRY(layer_of(artifact, blob, media::kNative));
    package.natives.push_back({layer.title.substr(0, layer.title.rfind('.')), blob.target, layer.data});
  }
  if (package.module.empty()) return Error(Code::malformed, "the device manifest names no module");
  return package;
}

}  // namespace pipit::registry
