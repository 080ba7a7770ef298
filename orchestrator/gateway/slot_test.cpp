#include "orchestrator/gateway/slot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "link/messages.h"
#include "orchestrator/gateway/gateway.h"
#include "orchestrator/registry/package.h"
#include "support/files.h"

namespace pipit::gateway {
namespace {

Slot full() {
  Slot slot;
  slot.generation = 42;
  slot.previous = "default/old";
  slot.app = SlotApp{"u-1",         "default", "fashion",  Owner{"DaemonSet", "fashion", "d-1"},
                     "sha256:feed", 3,         {"a", "b"}, {"K=v"}};
  return slot;
}

TEST(SlotTest, EncodesWhatTheDeviceIsTold) {
  const std::vector<u8> manifest = {1, 2, 3};
  auto message = encode_desired(full(), manifest);
  ASSERT_TRUE(message.ok());
  link::Desired desired;
  ASSERT_TRUE(link::decode(*message, desired).ok());
  EXPECT_TRUE(desired.app);
  EXPECT_EQ(desired.generation, 42u);
  EXPECT_EQ(desired.instance, "u-1");
  EXPECT_EQ(desired.attempt, 3u);
  EXPECT_EQ(desired.argument_count, 2u);
  EXPECT_EQ(desired.arguments[1], "b");
  EXPECT_EQ(desired.environment[0], "K=v");
  EXPECT_TRUE(std::equal(desired.manifest.begin(), desired.manifest.end(), manifest.begin(), manifest.end()));

  Slot nothing;
  nothing.generation = 43;
  message = encode_desired(nothing, {});
  ASSERT_TRUE(message.ok());
  link::Desired none;
  ASSERT_TRUE(link::decode(*message, none).ok());
  EXPECT_FALSE(none.app);
}

TEST(SlotTest, RefusesAManifestThatIsTooLarge) {
  const std::vector<u8> manifest(1 << 20);
  EXPECT_FALSE(encode_desired(full(), manifest).ok());
}

TEST(SlotTest, GenerationsOnlyGrow) {
  EXPECT_EQ(next_generation(0, 0, 1000), 1000u);
  EXPECT_EQ(next_generation(5000, 0, 1000), 5001u) << "the clock went back";
  EXPECT_EQ(next_generation(5000, 9000, 1000), 9001u) << "an earlier gateway was further";
}

TEST(SlotTest, SurvivesItsJson) {
  const support::Json json = to_json(full());
  const Slot again = slot_from(json);
  EXPECT_EQ(to_json(again), json);
  ASSERT_TRUE(again.app);
  EXPECT_TRUE(again.app->same_run(*full().app));
  EXPECT_EQ(again.app->owner->uid, "d-1");
  EXPECT_FALSE(slot_from(support::Json(7)).app);
  EXPECT_EQ(slot_from(*support::parse_json(R"({"generation":-5,"app":{"attempt":-1}})")).generation, 0u);
}

TEST(EndpointTest, IsHostAndPort) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_endpoint("localhost:1883")->host, "localhost");
  for (const char* bad : {"", "x", ":1", "x:", "x:99999", "x:1y"})
    EXPECT_FALSE(parse_endpoint(bad).ok()) << bad;
}

TEST(ImagesTest, AliasesReplaceTheRegistryOnly) {
  const Images images("/nonexistent", {{"pipit.local", "127.0.0.1:5000"}});
  EXPECT_EQ(images.resolve("pipit.local/fashion:v1"), "127.0.0.1:5000/fashion:v1");
  EXPECT_EQ(images.resolve("pipit.localx/fashion:v1"), "pipit.localx/fashion:v1");
  EXPECT_EQ(images.resolve("fashion"), "fashion");
  EXPECT_FALSE(images.cached("sha256:../../etc/passwd").has_value());
  EXPECT_EQ(images.blob_file("../slots.json"), "");
}

TEST(ImagesTest, KeepsWhatIsUsed) {
  const std::string folder = testing::TempDir() + "images" + std::to_string(getpid());
  const auto add = [&](const std::string& image_hex, const std::string& blob) {
    link::Manifest manifest;
    manifest.name = "demo";
    manifest.version = "1";
    manifest.memory_bytes = 65536;
    manifest.stack_bytes = 8192;
    manifest.blobs[0] = registry::blob_entry(link::BlobKind::module, as_bytes(blob), "");
    manifest.blob_count = 1;
    u8 buffer[512];
    const auto encoded = link::encode(manifest, buffer);
    ASSERT_TRUE(encoded.ok());
    ASSERT_TRUE(support::write_file(folder + "/images/" + image_hex, *encoded).ok());
    ASSERT_TRUE(
        support::write_file(folder + "/blobs/" + support::sha256_hex(as_bytes(blob)), as_bytes(blob)).ok());
  };
  const std::string used(64, 'a'), unused(64, 'b');
  add(used, "used module");
  add(unused, "unused module");
  Images images(folder, {});
  ASSERT_TRUE(images.cached("sha256:" + unused).has_value());
  images.keep_only({"sha256:" + used});
  EXPECT_TRUE(images.cached("sha256:" + used).has_value());
  EXPECT_FALSE(images.cached("sha256:" + unused).has_value());
  EXPECT_NE(images.blob_file(support::sha256_hex(as_bytes("used module"))), "");
  EXPECT_EQ(images.blob_file(support::sha256_hex(as_bytes("unused module"))), "");
}

}  // namespace
}  // namespace pipit::gateway
