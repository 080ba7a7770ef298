#pragma once
#include "orchestrator/gateway/handover.h"
#include "orchestrator/kube/client.h"

namespace pipit::gateway {

/// Asks the API server for the controller and the node behind a Pod; blocks. Not found is a fact, any other
/// failure an error: nothing is known then.
kube::Result<ControllerFacts> look_up_controller(const kube::Client& client, const std::string& name_space,
                                                 const std::optional<Owner>& owner, const std::string& node);

}  // namespace pipit::gateway
