#pragma once
#include <gtest/gtest.h>
#include <microhttpd.h>
#include <mosquitto.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/tests/package.h"
#include "support/files.h"
#include "support/process.h"

/// Real services around a simulated device: mosquitto, an HTTP server with ranges, and the gateway's end of
/// the link.
namespace pipit::host::testing {

using agent::testing::Blobs;
using agent::testing::Buffer;

/// mosquitto on a free loopback port, in a folder of its own.
class Broker {
 public:
  Broker() : port_(support::free_port().value()) {
    char folder[] = "/tmp/pipit-broker-XXXXXX";
    folder_ = mkdtemp(folder);
    const std::string config = "listener " + std::to_string(port_) +
                               " 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n";
    EXPECT_TRUE(support::write_file(folder_ + "/mosquitto.conf", as_bytes(config)).ok());
    start();
  }
  ~Broker() {
    process_.stop();
    (void)support::run({"rm", "-r", folder_});
  }
  void start() {
    auto process = support::Process::start({"/usr/sbin/mosquitto", "-c", folder_ + "/mosquitto.conf"},
                                           {.log_file = folder_ + "/log"});
    ASSERT_TRUE(process.ok()) << process.error().text << " (apt-get install mosquitto)";
    process_ = std::move(*process);
    ASSERT_TRUE(support::wait_for_port(port_, 10'000));
  }
  void stop() { process_.stop(); }
  u16 port() const { return port_; }

 private:
  u16 port_;
  std::string folder_;
  support::Process process_;
};

/// GET /blobs/sha256:<hex> with Range, by libmicrohttpd.
class BlobHost {
 public:
  BlobHost() {
    daemon_ = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr, nullptr, &BlobHost::answer, this,
                               MHD_OPTION_END);
    EXPECT_NE(daemon_, nullptr);
    port_ = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT)->port;
  }
  ~BlobHost() { MHD_stop_daemon(daemon_); }
  u16 port() const { return port_; }
  void offer(const Blobs& blobs) {
    std::lock_guard lock(mutex_);
    for (const auto& [name, data] : blobs) blobs_[name] = data;
  }
  u64 served_bytes() const { return served_; }
  /// The connection breaks in the middle of every second answer.
  void be_unreliable() { unreliable_ = true; }

 private:
  struct Body {
    Buffer data;
    usize breaks_at;
    std::atomic<u64>* served;
  };
  static ssize_t read(void* self, u64 at, char* out, usize max) {
    Body& body = *static_cast<Body*>(self);
    if (at >= body.breaks_at) return MHD_CONTENT_READER_END_WITH_ERROR;
    const usize part =
        std::min({max, body.data.size() - static_cast<usize>(at), body.breaks_at - static_cast<usize>(at)});
    std::copy_n(body.data.begin() + static_cast<long>(at), part, out);
    *body.served += part;
    return static_cast<ssize_t>(part);
  }
  static MHD_Result reply(MHD_Connection* connection, unsigned status, MHD_Response* response) {
    const MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
  }
  static MHD_Result answer(void* context, MHD_Connection* connection, const char* url, const char*,
                           const char*, const char*, size_t*, void**) {
    BlobHost& self = *static_cast<BlobHost*>(context);
    const std::string name =
        std::string(url).substr(std::min(std::string(url).size(), std::string("/blobs/sha256:").size()));
    std::lock_guard lock(self.mutex_);
    const auto blob = self.blobs_.find(name);
    if (blob == self.blobs_.end())
      return reply(connection, 404, MHD_create_response_from_buffer(0, nullptr, MHD_RESPMEM_PERSISTENT));
    const char* range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range");
    usize first = 0, last = blob->second.size() - 1;
    if (range != nullptr) EXPECT_EQ(sscanf(range, "bytes=%zu-%zu", &first, &last), 2) << range;
    const auto begin = blob->second.begin() + static_cast<long>(first);
    Body* body = new Body{{begin, begin + static_cast<long>(last - first + 1)}, ~usize{0}, &self.served_};
    if (self.unreliable_ && self.requests_++ % 2 == 0) body->breaks_at = body->data.size() / 2;
    MHD_Response* response = MHD_create_response_from_callback(
        body->data.size(), 1024, &BlobHost::read, body, [](void* old) { delete static_cast<Body*>(old); });
    const std::string content_range = "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" +
                                      std::to_string(blob->second.size());
    MHD_add_response_header(response, "Content-Range", content_range.c_str());
    return reply(connection, 206, response);
  }

  MHD_Daemon* daemon_ = nullptr;
  u16 port_ = 0;
  std::mutex mutex_;
  Blobs blobs_;
  std::atomic<u64> served_{0};
  u64 requests_ = 0;
  std::atomic<bool> unreliable_{false};
};

/// The gateway's end: admits, desires, feeds, and keeps what devices say. Driven by poll() from the test's
/// thread.
class GatewayEnd {
 public:
  struct Answer {
    u32 count = 0;
    char version = 0;
  };
  bool admit = true;                   ///< the first boot of a name; another one is refused
  std::map<std::string, u64> holders;  ///< device → boot id
  std::vector<std::string> logs;
  std::map<u32, Answer> answers;  ///< by sequence
  u32 hellos = 0, refusals = 0;
  link::Hello hello;  ///< the last; numbers only, its texts are gone

  explicit GatewayEnd(u16 port) : port_(port) {
    mosquitto_lib_init();
    client_ = mosquitto_new(nullptr, true, this);
    mosquitto_message_callback_set(client_, [](mosquitto*, void* self, const mosquitto_message* message) {
      static_cast<GatewayEnd*>(self)->take(message->topic, {static_cast<const u8*>(message->payload),
                                                            static_cast<usize>(message->payloadlen)});
    });
    connect();
  }
  ~GatewayEnd() { mosquitto_destroy(client_); }
  void connect() {
    ASSERT_EQ(mosquitto_connect(client_, "127.0.0.1", port_, 60), MOSQ_ERR_SUCCESS);
    mosquitto_subscribe(client_, nullptr, "pipit/+/+", 1);
  }
  void poll() {
    if (mosquitto_loop(client_, 0, 16) != MOSQ_ERR_SUCCESS) {
      if (mosquitto_reconnect(client_) == MOSQ_ERR_SUCCESS)
        mosquitto_subscribe(client_, nullptr, "pipit/+/+", 1);
    }
  }

  void desire(const std::string& device, const link::Desired& desired) {
    send(device, "desired", desired, true);
  }
  void feed(const std::string& device, u32 sequence, u8 first = 1) {
    const u8 data[4] = {first, 2, 3, 4};
    send(device, "sensor/camera", link::SensorFrame{sequence, DType::u8, 1, {4}, data}, false);
  }
  void send_raw(const std::string& device, const std::string& leaf, Bytes payload) {
    ASSERT_EQ(mosquitto_publish(client_, nullptr, ("pipit/" + device + "/" + leaf).c_str(),
                                static_cast<int>(payload.size()), payload.data(), 1, false),
              MOSQ_ERR_SUCCESS);
  }
  /// The last status of a device; its texts live until the next one comes.
  link::DeviceStatus status(const std::string& device) {
    link::DeviceStatus out;
    const auto found = statuses_.find(device);
    if (found != statuses_.end()) EXPECT_TRUE(link::decode(found->second, out).ok());
    return out;
  }

 private:
  template <class T>
  void send(const std::string& device, const std::string& leaf, const T& message, bool retain) {
    u8 room[8192];
    const Bytes bytes = link::encode(message, room).value();
    ASSERT_EQ(mosquitto_publish(client_, nullptr, ("pipit/" + device + "/" + leaf).c_str(),
                                static_cast<int>(bytes.size()), bytes.data(), 1, retain),
              MOSQ_ERR_SUCCESS);
  }
  void take(const std::string& topic, Bytes payload) {
    const usize slash = topic.rfind('/');
    const std::string device = topic.substr(6, slash - 6), leaf = topic.substr(slash + 1);
    if (leaf == "hello") return take_hello(device, payload);
    if (leaf == "status") statuses_[device].assign(payload.begin(), payload.end());
    if (leaf == "log") {
      link::Log log;
      ASSERT_TRUE(link::decode(payload, log).ok());
      logs.emplace_back(log.text);
    }
    if (leaf == "telemetry") {
      link::TelemetryMessage message;
      ASSERT_TRUE(link::decode(payload, message).ok());
      Answer& answer = answers[message.sequence];
      ++answer.count;
      answer.version = static_cast<char>(message.payload[0]);
    }
  }
  void take_hello(const std::string& device, Bytes payload) {
    ASSERT_TRUE(link::decode(payload, hello).ok());
    ++hellos;
    if (!admit) return;
    u64& holder = holders.try_emplace(device, hello.boot_id).first->second;
    const bool same = holder == hello.boot_id;
    refusals += !same;
    send(device, "admission",
         link::Admission{hello.boot_id, same, same ? "" : "name is held by another live device",
                         1'700'000'000'000},
         false);
  }

  u16 port_;
  mosquitto* client_ = nullptr;
  std::map<std::string, Buffer> statuses_;
};

}  // namespace pipit::host::testing
