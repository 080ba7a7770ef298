#include "orchestrator/gateway/kubelet_api.h"

#include <algorithm>
#include <charconv>

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Error;
using support::Json;

namespace {
constexpr std::string_view kLogsPrefix = "/containerLogs/";
constexpr u32 kFollowWaitMs = 500;

bool may_ask(const Peer& peer) {
  const auto& groups = peer.organizations;
  return peer.verified && (peer.common_name == "kube-apiserver-kubelet-client" ||
                           std::find(groups.begin(), groups.end(), "system:masters") != groups.end());
}

HttpAnswer json_answer(const Json& body) {
  if (body.is_null()) return {.status = 503, .body = "gateway is busy\n"};
  return {.content_type = "application/json", .body = support::dump(body)};
}

support::Result<std::optional<i64>> number(const std::map<std::string, std::string>& query,
                                           const char* name) {
  const auto found = query.find(name);
  if (found == query.end()) return std::optional<i64>();
  i64 value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    return Error(Code::invalid_argument, std::string(name) + " is no number: " + text.substr(0, 40));
  return std::optional<i64>(value);
}

bool flag(const std::map<std::string, std::string>& query, const char* name) {
  const auto found = query.find(name);
  return found != query.end() && (found->second == "true" || found->second == "1");
}
}  // namespace

support::Result<LogQuery> parse_log_query(const std::map<std::string, std::string>& query, i64 now_ms) {
  LogQuery out;
  out.follow = flag(query, "follow");
  out.timestamps = flag(query, "timestamps");
  out.previous = flag(query, "previous");
  out.tail_lines = TRY(number(query, "tailLines"));
  out.limit_bytes = TRY(number(query, "limitBytes"));
  const std::optional<i64> since = TRY(number(query, "sinceSeconds"));
  if (since) out.since_ms = now_ms - std::min<i64>(*since, now_ms / 1000) * 1000;
  if (const auto time = query.find("sinceTime"); time != query.end()) {
    out.since_ms = parse_rfc3339(time->second);
    if (!out.since_ms) return Error(Code::invalid_argument, "sinceTime is no UTC time of RFC 3339");
  }
  return out;
}

support::Status KubeletApi::start(const HttpServer::Options& options) {
  HttpServer::Options own = options;
  own.streams = true;
  server_ = TRY(HttpServer::start(own, [this](const HttpCall& call) { return answer(call); }));
  return {};
}

HttpAnswer KubeletApi::answer(const HttpCall& call) {
  if (call.path == "/healthz") return {.body = "ok"};
  if (!may_ask(call.peer))
    return {.status = 401, .body = "a client certificate of the API server is needed\n"};
  if (call.path.starts_with(kLogsPrefix)) return container_logs(call);
  if (call.path == "/pods" || call.path == "/pods/") return json_answer(sources_.pods());
  if (call.path == "/stats/summary") return json_answer(sources_.stats());
  return {.status = 404, .body = "not found\n"};
}

HttpAnswer KubeletApi::container_logs(const HttpCall& call) {
  const std::string uid = logs_.find(call.path.substr(kLogsPrefix.size()));
  if (uid.empty()) return {.status = 404, .body = "no such container\n"};
  auto query = parse_log_query(call.query, unix_ms());
  if (!query.ok()) return {.status = 400, .body = query.error().text + "\n"};
  // std::function wants to copy what it holds, and a cursor has one reader: a shared_ptr carries it.
  auto cursor = std::make_shared<PodLogs::Cursor>(logs_, uid, *query);
  HttpAnswer out;
  out.stream = [cursor](bool& end) {
    std::string chunk = cursor->next(kFollowWaitMs);
    end = chunk.empty() && cursor->ended();
    return chunk;
  };
  return out;
}

}  // namespace pipit::gateway
