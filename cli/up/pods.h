#pragma once
#include <string>
#include <vector>

#include "cli/up/kubectl.h"

namespace pipit::up {

/// A Pod of the application, as `kubectl get pods` shows it.
struct PodState {
  std::string name, node, image;
  bool running = false;  ///< its container runs and is ready
  bool deleting = false;
  std::string reason, message;  ///< of a container that waits or ended, the latest first
  support::Json status;
};

/// Pods labelled app=fashion.
support::Result<std::vector<PodState>> pods(const Kubectl& kubectl);

/// True when every one of `nodes` has a running Pod of this image, and no other Pod is left there.
bool all_running(const Kubectl& kubectl, const std::vector<std::string>& nodes, const std::string& image);

}  // namespace pipit::up
