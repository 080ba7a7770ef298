#include "orchestrator/gateway/pod_volumes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "support/files.h"

namespace pipit::gateway {
namespace {

namespace fs = std::filesystem;
using support::Json;

/// One that has both kinds, and the token's volume, which says nothing to a machine.
constexpr const char* kSpec = R"({
  "volumes": [
    {"name": "settings", "configMap": {"name": "web", "defaultMode": 420,
      "items": [{"key": "a.conf", "path": "sub/a.conf"}]}},
    {"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "2Mi"}},
    {"name": "default-token-x", "secret": {"secretName": "default-token-x"}}],
  "containers": [{"name": "web", "volumeMounts": [
    {"name": "settings", "mountPath": "/etc/web/", "readOnly": true},
    {"name": "cache", "mountPath": "/cache"},
    {"name": "default-token-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]}]
})";

std::string read(const Json& spec, std::vector<PodMount>& out) {
  return read_mounts(spec, spec["containers"][0], out);
}

TEST(PodVolumes, ReadsConfigMapsAndEmptyDirs) {
  std::vector<PodMount> mounts;
  ASSERT_EQ(read(*support::parse_json(kSpec), mounts), "");
  ASSERT_EQ(mounts.size(), 2u);
  EXPECT_EQ(mounts[0].kind, PodMount::Kind::config_map);
  EXPECT_EQ(mounts[0].path, "/etc/web");
  EXPECT_EQ(mounts[0].config_map, "web");
  ASSERT_EQ(mounts[0].items.size(), 1u);
  EXPECT_EQ(mounts[0].items[0].path, "sub/a.conf");
  EXPECT_EQ(mounts[1].kind, PodMount::Kind::empty_dir);
  EXPECT_EQ(mounts[1].bytes, 2u << 20);
  for (const PodMount& mount : mounts) EXPECT_EQ(mount_from(to_json(mount)), mount);
}

struct Case {
  const char *name, *pointer, *value, *field;
};
class UnsupportedVolume : public testing::TestWithParam<Case> {};
TEST_P(UnsupportedVolume, IsNamed) {
  Json spec = *support::parse_json(kSpec);
  spec[Json::json_pointer(GetParam().pointer)] = *support::parse_json(GetParam().value);
  std::vector<PodMount> mounts;
  const std::string why = read(spec, mounts);
  EXPECT_TRUE(why.starts_with(std::string(GetParam().field) + ": ")) << why;
}
INSTANTIATE_TEST_SUITE_P(
    Cases, UnsupportedVolume,
    testing::Values(
        Case{"Secret", "/volumes/0", R"({"name":"settings","secret":{"secretName":"s"}})",
             "spec.volumes[0].secret"},
        Case{"HostPath", "/volumes/1", R"({"name":"cache","hostPath":{"path":"/"}})",
             "spec.volumes[1].hostPath"},
        Case{"Claim", "/volumes/3", R"({"name":"x","persistentVolumeClaim":{}})",
             "spec.volumes[3].persistentVolumeClaim"},
        Case{"HugePages", "/volumes/1/emptyDir/medium", R"("HugePages")", "spec.volumes[1].emptyDir.medium"},
        Case{"TooMuch", "/volumes/1/emptyDir/sizeLimit", R"("2Gi")", "spec.volumes[1].emptyDir.sizeLimit"},
        Case{"Upwards", "/volumes/0/configMap/items/0/path", R"("a/../../b")",
             "spec.volumes[0].configMap.items[0].path"},
        Case{"Absolute", "/volumes/0/configMap/items/0/path", R"("/b")",
             "spec.volumes[0].configMap.items[0].path"},
        Case{"FileAndDirectory", "/volumes/0/configMap/items",
             R"([{"key":"a","path":"x"},{"key":"b","path":"x/y"}])",
             "spec.volumes[0].configMap.items[1].path"},
        Case{"DirectoryAndFile", "/volumes/0/configMap/items",
             R"([{"key":"b","path":"x/y"},{"key":"c","path":"x-y"},{"key":"a","path":"x"}])",
             "spec.volumes[0].configMap.items[2].path"},
        Case{"SubPath", "/containers/0/volumeMounts/0/subPath", R"("a")",
             "spec.containers[0].volumeMounts[0].subPath"},
        Case{"ReadOnlyEmpty", "/containers/0/volumeMounts/1/readOnly", "true",
             "spec.containers[0].volumeMounts[1].readOnly"},
        Case{"Root", "/containers/0/volumeMounts/1/mountPath", R"("/")",
             "spec.containers[0].volumeMounts[1].mountPath"},
        Case{"Twice", "/containers/0/volumeMounts/1/mountPath", R"("/etc/web")",
             "spec.containers[0].volumeMounts[1].mountPath"},
        Case{"Propagation", "/containers/0/volumeMounts/1/mountPropagation", R"("Bidirectional")",
             "spec.containers[0].volumeMounts[1].mountPropagation"},
        Case{"NoSuchVolume", "/containers/0/volumeMounts/1/name", R"("other")",
             "spec.containers[0].volumeMounts[1].name"}),
    [](const auto& info) { return info.param.name; });

TEST(PodVolumes, ProjectsKeysAsTheKubeletDoes) {
  PodMount mount;
  mount.volume = "settings";
  mount.config_map = "web";
  const Json map = {{"data", {{"a.conf", "one"}}}, {"binaryData", {{"b.bin", "AAEC"}}}};
  auto all = project(mount, &map);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(*all, (VolumeFiles{{"a.conf", "one"}, {"b.bin", std::string("\0\1\2", 3)}}));
  EXPECT_EQ(project(mount, nullptr).error().text,
            "MountVolume.SetUp failed for volume \"settings\": configmap \"web\" not found");
  mount.items = {{"a.conf", "deep/x"}, {"none", "y"}};
  EXPECT_NE(project(mount, &map).error().text.find("references non-existent config key: none"),
            std::string::npos);
  mount.optional = true;
  EXPECT_EQ(*project(mount, &map), (VolumeFiles{{"deep/x", "one"}}));
  EXPECT_EQ(*project(mount, nullptr), VolumeFiles());
}

TEST(PodVolumes, ExchangesFilesAllAtOnce) {
  const fs::path folder = testing::TempDir() + "volume-" + std::to_string(getpid());
  fs::remove_all(folder);
  const auto text = [&](const char* name) {
    const auto data = support::read_file((folder / name).string());
    return data.ok() ? std::string(as_text(*data)) : "none";
  };
  ASSERT_TRUE(*write_volume(folder.string(), {{"a", "1"}, {"deep/b", "2"}}));
  EXPECT_EQ(text("a"), "1");
  EXPECT_EQ(text("deep/b"), "2");
  EXPECT_FALSE(*write_volume(folder.string(), {{"a", "1"}, {"deep/b", "2"}})) << "nothing to do";
  const fs::path before = fs::read_symlink(folder / "..data");
  ASSERT_TRUE(*write_volume(folder.string(), {{"a", "3"}, {"c", "4"}}));
  EXPECT_NE(fs::read_symlink(folder / "..data"), before);
  EXPECT_EQ(text("a"), "3");
  EXPECT_EQ(text("c"), "4");
  EXPECT_EQ(text("deep/b"), "none");
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder / before))) << "the old version is gone";
  ASSERT_TRUE(*write_volume(folder.string(), {}));
  EXPECT_EQ(text("a"), "none");
  fs::remove_all(folder);
}

TEST(PodVolumes, WhatCannotBeWrittenLeavesNothing) {
  const fs::path folder = testing::TempDir() + "conflict" + std::to_string(getpid());
  ASSERT_TRUE(*write_volume(folder.string(), {{"a", "1"}}));
  const auto count = [&] { return std::distance(fs::directory_iterator(folder), {}); };
  const auto before = count();
  for (u32 i = 0; i < 3; ++i)  // a file cannot be a directory too
    EXPECT_FALSE(write_volume(folder.string(), {{"a", "1"}, {"a/b", "2"}}).ok());
  EXPECT_EQ(count(), before) << "each attempt left a version behind";
  EXPECT_EQ(as_text(*support::read_file((folder / "a").string())), "1");
  fs::remove_all(folder);
}

TEST(PodVolumes, ANameThatIsTakenIsToldOfAndTriedAgain) {
  const fs::path folder = testing::TempDir() + "taken" + std::to_string(getpid());
  ASSERT_TRUE(*write_volume(folder.string(), {{"a", "1"}}));
  ASSERT_TRUE(support::write_file((folder / "b").string(), as_bytes("foreign")).ok());
  EXPECT_FALSE(write_volume(folder.string(), {{"a", "2"}, {"b", "2"}}).ok());
  EXPECT_EQ(as_text(*support::read_file((folder / "a").string())), "1") << "what was there stays";
  fs::remove(folder / "b");
  EXPECT_TRUE(*write_volume(folder.string(), {{"a", "2"}, {"b", "2"}}));
  EXPECT_EQ(as_text(*support::read_file((folder / "b").string())), "2");
  fs::remove_all(folder);
}

TEST(PodVolumes, MutatedSpecsNeverCrash) {
  std::minstd_rand random(5);
  int well = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = kSpec;
    for (int i = 0; i < 3; ++i)
      text[random() % text.size()] = static_cast<char>("{}[]\",:0/.nulltr"[random() % 16]);
    const auto json = support::parse_json(text);
    if (!json.ok() || support::find(*json, {"containers", "0"}) == nullptr) continue;
    std::vector<PodMount> mounts;
    well += read_mounts(*json, *support::find(*json, {"containers", "0"}), mounts).empty();
    for (const PodMount& mount : mounts) (void)project(mount, &*json);
  }
  EXPECT_GT(well, 10);
}

}  // namespace
}  // namespace pipit::gateway
