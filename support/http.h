#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/types.h"
#include "support/error.h"

/// HTTP(S) client over libcurl.
namespace pipit::support {

/// PEM texts; empty = not used. Without `ca` the system's roots are trusted.
struct TlsIdentity {
  std::string ca, certificate, key;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "Accept: application/json"
  std::string body;
  const TlsIdentity* tls = nullptr;
  long timeout_ms = 30'000;  ///< 0 = none (watches)
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// unavailable when there was no answer (refused, TLS, time-out); every HTTP status is an answer. One
/// connection is kept alive per calling thread and host.
Result<HttpResponse> http(const HttpRequest& request);

/// Streams the body: `chunk` gets bytes as they come and returns false to stop. Ends also when `cancelled`
/// turns true (looked at least once a second). The response carries no body.
Result<HttpResponse> http_stream(const HttpRequest& request,
                                 const std::function<bool(std::string_view)>& chunk,
                                 const std::function<bool()>& cancelled);

}  // namespace pipit::support
