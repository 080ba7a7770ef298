#include "orchestrator/gateway/kubelet_api.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "support/files.h"
#include "support/http.h"
#include "support/process.h"

namespace pipit::gateway {
namespace {

using support::Json;

/// A CA, a server certificate and clients, made by openssl as a cluster's set-up would.
struct KubeletApiTest : testing::Test {
  static inline std::string folder;
  static void SetUpTestSuite() {
    folder = testing::TempDir() + "kubelet" + std::to_string(getpid());
    ASSERT_TRUE(support::make_directories(folder).ok());
    authority("ca");
    authority("other-ca");
    certificate("serving", "/CN=node", "ca", "serverAuth");
    certificate("kubelet-client", "/CN=kube-apiserver-kubelet-client", "ca", "clientAuth");
    certificate("admin", "/O=system:masters/CN=admin", "ca", "clientAuth");
    certificate("nobody", "/CN=nobody", "ca", "clientAuth");
    certificate("server-only", "/CN=kube-apiserver-kubelet-client", "ca", "serverAuth");
    certificate("stranger", "/O=system:masters/CN=kube-apiserver-kubelet-client", "other-ca", "clientAuth");
  }
  static void shell(const std::string& command) {
    auto done = support::run({"/bin/sh", "-ec", "cd " + folder + "; " + command});
    ASSERT_TRUE(done.ok() && done->exit_code == 0) << command << (done.ok() ? done->err : done.error().text);
  }
  static void authority(const std::string& name) {
    shell("openssl req -x509 -newkey rsa:2048 -nodes -keyout " + name + ".key -out " + name +
          ".crt -days 2 -subj /CN=" + name);
  }
  static void certificate(const std::string& name, const std::string& subject, const std::string& ca,
                          const std::string& usage) {
    shell("openssl req -newkey rsa:2048 -nodes -keyout " + name + ".key -out " + name + ".csr -subj " +
          subject);
    shell("printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=" + usage + "\\n' > " + name +
          ".ext; openssl x509 -req -in " + name + ".csr -CA " + ca + ".crt -CAkey " + ca +
          ".key -CAcreateserial -out " + name + ".crt -days 2 -extfile " + name + ".ext");
  }
  static std::string pem(const std::string& file) {
    auto data = support::read_file(folder + "/" + file);
    return data.ok() ? std::string(as_text(*data)) : "";
  }

  void SetUp() override {
    HttpServer::Options options;
    options.certificate = pem("serving.crt");
    options.key = pem("serving.key");
    options.client_ca = pem("ca.crt");
    auto started = api.start(options);
    ASSERT_TRUE(started.ok()) << started.error().text;
  }
  /// HTTP status, or -1 when there was no answer.
  long ask(const std::string& path, const std::string& client, std::string* body = nullptr) {
    support::TlsIdentity tls;
    tls.ca = pem("ca.crt");
    if (!client.empty()) {
      tls.certificate = pem(client + ".crt");
      tls.key = pem(client + ".key");
    }
    support::HttpRequest request;
    request.url = "https://127.0.0.1:" + std::to_string(api.port()) + path;
    request.tls = &tls;
    auto response = support::http(request);
    if (!response.ok()) return -1;
    if (body != nullptr) *body = response->body;
    return response->status;
  }

  PodLogs logs;
  KubeletApi api{logs, {[] { return Json{{"kind", "PodList"}}; }, [] { return Json(nullptr); }}};
};

TEST_F(KubeletApiTest, OnlyTheApiServerMayAsk) {
  EXPECT_EQ(ask("/pods", "kubelet-client"), 200);
  EXPECT_EQ(ask("/pods", "admin"), 200);
  EXPECT_EQ(ask("/pods", "nobody"), 401);
  EXPECT_EQ(ask("/pods", ""), 401);
  const long stranger = ask("/pods", "stranger"), server = ask("/pods", "server-only");
  EXPECT_TRUE(stranger == 401 || stranger == -1) << stranger;
  EXPECT_TRUE(server == 401 || server == -1) << server;
  EXPECT_EQ(ask("/healthz", ""), 200);
}

TEST_F(KubeletApiTest, ServesLogsAndRefusesTheRest) {
  logs.open("u", "default/fashion/app");
  logs.append("u", 0, 1, false, "hello", 0);
  logs.append("u", 1, 2, false, "world", 0);
  std::string body;
  EXPECT_EQ(ask("/containerLogs/default/fashion/app?tailLines=1", "admin", &body), 200);
  EXPECT_EQ(body, "world\n");
  EXPECT_EQ(ask("/containerLogs/default/fashion/other", "admin"), 404);
  EXPECT_EQ(ask("/containerLogs/default/fashion/app?tailLines=many", "admin"), 400);
  EXPECT_EQ(ask("/exec/default/fashion/app", "admin"), 404);
  EXPECT_EQ(ask("/stats/summary", "admin"), 503) << "the gateway did not answer in time";
}

TEST_F(KubeletApiTest, FollowsALog) {
  logs.open("u", "default/fashion/app");
  logs.append("u", 0, 1, false, "first", 0);
  support::TlsIdentity tls{pem("ca.crt"), pem("admin.crt"), pem("admin.key")};
  support::HttpRequest request;
  request.url =
      "https://127.0.0.1:" + std::to_string(api.port()) + "/containerLogs/default/fashion/app?follow=true";
  request.tls = &tls;
  request.timeout_ms = 0;
  std::string seen;
  auto response = support::http_stream(
      request,
      [&](std::string_view bytes) {
        seen += bytes;
        if (seen == "first\n") logs.append("u", 1, 2, false, "second", 0);
        if (seen == "first\nsecond\n") logs.close("u");
        return true;
      },
      [] { return false; });
  EXPECT_TRUE(response.ok());
  EXPECT_EQ(seen, "first\nsecond\n");
}

TEST(LogQueryTest, ReadsKubectlsParameters) {
  auto query = parse_log_query(
      {{"follow", "true"}, {"tailLines", "5"}, {"sinceSeconds", "10"}, {"limitBytes", "9"}}, 60'000);
  ASSERT_TRUE(query.ok());
  EXPECT_TRUE(query->follow);
  EXPECT_EQ(query->tail_lines, 5);
  EXPECT_EQ(query->since_ms, 50'000);
  EXPECT_EQ(query->limit_bytes, 9);
  for (const char* bad : {"-1", "x", "", "9999999999999999999999"})
    EXPECT_FALSE(parse_log_query({{"tailLines", bad}}, 0).ok()) << bad;
  EXPECT_FALSE(parse_log_query({{"sinceTime", "yesterday"}}, 0).ok());
  EXPECT_EQ(parse_log_query({{"sinceSeconds", "9223372036854775807"}}, 60'000)->since_ms, 0);
}

}  // namespace
}  // namespace pipit::gateway
