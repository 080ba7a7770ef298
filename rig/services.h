#pragma once
#include <string>

#include "rig/control_plane.h"
#include "rig/service.h"

/// The services around the control plane, each with a configuration of its own and on loopback alone.
namespace pipit::rig {

/// mosquitto. No queue of it drops: what is published with QoS 1 reaches a subscriber whose session lives.
struct Broker {
  /// With `pki` it has a second listener, for TLS: clients show a certificate of the authority or of the one
  /// for machines, and each machine has its own topics alone.
  static support::Result<Broker> start(State& state, const Pki* pki = nullptr);
  Service service;
  u16 port = 0, tls_port = 0;
};

/// docker-registry, storage below the state folder.
struct Registry {
  static support::Result<Registry> start(State& state);
  std::string host() const { return "127.0.0.1:" + std::to_string(port); }
  Service service;
  u16 port = 0;
};

/// `pipit gateway` as the cluster's user pipit-gateway. Where the broker speaks TLS, so does it; boards fetch
/// from a port of their own then.
struct Gateway {
  struct Options {
    std::string program;       ///< the pipit binary
    std::string device_token;  ///< what a device must show to be admitted
    int handover_s = 30;
    int machines = 4;  ///< most virtual machines it starts for Pods
  };
  static support::Result<Gateway> start(State& state, const ControlPlane& plane, const Broker& broker,
                                        const Registry& registry, const Options& options);
  /// After the service has ended: the same once more, at the same ports and with the same state.
  support::Status start_again(State& state);
  Service service;
  std::vector<std::string> command;
  u16 blob_port = 0;      ///< packages in the clear
  u16 blob_tls_port = 0;  ///< and by HTTPS; 0: not
  u16 kubelet_port = 0;
};

}  // namespace pipit::rig
