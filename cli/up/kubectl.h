#pragma once
#include <string>
#include <vector>

#include "support/error.h"
#include "support/json.h"

namespace pipit::up {

/// What an operator would type, as a subprocess.
class Kubectl {
 public:
  explicit Kubectl(std::string kubeconfig) : kubeconfig_(std::move(kubeconfig)) {}

  /// Standard output; an exit code other than 0 is an error with what kubectl wrote.
  support::Result<std::string> run(const std::vector<std::string>& arguments) const;
  /// The same with -o json, parsed.
  support::Result<support::Json> get(std::vector<std::string> arguments) const;
  const std::string& kubeconfig() const { return kubeconfig_; }

 private:
  std::string kubeconfig_;
};

/// The state of condition `type` of an object: "True", "False", "Unknown", or "" when it is missing.
std::string condition(const support::Json& object, std::string_view type);

}  // namespace pipit::up
