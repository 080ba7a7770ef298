#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "orchestrator/kube/error.h"
#include "orchestrator/kube/kubeconfig.h"
#include "orchestrator/kube/paths.h"

namespace pipit::kube {

/// How a PATCH body is meant.
enum class Patch {
  merge,      ///< RFC 7386
  strategic,  ///< lists merge by their key, as the API's types say
  apply,      ///< server-side apply; wants a field manager
};

/// What a list and a watch need; a test scripts it.
class Reader {
 public:
  virtual ~Reader() = default;
  /// GET of `path` with its query.
  virtual Result<support::Json> get(const std::string& path) const = 0;
  /// Streams a watch: `chunk` gets bytes as they come, false stops. An HTTP error is an ApiError.
  virtual Status stream(const std::string& path, const std::function<bool(std::string_view)>& chunk,
                        const std::function<bool()>& cancelled) const = 0;
};

/// REST calls to one API server. Stateless: any thread may call, each keeps its own connection. Paths are
/// those of path_of(), queries are appended by the caller.
class Client : public Reader {
 public:
  explicit Client(Access access) : access_(std::move(access)) {}

  Result<support::Json> get(const std::string& path) const override;
  Result<support::Json> create(const std::string& path, const support::Json& object) const;
  Result<support::Json> replace(const std::string& path, const support::Json& object) const;
  Result<support::Json> patch(const std::string& path, Patch kind, const support::Json& body,
                              const std::string& field_manager = "pipit") const;
  /// `options` is a DeleteOptions object: gracePeriodSeconds, preconditions.uid…
  Result<support::Json> remove(const std::string& path,
                               const support::Json& options = support::Json::object()) const;
  Status stream(const std::string& path, const std::function<bool(std::string_view)>& chunk,
                const std::function<bool()>& cancelled) const override;

 private:
  support::HttpRequest request(const char* method, const std::string& path) const;
  Result<support::Json> send(const support::HttpRequest& request) const;
  Result<support::Json> send(const char* method, const std::string& path, const char* content_type,
                             const support::Json& body) const;

  Access access_;
};

}  // namespace pipit::kube
