#pragma once
#include <string>
#include <utility>

#include "support/error.h"
#include "support/json.h"

/// A Kubernetes client: kubeconfig, REST, list/watch.
namespace pipit::kube {

/// What the API server, or the way to it, answered instead of success.
struct ApiError : support::Error {
  ApiError(support::Error error) : support::Error(std::move(error)) {}
  ApiError(Code code, std::string text, long status = 0, std::string reason = "")
      : support::Error(code, std::move(text)), status(status), reason(std::move(reason)) {}

  bool not_found() const { return status == 404; }
  bool already_exists() const { return reason == "AlreadyExists"; }
  /// The object changed or its uid is another one: read it again.
  bool conflict() const { return status == 409 && !already_exists(); }
  /// The resourceVersion is too old: list again.
  bool gone() const { return status == 410; }

  long status = 0;     ///< HTTP status; 0 when there was no answer
  std::string reason;  ///< Status.reason: "Conflict", "Forbidden"…
};

template <class T>
using Result = pipit::Result<T, ApiError>;
using Status = pipit::Result<void, ApiError>;

/// The error in an API `Status` object (or in any other body) that came with HTTP `status`; `what` names the
/// request.
ApiError api_error(long status, const support::Json& body, const std::string& what);

}  // namespace pipit::kube
