#pragma once
#include "agent/backoff.h"
#include "agent/failure.h"
#include "agent/http_response.h"
#include "base/sha256.h"
#include "ports/flash.h"
#include "ports/network.h"

namespace pipit::agent {

/// Where blobs come from, and who asks (the server counts bytes by device). `device` outlives the fetcher.
struct FetchServer {
  ports::Ipv4 host{};
  u16 port = 0;
  std::string_view device;
};

/// Brings one blob at a time by HTTP/1.1 range requests straight into erased flash, hashing it on the way. A
/// broken connection is taken up again where it broke; after too many attempts without a byte it fails.
class Fetch {
 public:
  enum class State : u8 { idle, running, done, failed };

  /// `buffer` is what one read takes at most (512 bytes or more); `range_bytes` what one request asks for.
  Fetch(ports::Clock& clock, ports::Entropy& entropy, ports::TcpStream& stream, ports::Flash& flash,
        MutBytes buffer, u32 range_bytes);

  void set_server(const FetchServer& server) { server_ = server; }
  /// Begins a blob; state() turns running.
  void start(const link::Digest& digest, u32 size, u32 flash_offset);
  bool step();
  /// Ends whatever goes on and closes the connection.
  void cancel();

  State state() const { return state_; }
  u32 fetched_bytes() const { return offset_; }
  /// Why, once state() is failed.
  const Failure& failure() const { return failure_; }
  u64 bytes_received() const { return bytes_received_; }
  u64 bytes_sent() const { return bytes_sent_; }

 private:
  enum class Phase : u8 { waiting, connecting, asking, head, body };

  void retry(const char* why);
  void fail(link::Reason reason, const char* why);
  bool open_step();
  bool ask_step();
  bool receive_step();
  bool take_head(Bytes& data);
  bool accept_response();
  bool take_body(Bytes data);
  void end_of_body();
  void finish();
  u32 range_end() const;

  ports::Clock* clock_;
  ports::TcpStream* stream_;
  ports::Flash* flash_;
  MutBytes buffer_;
  u32 range_bytes_;
  FetchServer server_;
  Backoff backoff_;

  State state_ = State::idle;
  Phase phase_ = Phase::waiting;
  u64 progress_ms_ = 0;  ///< when something last arrived or was tried
  link::Digest digest_{};
  u32 size_ = 0, flash_offset_ = 0;
  u32 offset_ = 0;  ///< bytes in flash and hashed
  u32 body_left_ = 0;
  usize request_bytes_ = 0, request_sent_ = 0;
  HttpResponse response_;
  Sha256 hash_;
  Failure failure_;
  u64 bytes_received_ = 0, bytes_sent_ = 0;
};

}  // namespace pipit::agent
