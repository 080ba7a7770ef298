#pragma once
#include <functional>
#include <string>
#include <vector>

#include "rig/pki.h"
#include "rig/service.h"

namespace pipit::rig {

/// A real Kubernetes control plane on loopback: etcd, kube-apiserver, kube-scheduler,
/// kube-controller-manager.
class ControlPlane {
 public:
  struct Options {
    std::string binaries;  ///< folder of the three kube-* programs; etcd comes from the PATH
  };
  /// Starts all four and waits until the API server is ready and the default service account exists.
  static support::Result<ControlPlane> start(State& state, const Options& options);

  const Pki& pki() const { return pki_; }
  u16 port() const { return port_; }
  /// Kubeconfigs: of the administrator, and of the gateway's own user.
  const std::string& admin_config() const { return admin_config_; }
  const std::string& gateway_config() const { return gateway_config_; }
  /// Name of a service that ended by itself, or nullptr.
  const char* broken();

 private:
  support::Status start_etcd(State& state);
  support::Status start_apiserver(State& state, const Options& options);
  support::Status start_controllers(State& state, const Options& options);
  Pki pki_;
  u16 port_ = 0, etcd_port_ = 0;
  std::string admin_config_, gateway_config_;
  std::vector<Service> services_;  ///< in starting order
};

}  // namespace pipit::rig
