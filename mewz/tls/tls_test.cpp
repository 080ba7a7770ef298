// Both ends of a TLS connection in one process, over a wire that the test can hold up, cut into pieces and
// damage.
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <random>

#include "mewz/tls/platform.h"
#include "mewz/tls/tls_stream.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::mewz {
namespace {

using State = ports::TcpStream::State;

/// One direction's bytes.
struct Wire {
  std::deque<u8> bytes;
  usize damage_at = ~usize{0};  ///< the how-manieth byte is changed
  u8 damage = 0;
  usize passed = 0;
};

/// One end of a connection; takes and gives at most `most` bytes at a time.
class Pipe final : public ports::TcpStream {
 public:
  Pipe(Wire& in, Wire& out, usize most) : in_(&in), out_(&out), most_(most) {}
  Status connect(ports::Ipv4, u16) override {
    state_ = State::open;
    return {};
  }
  State state() const override {
    return state_ == State::open && peer_ != nullptr && peer_->state_ == State::closed && in_->bytes.empty()
               ? State::closed
               : state_;
  }
  usize send(Bytes data) override {
    if (state_ != State::open) return 0;
    const usize count = std::min(data.size(), most_);
    for (usize i = 0; i < count; ++i, ++out_->passed)
      out_->bytes.push_back(data[i] ^ (out_->passed == out_->damage_at ? out_->damage : u8{0}));
    return count;
  }
  usize receive(MutBytes out) override {
    const usize count = std::min({out.size(), most_, in_->bytes.size()});
    for (usize i = 0; i < count; ++i) {
      out[i] = in_->bytes.front();
      in_->bytes.pop_front();
    }
    return count;
  }
  void close() override { state_ = State::closed; }
  void meet(const Pipe& peer) { peer_ = &peer; }

 private:
  Wire* in_;
  Wire* out_;
  usize most_;
  const Pipe* peer_ = nullptr;
  State state_ = State::open;
};

class FixedClock final : public ports::Clock {
 public:
  u64 uptime_ms() override { return 0; }
  u64 realtime_ns() override { return seconds * 1'000'000'000; }
  u64 instructions() override { return 0; }
  u64 seconds = static_cast<u64>(time(nullptr)) + 60;
};

FixedClock g_clock;

void start() {
  static std::vector<u8> memory(2 << 20);
  static const bool started = start_mbedtls(g_clock, memory).ok();
  ASSERT_TRUE(started) << "this processor has no AES instructions";
  g_clock = {};
}

class SeededEntropy final : public ports::Entropy {
 public:
  void fill(MutBytes out) override {
    for (u8& byte : out) byte = static_cast<u8>(random_());
  }

 private:
  std::mt19937 random_{1};
};

/// Certificates of two authorities, made once for all tests.
class Files {
 public:
  static Files& get() {
    static Files files;
    return files;
  }
  std::vector<u8> operator[](const std::string& name) const {
    auto data = support::read_file(directory_ + "/" + name);
    EXPECT_TRUE(data.ok()) << name;
    return data.ok() ? std::move(data).value() : std::vector<u8>();
  }

 private:
  Files() : directory_(testing::TempDir() + "mewz-tls-" + std::to_string(getpid())) {
    std::filesystem::create_directories(directory_);
    const auto made = support::run({"bash", "-ec", R"(
      for ca in ours theirs; do
        openssl ecparam -name prime256v1 -genkey -noout -outform DER -out $ca.key
        openssl req -x509 -new -key $ca.key -keyform DER -subj "/CN=$ca" -days 30 -outform DER -out $ca.crt
      done
      for name in broker device; do
        openssl ecparam -name prime256v1 -genkey -noout -outform DER -out $name.key
        openssl req -new -key $name.key -keyform DER -subj "/CN=$name" -out $name.csr
        [ $name = broker ] && usage=serverAuth || usage=clientAuth
        printf 'extendedKeyUsage=%s\nsubjectAltName=DNS:%s,IP:10.0.2.2\n' $usage $name > $name.ext
        openssl x509 -req -in $name.csr -CA ours.crt -CAform DER -CAkey ours.key -CAkeyform DER -CAcreateserial -days 30 \
          -extfile $name.ext -outform DER -out $name.crt
      done)"},
                                   "", {}, directory_);
    EXPECT_TRUE(made.ok() && made->exit_code == 0) << (made.ok() ? made->err : made.error().text);
  }
  ~Files() { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

struct Setting {
  std::string authority = "ours.crt", certificate, key;  ///< the client's
  std::string server = "broker";
  std::string name;
  bool asks = false;  ///< the server wants a certificate of the client's
};

class Connection {
 public:
  explicit Connection(const Setting& setting, usize most = 1000)
      : near_(down, up, most),
        far_(up, down, most),
        client(client_settings_, near_),
        server(server_settings_, far_) {
    near_.meet(far_);
    far_.meet(near_);
    const Files& files = Files::get();
    authority_ = files[setting.authority];
    if (!setting.certificate.empty()) certificate_ = files[setting.certificate], key_ = files[setting.key];
    server_certificate_ = files[setting.server + ".crt"], server_key_ = files[setting.server + ".key"];
    ours_ = files["ours.crt"];
    start();
    server_ok = server_settings_.init(TlsSettings::Role::server,
                                      {.authority = setting.asks ? Bytes(ours_) : Bytes(),
                                       .certificate = server_certificate_,
                                       .key = server_key_},
                                      entropy_);
    client_ok =
        client_settings_.init(TlsSettings::Role::client,
                              {.authority = authority_, .certificate = certificate_, .key = key_}, entropy_);
    if (client_ok.ok()) client_ok = client.expect(setting.name);
  }
  /// Until nothing moves any more.
  void run() {
    ASSERT_TRUE(client.attach().ok());
    ASSERT_TRUE(server.attach().ok());
    settle();
  }
  void settle() {
    for (u32 quiet = 0; quiet < 4;) {
      const usize before = up.passed + down.passed + up.bytes.size() + down.bytes.size();
      (void)client.state();
      (void)server.state();
      quiet = up.passed + down.passed + up.bytes.size() + down.bytes.size() == before ? quiet + 1 : 0;
    }
  }

  Wire up, down;
  Status server_ok, client_ok;

 private:
  SeededEntropy entropy_;
  std::vector<u8> authority_, certificate_, key_, server_certificate_, server_key_, ours_;
  Pipe near_, far_;
  TlsSettings server_settings_, client_settings_;

 public:
  TlsStream client, server;
};

TEST(Tls, CarriesBytesBothWaysHoweverSmallThePieces) {
  for (const usize most : {usize{1}, usize{7}, usize{1000}, usize{100'000}}) {
    Connection connection({.name = "broker"}, most);
    ASSERT_TRUE(connection.server_ok.ok() && connection.client_ok.ok());
    connection.run();
    ASSERT_EQ(connection.client.state(), State::open) << connection.client.problem();
    ASSERT_EQ(connection.server.state(), State::open);
    std::vector<u8> sent(20'000), received;
    for (usize i = 0; i < sent.size(); ++i) sent[i] = static_cast<u8>(i * 31 + i / 251);
    u8 piece[3000];
    for (usize at = 0; received.size() < sent.size();) {
      at += connection.client.send(Bytes(sent).subspan(at));
      (void)connection.client.state();
      const usize got = connection.server.receive(piece);
      received.insert(received.end(), piece, piece + got);
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(connection.server.send(as_bytes("good bye")), 8u);
    connection.server.close();
    connection.settle();
    EXPECT_EQ(connection.client.state(), State::open) << "there is something to read yet";
    usize got = 0;
    for (int i = 0; i < 100 && got < 8; ++i) got += connection.client.receive(MutBytes(piece).subspan(got));
    EXPECT_EQ(as_text(Bytes(piece, got)), "good bye");
    EXPECT_EQ(connection.client.receive(piece), 0u);
    EXPECT_EQ(connection.client.state(), State::closed);
  }
}

struct Refusal {
  const char* what;
  Setting setting;
  i64 later_s;
  const char* problem;
};

TEST(Tls, RefusesWhomItCannotBelieve) {
  constexpr i64 kDay = 86400;
  const Refusal cases[] = {
      {"another authority", {.authority = "theirs.crt"}, 0, "not signed by the authority"},
      {"another name", {.name = "registry"}, 0, "for another name"},
      {"another address", {.name = "10.0.2.3"}, 0, "for another name"},
      {"the address as a name", {.name = "10.0.2.2."}, 0, "for another name"},
      {"too late", {}, 31 * kDay, "no longer valid"},
      {"too early", {}, -2 * kDay, "not valid yet"},
      {"a server that has a client's certificate", {.server = "device"}, 0, "the other side refused"},
  };
  for (const Refusal& each : cases) {
    Connection connection(each.setting);
    ASSERT_TRUE(connection.server_ok.ok() && connection.client_ok.ok()) << each.what;
    g_clock.seconds += static_cast<u64>(each.later_s);
    connection.run();
    EXPECT_EQ(connection.client.state(), State::failed) << each.what;
    EXPECT_NE(connection.server.state(), State::open) << each.what;
    ASSERT_NE(connection.client.problem(), nullptr) << each.what;
    EXPECT_NE(std::string_view(connection.client.problem()).find(each.problem), std::string_view::npos)
        << each.what << ": " << connection.client.problem();
  }
}

TEST(Tls, BelievesAServerByItsAddress) {
  Connection connection({.name = "10.0.2.2"});
  connection.run();
  EXPECT_EQ(connection.client.state(), State::open) << connection.client.problem();
  Connection long_name({.name = std::string(129, 'a')});
  EXPECT_FALSE(long_name.client_ok.ok());
}

TEST(Tls, BelievesNobodyElseAtTheAddressOfAServerWithoutAName) {
  for (const u8 last : {u8{2}, u8{3}}) {
    Connection connection({});
    ASSERT_TRUE(connection.client.connect({10, 0, 2, last}, 8883).ok());
    ASSERT_TRUE(connection.server.attach().ok());
    connection.settle();
    EXPECT_EQ(connection.client.state(), last == 2 ? State::open : State::failed) << u32{last};
  }
}

TEST(Tls, AServerAsksWhoCalls) {
  Connection known({.certificate = "device.crt", .key = "device.key", .asks = true});
  known.run();
  EXPECT_EQ(known.client.state(), State::open);
  EXPECT_EQ(known.server.state(), State::open);
  Connection unknown({.asks = true});
  unknown.run();
  EXPECT_NE(unknown.client.state(), State::open);
  EXPECT_EQ(unknown.server.state(), State::failed);
  EXPECT_STREQ(unknown.server.problem(), "the other side shows no certificate");
}

TEST(Tls, SaysWhichFileIsWrong) {
  Connection mixed({.certificate = "device.crt", .key = "broker.key"});
  ASSERT_FALSE(mixed.client_ok.ok());
  EXPECT_STREQ(mixed.client_ok.error().message, "tls: our key is not that of our certificate");
  Connection swapped({.authority = "ours.key"});
  ASSERT_FALSE(swapped.client_ok.ok());
  EXPECT_NE(std::string_view(swapped.client_ok.error().message).find("authority's certificate"),
            std::string_view::npos);
}

/// Whatever byte of a handshake is changed, in whichever direction: no connection comes of it, and no crash.
/// Only the version in the head of the first record means nothing (RFC 5246 appendix E.1).
TEST(Tls, NoDamagedHandshakeSucceeds) {
  Connection whole({.name = "broker"});
  whole.run();
  ASSERT_EQ(whole.client.state(), State::open);
  const usize up = whole.up.passed, down = whole.down.passed;
  std::mt19937 random(7);
  u32 failed = 0;
  for (u32 i = 0; i < 300; ++i) {
    Connection connection({.name = "broker"});
    Wire& wire = i % 2 == 0 ? connection.up : connection.down;
    do wire.damage_at = random() % (i % 2 == 0 ? up : down);
    while (i % 2 == 0 && (wire.damage_at == 1 || wire.damage_at == 2));
    wire.damage = static_cast<u8>(1 + random() % 255);
    connection.run();
    const bool both = connection.client.state() == State::open && connection.server.state() == State::open;
    EXPECT_FALSE(both) << "byte " << wire.damage_at << (i % 2 == 0 ? " up" : " down");
    failed += connection.client.state() == State::failed || connection.server.state() == State::failed;
  }
  EXPECT_GT(failed, 200u) << "a damaged length only makes the other side wait";
}

/// What is no TLS at all, as a broker without it would answer.
TEST(Tls, RefusesBytesThatAreNoTls) {
  std::mt19937 random(11);
  for (u32 i = 0; i < 200; ++i) {
    Connection connection({});
    ASSERT_TRUE(connection.client.attach().ok());
    (void)connection.client.state();
    const usize bytes = 5 + random() % 2000;
    for (usize k = 0; k < bytes; ++k) connection.down.bytes.push_back(static_cast<u8>(random()));
    for (u32 step = 0; step < 20; ++step) (void)connection.client.state();
    EXPECT_NE(connection.client.state(), State::open);
  }
}

}  // namespace
}  // namespace pipit::mewz
