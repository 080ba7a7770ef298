#include "orchestrator/gateway/events.h"

#include <cstdio>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Json;

namespace {
constexpr usize kMaxMessageBytes = 1024;  // the API server's bound
}

void Events::write(const PodView& pod, const char* type, const char* reason, const std::string& message) {
  const i64 now = unix_ms();
  log(Level::info, reason, {{"pod", pod.key()}, {"device", pod.node}, {"message", message}});
  char suffix[40];
  std::snprintf(suffix, sizeof suffix, ".%llx%04llx", static_cast<unsigned long long>(now),
                static_cast<unsigned long long>(count_++ & 0xffff));
  const Json event = {{"apiVersion", "v1"},
                      {"kind", "Event"},
                      {"metadata", {{"name", pod.name + suffix}, {"namespace", pod.name_space}}},
                      {"involvedObject",
                       {{"apiVersion", "v1"},
                        {"kind", "Pod"},
                        {"namespace", pod.name_space},
                        {"name", pod.name},
                        {"uid", pod.uid}}},
                      {"type", type},
                      {"reason", reason},
                      {"message", message.substr(0, kMaxMessageBytes)},
                      {"source", {{"component", "pipit-gateway"}, {"host", pod.node}}},
                      {"firstTimestamp", rfc3339(now)},
                      {"lastTimestamp", rfc3339(now)},
                      {"count", 1}};
  const std::string path = kube::path_of(kube::kEvents, pod.name_space);
  executor_.submit("events", [this, path, event] {
    auto created = client_.create(path, event);
    if (!created.ok()) log(Level::debug, "event not written", {{"error", created.error().text}});
  });
}

}  // namespace pipit::gateway
