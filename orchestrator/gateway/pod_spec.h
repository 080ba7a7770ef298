#pragma once
#include <optional>
#include <string>
#include <vector>

#include "support/json.h"

namespace pipit::gateway {

constexpr const char* kRuntimeClass = "pipit";

enum class RestartPolicy : u8 { always, on_failure, never };

/// The object that made a Pod.
struct Owner {
  std::string kind, name, uid;
};

/// What the gateway uses of a Pod object, read once.
struct PodView {
  std::string name_space, name, uid, node;
  i64 created_ms = 0;
  bool deleting = false;
  i64 delete_by_ms = 0;  ///< deletionTimestamp: the end of its grace period
  std::string phase;
  std::optional<Owner> owner;  ///< its controller
  support::Json labels = support::Json::object();
  RestartPolicy restart_policy = RestartPolicy::always;
  std::string container, image;
  std::vector<std::string> arguments, environment;
  /// "spec.containers[0].command: …": what the device cannot honour; empty when it can all of it.
  std::string unsupported;

  bool finished() const { return phase == "Failed" || phase == "Succeeded"; }
  std::string key() const { return name_space + "/" + name; }
};

/// Whether a Pod is meant for this gateway's devices at all.
bool wants_pipit(const support::Json& pod);

/// Reads a Pod object; hostile JSON gives empty fields, never an abort.
PodView view_pod(const support::Json& pod);

}  // namespace pipit::gateway
