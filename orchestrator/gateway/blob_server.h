#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "orchestrator/gateway/http_server.h"
#include "orchestrator/gateway/images.h"
#include "orchestrator/gateway/link_tls.h"
#include "support/json.h"

namespace pipit::gateway {

/// What a Range header asks of a file of `size` bytes (RFC 9110 §14.2, one range).
struct ByteRange {
  enum class Kind : u8 { whole, part, unsatisfiable } kind = Kind::whole;
  u64 offset = 0, length = 0;
};
/// A malformed header, or one with several ranges, counts as none: the whole file.
ByteRange parse_range(std::string_view header, u64 size);

/// GET and HEAD /blobs/sha256:<hex> with Range, for blobs of packages that were pulled. A device names itself
/// in the header X-Pipit-Device; /stats tells as JSON how many bytes each was sent.
class BlobServer {
 public:
  explicit BlobServer(const Images& images) : images_(images) {}
  /// `tls` null: in the clear. Where it names who may have signed clients' certificates, nobody else is
  /// answered.
  support::Status start(const std::string& host, u16 port, const LinkTls* tls = nullptr);
  /// The same in the clear beside it, for devices without TLS.
  support::Status start_plain(const std::string& host, u16 port);
  u16 port() const { return server_ ? server_->port() : 0; }
  u16 plain_port() const { return plain_ ? plain_->port() : 0; }
  HttpAnswer answer(const HttpCall& call);

 private:
  static constexpr usize kMaxCounters = 10'000;
  support::Json stats() const;

  const Images& images_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, u64>> sent_;  ///< device → digest → bytes
  usize counters_ = 0;
  std::unique_ptr<HttpServer> server_, plain_;
};

}  // namespace pipit::gateway
