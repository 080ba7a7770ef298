// Live update in a Mewz machine: versions of a server arrive through the device agent while clients go on
// asking; nobody is refused, and whatever is wrong with a version, the one before goes on answering.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "base/sha256.h"
#include "base/text.h"
#include "link/messages.h"
#include "rig/services.h"
#include "rig/vm.h"
#include "support/files.h"
#include "wasm/native/format.h"

namespace pipit::rig {
namespace {

constexpr int kPatienceMs = 30'000;
constexpr const char* kDevice = "waiot-0f0e0d";

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

int socket_on(u16 port, bool listens) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{kPatienceMs / 1000, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  auto* const at = reinterpret_cast<sockaddr*>(&address);
  const bool done = listens ? bind(fd, at, sizeof address) == 0 && listen(fd, 8) == 0
                            : connect(fd, at, sizeof address) == 0;
  if (done) return fd;
  close(fd);
  return -1;
}

std::string hex_of(const Sha256::Digest& digest) {
  char text[65];
  TextWriter out(text);
  out.hex(digest);
  return std::string(out.text());
}

/// Blobs by digest over HTTP ranges, as the gateway serves them.
class BlobServer {
 public:
  BlobServer() {
    port_ = *support::free_port();
    listener_ = socket_on(port_, true);
    EXPECT_GE(listener_, 0);
    thread_ = std::thread([this] { run(); });
  }
  ~BlobServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  u16 port() const { return port_; }
  void add(const std::vector<u8>& blob) {
    const std::lock_guard lock(mutex_);
    blobs_["/blobs/sha256:" + hex_of(sha256(blob))] = blob;
  }

 private:
  void run() {
    for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0; close(fd)) {
      std::string request;
      for (char buffer[2048];;) {
        const usize end = request.find("\r\n\r\n");
        if (end != request.npos) {
          if (!answer(fd, request.substr(0, end))) break;
          request.erase(0, end + 4);
          continue;
        }
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<usize>(got));
      }
    }
  }
  bool answer(int fd, const std::string& request) {
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    unsigned long first = 0, last = 0;
    const usize range = request.find("bytes=");
    if (range == request.npos || std::sscanf(&request[range], "bytes=%lu-%lu", &first, &last) != 2)
      return false;
    const std::lock_guard lock(mutex_);
    const auto blob = blobs_.find(path);
    if (blob == blobs_.end() || first >= blob->second.size()) return false;
    last = std::min<unsigned long>(last, blob->second.size() - 1);
    std::string text = "HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(last - first + 1) +
                       "\r\nContent-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) +
                       "/" + std::to_string(blob->second.size()) + "\r\n\r\n";
    text += as_text(Bytes(blob->second).subspan(first, last - first + 1));
    return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  u16 port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  std::map<std::string, std::vector<u8>> blobs_;
  std::thread thread_;
};

/// Clients that never stop asking, some on one connection, some on a new one each time.
class Clients {
 public:
  explicit Clients(u16 port) {
    for (const bool keep_alive : {true, true, false, false})
      threads_.emplace_back([=, this] { run(port, keep_alive); });
  }
  ~Clients() { stop(); }
  void stop() {
    stop_ = true;
    for (auto& each : threads_)
      if (each.joinable()) each.join();
  }
  /// Until every client has been given `answer`, and only that, a few times; false when that never comes.
  bool all_answered(const std::string& answer) {
    for (int waited = 0; waited < kPatienceMs; waited += 20) {
      bool all = true;
      {
        const std::lock_guard lock(mutex_);
        for (auto& [client, last] : last_) all &= last.first == answer && last.second >= 5;
        all &= last_.size() == threads_.size();
      }
      if (all) return true;
      pause_ms(20);
    }
    return false;
  }
  u32 count(const std::string& answer) {
    const std::lock_guard lock(mutex_);
    return counts_[answer];
  }
  std::string failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

 private:
  void run(u16 port, bool keep_alive) {
    int fd = -1;
    while (!stop_) {
      if (fd < 0) fd = socket_on(port, false);
      std::string answer;
      const bool again = ask(fd, keep_alive, answer);
      note(answer);
      if (again) continue;
      if (fd >= 0) close(fd);
      fd = -1;
    }
    if (fd >= 0) close(fd);
  }
  /// One request; whether another may follow on the same connection.
  bool ask(int fd, bool keep_alive, std::string& answer) {
    const std::string request = std::string("GET / HTTP/1.1\r\nHost: a\r\nConnection: ") +
                                (keep_alive ? "keep-alive" : "close") + "\r\n\r\n";
    std::string text;
    answer = "failed: no connection";
    if (fd < 0) return false;
    answer = "failed: the request was not taken";
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
    for (char buffer[1024];;) {
      const usize head = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
      if (head != text.npos && length < head) {
        const usize body = head + 4, bytes = std::stoul(text.substr(length + 16));
        if (text.size() >= body + bytes) {
          answer = text.substr(body, bytes);
          return text.find("Connection: keep-alive") < head;
        }
      }
      const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
      if (got <= 0) {
        answer = std::string("failed: ") + (got == 0 ? "closed" : std::strerror(errno)) + " after \"" + text +
                 "\"";
        return false;
      }
      text.append(buffer, static_cast<usize>(got));
    }
  }
  void note(const std::string& answer) {
    const std::lock_guard lock(mutex_);
    auto& last = last_[std::this_thread::get_id()];
    last = {answer, last.first == answer ? last.second + 1 : 1};
    ++counts_[answer];
    if (answer.starts_with("failed")) failures_ += answer + "\n";
  }

  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::map<std::thread::id, std::pair<std::string, u32>> last_;
  std::map<std::string, u32> counts_;
  std::string failures_;
  std::vector<std::thread> threads_;
};

/// A machine with the device agent, a broker, and what a gateway would say.
class MewzUpdate : public ::testing::Test {
 protected:
  void SetUp() override {
    auto state = State::open("mewz-update-test-" + std::to_string(getpid()));
    ASSERT_TRUE(state.ok()) << state.error().text;
    state_ = std::make_unique<State>(std::move(*state));
    ASSERT_TRUE(state_->claim().ok());
    auto broker = Broker::start(*state_);
    ASSERT_TRUE(broker.ok()) << broker.error().text;
    broker_ = std::move(*broker);
    port_ = *support::free_port();
    VmOptions options;
    options.kernel = std::string(PIPIT_SOURCE_DIR) + "/build/mewz/bin/mewz";
    options.arguments = "agent token=t broker=10.0.2.2:" + std::to_string(broker_.port) +
                        " blobs=10.0.2.2:" + std::to_string(blobs_.port());
    options.network = true;
    options.mac = "52:54:00:0f:0e:0d";
    options.forwards = {{port_, 80}};
    support::Process::Options process;
    process.log_file = state_->directory() + "/qemu";
    const std::string topic = std::string("pipit/") + kDevice + "/hello";
    auto vm = support::Process::start(vm_command(options, "file,path=" + state_->directory() + "/console"),
                                      process);
    ASSERT_TRUE(vm.ok());
    vm_ = std::move(*vm);
    const auto heard = support::run({"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(broker_.port),
                                     "-t", topic, "-C", "1", "-W", "30", "-F", "%x"});
    ASSERT_TRUE(heard.ok()) << heard.error().text << console();
    std::vector<u8> message;
    for (usize i = 0; i + 1 < heard->out.size(); i += 2)
      message.push_back(static_cast<u8>(std::stoul(heard->out.substr(i, 2), nullptr, 16)));
    link::Hello hello;
    ASSERT_TRUE(link::decode(message, hello).ok()) << heard->out;
    u8 room[512];
    tell("admission", *link::encode(link::Admission{hello.boot_id, true, "", 1'700'000'000'000}, room),
         false);
  }
  void TearDown() override {
    vm_.kill_now();
    broker_.service.stop();
    if (state_) std::filesystem::remove_all(state_->directory());
  }

  void tell(const std::string& leaf, Bytes message, bool retain) {
    const std::string file = state_->directory() + "/message";
    ASSERT_TRUE(support::write_file(file, message).ok());
    std::vector<std::string> command = {"mosquitto_pub",
                                        "-h",
                                        "127.0.0.1",
                                        "-p",
                                        std::to_string(broker_.port),
                                        "-q",
                                        "1",
                                        "-t",
                                        std::string("pipit/") + kDevice + "/" + leaf,
                                        "-f",
                                        file};
    if (retain) command.push_back("-r");
    ASSERT_TRUE(support::run(command).ok());
  }
  std::vector<u8> load(const std::string& name) {
    auto data = support::read_file(PIPIT_WASM_FOLDER "/" + name);
    EXPECT_TRUE(data.ok()) << name;
    return data.ok() ? std::move(*data) : std::vector<u8>();
  }
  /// Says that `program` is to run now, as `version`; `native` is the same compiled.
  void deploy(const std::string& version, const std::string& program, const std::string& argument = "",
              const std::string& native = "") {
    link::Manifest manifest;
    manifest.name = "http";
    manifest.version = version;
    manifest.sequence = ++generation_;
    manifest.memory_bytes = 4u << 20;
    manifest.stack_bytes = 64u << 10;
    const auto attach = [&](link::Blob& entry, const std::vector<u8>& blob) {
      blobs_.add(blob);
      entry.size = static_cast<u32>(blob.size());
      std::ranges::copy(sha256(blob), entry.digest.begin());
    };
    attach(manifest.blobs[manifest.blob_count++], load(program));
    if (!native.empty()) {
      link::Blob& entry = manifest.natives[manifest.native_count++];
      entry.target = static_cast<u8>(wasm::native::Target::x86_64_mewz);
      attach(entry, load(native));
    }
    u8 room[4096], manifest_room[2048];
    link::Desired desired;
    desired.generation = generation_;
    desired.app = true;
    desired.instance = version;
    const auto encoded = link::encode(manifest, manifest_room);
    ASSERT_TRUE(encoded.ok());
    desired.manifest = *encoded;
    if (!argument.empty()) desired.arguments[desired.argument_count++] = argument;
    tell("desired", *link::encode(desired, room), true);
  }
  std::string console() const {
    auto text = support::read_file(state_->directory() + "/console");
    return text.ok() ? std::string(text->begin(), text->end()) : std::string();
  }
  bool wait_for(const std::string& text) {
    for (int waited = 0; waited < kPatienceMs && console().find(text) == std::string::npos; waited += 10)
      pause_ms(10);
    return console().find(text) != std::string::npos;
  }

  std::unique_ptr<State> state_;
  BlobServer blobs_;
  Broker broker_;
  support::Process vm_;
  u16 port_ = 0;
  u64 generation_ = 0;
};

TEST_F(MewzUpdate, NobodyIsRefusedWhenVersionsComeAndFail) {
  deploy("1", "http_v1.wasm");
  ASSERT_TRUE(wait_for("http 1 has taken over")) << console();
  Clients clients(port_);
  ASSERT_TRUE(clients.all_answered("v1\n")) << clients.failures() << console();

  deploy("2", "http_v2.wasm");
  ASSERT_TRUE(clients.all_answered("v2\n")) << clients.failures() << console();

  const struct {
    const char *version, *mode, *says;
  } kBroken[] = {{"3", "early", "http 3 failed: Trapped"},
                 {"4", "trap", "http 4 failed: Trapped"},
                 {"5", "later", "http 5 failed: Trapped"},
                 {"6", "mute", "http 6 failed: Unresponsive"}};
  for (const auto& each : kBroken) {
    deploy(each.version, "mewz_canary.wasm", each.mode);
    ASSERT_TRUE(wait_for(each.says)) << clients.failures() << console();
    ASSERT_TRUE(clients.all_answered("v2\n")) << clients.failures() << console();
  }
  // The version before is still there: it comes back without being fetched. Then compiled code beside it.
  deploy("1", "http_v1.wasm");
  ASSERT_TRUE(clients.all_answered("v1\n")) << clients.failures() << console();
  deploy("2n", "http_v2.wasm", "", "http_v2.pna");
  ASSERT_TRUE(clients.all_answered("v2\n")) << clients.failures() << console();
  deploy("1n", "http_v1.wasm", "", "http_v1.pna");
  ASSERT_TRUE(clients.all_answered("v1\n")) << clients.failures() << console();
  clients.stop();
  EXPECT_EQ(clients.failures(), "") << console();
  EXPECT_LE(clients.count("v5\n"), 1u);
  if (std::getenv("PIPIT_SHOW_CONSOLE") != nullptr) std::printf("%s", console().c_str());
  std::printf("answers: %u of version 1, %u of version 2\n", clients.count("v1\n"), clients.count("v2\n"));
}

}  // namespace
}  // namespace pipit::rig
