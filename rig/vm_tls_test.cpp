// The device agent of a machine dials a real broker inside TLS, and refuses one it cannot believe.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "rig/board.h"
#include "rig/initrd.h"
#include "rig/services.h"
#include "support/files.h"
#include "support/json.h"

namespace pipit::rig {
namespace {

using support::Result;

constexpr const char kMakeCertificates[] = R"(
for ca in ours theirs; do
  openssl ecparam -name prime256v1 -genkey -noout -out $ca.key
  openssl req -x509 -new -key $ca.key -subj "/CN=$ca" -days 30 -out $ca.crt
  openssl x509 -in $ca.crt -outform DER -out $ca.der
done
for name in broker device; do
  openssl ecparam -name prime256v1 -genkey -noout -out $name.key
  openssl req -new -key $name.key -subj "/CN=$name" -out $name.csr
  [ $name = broker ] && usage=serverAuth || usage=clientAuth,serverAuth
  printf 'extendedKeyUsage=%s\nsubjectAltName=DNS:%s\n' $usage $name > $name.ext
  openssl x509 -req -in $name.csr -CA ours.crt -CAkey ours.key -CAcreateserial -days 30 -extfile $name.ext -out $name.crt
done
openssl x509 -in device.crt -outform DER -out device.der
openssl ec -in device.key -outform DER -out device.key.der)";

/// mosquitto with one listener in TLS that asks for a device's certificate, and one without TLS on loopback
/// for the test's own eyes.
class SecureBroker : public testing::Test {
 protected:
  void SetUp() override {
    auto state = State::open("mewz-tls-test-" + std::to_string(getpid()));
    ASSERT_TRUE(state.ok()) << state.error().text;
    state_.emplace(std::move(state).value());
    ASSERT_TRUE(state_->claim().ok());
    const auto made = support::run({"bash", "-ec", kMakeCertificates}, "", {}, state_->directory());
    ASSERT_TRUE(made.ok() && made->exit_code == 0) << (made.ok() ? made->err : made.error().text);
    auto secure = choose_port(), open = choose_port();
    ASSERT_TRUE(secure.ok() && open.ok());
    secure_port_ = *secure, open_port_ = *open;
    const std::string file = state_->path("mosquitto.conf");
    const std::string text =
        "user root\nper_listener_settings false\nallow_anonymous true\npersistence false\nlistener " +
        std::to_string(open_port_) + " 127.0.0.1\nlistener " + std::to_string(secure_port_) +
        " 127.0.0.1\ncafile " + state_->path("ours.crt") + "\ncertfile " + state_->path("broker.crt") +
        "\nkeyfile " + state_->path("broker.key") + "\nrequire_certificate true\n";
    ASSERT_TRUE(support::write_file(file, as_bytes(text)).ok());
    const std::string program = support::exists("/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto";
    auto service = Service::start(*state_, "mosquitto", {program, "-c", file, "-v"});
    ASSERT_TRUE(service.ok()) << service.error().text;
    broker_ = std::move(service).value();
    ASSERT_TRUE(broker_.wait_for_port(secure_port_, 20'000).ok());

    std::vector<InitrdFile> files;
    for (const char* name : {"ours.der", "theirs.der", "device.der", "device.key.der"}) {
      auto data = support::read_file(state_->path(name));
      ASSERT_TRUE(data.ok()) << data.error().text;
      files.push_back({std::string("tls/") + name, std::move(data).value()});
    }
    auto archive = make_initrd(files);
    ASSERT_TRUE(archive.ok() && support::write_file(state_->path("tls.tar"), *archive).ok());
  }
  void TearDown() override {
    broker_.stop();
    if (state_) std::filesystem::remove_all(state_->directory());
  }

  Result<Board> start(const std::string& words, u16 port) {
    BoardOptions options;
    options.board = kMewzBoard;
    options.firmware = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/" + image_name(kMewzBoard);
    options.directory = state_->directory() + "/mewz";
    options.mac = "52:54:00:0f:0e:0f";
    options.broker_host = options.blob_host = {10, 0, 2, 2};
    options.broker_port = port;
    options.blob_port = 1;
    options.token = "a-token";
    options.machine.initrd = state_->path("tls.tar");
    options.machine.arguments = words;
    options.machine.forwards = forwards_;
    return Board::start(options);
  }
  std::string console() const {
    auto text = support::read_file(state_->directory() + "/mewz/console.log");
    return text.ok() ? std::string(as_text(*text)) : "";
  }
  /// Whether the console says `line` within 20 s.
  bool says(const std::string& line) const {
    for (int i = 0; i < 200; ++i, usleep(100'000))
      if (console().find(line) != std::string::npos) return true;
    return false;
  }

  std::optional<State> state_;
  Service broker_;
  u16 secure_port_ = 0, open_port_ = 0;
  std::vector<VmOptions::Forward> forwards_;
};

constexpr const char kMine[] = " tls.certificate=tls/device.der tls.key=tls/device.key.der";

TEST_F(SecureBroker, HearsAMachineThatShowsItsCertificate) {
  auto machine = start(std::string("tls.ca=tls/ours.der tls.broker=broker") + kMine, secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  const auto heard = support::run({"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(open_port_), "-t",
                                   "pipit/waiot-0f0e0f/hello", "-C", "1", "-W", "30", "-F", "%t"});
  ASSERT_TRUE(heard.ok()) << heard.error().text;
  EXPECT_EQ(heard->out, "pipit/waiot-0f0e0f/hello\n") << console() << log_tail(broker_.log_file());
  machine->power_off();
}

TEST_F(SecureBroker, IsRefusedWhenAnotherAuthoritySignedIt) {
  auto machine = start("tls.ca=tls/theirs.der", secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_TRUE(says("tls: broker: the other side's certificate is not signed by the authority")) << console();
  machine->power_off();
}

TEST_F(SecureBroker, IsRefusedUnderAnotherName) {
  auto machine = start("tls.ca=tls/ours.der tls.broker=elsewhere", secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_TRUE(says("tls: broker: the other side's certificate is for another name")) << console();
  machine->power_off();
}

TEST_F(SecureBroker, RefusesAMachineWithoutACertificate) {
  auto machine = start("tls.ca=tls/ours.der tls.broker=broker", secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_TRUE(says("tls: broker: the other side refused")) << console();
  machine->power_off();
}

TEST_F(SecureBroker, IsNotSpokenToWithoutTls) {
  auto machine = start("tls.ca=tls/ours.der", open_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_TRUE(says("tls: broker: the connection ended during the handshake")) << console();
  EXPECT_EQ(console().find("admitted"), std::string::npos);
  machine->power_off();
}

/// What a machine answers to `request` when it is called with these options of openssl's.
std::string call(const State& state, u16 port, const std::string& options, const std::string& request) {
  const std::string command =
      "printf '" + request +
      "' | timeout 20 openssl s_client -quiet -connect 127.0.0.1:" + std::to_string(port) +
      " -CAfile ours.crt -verify_return_error -verify_hostname device " + options;
  const auto called = support::run({"bash", "-c", command}, "", {}, state.directory());
  return called.ok() ? called->out : called.error().text;
}

TEST_F(SecureBroker, AMachineThatListensSaysWhatItDoesToWhomTheAuthoritySigned) {
  auto port = choose_port();
  ASSERT_TRUE(port.ok());
  forwards_ = {{*port, 8443}};
  auto machine = start(std::string("tls.ca=tls/ours.der tls.port=8443") + kMine, secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  ASSERT_TRUE(says("agent: waiot-0f0e0f")) << console();
  const std::string mine = "-cert device.crt -key device.key";
  // The network is up a moment after that line.
  std::string answer;
  for (int i = 0; i < 100 && answer.empty(); ++i, usleep(100'000))
    answer = call(*state_, *port, mine, "GET / HTTP/1.0\\r\\n\\r\\n");
  const auto body = answer.find("\r\n\r\n");
  ASSERT_TRUE(answer.starts_with("HTTP/1.0 200 OK\r\n") && body != answer.npos) << answer << console();
  const auto status = support::Json::parse(answer.substr(body + 4), nullptr, false);
  ASSERT_TRUE(status.is_object()) << answer;
  EXPECT_EQ(status["device"], "waiot-0f0e0f");
  EXPECT_EQ(status["active"]["state"], "none");
  EXPECT_GT(status["uptime_ms"], 0);

  EXPECT_TRUE(call(*state_, *port, mine, "GET /other HTTP/1.0\\r\\n\\r\\n").starts_with("HTTP/1.0 404"));
  EXPECT_EQ(call(*state_, *port, "", "GET / HTTP/1.0\\r\\n\\r\\n"), "");
  EXPECT_TRUE(says("tls: caller: the other side shows no certificate")) << console();
  EXPECT_EQ(call(*state_, *port, "-cert theirs.crt -key theirs.key", "GET / HTTP/1.0\\r\\n\\r\\n"), "");
  EXPECT_TRUE(says("tls: caller: the other side's certificate is not signed by the authority")) << console();
  // Whoever says nothing is given up, and the next one answered.
  auto silent = support::Process::start(
      {"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(*port) + "; exec sleep 60"}, {});
  ASSERT_TRUE(silent.ok()) << silent.error().text;
  EXPECT_TRUE(call(*state_, *port, mine, "GET / HTTP/1.0\\r\\n\\r\\n").starts_with("HTTP/1.0 200"));
  silent->kill_now();
  machine->power_off();
}

TEST_F(SecureBroker, AMachineThatShallListenNeedsACertificate) {
  auto machine = start("tls.ca=tls/ours.der tls.port=8443", secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_TRUE(says("tls.port: who is called needs tls.certificate and tls.key")) << console();
  EXPECT_TRUE(says("mewz: exit 78")) << console();
}

TEST_F(SecureBroker, AMachineWithoutTheFileItWasToldOfDoesNotStart) {
  auto machine = start("tls.ca=tls/none.der", secure_port_);
  ASSERT_TRUE(machine.ok()) << machine.error().text;
  EXPECT_TRUE(says("tls/none.der: not found: no archive has a file of this name")) << console();
  EXPECT_TRUE(says("mewz: exit 78")) << console();
}

}  // namespace
}  // namespace pipit::rig
