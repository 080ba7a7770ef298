#include "orchestrator/gateway/images.h"

#include <unistd.h>

#include <filesystem>

#include "link/messages.h"
#include "orchestrator/registry/package.h"
#include "support/files.h"
#include "support/hex.h"

namespace pipit::gateway {

using support::Error;
using support::Result;

namespace {
constexpr usize kMaxManifestBytes = 64 * 1024;
constexpr std::string_view kAlgorithm = "sha256:";

bool is_hex_digest(std::string_view text) {
  if (text.size() != 64) return false;
  for (char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

Result<std::string> hex_of_reference(const std::string& digest) {
  const std::string_view text = digest;
  if (!text.starts_with(kAlgorithm) || !is_hex_digest(text.substr(kAlgorithm.size())))
    return Error(Code::malformed, "digest is not sha256: " + digest.substr(0, 100));
  return std::string(text.substr(kAlgorithm.size()));
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure))
    if (entry->is_regular_file(failure)) names.push_back(entry->path().filename().string());
  return names;
}

/// Everything that a device may ask for.
std::set<std::string> blobs_of(const link::Manifest& manifest) {
  std::set<std::string> names;
  for (u32 i = 0; i < manifest.blob_count; ++i) names.insert(support::hex(manifest.blobs[i].digest));
  for (u32 i = 0; i < manifest.native_count; ++i) names.insert(support::hex(manifest.natives[i].digest));
  return names;
}

}  // namespace

std::string Images::resolve(const std::string& reference) const {
  const usize slash = reference.find('/');
  if (slash == std::string::npos) return reference;
  const auto alias = aliases_.find(reference.substr(0, slash));
  return alias == aliases_.end() ? reference : alias->second + reference.substr(slash);
}

Result<Image> Images::pull(const std::string& text) {
  const registry::Reference reference = TRY(registry::parse_reference(resolve(text)));
  if (!reference.digest.empty())
    if (auto here = cached(reference.digest)) return std::move(*here);
  const registry::Artifact artifact = TRY(registry::pull(reference));
  return keep(artifact);
}

Result<Image> Images::keep(const registry::Artifact& artifact) {
  const std::string name = TRY(hex_of_reference(artifact.digest));
  const registry::Package package = TRY(registry::from_artifact(artifact));
  const auto store = [this](const std::vector<u8>& blob) {
    return support::write_file(folder_ + "/blobs/" + support::sha256_hex(blob), blob);
  };
  TRY(store(package.module));
  for (const registry::NamedModel& model : package.models) TRY(store(model.data));
  for (const registry::NativeModule& native : package.natives) TRY(store(native.data));
  // Written last: an image that is there is whole.
  TRY(support::write_file(folder_ + "/images/" + name, package.manifest));
  return Image{artifact.digest, package.manifest};
}

std::optional<Image> Images::cached(const std::string& digest) const {
  const auto name = hex_of_reference(digest);
  if (!name.ok()) return std::nullopt;
  auto data = support::read_file(folder_ + "/images/" + *name, kMaxManifestBytes);
  if (!data.ok()) return std::nullopt;
  link::Manifest manifest;
  if (!link::decode(*data, manifest).ok()) return std::nullopt;
  for (const std::string& hex : blobs_of(manifest))
    if (blob_file(hex).empty()) return std::nullopt;
  return Image{digest, std::move(data).value()};
}

void Images::keep_only(const std::set<std::string>& digests) {
  std::set<std::string> blobs;
  for (const std::string& name : names_in(folder_ + "/images")) {
    const auto image = digests.contains(std::string(kAlgorithm) + name)
                           ? cached(std::string(kAlgorithm) + name)
                           : std::nullopt;
    link::Manifest manifest;
    if (!image || !link::decode(image->manifest, manifest).ok()) {
      unlink((folder_ + "/images/" + name).c_str());
      continue;
    }
    blobs.merge(blobs_of(manifest));
  }
  for (const std::string& name : names_in(folder_ + "/blobs"))
    if (!blobs.contains(name)) unlink((folder_ + "/blobs/" + name).c_str());
}

std::string Images::blob_file(std::string_view hex) const {
  if (!is_hex_digest(hex)) return "";
  std::string path = folder_ + "/blobs/" + std::string(hex);
  return support::exists(path) ? path : "";
}

}  // namespace pipit::gateway
