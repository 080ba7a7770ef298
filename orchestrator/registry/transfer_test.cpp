// Push and pull against a real registry on loopback.
#include "orchestrator/registry/sample_test.h"
#include "rig/services.h"
#include "support/files.h"
#include "support/http.h"

namespace pipit::registry {
namespace {

class Transfer : public testing::Test {
 protected:
  void SetUp() override {
    auto state = rig::State::open("registry-test-" + std::to_string(getpid()));
    ASSERT_TRUE(state.ok()) << state.error().text;
    state_.emplace(std::move(*state));
    ASSERT_TRUE(state_->claim().ok());
    auto service = rig::Registry::start(*state_);
    ASSERT_TRUE(service.ok()) << service.error().text;
    service_.emplace(std::move(*service));
  }
  void TearDown() override {
    service_.reset();
    if (state_) std::filesystem::remove_all(state_->directory());
  }
  Reference at(const std::string& path) {
    auto reference = parse_reference(service_->host() + "/" + path);
    EXPECT_TRUE(reference.ok());
    return *reference;
  }
  /// The file in which the registry keeps a blob.
  std::string stored(const std::string& digest) {
    const std::string hex = digest.substr(7);
    return state_->path("registry/docker/registry/v2/blobs/sha256/" + hex.substr(0, 2) + "/" + hex + "/data");
  }
  std::optional<rig::State> state_;
  std::optional<rig::Registry> service_;
};

TEST_F(Transfer, PushThenPullByTagAndByDigest) {
  const Artifact artifact = sample_artifact();
  const auto digest = push(artifact, at("team/sample:1.0.0"));
  ASSERT_TRUE(digest.ok()) << digest.error().text;
  EXPECT_EQ(*digest, artifact.digest);
  for (const std::string& path : {std::string("team/sample:1.0.0"), "team/sample@" + *digest}) {
    const auto pulled = pull(at(path));
    ASSERT_TRUE(pulled.ok()) << pulled.error().text;
    EXPECT_EQ(pulled->digest, *digest);
    EXPECT_EQ(pulled->config, artifact.config);
    EXPECT_TRUE(from_artifact(*pulled).ok());
  }
}

TEST_F(Transfer, PushTwiceAndTwoVersions) {
  ASSERT_TRUE(push(sample_artifact("1"), at("sample:1")).ok());
  ASSERT_TRUE(push(sample_artifact("1"), at("sample:1")).ok());
  ASSERT_TRUE(push(sample_artifact("2"), at("sample:2")).ok());
  const auto first = pull(at("sample:1"));
  const auto second = pull(at("sample:2"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->digest, second->digest);
}

TEST_F(Transfer, LargeLayer) {
  Artifact artifact = sample_artifact();
  std::vector<u8> data(3'000'000);
  for (usize i = 0; i < data.size(); ++i) data[i] = static_cast<u8>(i * 2654435761u >> 24);
  artifact.layers.push_back({"application/octet-stream", "large", data});
  ASSERT_TRUE(push(artifact, at("large:1")).ok());
  const auto pulled = pull(at("large:1"));
  ASSERT_TRUE(pulled.ok()) << pulled.error().text;
  EXPECT_EQ(pulled->layers.back().data, data);
}

TEST_F(Transfer, MissingIsNotFound) {
  const auto pulled = pull(at("nothing:1"));
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::not_found);
  EXPECT_NE(pulled.error().text.find("nothing:1"), std::string::npos);
}

TEST_F(Transfer, BlobChangedInTheRegistryIsRefused) {
  const Artifact artifact = sample_artifact();
  ASSERT_TRUE(push(artifact, at("sample:1")).ok());
  const std::string file = stored(digest_of(artifact.layers[0].data));
  auto data = support::read_file(file);
  ASSERT_TRUE(data.ok()) << data.error().text;
  data->back() ^= 1;
  ASSERT_TRUE(support::write_file(file, *data).ok());
  const auto pulled = pull(at("sample:1"));
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::digest_mismatch) << pulled.error().text;
}

TEST_F(Transfer, PushUnderAnotherDigestIsRefused) {
  const auto pushed = push(sample_artifact(), at("sample@sha256:" + std::string(64, '0')));
  ASSERT_FALSE(pushed.ok());
  EXPECT_EQ(pushed.error().code, Code::digest_mismatch);
}

TEST_F(Transfer, UnreachableRegistryIsUnavailable) {
  const Reference reference = at("sample:1");
  service_->service.stop();
  const auto pulled = pull(reference);
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::unavailable) << pulled.error().text;
  EXPECT_NE(pulled.error().text.find(reference.text()), std::string::npos);
  EXPECT_FALSE(push(sample_artifact(), reference).ok());
}

}  // namespace
}  // namespace pipit::registry
