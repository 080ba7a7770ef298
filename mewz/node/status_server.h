#pragma once
#include "agent/agent.h"
#include "mewz/node/streams.h"

namespace pipit::mewz {

/// Tells whoever shows a certificate of the authority's what the machine does: HTTP/1.0 inside TLS, JSON for
/// GET /, one caller at a time, each for at most ten seconds. It changes nothing.
class StatusServer {
 public:
  StatusServer() : stream_(settings_, below_) {}
  /// Listens on `port` of every address. After start_mbedtls(). Errors: invalid_argument, which names the
  /// file that is wrong or missing; unavailable when the port is taken.
  Status init(u16 port, const TlsFiles& files, ports::Entropy& entropy);
  /// One turn.
  void poll(const agent::Agent& agent);

 private:
  static constexpr u64 kPatienceMs = 10'000;

  void read(const agent::Agent& agent);
  void write();
  void hang_up();

  TlsSettings settings_;
  SocketStream below_;
  TlsStream stream_;
  u32 listener_ = 0;
  bool called_ = false;
  u64 called_ms_ = 0;
  char request_[1024];
  char answer_[4096];
  usize request_bytes_ = 0, answer_bytes_ = 0, sent_ = 0;
};

}  // namespace pipit::mewz
