#pragma once
#include "ports/network.h"

extern "C" {
#include "lwip/err.h"
#include "lwip/pbuf.h"
}
struct tcp_pcb;

namespace pipit::waiot {

/// One outgoing TCP connection over lwIP's raw interface. What arrives waits in lwIP's own buffers until it
/// is read; the window opens by what was read, so a slow reader holds its peer back and loses nothing.
class LwipStream final : public ports::TcpStream {
 public:
  Status connect(ports::Ipv4 address, u16 port) override;
  State state() const override;
  usize send(Bytes data) override;
  usize receive(MutBytes out) override;
  void close() override;
  /// Goes on with what found the controller's buffers full: lwIP itself tries again only when a segment
  /// arrives.
  void flush();

  u64 bytes_received() const { return bytes_received_; }
  u64 bytes_sent() const { return bytes_sent_; }

 private:
  static err_t on_connected(void* self, tcp_pcb* pcb, err_t error);
  static err_t on_received(void* self, tcp_pcb* pcb, pbuf* buffer, err_t error);
  static void on_error(void* self, err_t error);
  void release();

  tcp_pcb* pcb_ = nullptr;
  pbuf* waiting_ = nullptr;  ///< received, not yet read
  State state_ = State::closed;
  bool peer_closed_ = false;
  u64 bytes_received_ = 0, bytes_sent_ = 0;
};

}  // namespace pipit::waiot
