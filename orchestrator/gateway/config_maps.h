#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "orchestrator/gateway/executor.h"
#include "orchestrator/gateway/loop.h"
#include "orchestrator/gateway/pod_spec.h"
#include "orchestrator/kube/client.h"

namespace pipit::gateway {

/// The ConfigMaps that Pods' volumes need, asked for again and again while somebody does (the kubelet's "Get"
/// strategy): every 10 s, every 2 s while missing. Loop's thread only.
class ConfigMaps {
 public:
  struct Parts {
    const kube::Client& client;
    Executor& executor;
    Loop& loop;
  };
  explicit ConfigMaps(Parts parts) : parts_(parts) {}

  /// Asks for what `pods` mount, where it is time to, and forgets what none of them does.
  void tick(const std::vector<PodView>& pods, i64 now_ms);

  /// What a Pod's mounts hold, by volume; unavailable while it is not known yet, not_found as project() says.
  /// The last answer of the API server counts until it gives another.
  support::Result<std::map<std::string, VolumeFiles>> files_of(const PodView& pod) const;

 private:
  struct Entry {
    bool known = false, asking = false;
    std::optional<support::Json> object;  ///< nothing: there is none
    std::string problem;                  ///< why it could not be asked for, before it is known
    i64 ask_ms = 0;
  };
  void ask(const std::string& key, const std::string& path, Entry& entry);
  void answered(const std::string& key, kube::Result<support::Json> answer);

  Parts parts_;
  std::map<std::string, Entry> entries_;  ///< by namespace/name
};

}  // namespace pipit::gateway
