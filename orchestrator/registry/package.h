#pragma once
#include <string>
#include <vector>

#include "link/messages.h"
#include "orchestrator/registry/oci.h"

/// What of an artifact goes to a device: the CBOR manifest it checks, the module and the planned models.
namespace pipit::registry {

struct NamedModel {
  std::string name;  ///< what the application's load_by_name asks for
  std::vector<u8> data;
};

/// The module compiled ahead of time for one target.
struct NativeModule {
  std::string name;  ///< the target's: "thumbv7em"
  u8 target = 0;     ///< its number in manifest and file: wasm::native::Target
  std::vector<u8> data;
};

struct Package {
  std::vector<u8> manifest;  ///< encoded link::Manifest; lists module and models by digest
  std::vector<u8> module;
  std::vector<NamedModel> models;
  std::vector<NativeModule> natives;  ///< in the order of the manifest
};

/// The link::Manifest's blob entry for `data`.
link::Blob blob_entry(link::BlobKind kind, Bytes data, std::string_view name);

/// The OCI artifact of a package. invalid_argument unless its manifest decodes and lists exactly its blobs.
support::Result<Artifact> to_artifact(const Package& package);

/// The package inside an artifact. unsupported when module or manifest layer is missing; malformed when the
/// manifest does not decode; digest_mismatch when it names a blob that no layer holds.
support::Result<Package> from_artifact(const Artifact& artifact);

}  // namespace pipit::registry
