#pragma once
#include <string>

#include "orchestrator/registry/oci.h"
#include "support/http.h"

/// The addresses of the distribution API (spec 1.1, table "endpoints") and what its statuses mean to us.
namespace pipit::registry {

inline std::string endpoint(const Reference& reference, std::string_view path) {
  return (reference.plain_http ? "http://" : "https://") + reference.host + "/v2/" + reference.repository +
         "/" + std::string(path);
}

/// An answer that was not the expected one, as an error.
inline support::Error unexpected(long status, std::string_view what) {
  const std::string text = std::string(what) + ": the registry answered HTTP " + std::to_string(status);
  if (status == 404) return {Code::not_found, text + " (no such repository, tag or blob)"};
  if (status == 401 || status == 403)
    return {Code::denied, text + "; registries that want a login are not supported"};
  if (status >= 500 || status == 429) return {Code::unavailable, text};
  return {Code::io, text};
}

}  // namespace pipit::registry
