#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/json.h"

/// What a Pod's volumes become in a machine: ConfigMaps as directories that are read, emptyDirs as memory.
namespace pipit::gateway {

/// A directory that an application finds. Everything of it is said here, so that equal ones are alike.
struct PodMount {
  enum class Kind : u8 { config_map, empty_dir };
  struct Item {
    std::string key, path;
    bool operator==(const Item&) const = default;
  };
  Kind kind = Kind::config_map;
  std::string path;    ///< where the application sees it, absolute
  std::string volume;  ///< the volume's name
  std::string config_map;
  bool optional = false;    ///< the ConfigMap, or one of its keys, may be missing
  std::vector<Item> items;  ///< which keys become which files; none: each key a file of its name
  u64 bytes = 0;            ///< of an emptyDir

  bool operator==(const PodMount&) const = default;
};

constexpr u64 kEmptyDirBytes = 16u << 20;  ///< without a sizeLimit
constexpr usize kMaxConfigMounts = 4, kMaxEmptyDirs = 4;

/// Names of the volumes that hold nothing but the default service account's token, which nothing here has a
/// use for.
std::set<std::string> token_volumes(const support::Json& container);

/// Reads the volumes of a Pod's `spec` that its `container` mounts. Empty, or "spec.volumes[0].nfs: …": what
/// a machine cannot give.
std::string read_mounts(const support::Json& spec, const support::Json& container,
                        std::vector<PodMount>& out);

support::Json to_json(const PodMount& mount);
PodMount mount_from(const support::Json& json);

/// Path within the directory → contents.
using VolumeFiles = std::map<std::string, std::string>;
/// The files that `mount` is to hold, of its ConfigMap (null: there is none). The error is worded as the
/// kubelet's.
support::Result<VolumeFiles> project(const PodMount& mount, const support::Json* config_map);

/// Makes `directory` hold exactly `files`, all at once for who reads it: as in the kubelet, names are links
/// through "..data", which is exchanged by one rename. False in the result: it did already.
support::Result<bool> write_volume(const std::string& directory, const VolumeFiles& files);

}  // namespace pipit::gateway
