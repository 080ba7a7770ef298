#pragma once
#include <string>
#include <string_view>

#include "support/error.h"
#include "support/http.h"

namespace pipit::kube {

/// Where an API server is and who we are to it: the current context of a kubeconfig, resolved.
struct Access {
  std::string server;  ///< "https://127.0.0.1:16443", no slash at the end
  support::TlsIdentity tls;
  std::string token;  ///< bearer token, empty when a certificate is used
};

/// Reads the current context of a kubeconfig file. Certificates may be embedded (`*-data`) or named by path,
/// relative to the file. Exec plugins, auth providers and insecure-skip-tls-verify are refused.
support::Result<Access> load_kubeconfig(const std::string& file);
/// The same from text; relative paths start at `directory`.
support::Result<Access> parse_kubeconfig(std::string_view text, const std::string& directory);

}  // namespace pipit::kube
