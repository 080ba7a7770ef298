#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "orchestrator/registry/manifest.h"
#include "orchestrator/registry/package.h"

/// Test data of this room: a small package, and a folder that goes when the test ends.
namespace pipit::registry {

inline std::vector<u8> to_vector(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

inline Package sample_package(std::string_view version = "1.0.0") {
  Package package;
  package.module = to_vector(as_bytes(std::string_view("\0asm\1\0\0\0", 8)));
  package.models.push_back({"net", to_vector(as_bytes("weights"))});
  package.natives.push_back({"thumbv7em", 3, to_vector(as_bytes("native code"))});
  link::Manifest manifest;
  manifest.name = "sample";
  manifest.version = version;
  manifest.sequence = 1;
  manifest.memory_bytes = 4096;
  manifest.blobs[0] = blob_entry(link::BlobKind::module, package.module, "sample");
  manifest.blobs[1] = blob_entry(link::BlobKind::model, package.models[0].data, "net");
  manifest.blob_count = 2;
  manifest.natives[0] = blob_entry(link::BlobKind::native, package.natives[0].data, "");
  manifest.natives[0].target = 3;
  manifest.native_count = 1;
  std::array<u8, 2048> buffer;
  const auto encoded = link::encode(manifest, buffer);
  EXPECT_TRUE(encoded.ok());
  package.manifest = to_vector(*encoded);
  return package;
}

inline Artifact sample_artifact(std::string_view version = "1.0.0") {
  auto artifact = to_artifact(sample_package(version));
  EXPECT_TRUE(artifact.ok());
  return std::move(*artifact);
}

struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pipit-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace pipit::registry
