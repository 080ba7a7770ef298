#pragma once
#include <memory>
#include <string>

#include "orchestrator/gateway/link_tls.h"

struct ssl_ctx_st;

namespace pipit::gateway {

/// TLS 1.2 or later of connections to one broker, which must show a certificate for `host` (a DNS name or an
/// address) that our authority signed; ours is shown to it.
class MqttTls {
 public:
  static support::Result<std::unique_ptr<MqttTls>> create(const LinkTls& link, const std::string& host);
  ~MqttTls();
  MqttTls(const MqttTls&) = delete;

  ssl_ctx_st* context() const { return context_; }
  /// Forgets what the connection before met.
  void begin() { certificate_error_ = 0; }
  /// Why a connection did not come to be, and the remedy. `words` is what OpenSSL said of it, perhaps
  /// nothing.
  std::string why(const std::string& words) const;

 private:
  friend struct MqttTlsAdapter;
  MqttTls() = default;
  ssl_ctx_st* context_ = nullptr;
  std::string host_;
  int certificate_error_ = 0;  ///< X509_V_ERR_*
};

}  // namespace pipit::gateway
