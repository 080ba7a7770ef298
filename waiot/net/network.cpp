#include "waiot/net/network.h"

#include <algorithm>

extern "C" {
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/memp.h"
#include "lwip/stats.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
}

namespace pipit::waiot {
namespace {

// lwIP asks for time and chance through plain functions.
ports::Clock* g_clock = nullptr;
ports::Entropy* g_entropy = nullptr;

constexpr u32 kFramesPerPoll = 16;  // so that a flood leaves time for the rest of the main loop
/// A segment of many small writes is a chain of so many; one that could not be sent would hold its connection
/// up for ever.
constexpr u32 kMaxPieces = TCP_SND_QUEUELEN + 1;

}  // namespace

extern "C" u32_t sys_now() { return static_cast<u32_t>(g_clock->uptime_ms()); }

extern "C" unsigned int waiot_lwip_random() {
  u32 value;
  g_entropy->fill({reinterpret_cast<u8*>(&value), sizeof value});
  return value;
}

extern "C" void waiot_lwip_assert(int line) { check_failed("assertion", "lwip", line); }

err_t LwipNetwork::on_init(netif* interface) {
  const auto& self = *static_cast<LwipNetwork*>(interface->state);
  interface->name[0] = 'e';
  interface->name[1] = 'n';
  interface->mtu = 1500;
  interface->output = etharp_output;
  interface->linkoutput = on_output;
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP | NETIF_FLAG_ETHERNET;
  const auto mac = self.nic_->mac();
  interface->hwaddr_len = mac.size();
  std::copy(mac.begin(), mac.end(), interface->hwaddr);
  return ERR_OK;
}

err_t LwipNetwork::on_output(netif* interface, pbuf* frame) {
  Bytes pieces[kMaxPieces];
  u32 count = 0;
  for (const pbuf* piece = frame; piece != nullptr; piece = piece->next) {
    if (count == kMaxPieces) return ERR_BUF;
    pieces[count++] = {static_cast<const u8*>(piece->payload), piece->len};
  }
  return static_cast<LwipNetwork*>(interface->state)->nic_->send({pieces, count}) ? ERR_OK : ERR_IF;
}

void LwipNetwork::init(Nic& nic, ports::Clock& clock, ports::Entropy& entropy, const char* hostname) {
  nic_ = &nic;
  g_clock = &clock;
  g_entropy = &entropy;
  lwip_init();
  const ip4_addr_t none{};
  netif_add(&interface_, &none, &none, &none, this, on_init, ethernet_input);
  netif_set_hostname(&interface_, hostname);
  netif_set_default(&interface_);
  netif_set_up(&interface_);
  dhcp_start(&interface_);
}

void LwipNetwork::poll() {
  for (u32 i = 0; i < kFramesPerPoll; ++i) {
    const Bytes frame = nic_->receive();
    if (frame.empty()) break;
    pbuf* buffer = pbuf_alloc(PBUF_RAW, static_cast<u16_t>(frame.size()), PBUF_POOL);
    if (buffer == nullptr) {
      ++frames_dropped_;
      continue;
    }
    pbuf_take(buffer, frame.data(), static_cast<u16_t>(frame.size()));
    if (interface_.input(buffer, &interface_) != ERR_OK) pbuf_free(buffer);
  }
  sys_check_timeouts();
  for (LwipStream& stream : streams_) stream.flush();
}

bool LwipNetwork::up() const { return dhcp_supplied_address(&interface_) != 0; }

ports::Ipv4 LwipNetwork::address() const {
  const auto* const ip = netif_ip4_addr(&interface_);
  return {ip4_addr1(ip), ip4_addr2(ip), ip4_addr3(ip), ip4_addr4(ip)};
}

LwipStream& LwipNetwork::stream(u32 index) {
  PIPIT_CHECK(index < kStreams);
  return streams_[index];
}

u32 LwipNetwork::heap_peak_bytes() const {
  u32 bytes = lwip_stats.mem.max;
  for (u32 pool = 0; pool < MEMP_MAX; ++pool)
    bytes += u32{memp_pools[pool]->size} * memp_pools[pool]->stats->max;
  return bytes;
}

}  // namespace pipit::waiot
