#pragma once
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "base/result.h"
#include "ports/entropy.h"
#include "ports/network.h"

namespace pipit::mewz {

/// Whom to believe and who we are, in DER. What is empty there is not.
struct TlsFiles {
  Bytes authority;         ///< a certificate that signed the other side's; needed to call somebody
  Bytes certificate, key;  ///< our own, and its private key (SEC 1, PKCS #1 or PKCS #8); needed to be called
};

/// What several connections have in common. start_mbedtls() comes first.
class TlsSettings {
 public:
  enum class Role : u8 { client, server };

  TlsSettings() = default;
  TlsSettings(const TlsSettings&) = delete;
  TlsSettings& operator=(const TlsSettings&) = delete;
  ~TlsSettings();
  /// Files are copied. Errors: invalid_argument, which names the file that is wrong; out_of_memory. After one
  /// it may only be destroyed.
  Status init(Role role, const TlsFiles& files, ports::Entropy& entropy);

  const mbedtls_ssl_config& config() const { return config_; }

 private:
  Status take_files(Role role, const TlsFiles& files);

  mbedtls_ssl_config config_{};
  mbedtls_x509_crt authority_{}, certificate_{};
  mbedtls_pk_context key_{};
  bool initialised_ = false;
};

/// A TCP connection inside TLS 1.2 (RFC 5246, 5288, 5289): a stream over a stream, polled like the one below.
/// state() and the calls that move bytes take the handshake further; it is `connecting` until that is over.
/// Whatever is wrong with the other side's bytes, certificate or identity ends in `failed`, and problem()
/// says why.
class TlsStream final : public ports::TcpStream {
 public:
  /// Both outlive the stream.
  TlsStream(const TlsSettings& settings, ports::TcpStream& below) : settings_(&settings), below_(&below) {}
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() { close(); }

  /// What the certificate of the other side must be for from the next connection on: a DNS name, or an IPv4
  /// address in dots (RFC 5280 §4.2.1.6). Empty, as at first: the address that connect() goes to; after
  /// attach() alone, whatever the authority signed. out_of_range when it is too long.
  Status expect(std::string_view name);
  Status connect(ports::Ipv4 address, u16 port) override;
  /// Begins on the stream below, which is connected or being connected; a server has it from its listener.
  Status attach();
  State state() const override;
  usize send(Bytes data) override;
  usize receive(MutBytes out) override;
  void close() override;

  /// Why the last connection failed; nullptr when none did.
  const char* problem() const override { return problem_; }

 private:
  static constexpr usize kMaxNameBytes = 128;
  static constexpr usize kPendingBytes = MBEDTLS_SSL_OUT_CONTENT_LEN + 512;

  static int send_below(void* self, const unsigned char* data, size_t bytes);
  static int receive_below(void* self, unsigned char* out, size_t bytes);
  bool flush() const;
  void shake_hands() const;
  void break_off() const;
  void fail(int error) const;
  void end(State state) const;
  static int check_address(void* self, mbedtls_x509_crt* certificate, int depth, u32* flags);

  const TlsSettings* settings_;
  ports::TcpStream* below_;
  char name_[kMaxNameBytes + 1] = {};
  ports::Ipv4 address_{};  ///< what name_ stands for, when it is one
  bool by_address_ = false;
  // state() takes everything further.
  mutable mbedtls_ssl_context ssl_{};
  mutable State state_ = State::closed;
  mutable bool has_session_ = false;
  mutable const char* problem_ = nullptr;
  mutable usize pending_bytes_ = 0;
  mutable u8 pending_[kPendingBytes];  ///< records that the stream below had no room for
};

}  // namespace pipit::mewz
