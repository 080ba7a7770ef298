#include <gtest/gtest.h>

#include "orchestrator/registry/oci.h"

namespace pipit::registry {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(Reference, TagAndPort) {
  const auto reference = parse_reference("127.0.0.1:5000/team/fashion:1.0.0");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->host, "127.0.0.1:5000");
  EXPECT_EQ(reference->repository, "team/fashion");
  EXPECT_EQ(reference->tag, "1.0.0");
  EXPECT_EQ(reference->digest, "");
  EXPECT_TRUE(reference->plain_http);
  EXPECT_EQ(reference->text(), "127.0.0.1:5000/team/fashion:1.0.0");
}

TEST(Reference, DigestNeedsNoTag) {
  const auto reference = parse_reference("pipit.local/fashion@" + kDigest);
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->tag, "");
  EXPECT_EQ(reference->digest, kDigest);
  EXPECT_FALSE(reference->plain_http);
  const auto both = parse_reference("pipit.local/fashion:2@" + kDigest);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->text(), "pipit.local/fashion:2@" + kDigest);
}

TEST(Reference, TagIsLatestWhenNothingIsSaid) {
  const auto reference = parse_reference("registry.example/app");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->tag, "latest");
}

TEST(Reference, OnlyLoopbackSpeaksHttp) {
  for (const char* text : {"localhost/a", "localhost:1/a", "127.1.2.3/a", "[::1]:5000/a"}) {
    const auto reference = parse_reference(text);
    ASSERT_TRUE(reference.ok()) << text;
    EXPECT_TRUE(reference->plain_http) << text;
  }
  for (const char* text : {"127.example.org/a", "localhost.example/a", "[2001:db8::1]:5000/a"}) {
    const auto reference = parse_reference(text);
    ASSERT_TRUE(reference.ok()) << text;
    EXPECT_FALSE(reference->plain_http) << text;
  }
}

TEST(Reference, RefusesWhatIsNoReference) {
  const std::string wrong[] = {
      "",
      "fashion",
      "fashion:1",
      "team/fashion",
      "host.x/",
      "host.x/UPPER",
      "host.x/a//b",
      "host.x/a/",
      "host.x/-a",
      "host.x/a..b",
      "host.x/a___b",
      "host.x/a:",
      "host.x/a:.tag",
      "host.x/a:t/g",
      "host.x/a:" + std::string(129, 't'),
      "host.x/a@sha256:12",
      "host.x/a@md5:" + std::string(64, 'a'),
      "host.x/a@sha256:" + std::string(64, 'A'),
      "host.x:0/a",
      "host.x:65536/a",
      "host.x:1x/a",
      "ho st.x/a",
      "host.x/a b",
      "host.x/a?b",
      "host.x/a#b",
      "[::1/a",
      "user@host.x/a",
      "host.x/" + std::string(600, 'a'),
  };
  for (const std::string& text : wrong) {
    const auto reference = parse_reference(text);
    ASSERT_FALSE(reference.ok()) << text;
    EXPECT_EQ(reference.error().code, Code::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace pipit::registry
