#include "orchestrator/kube/client.h"

namespace pipit::kube {

using support::Json;

namespace {
constexpr long kRequestTimeoutMs = 15'000;
constexpr usize kMaxErrorBytes = 64 * 1024;

std::string what(const support::HttpRequest& request, const std::string& server) {
  return request.method + " " + request.url.substr(server.size());
}

const char* content_type(Patch kind) {
  switch (kind) {
    case Patch::merge: return "application/merge-patch+json";
    case Patch::strategic: return "application/strategic-merge-patch+json";
    case Patch::apply: return "application/apply-patch+yaml";
  }
  return "";
}

/// Error bodies need not be JSON: a proxy may have answered.
ApiError failure(long status, std::string_view body, const std::string& name) {
  auto parsed = support::parse_json(body);
  if (parsed.ok() && parsed->is_object()) return api_error(status, *parsed, name);
  return api_error(status, Json{{"message", std::string(body.substr(0, 200))}}, name);
}
}  // namespace

support::HttpRequest Client::request(const char* method, const std::string& path) const {
  support::HttpRequest out;
  out.method = method;
  out.url = access_.server + path;
  out.headers = {"Accept: application/json"};
  if (!access_.token.empty()) out.headers.push_back("Authorization: Bearer " + access_.token);
  out.tls = &access_.tls;
  out.timeout_ms = kRequestTimeoutMs;
  return out;
}

Result<Json> Client::send(const support::HttpRequest& request) const {
  support::HttpResponse response = TRY(support::http(request));
  if (response.status < 200 || response.status > 299)
    return failure(response.status, response.body, what(request, access_.server));
  Json body = TRY(support::parse_json(response.body));
  if (!body.is_object())
    return ApiError(Code::malformed, what(request, access_.server) + ": answer is no object");
  return body;
}

Result<Json> Client::send(const char* method, const std::string& path, const char* type,
                          const Json& body) const {
  support::HttpRequest out = request(method, path);
  out.headers.push_back(std::string("Content-Type: ") + type);
  out.body = support::dump(body);
  return send(out);
}

Result<Json> Client::get(const std::string& path) const { return send(request("GET", path)); }

Result<Json> Client::create(const std::string& path, const Json& object) const {
  return send("POST", path, "application/json", object);
}

Result<Json> Client::replace(const std::string& path, const Json& object) const {
  return send("PUT", path, "application/json", object);
}

Result<Json> Client::patch(const std::string& path, Patch kind, const Json& body,
                           const std::string& field_manager) const {
  std::string target = path + "?fieldManager=" + encode_component(field_manager);
  if (kind == Patch::apply) target += "&force=true";
  return send("PATCH", target, content_type(kind), body);
}

Result<Json> Client::remove(const std::string& path, const Json& options) const {
  return send("DELETE", path, "application/json", options);
}

Status Client::stream(const std::string& path, const std::function<bool(std::string_view)>& chunk,
                      const std::function<bool()>& cancelled) const {
  support::HttpRequest out = request("GET", path);
  out.timeout_ms = 0;
  // The body of a refused watch is a Status object, but whether it was refused is known only at the end: the
  // first bytes are kept for that case.
  std::string head;
  const auto both = [&](std::string_view bytes) {
    if (head.size() < kMaxErrorBytes) head.append(bytes.substr(0, kMaxErrorBytes - head.size()));
    return chunk(bytes);
  };
  const support::HttpResponse response = TRY(support::http_stream(out, both, cancelled));
  if (response.status < 200 || response.status > 299)
    return failure(response.status, head, what(out, access_.server));
  return {};
}

}  // namespace pipit::kube
