#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// TLS of the platform's own link: the broker, and the packages that devices fetch.
namespace pipit::gateway {

/// Files in PEM; none of them: no TLS.
struct TlsFiles {
  std::string ca;                          ///< the authority that signed the broker's certificate and ours
  std::string certificate, key;            ///< the gateway's: shown to the broker and to who fetches packages
  std::string machine_ca, machine_ca_key;  ///< an authority that signs for machines; none when empty

  /// Whether TLS is asked for at all; load() says what is missing of it.
  bool given() const {
    return !(ca.empty() && certificate.empty() && key.empty() && machine_ca.empty() &&
             machine_ca_key.empty());
  }
};

/// What a machine is told of TLS, in DER.
struct MachineTls {
  std::vector<u8> authority;            ///< whom it believes
  std::vector<u8> certificate, key;     ///< its own; empty when it has none
  std::string broker_name, blobs_name;  ///< what the servers' certificates must be for
};

/// Certificates and keys, checked once: they are of one another, and what they are used for they are good
/// for.
class LinkTls {
 public:
  /// Errors name the file, what is wrong with it and the remedy.
  static support::Result<LinkTls> load(const TlsFiles& files);
  LinkTls(LinkTls&&) noexcept;
  ~LinkTls();

  /// PEM texts.
  const std::string& ca() const { return ca_; }
  const std::string& certificate() const { return certificate_; }
  const std::string& key() const { return key_; }
  /// Who may have signed the certificate of who fetches packages over TLS, PEM; empty: nobody is asked.
  const std::string& client_ca() const { return client_ca_; }
  /// The first DNS name, else the first IPv4 address, that our certificate is for.
  const std::string& name() const { return name_; }

  /// Whether a machine can believe what these certificates say: it knows P-256 and SHA-256 alone.
  support::Status suits_machines() const;
  /// What the machine `device` is told: with an authority for machines, a key and a certificate of its own,
  /// good for ten years under the name `device` and for clients alone.
  support::Result<MachineTls> for_machine(const std::string& device, const std::string& broker_name) const;

 private:
  LinkTls();
  struct Parts;  ///< OpenSSL's
  std::string ca_, certificate_, key_, client_ca_, name_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pipit::gateway
