#pragma once
#include <functional>
#include <string>

#include "orchestrator/gateway/http_server.h"
#include "orchestrator/gateway/pod_logs.h"
#include "support/json.h"

namespace pipit::gateway {

/// The part of the kubelet's HTTPS interface that `kubectl logs` and `kubectl get --raw …/proxy` use:
/// /containerLogs, /pods, /stats/summary, /healthz. Only the API server may ask: a client certificate of the
/// cluster's CA, for kube-apiserver-kubelet-client or group system:masters.
class KubeletApi {
 public:
  /// Called on server threads; they return null when the gateway does not answer in time.
  struct Sources {
    std::function<support::Json()> pods;   ///< a PodList
    std::function<support::Json()> stats;  ///< a stats Summary
  };
  KubeletApi(PodLogs& logs, Sources sources) : logs_(logs), sources_(std::move(sources)) {}
  support::Status start(const HttpServer::Options& options);
  u16 port() const { return server_ ? server_->port() : 0; }
  HttpAnswer answer(const HttpCall& call);

 private:
  HttpAnswer container_logs(const HttpCall& call);

  PodLogs& logs_;
  Sources sources_;
  std::unique_ptr<HttpServer> server_;
};

/// The query of /containerLogs; error for a number that is none.
support::Result<LogQuery> parse_log_query(const std::map<std::string, std::string>& query, i64 now_ms);

}  // namespace pipit::gateway
