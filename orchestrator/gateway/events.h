#pragma once
#include <string>

#include "orchestrator/gateway/executor.h"
#include "orchestrator/gateway/pod_spec.h"
#include "orchestrator/kube/client.h"

namespace pipit::gateway {

/// Writes Events about Pods; what cannot be written is logged and forgotten.
class Events {
 public:
  Events(const kube::Client& client, Executor& executor) : client_(client), executor_(executor) {}
  void normal(const PodView& pod, const char* reason, const std::string& message) {
    write(pod, "Normal", reason, message);
  }
  void warning(const PodView& pod, const char* reason, const std::string& message) {
    write(pod, "Warning", reason, message);
  }

 private:
  void write(const PodView& pod, const char* type, const char* reason, const std::string& message);

  const kube::Client& client_;
  Executor& executor_;
  u64 count_ = 0;
};

}  // namespace pipit::gateway
