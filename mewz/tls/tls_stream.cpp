#include "mewz/tls/tls_stream.h"

#include <algorithm>
#include <cstring>

#include "base/ipv4.h"
#include "base/text.h"
#include "mewz/tls/platform.h"

namespace pipit::mewz {
namespace {

/// What a certificate lacked (MBEDTLS_X509_BADCERT_*), the most telling first.
const char* why_not_believed(u32 flags) {
  constexpr struct {
    u32 flag;
    const char* text;
  } kTexts[] = {
      {MBEDTLS_X509_BADCERT_NOT_TRUSTED,
       "the other side's certificate is not signed by the authority (tls.ca)"},
      {MBEDTLS_X509_BADCERT_EXPIRED, "the other side's certificate is no longer valid"},
      {MBEDTLS_X509_BADCERT_FUTURE,
       "the other side's certificate is not valid yet: does this machine know the time?"},
      {MBEDTLS_X509_BADCERT_CN_MISMATCH,
       "the other side's certificate is for another name (tls.broker, tls.blobs)"},
      {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
           MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
       "the other side's certificate is not for servers"},
  };
  for (const auto& each : kTexts)
    if ((flags & each.flag) != 0) return each.text;
  return "the other side's certificate is of a kind that is not accepted";
}

const char* why_failed(int error) {
  constexpr struct {
    int error;
    const char* text;
  } kTexts[] = {
      {MBEDTLS_ERR_SSL_CONN_EOF, "the connection ended during the handshake: does the other side speak TLS?"},
      {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE,
       "the other side refused: does it know this device's certificate?"},
      {MBEDTLS_ERR_SSL_INVALID_RECORD, "the other side does not speak TLS, or what it said was damaged"},
      {MBEDTLS_ERR_SSL_INVALID_MAC, "what arrived was changed on the way"},
      {MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION, "the other side does not speak TLS 1.2"},
      {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, "the other side shows no certificate"},
      {MBEDTLS_ERR_SSL_ALLOC_FAILED, "no memory is left for TLS"},
  };
  for (const auto& each : kTexts)
    if (error == each.error) return each.text;
  return "the handshake went wrong";
}

}  // namespace

TlsSettings::~TlsSettings() {
  if (!initialised_) return;
  mbedtls_ssl_config_free(&config_);
  mbedtls_x509_crt_free(&authority_);
  mbedtls_x509_crt_free(&certificate_);
  mbedtls_pk_free(&key_);
}

Status TlsSettings::init(Role role, const TlsFiles& files, ports::Entropy& entropy) {
  mbedtls_ssl_config_init(&config_);
  mbedtls_x509_crt_init(&authority_);
  mbedtls_x509_crt_init(&certificate_);
  mbedtls_pk_init(&key_);
  initialised_ = true;
  const bool client = role == Role::client;
  if (mbedtls_ssl_config_defaults(&config_, client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
                                  MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    return Error{Code::out_of_memory, "tls: too little memory"};
  mbedtls_ssl_conf_rng(&config_, random_for_mbedtls, &entropy);
  return take_files(role, files);
}

Status TlsSettings::take_files(Role role, const TlsFiles& files) {
  if (!files.authority.empty()) {
    if (mbedtls_x509_crt_parse_der(&authority_, files.authority.data(), files.authority.size()) != 0)
      return Error{Code::invalid_argument,
                   "tls: the authority's certificate is none in DER, or of an unknown kind"};
    mbedtls_ssl_conf_ca_chain(&config_, &authority_, nullptr);
  }
  // A server asks for certificates only if it knows who may have signed them.
  mbedtls_ssl_conf_authmode(&config_,
                            files.authority.empty() ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
  if (role == Role::client && files.authority.empty())
    return Error{Code::invalid_argument, "tls: a client needs the certificate of an authority"};
  if (files.certificate.empty() != files.key.empty() || (role == Role::server && files.key.empty()))
    return Error{Code::invalid_argument, "tls: certificate and key are needed both, or neither by a client"};
  if (!files.key.empty()) {
    if (mbedtls_x509_crt_parse_der(&certificate_, files.certificate.data(), files.certificate.size()) != 0)
      return Error{Code::invalid_argument, "tls: our certificate is none in DER, or of an unknown kind"};
    if (mbedtls_pk_parse_key(&key_, files.key.data(), files.key.size(), nullptr, 0) != 0)
      return Error{Code::invalid_argument,
                   "tls: our key is none in DER, or encrypted, or of an unknown kind"};
    if (mbedtls_pk_check_pair(&certificate_.pk, &key_) != 0)
      return Error{Code::invalid_argument, "tls: our key is not that of our certificate"};
    if (mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_) != 0)
      return Error{Code::out_of_memory, "tls: too little memory"};
  }
  return {};
}

Status TlsStream::expect(std::string_view name) {
  if (name.size() > kMaxNameBytes) return Error{Code::out_of_range, "tls: the server's name is too long"};
  copy_text(name_, name);
  name_[name.size()] = 0;
  by_address_ = parse_ipv4(name, address_);
  return {};
}

/// mbedTLS 2.28 compares DNS names alone.
int TlsStream::check_address(void* self, mbedtls_x509_crt* certificate, int depth, u32* flags) {
  const auto& stream = *static_cast<TlsStream*>(self);
  if (depth != 0) return 0;
  constexpr u8 kIpAddress = 7;
  for (const mbedtls_x509_sequence* each = &certificate->subject_alt_names; each != nullptr;
       each = each->next)
    if ((each->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == kIpAddress &&
        each->buf.len == stream.address_.size() &&
        std::memcmp(each->buf.p, stream.address_.data(), stream.address_.size()) == 0)
      return 0;
  *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  return 0;
}

Status TlsStream::connect(ports::Ipv4 address, u16 port) {
  if (state() != State::closed) return Error{Code::invalid_argument, "stream is not closed"};
  TRY(below_->connect(address, port));
  if (name_[0] == 0) address_ = address, by_address_ = true;
  return attach();
}

Status TlsStream::attach() {
  mbedtls_ssl_init(&ssl_);
  has_session_ = true;
  pending_bytes_ = 0;
  problem_ = nullptr;
  state_ = State::connecting;
  if (mbedtls_ssl_setup(&ssl_, &settings_->config()) != 0 ||
      (name_[0] != 0 && !by_address_ && mbedtls_ssl_set_hostname(&ssl_, name_) != 0)) {
    fail(MBEDTLS_ERR_SSL_ALLOC_FAILED);
    close();
    return Error{Code::out_of_memory, "no memory is left for TLS"};
  }
  if (by_address_) mbedtls_ssl_set_verify(&ssl_, check_address, this);
  mbedtls_ssl_set_bio(&ssl_, this, send_below, receive_below, nullptr);
  return {};
}

/// Takes everything or nothing, so that mbedTLS never has half a record to send again.
int TlsStream::send_below(void* self, const unsigned char* data, size_t bytes) {
  auto& stream = *static_cast<TlsStream*>(self);
  if (!stream.flush() || bytes > kPendingBytes) return MBEDTLS_ERR_SSL_WANT_WRITE;
  std::memcpy(stream.pending_, data, bytes);
  stream.pending_bytes_ = bytes;
  (void)stream.flush();
  return static_cast<int>(bytes);
}

int TlsStream::receive_below(void* self, unsigned char* out, size_t bytes) {
  const auto& stream = *static_cast<TlsStream*>(self);
  const usize got = stream.below_->receive({out, bytes});
  if (got != 0) return static_cast<int>(got);
  const State below = stream.below_->state();
  return below == State::open || below == State::connecting ? MBEDTLS_ERR_SSL_WANT_READ : 0;
}

/// True when nothing waits for the stream below.
bool TlsStream::flush() const {
  while (pending_bytes_ != 0) {
    const usize sent = below_->send(Bytes(pending_, pending_bytes_));
    if (sent == 0) return false;
    pending_bytes_ -= sent;
    std::memmove(pending_, pending_ + sent, pending_bytes_);
  }
  return true;
}

void TlsStream::end(State state) const {
  if (has_session_) mbedtls_ssl_free(&ssl_);
  has_session_ = false;
  pending_bytes_ = 0;
  state_ = state;
}

void TlsStream::fail(int error) const {
  const u32 flags = mbedtls_ssl_get_verify_result(&ssl_);
  const bool disbelief = error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED && flags != ~u32{0};
  problem_ = disbelief ? why_not_believed(flags) : why_failed(error);
  (void)flush();  // the alert that says so
  end(State::failed);
  below_->close();
}

/// Says what a connection means that ends without a word while hands are being shaken.
void TlsStream::break_off() const {
  if (state_ == State::connecting && ssl_.state != MBEDTLS_SSL_HELLO_REQUEST)
    problem_ = "the connection ended during the handshake: does the other side speak TLS?";
}

void TlsStream::shake_hands() const {
  const int result = mbedtls_ssl_handshake(&ssl_);
  if (result == 0)
    state_ = State::open;
  else if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE)
    fail(result);
}

ports::TcpStream::State TlsStream::state() const {
  if (state_ == State::connecting) {
    const State below = below_->state();
    if (below == State::failed) {
      break_off();
      end(State::failed);
    } else if (below == State::open || below == State::closed) {
      shake_hands();
    }
  } else if (state_ == State::open) {
    (void)flush();
    // What was deciphered is to be read before the end is seen.
    const State below = below_->state();
    if (below != State::open && mbedtls_ssl_get_bytes_avail(&ssl_) == 0) end(below);
  }
  return state_;
}

usize TlsStream::send(Bytes data) {
  if (state_ != State::open || data.empty() || !flush()) return 0;
  const int sent =
      mbedtls_ssl_write(&ssl_, data.data(), std::min<usize>(data.size(), MBEDTLS_SSL_OUT_CONTENT_LEN));
  if (sent > 0) return static_cast<usize>(sent);
  if (sent != MBEDTLS_ERR_SSL_WANT_READ && sent != MBEDTLS_ERR_SSL_WANT_WRITE) fail(sent);
  return 0;
}

usize TlsStream::receive(MutBytes out) {
  if (state_ != State::open || out.empty()) return 0;
  const int got = mbedtls_ssl_read(&ssl_, out.data(), out.size());
  if (got > 0) return static_cast<usize>(got);
  if (got == 0 || got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || got == MBEDTLS_ERR_SSL_CONN_EOF) {
    end(State::closed);
    below_->close();
  } else if (got != MBEDTLS_ERR_SSL_WANT_READ && got != MBEDTLS_ERR_SSL_WANT_WRITE) {
    fail(got);
  }
  return 0;
}

void TlsStream::close() {
  if (state_ == State::open) {
    (void)mbedtls_ssl_close_notify(&ssl_);
    (void)flush();
  }
  break_off();
  end(State::closed);
  below_->close();
}

}  // namespace pipit::mewz
