// Certificates that are right and wrong in each way, a real broker, and packages by HTTPS.
#include "orchestrator/gateway/link_tls.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>

#include "orchestrator/gateway/blob_server.h"
#include "orchestrator/gateway/mqtt.h"
#include "orchestrator/gateway/testing/certificates.h"
#include "rig/services.h"
#include "support/files.h"
#include "support/http.h"
#include "support/process.h"

namespace pipit::gateway {
namespace {

class LinkTlsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { certificates_ = new Certificates; }
  static void TearDownTestSuite() {
    delete certificates_;
    certificates_ = nullptr;
  }
  static const Certificates& certificates() { return *certificates_; }
  static LinkTls load(const std::string& ca, const std::string& name) {
    auto tls = LinkTls::load(certificates().files(ca, name));
    PIPIT_CHECK(tls.ok());
    return std::move(tls).value();
  }
  static std::string text(const std::string& file) {
    const auto data = support::read_file(file);
    return data.ok() ? std::string(as_text(*data)) : "";
  }

 private:
  static Certificates* certificates_;
};
Certificates* LinkTlsTest::certificates_ = nullptr;

TEST_F(LinkTlsTest, TakesWhatFits) {
  auto tls = LinkTls::load(certificates().files("ours", "gateway"));
  ASSERT_TRUE(tls.ok()) << tls.error().text;
  EXPECT_EQ(tls->name(), "gateway.example");
  EXPECT_TRUE(tls->suits_machines().ok());
  EXPECT_TRUE(tls->client_ca().empty());
  const auto machine = tls->for_machine("waiot-010203", "broker.example");
  ASSERT_TRUE(machine.ok());
  EXPECT_TRUE(machine->key.empty());
  EXPECT_EQ(machine->broker_name, "broker.example");
  EXPECT_EQ(machine->blobs_name, "gateway.example");
  EXPECT_FALSE(machine->authority.empty());
}

TEST_F(LinkTlsTest, NamesWhatIsWrongWithWhichFile) {
  const auto& files = certificates();
  TlsFiles mixed = files.files("ours", "gateway"), half = mixed, lonely = mixed, no_pem = mixed,
           bundle = mixed;
  mixed.key = files.key("other");
  half.key.clear();
  lonely.machine_ca = files.certificate("machines");
  no_pem.key = files.certificate("gateway");
  bundle.ca = files.folder() + "/bundle";
  const std::string both = text(files.certificate("ours")) + text(files.certificate("theirs"));
  ASSERT_TRUE(support::write_file(bundle.ca, as_bytes(both)).ok());
  const struct {
    TlsFiles files;
    const char *file, *what;
  } cases[] = {
      {files.files("theirs", "gateway"), "gateway.crt", "issue it by the authority of --tls-ca"},
      {files.files("ours", "expired"), "expired.crt", "certificate has expired: issue a new one"},
      {files.files("ours", "device"), "device.crt", "extendedKeyUsage=serverAuth"},
      {files.files("ours", "nameless"), "nameless.crt", "subjectAltName"},
      {files.files("gateway", "gateway"), "gateway.crt", "no authority's certificate"},
      {mixed, "other.key", "not the key of the certificate"},
      {no_pem, "gateway.crt", "no private key in PEM"},
      {bundle, "bundle", "holds 2 certificates"},
      {half, "--tls-key", "is missing"},
      {lonely, "--machine-ca-key", "needed both"},
      {files.files("none", "gateway"), "none.crt", ""},
  };
  for (const auto& each : cases) {
    const auto tls = LinkTls::load(each.files);
    ASSERT_FALSE(tls.ok()) << each.file << each.what;
    EXPECT_NE(tls.error().text.find(each.file), std::string::npos) << tls.error().text;
    EXPECT_NE(tls.error().text.find(each.what), std::string::npos) << tls.error().text;
  }
}

TEST_F(LinkTlsTest, SaysThatMachinesDoNotKnowRsa) {
  const auto& files = certificates();
  const auto made = support::run(
      {"bash", "-ec",
       "openssl x509 -req -in gateway.csr -CA rsa.crt -CAkey rsa.key -CAcreateserial -days 30 -extfile "
       "gateway.ext -out by-rsa.crt"},
      "", {}, files.folder());
  ASSERT_TRUE(made.ok() && made->exit_code == 0);
  const auto tls = LinkTls::load({.ca = files.certificate("rsa"),
                                  .certificate = files.folder() + "/by-rsa.crt",
                                  .key = files.key("gateway")});
  ASSERT_TRUE(tls.ok()) << tls.error().text;
  const auto suits = tls->suits_machines();
  ASSERT_FALSE(suits.ok());
  EXPECT_NE(suits.error().text.find("prime256v1"), std::string::npos);
}

TEST_F(LinkTlsTest, SignsForAMachineWhatOthersVerify) {
  const auto& files = certificates();
  TlsFiles all = files.files("ours", "gateway");
  all.machine_ca = files.certificate("machines");
  all.machine_ca_key = files.key("machines");
  auto tls = LinkTls::load(all);
  ASSERT_TRUE(tls.ok()) << tls.error().text;
  const auto first = tls->for_machine("waiot-010203", ""), second = tls->for_machine("waiot-010203", "");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->key, second->key);
  const std::string name = files.folder() + "/machine";
  ASSERT_TRUE(support::write_file(name + ".der", first->certificate).ok());
  ASSERT_TRUE(support::write_file(name + ".key.der", first->key).ok());
  const auto verified =
      support::run({"bash", "-ec",
                    "openssl x509 -inform DER -in machine.der -out machine.crt; "
                    "openssl verify -purpose sslclient -CAfile machines.crt machine.crt; "
                    "openssl verify -purpose sslserver -CAfile machines.crt machine.crt && exit 3; "
                    "openssl x509 -in machine.crt -noout -subject; openssl ec -inform DER -in "
                    "machine.key.der -pubout > a; "
                    "openssl x509 -in machine.crt -pubkey -noout > b; cmp a b"},
                   "", {}, files.folder());
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->exit_code, 0) << verified->out << verified->err;
  EXPECT_NE(verified->out.find("CN = waiot-010203"), std::string::npos) << verified->out;
}

/// A broker with a listener that shows the certificate `name`, to who has one of the authority `believes`
/// (empty: to everybody), and with one in the clear.
class TestBroker {
 public:
  TestBroker(const Certificates& certificates, const std::string& name, const std::string& believes = "") {
    auto opened = rig::State::open("gateway-tls-test-" + std::to_string(getpid()));
    EXPECT_TRUE(opened.ok() && opened->claim().ok());
    state_ = std::make_unique<rig::State>(std::move(opened).value());
    secure = rig::choose_port().value_or(0), open = rig::choose_port().value_or(0);
    const std::string text = "user root\nallow_anonymous true\npersistence false\nlistener " +
                             std::to_string(open) + " 127.0.0.1\nlistener " + std::to_string(secure) +
                             " 127.0.0.1\ncafile " +
                             certificates.certificate(believes.empty() ? "ours" : believes) + "\ncertfile " +
                             certificates.certificate(name) + "\nkeyfile " + certificates.key(name) +
                             (believes.empty() ? "\n" : "\nrequire_certificate true\n");
    EXPECT_TRUE(support::write_file(state_->path("mosquitto.conf"), as_bytes(text)).ok());
    const std::string program = support::exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
    auto service = rig::Service::start(*state_, "mosquitto", {program, "-c", state_->path("mosquitto.conf")});
    EXPECT_TRUE(service.ok());
    broker_ = std::move(service).value();
    EXPECT_TRUE(broker_.wait_for_port(secure, 20'000).ok());
  }
  ~TestBroker() {
    broker_.stop();
    std::filesystem::remove_all(state_->directory());
  }
  u16 secure = 0, open = 0;

 private:
  std::unique_ptr<rig::State> state_;
  rig::Service broker_;
};

/// How a connection went: "" when it came to be, else why not.
std::string connect(u16 port, const LinkTls* link, const std::string& host = "127.0.0.1") {
  std::mutex mutex;
  std::condition_variable told;
  std::optional<std::string> outcome;
  Mqtt::Options options;
  options.host = host;
  options.port = port;
  options.client_id = "test";
  if (link != nullptr) {
    auto tls = MqttTls::create(*link, host);
    EXPECT_TRUE(tls.ok());
    options.tls = std::move(tls).value();
  }
  Mqtt::Handlers handlers;
  handlers.state = [&](bool connected, const std::string& why) {
    const std::lock_guard lock(mutex);
    if (!outcome) outcome = connected ? "" : why;
    told.notify_all();
  };
  handlers.message = [](const std::string&, const std::vector<u8>&, bool) {};
  auto mqtt = Mqtt::start(std::move(options), std::move(handlers));
  EXPECT_TRUE(mqtt.ok());
  std::unique_lock lock(mutex);
  told.wait_for(lock, std::chrono::seconds(20), [&] { return outcome.has_value(); });
  lock.unlock();
  mqtt->reset();
  return outcome.value_or("nothing happened");
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST_F(LinkTlsTest, TheBrokerIsBelievedOrItSaysWhyNot) {
  const LinkTls ours = load("ours", "gateway"), theirs = load("theirs", "stranger");
  {
    const TestBroker broker(certificates(), "gateway", "ours");
    EXPECT_EQ(connect(broker.secure, &ours), "");
    EXPECT_PRED2(holds, connect(broker.secure, &theirs), "--tls-ca must be the authority that signed it");
    EXPECT_PRED2(holds, connect(broker.secure, &ours, "localhost"),
                 "it must be for localhost (subjectAltName)");
    EXPECT_PRED2(holds, connect(broker.secure, nullptr), "does it speak TLS on this port (--tls-ca)?");
    EXPECT_PRED2(holds, connect(broker.open, &ours), "must name");
    EXPECT_EQ(connect(broker.open, nullptr), "");
  }
  EXPECT_PRED2(holds, connect(TestBroker(certificates(), "expired").secure, &ours),
               "certificate has expired: give the broker a new one");
  EXPECT_PRED2(holds, connect(TestBroker(certificates(), "other").secure, &ours),
               "IP address mismatch: it must be for 127.0.0.1");
  EXPECT_PRED2(holds, connect(TestBroker(certificates(), "device").secure, &ours), "good for servers");
}

TEST_F(LinkTlsTest, TheBrokerMayRefuseTheGateway) {
  const LinkTls ours = load("ours", "gateway");
  const TestBroker broker(certificates(), "gateway", "theirs");
  EXPECT_PRED2(holds, connect(broker.secure, &ours), "its cafile must hold who signed --tls-cert");
}

TEST_F(LinkTlsTest, PackagesGoByHttpsToWhoIsKnown) {
  const std::string folder = certificates().folder() + "/cache", blob = "contents";
  const std::string hex = support::sha256_hex(as_bytes(blob));
  ASSERT_TRUE(support::write_file(folder + "/blobs/" + hex, as_bytes(blob)).ok());
  const Images images(folder, {});
  const auto ask = [&](const char* scheme, u16 port, const std::string& ca, const std::string& client) {
    support::HttpRequest request;
    request.url = std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + "/blobs/sha256:" + hex;
    support::TlsIdentity identity;
    identity.ca = text(certificates().certificate(ca));
    if (!client.empty()) {
      identity.certificate = text(certificates().certificate(client));
      identity.key = text(certificates().key(client));
    }
    request.tls = &identity;
    const auto answer = support::http(request);
    return answer.ok() ? std::to_string(answer->status) + " " + answer->body : "none";
  };
  const LinkTls link = load("ours", "gateway");
  BlobServer open_to_all(images);
  ASSERT_TRUE(open_to_all.start("127.0.0.1", 0, &link).ok());
  ASSERT_TRUE(open_to_all.start_plain("127.0.0.1", 0).ok());
  EXPECT_EQ(ask("https", open_to_all.port(), "ours", ""), "200 contents");
  EXPECT_EQ(ask("http", open_to_all.plain_port(), "ours", ""), "200 contents");
  EXPECT_EQ(ask("https", open_to_all.port(), "theirs", ""), "none");
  EXPECT_EQ(ask("http", open_to_all.port(), "ours", ""), "none") << "in the clear on the TLS port";
  EXPECT_EQ(ask("https", open_to_all.plain_port(), "ours", ""), "none");

  TlsFiles all = certificates().files("ours", "gateway");
  all.machine_ca = certificates().certificate("machines");
  all.machine_ca_key = certificates().key("machines");
  const auto strict = LinkTls::load(all);
  ASSERT_TRUE(strict.ok());
  BlobServer for_known(images);
  ASSERT_TRUE(for_known.start("127.0.0.1", 0, &*strict).ok());
  EXPECT_EQ(ask("https", for_known.port(), "ours", "gateway"), "200 contents");
  EXPECT_EQ(ask("https", for_known.port(), "ours", "").substr(0, 3), "403");
  EXPECT_NE(ask("https", for_known.port(), "ours", "stranger").substr(0, 3), "200");
}

}  // namespace
}  // namespace pipit::gateway
