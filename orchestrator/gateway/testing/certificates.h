#pragma once
#include <string>

#include "orchestrator/gateway/link_tls.h"

namespace pipit::gateway {

/// Authorities and certificates made by the openssl command, in a folder of their own that goes with it:
/// authorities ours, theirs and machines; signed by ours: gateway, other (for another name), expired,
/// device (for clients alone), nameless; by theirs: stranger; rsa: an authority with an RSA key.
class Certificates {
 public:
  Certificates();
  ~Certificates();
  std::string certificate(const std::string& name) const { return folder_ + "/" + name + ".crt"; }
  std::string key(const std::string& name) const { return folder_ + "/" + name + ".key"; }
  std::string folder() const { return folder_; }
  /// What a gateway is told that believes `ca` and is `name`.
  TlsFiles files(const std::string& ca, const std::string& name) const {
    return {.ca = certificate(ca), .certificate = certificate(name), .key = key(name)};
  }

 private:
  std::string folder_;
};

}  // namespace pipit::gateway
