#pragma once
#include <string>

#include "support/error.h"

namespace pipit::rig {

/// The cluster's own certificate authority and everything it signs, as PEM files <name>.crt and <name>.key
/// below one folder (P-256; Kubernetes' "PKI certificates and requirements" lists the subjects). Made with
/// the openssl command.
class Pki {
 public:
  static support::Result<Pki> create(const std::string& directory);

  std::string certificate(const std::string& name) const { return directory_ + "/" + name + ".crt"; }
  std::string key(const std::string& name) const { return directory_ + "/" + name + ".key"; }
  std::string ca() const { return certificate("ca"); }

  /// Writes <directory>/<user>.conf: a kubeconfig with the user's certificate embedded.
  support::Result<std::string> kubeconfig(const std::string& user, u16 port) const;

 private:
  std::string directory_;
};

}  // namespace pipit::rig
