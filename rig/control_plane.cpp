#include "rig/control_plane.h"

#include "support/files.h"
#include "support/http.h"

namespace pipit::rig {

using support::Error;
using support::Result;

namespace {

constexpr int kReadyTimeoutMs = 120'000;

std::string local(const char* scheme, u16 port) {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port);
}

/// PEM texts of a user, for asking the API server directly.
Result<support::TlsIdentity> identity(const Pki& pki, const std::string& user) {
  const auto text = [](const std::string& file) -> Result<std::string> {
    const std::vector<u8> bytes = TRY(support::read_file(file));
    return std::string(as_text(bytes));
  };
  support::TlsIdentity tls;
  tls.ca = TRY(text(pki.ca()));
  tls.certificate = TRY(text(pki.certificate(user)));
  tls.key = TRY(text(pki.key(user)));
  return tls;
}

bool answers_ok(const support::TlsIdentity& tls, const std::string& url) {
  support::HttpRequest request;
  request.url = url;
  request.tls = &tls;
  request.timeout_ms = 2000;
  const auto response = support::http(request);
  return response.ok() && response->status == 200;
}

}  // namespace

Result<ControlPlane> ControlPlane::start(State& state, const Options& options) {
  for (const char* program : {"kube-apiserver", "kube-scheduler", "kube-controller-manager"})
    if (const std::string path = options.binaries + "/" + program; !support::exists(path))
      return Error(
          Code::not_found,
          path + " is missing; ./pipit up obtains it, or set PIPIT_KUBE_BIN to a folder that has it");
  ControlPlane plane;
  plane.pki_ = TRY(Pki::create(state.path("pki")));
  plane.port_ = TRY(choose_port());
  plane.etcd_port_ = TRY(choose_port());
  TRY(state.set_port("kube-apiserver", plane.port_));
  TRY(state.set_port("etcd", plane.etcd_port_));
  plane.admin_config_ = TRY(plane.pki_.kubeconfig("admin", plane.port_));
  plane.gateway_config_ = TRY(plane.pki_.kubeconfig("gateway", plane.port_));
  TRY(plane.start_etcd(state));
  TRY(plane.start_apiserver(state, options));
  TRY(plane.start_controllers(state, options));
  return plane;
}

support::Status ControlPlane::start_etcd(State& state) {
  const std::string client = local("http", etcd_port_);
  const std::string peer = local("http", TRY(choose_port()));
  // The data lives as long as the rig: no need to wait for the disk.
  services_.push_back(TRY(Service::start(
      state, "etcd",
      {"etcd", "--data-dir", state.path("etcd"), "--listen-client-urls", client, "--advertise-client-urls",
       client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
       "default=" + peer, "--unsafe-no-fsync", "--log-level", "warn"})));
  return services_.back().wait_for_port(etcd_port_, kReadyTimeoutMs);
}

support::Status ControlPlane::start_apiserver(State& state, const Options& options) {
  services_.push_back(TRY(Service::start(
      state, "kube-apiserver",
      {options.binaries + "/kube-apiserver", "--etcd-servers=" + local("http", etcd_port_),
       "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
       "--insecure-port=0", "--secure-port=" + std::to_string(port_),
       "--tls-cert-file=" + pki_.certificate("apiserver"), "--tls-private-key-file=" + pki_.key("apiserver"),
       "--client-ca-file=" + pki_.ca(), "--service-account-issuer=https://kubernetes.default.svc",
       "--service-account-signing-key-file=" + pki_.key("service-account"),
       "--service-account-key-file=" + state.path("pki/service-account.pub"),
       "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=Node,RBAC",
       "--enable-admission-plugins=NodeRestriction",
       // Node names are not in any DNS: reach a kubelet by its address.
       "--kubelet-preferred-address-types=InternalIP",
       "--kubelet-client-certificate=" + pki_.certificate("kubelet-client"),
       "--kubelet-client-key=" + pki_.key("kubelet-client"),
       "--kubelet-certificate-authority=" + pki_.ca()})));
  const support::TlsIdentity admin = TRY(identity(pki_, "admin"));
  return services_.back().wait([&] { return answers_ok(admin, local("https", port_) + "/readyz"); },
                               kReadyTimeoutMs);
}

support::Status ControlPlane::start_controllers(State& state, const Options& options) {
  const auto component = [&](const std::string& name, const std::string& user,
                             std::vector<std::string> more) -> support::Status {
    const std::string config = TRY(pki_.kubeconfig(user, port_));
    std::vector<std::string> command = {options.binaries + "/" + name,
                                        "--kubeconfig=" + config,
                                        "--authentication-kubeconfig=" + config,
                                        "--authorization-kubeconfig=" + config,
                                        "--bind-address=127.0.0.1",
                                        "--port=0",
                                        "--secure-port=" + std::to_string(TRY(choose_port())),
                                        "--leader-elect=false"};
    command.insert(command.end(), more.begin(), more.end());
    services_.push_back(TRY(Service::start(state, name, command)));
    return {};
  };
  // Nodes are looked at every 2 s and given up after 20 s without a Lease (Kubernetes' defaults are 5 s and
  // 40 s).
  TRY(component("kube-controller-manager", "controller-manager",
                {"--service-account-private-key-file=" + pki_.key("service-account"),
                 "--root-ca-file=" + pki_.ca(), "--use-service-account-credentials",
                 "--cluster-signing-cert-file=" + pki_.ca(), "--cluster-signing-key-file=" + pki_.key("ca"),
                 "--node-monitor-period=2s", "--node-monitor-grace-period=20s"}));
  TRY(component("kube-scheduler", "scheduler", {}));
  const support::TlsIdentity admin = TRY(identity(pki_, "admin"));
  const std::string account = local("https", port_) + "/api/v1/namespaces/default/serviceaccounts/default";
  return services_[services_.size() - 2].wait([&] { return answers_ok(admin, account); }, kReadyTimeoutMs);
}

const char* ControlPlane::broken() {
  for (Service& service : services_)
    if (!service.running()) return service.name().c_str();
  return nullptr;
}

}  // namespace pipit::rig
