#include "orchestrator/gateway/mqtt_tls.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace pipit::gateway {

using support::Error;
using support::Result;

namespace {

std::unique_ptr<BIO, decltype(&BIO_free)> memory_of(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

/// What OpenSSL says, what it means here.
constexpr struct {
  std::string_view words, meaning;
} kMeanings[] = {
    {"alert",
     "the broker refused the gateway's certificate: its cafile must hold who signed --tls-cert, "
     "which must be good for clients too (extendedKeyUsage=serverAuth,clientAuth)"},
    {"wrong version number",
     "the broker does not speak TLS on this port: --broker must name its TLS listener"},
    {"no protocols", "the broker does not speak TLS 1.2 or later"},
    {"unsupported protocol", "the broker does not speak TLS 1.2 or later"},
};

std::string remedy_of(int error, const std::string& host) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "give the broker a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "compare the clocks of both machines";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "it must be for " + host + " (subjectAltName), or --broker must name the broker as it does";
    case X509_V_ERR_INVALID_PURPOSE: return "it must be good for servers (extendedKeyUsage=serverAuth)";
    default: return "--tls-ca must be the authority that signed it";
  }
}

}  // namespace

struct MqttTlsAdapter {
  static int index() {
    static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return kIndex;
  }
  /// Keeps the first thing wrong; changes nothing of the verdict.
  static int verified(int good, X509_STORE_CTX* verification) {
    if (good == 1) return 1;
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* tls = static_cast<MqttTls*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index()));
    if (tls->certificate_error_ == 0) tls->certificate_error_ = X509_STORE_CTX_get_error(verification);
    return 0;
  }

  static bool show(SSL_CTX* context, const LinkTls& link) {
    const auto certificate = memory_of(link.certificate()), key = memory_of(link.key());
    X509* own = PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr);
    EVP_PKEY* pair = PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr);
    bool shown = SSL_CTX_use_certificate(context, own) == 1 && SSL_CTX_use_PrivateKey(context, pair) == 1;
    X509_free(own);
    EVP_PKEY_free(pair);
    while (X509* further = PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr))
      shown = SSL_CTX_add0_chain_cert(context, further) == 1 && shown;
    return shown;
  }

  static bool believe(SSL_CTX* context, const LinkTls& link, const std::string& host) {
    const auto ca = memory_of(link.ca());
    X509* authority = PEM_read_bio_X509(ca.get(), nullptr, nullptr, nullptr);
    X509_VERIFY_PARAM* expected = SSL_CTX_get0_param(context);
    in_addr address;
    const bool by_address = inet_pton(AF_INET, host.c_str(), &address) == 1;
    const bool known = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1 &&
                       (by_address ? X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str())
                                   : X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size())) == 1;
    X509_free(authority);
    X509_VERIFY_PARAM_set_flags(expected, X509_V_FLAG_PARTIAL_CHAIN);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verified);
    return known;
  }
};

Result<std::unique_ptr<MqttTls>> MqttTls::create(const LinkTls& link, const std::string& host) {
  std::unique_ptr<MqttTls> tls(new MqttTls);
  tls->host_ = host;
  tls->context_ = SSL_CTX_new(TLS_client_method());
  if (tls->context_ == nullptr) return Error(Code::out_of_memory, "OpenSSL does not start");
  SSL_CTX_set_min_proto_version(tls->context_, TLS1_2_VERSION);
  SSL_CTX_set_ex_data(tls->context_, MqttTlsAdapter::index(), tls.get());
  if (!MqttTlsAdapter::show(tls->context_, link) || !MqttTlsAdapter::believe(tls->context_, link, host))
    return Error(Code::internal,
                 "OpenSSL does not take the gateway's certificate or --broker's name " + host);
  return tls;
}

MqttTls::~MqttTls() { SSL_CTX_free(context_); }

std::string MqttTls::why(const std::string& words) const {
  if (certificate_error_ != 0)
    return std::string("the broker's certificate is not believed: ") +
           X509_verify_cert_error_string(certificate_error_) + ": " + remedy_of(certificate_error_, host_);
  for (const auto& each : kMeanings)
    if (words.find(each.words) != words.npos) return std::string(each.meaning);
  return "the connection ended during the handshake: --broker must name a listener that speaks TLS" +
         (words.empty() ? "" : " (" + words + ")");
}

}  // namespace pipit::gateway
