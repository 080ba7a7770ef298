#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/text.h"
#include "link/messages.h"
#include "wasm/native/format.h"

/// Packages for the tests: real modules with a manifest.
namespace pipit::agent::testing {

using Buffer = std::vector<u8>;
/// What a blob server has, by lower-case hex of the digest.
using Blobs = std::map<std::string, Buffer>;

inline std::string hex(Bytes bytes) {
  std::string text(2 * bytes.size(), ' ');
  TextWriter out(text);
  out.hex(bytes);
  return text;
}

inline Buffer wasm(const std::string& program) {
  const std::string path = std::string(PIPIT_WASM_FOLDER) + "/agent_" + program + ".wasm";
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the devices of the tests run natively.
constexpr auto kNativeTarget = wasm::native::Target::x86_64_mewz;

struct PackageOptions {
  std::string name = "app", version = "1";
  Buffer module, model;  ///< model: none when empty
  Buffer native;         ///< for kNativeTarget; the same
  u32 memory_bytes = 8192, stack_bytes = 2048, arena_bytes = 0;
  std::vector<std::string> imports;
};

struct Package {
  Buffer manifest;
  u32 bytes = 0;  ///< of all blobs
};

/// Puts the blobs into `blobs` and returns the manifest.
inline Package make_package(const PackageOptions& options, Blobs& blobs) {
  link::Manifest manifest;
  manifest.name = options.name, manifest.version = options.version;
  manifest.memory_bytes = options.memory_bytes, manifest.stack_bytes = options.stack_bytes;
  manifest.arena_bytes = options.arena_bytes;
  Package out;
  const auto keep = [&](link::BlobKind kind, const Buffer& data, std::string_view name) {
    const auto digest = sha256(data);
    blobs[hex(digest)] = data;
    out.bytes += static_cast<u32>(data.size());
    return link::Blob{kind, digest, static_cast<u32>(data.size()), name};
  };
  manifest.blobs[manifest.blob_count++] = keep(link::BlobKind::module, options.module, "");
  if (!options.model.empty())
    manifest.blobs[manifest.blob_count++] = keep(link::BlobKind::model, options.model, "default");
  if (!options.native.empty()) {
    manifest.natives[0] = keep(link::BlobKind::native, options.native, "");
    manifest.natives[manifest.native_count++].target = static_cast<u8>(kNativeTarget);
  }
  for (const std::string& import : options.imports) manifest.imports[manifest.import_count++] = import;
  out.manifest.resize(4096);
  out.manifest.resize(link::encode(manifest, out.manifest)->size());
  return out;
}

inline Package echo(const std::string& version, Blobs& blobs) {
  return make_package({.name = "echo", .version = version, .module = wasm("echo" + version)}, blobs);
}

}  // namespace pipit::agent::testing
