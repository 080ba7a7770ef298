#include "orchestrator/registry/sample_test.h"
#include "support/files.h"

namespace pipit::registry {
namespace {

TEST(Layout, RoundTrip) {
  const TemporaryFolder folder;
  const Artifact written = sample_artifact();
  const auto digest = write_layout(written, folder.path, "1.0.0");
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(*digest, written.digest);
  const auto read = read_layout(folder.path);
  ASSERT_TRUE(read.ok()) << read.error().text;
  EXPECT_EQ(read->digest, *digest);
  EXPECT_EQ(read->config, written.config);
  EXPECT_EQ(read->annotations, written.annotations);
  ASSERT_EQ(read->layers.size(), written.layers.size());
  for (usize i = 0; i < read->layers.size(); ++i) {
    EXPECT_EQ(read->layers[i].media_type, written.layers[i].media_type);
    EXPECT_EQ(read->layers[i].title, written.layers[i].title);
    EXPECT_EQ(read->layers[i].data, written.layers[i].data);
  }
}

TEST(Layout, SameArtifactSameDigest) {
  EXPECT_EQ(sample_artifact().digest, sample_artifact().digest);
  EXPECT_NE(sample_artifact("1.0.0").digest, sample_artifact("1.0.1").digest);
}

TEST(Layout, EveryChangedBlobIsFound) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_layout(sample_artifact(), folder.path, "t").ok());
  int blobs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path + "/blobs/sha256")) {
    const std::string path = entry.path().string();
    const auto original = support::read_file(path);
    ASSERT_TRUE(original.ok());
    std::vector<u8> changed = *original;
    changed.back() ^= 1;
    ASSERT_TRUE(support::write_file(path, changed).ok());
    const auto read = read_layout(folder.path);
    ASSERT_FALSE(read.ok()) << path;
    EXPECT_EQ(read.error().code, Code::digest_mismatch) << read.error().text;
    changed.push_back(0);
    ASSERT_TRUE(support::write_file(path, changed).ok());
    EXPECT_FALSE(read_layout(folder.path).ok()) << path;
    ASSERT_TRUE(support::write_file(path, *original).ok());
    ++blobs;
  }
  EXPECT_EQ(blobs, 6);  // configuration, module, model, native code, device manifest, OCI manifest
  EXPECT_TRUE(read_layout(folder.path).ok());
}

TEST(Layout, MissingFolderNamesItself) {
  const auto read = read_layout("/nonexistent/layout");
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text.find("/nonexistent/layout"), std::string::npos);
}

/// A manifest with one value replaced.
std::string edited(std::string_view from, std::string_view to) {
  std::string text = manifest_text(sample_artifact());
  const usize at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Manifest, RefusesForeignShapes) {
  struct Case {
    std::string text;
    Code code;
  };
  const Case cases[] = {
      {"", Code::malformed},
      {"[]", Code::malformed},
      {edited("\"schemaVersion\":2", "\"schemaVersion\":1"), Code::malformed},
      {edited("\"layers\":[", "\"manifests\":["), Code::unsupported},
      {edited("\"layers\":[", "\"other\":["), Code::malformed},
      {edited(media::kWasmConfig, "application/vnd.oci.image.config.v1+json"), Code::unsupported},
      {edited("\"digest\":\"sha256:", "\"digest\":\"sha512:"), Code::malformed},
      {edited("\"digest\":\"sha256:", "\"digest\":\"sha256:../"), Code::malformed},
      {edited("\"size\":8", "\"size\":-8"), Code::out_of_range},
      {edited("\"size\":8", "\"size\":99999999999"), Code::out_of_range},
      {edited("\"size\":8", "\"size\":\"8\""), Code::out_of_range},
  };
  for (const Case& c : cases) {
    const auto parsed = parse_manifest(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.error().code, c.code) << c.text << "\n" << parsed.error().text;
  }
}

TEST(Manifest, RefusesTooManyLayers) {
  Artifact artifact = sample_artifact();
  while (artifact.layers.size() <= kMaxLayers) artifact.layers.push_back(artifact.layers[0]);
  EXPECT_FALSE(parse_manifest(manifest_text(artifact)).ok());
}

TEST(Manifest, SurvivesEveryFlippedByte) {
  const std::string text = manifest_text(sample_artifact());
  ASSERT_TRUE(parse_manifest(text).ok());
  for (usize at = 0; at < text.size(); ++at)
    for (const u8 mask : {0x01, 0x10, 0x80}) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ mask);
      const auto parsed = parse_manifest(changed);
      if (parsed.ok()) {
        EXPECT_LE(parsed->layers.size(), kMaxLayers);
        EXPECT_TRUE(valid_digest(parsed->config.digest));
      }
    }
}

}  // namespace
}  // namespace pipit::registry
