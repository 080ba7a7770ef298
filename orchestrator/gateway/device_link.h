#pragma once
#include <memory>
#include <string>

#include "orchestrator/gateway/devices.h"
#include "orchestrator/gateway/loop.h"
#include "orchestrator/gateway/mqtt.h"
#include "orchestrator/gateway/nodes.h"
#include "orchestrator/gateway/pod_logs.h"
#include "orchestrator/gateway/pods.h"
#include "orchestrator/gateway/state_file.h"

namespace pipit::gateway {

/// The gateway's end of the device link: decodes what devices publish, answers hellos, hears status and logs,
/// sends desired state. Keeps admitted identities in a file, since a device that is connected does not say
/// hello again when the gateway restarts. Loop's thread, except start() and stop().
class DeviceLink {
 public:
  struct Parts {
    Loop& loop;
    Devices& devices;
    Nodes& nodes;
    Pods& pods;
    PodLogs& logs;
  };
  DeviceLink(Parts parts, std::string devices_file);

  /// `tls` null: in the clear.
  support::Status start(const std::string& host, u16 port, std::unique_ptr<MqttTls> tls);
  void stop() { mqtt_.reset(); }
  /// A device that will not come back: its identity and its retained desired state go.
  void forget(const std::string& device);
  void send_desired(const std::string& device, Bytes message);
  void tick(i64 now_ms);

  /// A message as the broker delivered it; hostile bytes are logged and dropped.
  void receive(const std::string& topic, Bytes payload, bool retained, i64 now_ms);

 private:
  void on_hello(const std::string& device, Bytes payload, i64 now_ms);
  void on_status(const std::string& device, Bytes payload, bool retained, i64 now_ms);
  void on_log(const std::string& device, Bytes payload, i64 now_ms);
  void answer(const std::string& device, u64 boot_id, bool admitted, const std::string& reason, i64 now_ms);
  void restore(i64 now_ms);
  void save(i64 now_ms);

  Parts parts_;
  StateFile file_;
  bool unsaved_ = false;
  std::unique_ptr<Mqtt> mqtt_;
};

}  // namespace pipit::gateway
