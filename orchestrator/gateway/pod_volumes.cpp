#include "orchestrator/gateway/pod_volumes.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "orchestrator/gateway/pod_spec.h"
#include "orchestrator/kube/base64.h"
#include "support/files.h"

namespace pipit::gateway {

namespace fs = std::filesystem;
using support::Error;
using support::find;
using support::Json;
using support::text_at;

namespace {

constexpr const char* kTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr usize kMaxPathBytes = 255;
constexpr u64 kLeastEmptyDirBytes = 64u << 10, kMostEmptyDirBytes = u64{1} << 30;
constexpr const char* kData = "..data";
constexpr const char* kNewData = "..data_new";

std::string complaint(const std::string& field, const std::string& why) { return field + ": " + why; }

const Json* array_at(const Json& json, std::string_view key) {
  const Json* found = find(json, {key});
  return found != nullptr && found->is_array() ? found : nullptr;
}

/// Relative, and within what it is relative to.
bool is_inside(const std::string& path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.front() == '/' || path.starts_with(".."))
    return false;
  for (const fs::path& part : fs::path(path))
    if (part == ".." || part == "." || part.empty()) return false;
  return true;
}

/// Whether one of the two would have to be a directory that holds the other.
bool contains_path(const std::string& a, const std::string& b) {
  return a.starts_with(b + "/") || b.starts_with(a + "/");
}

std::string read_config_map(const Json& source, const std::string& field, PodMount& out) {
  out.kind = PodMount::Kind::config_map;
  out.config_map = text_at(source, {"name"});
  out.optional = support::bool_at(source, {"optional"});
  if (out.config_map.empty()) return complaint(field + ".configMap.name", "is missing");
  const Json* items = array_at(source, "items");
  for (usize i = 0; items != nullptr && i < items->size(); ++i) {
    PodMount::Item item{text_at((*items)[i], {"key"}), text_at((*items)[i], {"path"})};
    const std::string where = field + ".configMap.items[" + std::to_string(i) + "].path";
    if (!is_inside(item.path)) return complaint(where, "leaves the directory");
    if (std::ranges::any_of(out.items,
                            [&](const auto& other) { return contains_path(item.path, other.path); }))
      return complaint(where, "cannot be a file and a directory");
    out.items.push_back(std::move(item));
  }
  return "";
}

std::string read_empty_dir(const Json& source, const std::string& field, PodMount& out) {
  out.kind = PodMount::Kind::empty_dir;
  out.bytes = kEmptyDirBytes;
  const std::string medium = text_at(source, {"medium"}), limit = text_at(source, {"sizeLimit"});
  if (!medium.empty() && medium != "Memory")
    return complaint(field + ".emptyDir.medium", "a machine's emptyDir is in its memory, not in " + medium);
  if (limit.empty()) return "";
  const auto bytes = parse_bytes(limit);
  if (!bytes || *bytes < kLeastEmptyDirBytes || *bytes > kMostEmptyDirBytes)
    return complaint(field + ".emptyDir.sizeLimit", limit + " is not 64Ki to 1Gi");
  out.bytes = *bytes;
  return "";
}

std::string read_volume(const Json& volume, const std::string& field, PodMount& out) {
  out.volume = text_at(volume, {"name"});
  if (!volume.is_object()) return complaint(field, "is no volume");
  for (const auto& [kind, source] : volume.items()) {
    if (kind == "name") continue;
    if (kind == "configMap") return read_config_map(source, field, out);
    if (kind == "emptyDir") return read_empty_dir(source, field, out);
    std::string name = field;
    name += '.';
    name += kind;
    return complaint(name, "a machine mounts configMap and emptyDir, nothing else");
  }
  return read_empty_dir(Json::object(), field, out);  // what a volume is that says nothing
}

std::string check_mount(const Json& mount, const std::string& field, const PodMount& made) {
  for (const char* what : {"subPath", "subPathExpr"})
    if (!text_at(mount, {what}).empty())
      return complaint(field + "." + what, "a machine mounts whole volumes; use items");
  if (!text_at(mount, {"mountPropagation"}, "None").starts_with("None"))
    return complaint(field + ".mountPropagation", "nothing is mounted below a machine's directories");
  if (made.path.size() < 2 || made.path.size() > kMaxPathBytes || made.path.front() != '/' ||
      made.path.find("..") != std::string::npos)
    return complaint(field + ".mountPath", "is no absolute path below /");
  if (made.kind == PodMount::Kind::empty_dir && support::bool_at(mount, {"readOnly"}))
    return complaint(field + ".readOnly", "an emptyDir that is not written to stays empty");
  return "";
}

std::string check_counts(const std::vector<PodMount>& mounts) {
  usize config_maps = 0, empty_dirs = 0;
  for (const PodMount& mount : mounts)
    ++(mount.kind == PodMount::Kind::config_map ? config_maps : empty_dirs);
  if (config_maps > kMaxConfigMounts || empty_dirs > kMaxEmptyDirs)
    return complaint("spec.containers[0].volumeMounts", "a machine has at most 4 of each kind");
  return "";
}

std::string mount_one(const Json& mount, const std::string& field, const std::vector<PodMount>& volumes,
                      std::vector<PodMount>& out) {
  const std::string name = text_at(mount, {"name"});
  const auto volume = std::ranges::find(volumes, name, &PodMount::volume);
  if (volume == volumes.end()) return complaint(field + ".name", "there is no volume " + name);
  PodMount made = *volume;
  made.path = text_at(mount, {"mountPath"});
  while (made.path.size() > 1 && made.path.back() == '/') made.path.pop_back();
  if (auto why = check_mount(mount, field, made); !why.empty()) return why;
  if (std::ranges::find(out, made.path, &PodMount::path) != out.end())
    return complaint(field + ".mountPath", "is another's too");
  if (made.kind == PodMount::Kind::empty_dir && std::ranges::find(out, name, &PodMount::volume) != out.end())
    return complaint(field, "an emptyDir is mounted once");
  out.push_back(std::move(made));
  return "";
}

support::Result<std::string> contents(const Json& config_map, const std::string& key, bool& found) {
  found = true;
  if (const Json* text = find(config_map, {"data", key}); text != nullptr && text->is_string())
    return text->get<std::string>();
  if (const Json* binary = find(config_map, {"binaryData", key}); binary != nullptr && binary->is_string())
    return kube::decode_base64(binary->get<std::string>());
  found = false;
  return std::string();
}

VolumeFiles read_volume_files(const fs::path& directory) {
  VolumeFiles files;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed))
    if (at->is_regular_file(failed))
      if (auto data = support::read_file(at->path().string()); data.ok())
        files[at->path().lexically_relative(directory).generic_string()] = std::string(as_text(*data));
  return files;
}

support::Status write_all(const fs::path& directory, const VolumeFiles& files) {
  TRY(support::make_directories(directory.string()));
  for (const auto& [path, text] : files)
    TRY(support::write_file((directory / path).string(), as_bytes(std::string_view(text))));
  return {};
}

/// A folder name that nothing there has.
fs::path fresh_folder(const fs::path& directory) {
  std::error_code ignored;
  for (u32 i = 0;; ++i)
    if (fs::path made = directory / ("..version-" + std::to_string(i));
        !fs::exists(fs::symlink_status(made, ignored)))
      return made;
}

/// Makes `version` what the directory shows: all names in it lead through one link, which is replaced at
/// once.
support::Status show(const fs::path& top, const fs::path& version, const VolumeFiles& files) {
  std::error_code failed;
  std::set<std::string> names;
  for (const auto& [path, text] : files) names.insert(fs::path(path).begin()->string());
  for (const std::string& name : names) {
    if (!fs::is_symlink(fs::symlink_status(top / name, failed)))
      fs::create_symlink(fs::path(kData) / name, top / name, failed);
    if (failed) return Error(Code::io, (top / name).string() + ": " + failed.message());
  }
  fs::remove(top / kNewData, failed);
  fs::create_symlink(version, top / kNewData, failed);
  if (!failed) fs::rename(top / kNewData, top / kData, failed);
  if (failed) return Error(Code::io, top.string() + ": " + failed.message());
  // What the versions before had, and they themselves.
  std::vector<fs::path> stale;
  for (fs::directory_iterator at(top, failed), end; !failed && at != end; at.increment(failed))
    if (const std::string name = at->path().filename().string();
        name != kData && name != version && !names.contains(name))
      stale.push_back(at->path());
  for (const fs::path& each : stale) fs::remove_all(each, failed);
  return {};
}

}  // namespace

std::set<std::string> token_volumes(const Json& container) {
  std::set<std::string> names;
  if (const Json* mounts = array_at(container, "volumeMounts"); mounts != nullptr)
    for (const Json& mount : *mounts)
      if (text_at(mount, {"mountPath"}) == kTokenPath) names.insert(text_at(mount, {"name"}));
  return names;
}

std::string read_mounts(const Json& spec, const Json& container, std::vector<PodMount>& out) {
  std::vector<PodMount> volumes;
  const Json* mounts = array_at(container, "volumeMounts");
  const std::set<std::string> tokens = token_volumes(container);
  const Json* all = array_at(spec, "volumes");
  for (usize i = 0; all != nullptr && i < all->size(); ++i) {
    if (tokens.contains(text_at((*all)[i], {"name"}))) continue;
    PodMount volume;
    if (auto why = read_volume((*all)[i], "spec.volumes[" + std::to_string(i) + "]", volume); !why.empty())
      return why;
    volumes.push_back(std::move(volume));
  }
  for (usize i = 0; mounts != nullptr && i < mounts->size(); ++i) {
    if (text_at((*mounts)[i], {"mountPath"}) == kTokenPath) continue;
    const std::string field = "spec.containers[0].volumeMounts[" + std::to_string(i) + "]";
    if (auto why = mount_one((*mounts)[i], field, volumes, out); !why.empty()) return why;
  }
  return check_counts(out);
}

Json to_json(const PodMount& mount) {
  Json items = Json::array();
  for (const PodMount::Item& item : mount.items) items.push_back({{"key", item.key}, {"path", item.path}});
  return {{"path", mount.path},         {"volume", mount.volume}, {"configMap", mount.config_map},
          {"optional", mount.optional}, {"items", items},         {"bytes", mount.bytes}};
}

PodMount mount_from(const Json& json) {
  PodMount mount;
  mount.path = text_at(json, {"path"});
  mount.volume = text_at(json, {"volume"});
  mount.config_map = text_at(json, {"configMap"});
  mount.kind = mount.config_map.empty() ? PodMount::Kind::empty_dir : PodMount::Kind::config_map;
  mount.optional = support::bool_at(json, {"optional"});
  mount.bytes = static_cast<u64>(std::max<i64>(support::int_at(json, {"bytes"}), 0));
  if (const Json* items = array_at(json, "items"))
    for (const Json& item : *items) mount.items.push_back({text_at(item, {"key"}), text_at(item, {"path"})});
  return mount;
}

support::Result<VolumeFiles> project(const PodMount& mount, const Json* config_map) {
  VolumeFiles files;
  if (config_map == nullptr) {
    if (mount.optional) return files;
    return Error(Code::not_found, "MountVolume.SetUp failed for volume \"" + mount.volume +
                                      "\": configmap \"" + mount.config_map + "\" not found");
  }
  std::vector<PodMount::Item> items = mount.items;
  if (items.empty())
    for (const char* part : {"data", "binaryData"})
      if (const Json* all = find(*config_map, {part}); all != nullptr && all->is_object())
        for (const auto& [key, value] : all->items()) items.push_back({key, key});
  for (const PodMount::Item& item : items) {
    bool found = false;
    std::string text = TRY(contents(*config_map, item.key, found));
    if (found && is_inside(item.path)) files[item.path] = std::move(text);
    if (!found && !mount.optional)
      return Error(Code::not_found, "MountVolume.SetUp failed for volume \"" + mount.volume +
                                        "\": configmap \"" + mount.config_map +
                                        "\" references non-existent config key: " + item.key);
  }
  return files;
}

support::Result<bool> write_volume(const std::string& directory, const VolumeFiles& files) {
  const fs::path top = directory;
  std::error_code failed;
  TRY(support::make_directories(directory));
  const fs::path before = fs::read_symlink(top / kData, failed);
  if (!before.empty() && read_volume_files(top / before) == files) return false;
  const fs::path version = fresh_folder(top);
  auto written = write_all(version, files);
  if (written.ok()) written = show(top, version.filename(), files);
  if (!written.ok()) {  // it is tried again and again: nothing of it may stay
    fs::remove_all(version, failed);
    return written.take_error();
  }
  return true;
}

}  // namespace pipit::gateway
