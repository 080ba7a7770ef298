#include "orchestrator/kube/error.h"

namespace pipit::kube {

namespace {
constexpr usize kMaxMessageBytes = 1024;

Code code_of(long status) {
  switch (status) {
    case 400:
    case 422: return Code::invalid_argument;
    case 401:
    case 403: return Code::denied;
    case 404: return Code::not_found;
    case 409: return Code::already_exists;
    case 410: return Code::out_of_range;
    case 408:
    case 504: return Code::timeout;
    case 429:
    case 500:
    case 502:
    case 503: return Code::unavailable;
    default: return Code::internal;
  }
}
}  // namespace

ApiError api_error(long status, const support::Json& body, const std::string& what) {
  std::string message = support::text_at(body, {"message"}, "no message").substr(0, kMaxMessageBytes);
  return ApiError(code_of(status), what + ": " + message + " (HTTP " + std::to_string(status) + ")", status,
                  support::text_at(body, {"reason"}));
}

}  // namespace pipit::kube
