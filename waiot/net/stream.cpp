#include "waiot/net/stream.h"

#include <algorithm>

extern "C" {
#include "lwip/tcp.h"
}

namespace pipit::waiot {

err_t LwipStream::on_connected(void* self, tcp_pcb*, err_t) {
  static_cast<LwipStream*>(self)->state_ = State::open;
  return ERR_OK;
}

err_t LwipStream::on_received(void* self, tcp_pcb*, pbuf* buffer, err_t) {
  auto& stream = *static_cast<LwipStream*>(self);
  if (buffer == nullptr) {
    stream.peer_closed_ = true;
  } else if (stream.waiting_ == nullptr) {
    stream.waiting_ = buffer;
  } else {
    pbuf_cat(stream.waiting_, buffer);
  }
  return ERR_OK;
}

/// lwIP has freed the connection already.
void LwipStream::on_error(void* self, err_t) {
  auto& stream = *static_cast<LwipStream*>(self);
  stream.pcb_ = nullptr;
  stream.state_ = State::failed;
}

Status LwipStream::connect(ports::Ipv4 address, u16 port) {
  if (state() != State::closed) return Error{Code::invalid_argument, "stream is not closed"};
  release();
  pcb_ = tcp_new();
  if (pcb_ == nullptr) return Error{Code::out_of_memory, "no connection is free"};
  tcp_arg(pcb_, this);
  tcp_recv(pcb_, on_received);
  tcp_err(pcb_, on_error);
  tcp_nagle_disable(pcb_);
  ip_addr_t peer;
  IP4_ADDR(&peer, address[0], address[1], address[2], address[3]);
  if (tcp_connect(pcb_, &peer, port, on_connected) != ERR_OK) {
    release();
    return Error{Code::unavailable, "no route to the peer"};
  }
  state_ = State::connecting;
  return {};
}

ports::TcpStream::State LwipStream::state() const {
  if (state_ == State::open && peer_closed_ && waiting_ == nullptr) return State::closed;
  return state_;
}

usize LwipStream::send(Bytes data) {
  if (state_ != State::open || pcb_ == nullptr) return 0;
  const usize size = std::min<usize>(data.size(), tcp_sndbuf(pcb_));
  if (size == 0 || tcp_write(pcb_, data.data(), static_cast<u16_t>(size), TCP_WRITE_FLAG_COPY) != ERR_OK)
    return 0;
  tcp_output(pcb_);
  bytes_sent_ += size;
  return size;
}

usize LwipStream::receive(MutBytes out) {
  if (waiting_ == nullptr) return 0;
  const u16 size =
      pbuf_copy_partial(waiting_, out.data(), static_cast<u16_t>(std::min<usize>(out.size(), 0xFFFF)), 0);
  waiting_ = pbuf_free_header(waiting_, size);
  if (pcb_ != nullptr) tcp_recved(pcb_, size);
  bytes_received_ += size;
  return size;
}

void LwipStream::close() { release(); }

void LwipStream::flush() {
  if (pcb_ != nullptr && pcb_->unsent != nullptr) tcp_output(pcb_);
}

void LwipStream::release() {
  if (pcb_ != nullptr) {
    tcp_arg(pcb_, nullptr);
    tcp_recv(pcb_, nullptr);
    tcp_err(pcb_, nullptr);
    // Unread bytes make lwIP reset the connection, which is what forgetting them means.
    if (tcp_close(pcb_) != ERR_OK) tcp_abort(pcb_);
  }
  if (waiting_ != nullptr) pbuf_free(waiting_);
  pcb_ = nullptr;
  waiting_ = nullptr;
  peer_closed_ = false;
  state_ = State::closed;
}

}  // namespace pipit::waiot
