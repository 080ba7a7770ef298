#include "orchestrator/registry/sample_test.h"

namespace pipit::registry {
namespace {

TEST(Package, RoundTrip) {
  const Package package = sample_package();
  const auto read = from_artifact(sample_artifact());
  ASSERT_TRUE(read.ok()) << read.error().text;
  EXPECT_EQ(read->manifest, package.manifest);
  EXPECT_EQ(read->module, package.module);
  ASSERT_EQ(read->models.size(), 1u);
  EXPECT_EQ(read->models[0].name, "net");
  EXPECT_EQ(read->models[0].data, package.models[0].data);
  ASSERT_EQ(read->natives.size(), 1u);
  EXPECT_EQ(read->natives[0].name, "thumbv7em");
  EXPECT_EQ(read->natives[0].target, 3);
  EXPECT_EQ(read->natives[0].data, package.natives[0].data);
}

TEST(Package, ManifestMustListWhatIsPacked) {
  Package package = sample_package();
  package.module.push_back(0);
  EXPECT_FALSE(to_artifact(package).ok());
  package = sample_package();
  package.models[0].name = "other";
  EXPECT_FALSE(to_artifact(package).ok());
  package = sample_package();
  package.models.clear();
  EXPECT_FALSE(to_artifact(package).ok());
  package = sample_package();
  package.natives[0].target = 4;
  EXPECT_FALSE(to_artifact(package).ok());
  package.natives.clear();
  EXPECT_FALSE(to_artifact(package).ok());
}

TEST(Package, AManifestThatNoDeviceKeepsIsRefused) {
  Package package = sample_package();
  // A key that nobody knows is passed over, however long: the manifest stays a good one.
  std::vector<u8>& manifest = package.manifest;
  ASSERT_EQ(manifest[0] & 0xE0, 0xA0) << "a map";
  ++manifest[0];
  for (const u8 byte : {0x18, 0x1E, 0x59, 0x0C, 0x00}) manifest.push_back(byte);  // 30: 3072 bytes
  manifest.resize(manifest.size() + 3072);
  link::Manifest decoded;
  ASSERT_TRUE(link::decode(manifest, decoded).ok());
  const auto artifact = to_artifact(package);
  ASSERT_FALSE(artifact.ok());
  EXPECT_EQ(artifact.error().code, Code::out_of_range);
  EXPECT_NE(artifact.error().text.find("at most 3072 bytes"), std::string::npos) << artifact.error().text;
  Artifact foreign = sample_artifact();
  for (Layer& layer : foreign.layers)
    if (layer.media_type == media::kManifest) layer.data = manifest;
  EXPECT_FALSE(from_artifact(foreign).ok());
}

TEST(Package, LayersMustHoldWhatTheManifestNames) {
  Artifact artifact = sample_artifact();
  artifact.layers[1].data[0] ^= 1;
  const auto changed = from_artifact(artifact);
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().code, Code::digest_mismatch);
  artifact = sample_artifact();
  artifact.layers.pop_back();
  const auto bare = from_artifact(artifact);
  ASSERT_FALSE(bare.ok());
  EXPECT_EQ(bare.error().code, Code::unsupported);
  artifact = sample_artifact();
  artifact.layers.back().data.resize(3);
  const auto torn = from_artifact(artifact);
  ASSERT_FALSE(torn.ok());
  EXPECT_EQ(torn.error().code, Code::malformed) << torn.error().text;
}

}  // namespace
}  // namespace pipit::registry
