#include "orchestrator/kube/kubeconfig.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "orchestrator/kube/base64.h"
#include "orchestrator/kube/yaml.h"
#include "support/files.h"

namespace pipit::kube {
namespace {

constexpr const char* kConfig = R"(apiVersion: v1
kind: Config
current-context: here
clusters:
- name: other
  cluster: {server: https://elsewhere:6443}
- name: c
  cluster:
    server: https://127.0.0.1:16443/
    certificate-authority-data: Q0EK
contexts:
- name: here
  context: {cluster: c, user: gateway}
users:
- name: gateway
  user:
    client-certificate-data: Q0VSVAo=
    client-key-data: S0VZCg==
)";

TEST(Kubeconfig, ResolvesTheCurrentContext) {
  auto access = parse_kubeconfig(kConfig, ".");
  ASSERT_TRUE(access.ok()) << access.error().text;
  EXPECT_EQ(access->server, "https://127.0.0.1:16443");
  EXPECT_EQ(access->tls.ca, "CA\n");
  EXPECT_EQ(access->tls.certificate, "CERT\n");
  EXPECT_EQ(access->tls.key, "KEY\n");
  EXPECT_EQ(access->token, "");
}

TEST(Kubeconfig, ReadsFilesBesideIt) {
  const std::string folder = testing::TempDir() + "kubeconfig" + std::to_string(getpid());
  ASSERT_TRUE(support::write_file(folder + "/ca.pem", as_bytes("THE CA")).ok());
  ASSERT_TRUE(support::write_file(folder + "/token", as_bytes("secret\n")).ok());
  ASSERT_TRUE(support::write_file(folder + "/config", as_bytes(R"(current-context: x
clusters: [{name: c, cluster: {server: "https://h", certificate-authority: ca.pem}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {tokenFile: token}}]
)"))
                  .ok());
  auto access = load_kubeconfig(folder + "/config");
  ASSERT_TRUE(access.ok()) << access.error().text;
  EXPECT_EQ(access->tls.ca, "THE CA");
  EXPECT_EQ(access->token, "secret");
}

struct Refusal {
  const char* name;
  const char* from;
  const char* to;
  const char* message;
};

class KubeconfigRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(KubeconfigRefusal, SaysWhy) {
  std::string text = kConfig;
  const usize at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(GetParam().from).size(), GetParam().to);
  auto access = parse_kubeconfig(text, ".");
  ASSERT_FALSE(access.ok());
  EXPECT_NE(access.error().text.find(GetParam().message), std::string::npos) << access.error().text;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, KubeconfigRefusal,
    testing::Values(
        Refusal{"Context", "current-context: here", "current-context: gone", "no context \"gone\""},
        Refusal{"User", "user: gateway}", "user: nobody}", "no user \"nobody\""},
        Refusal{"Base64", "Q0EK", "Q0EK!", "certificate-authority-data: not base64"},
        Refusal{"Exec", "client-key-data: S0VZCg==", "exec: {command: x}", "exec is not supported"},
        Refusal{"Insecure", "certificate-authority-data: Q0EK", "insecure-skip-tls-verify: true",
                "insecure-skip-tls-verify is not supported"},
        Refusal{"Server", "https://127.0.0.1:16443/", "ftp://x", "not a URL"},
        Refusal{"Yaml", "clusters:", "clusters: [", ""}),
    [](const auto& info) { return info.param.name; });

TEST(Kubeconfig, MutatedTextNeverCrashes) {
  std::minstd_rand random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string text = kConfig;
    for (int i = 0; i < 4; ++i) text[random() % text.size()] = static_cast<char>(random());
    auto access = parse_kubeconfig(text, "/nonexistent");
    if (access.ok()) EXPECT_TRUE(access->server.starts_with("http"));
  }
}

TEST(Yaml, BoundsAliasBombs) {
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name <= 'i'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i ? "," : "") + "*" + static_cast<char>(name - 1);
    bomb += "]\n";
  }
  auto parsed = parse_yaml(bomb);
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.error().text.find("too large"), std::string::npos);
}

TEST(Base64, KnownVectors) {  // RFC 4648 section 10
  EXPECT_EQ(*decode_base64(""), "");
  EXPECT_EQ(*decode_base64("Zg=="), "f");
  EXPECT_EQ(*decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(*decode_base64("Zm9v\nYmE=\n"), "fooba");
  for (const char* bad : {"Z", "Zg=", "Zg===", "Zg==Zg==", "Z g=", "===="})
    EXPECT_FALSE(decode_base64(bad).ok()) << bad;
}

}  // namespace
}  // namespace pipit::kube
