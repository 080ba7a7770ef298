#include "mewz/net/interface.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/sha256.h"
#include "mewz/clock.h"
#include "mewz/entropy.h"
#include "mewz/log.h"
#include "mewz/net/reopen.h"
#include "mewz/virtio/network_card.h"

extern "C" {
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/nd6.h"
#include "lwip/stats.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
}

namespace pipit::mewz {
namespace {

constexpr u32 kFramesPerPoll = 64;  // so that a flood leaves time for the application
constexpr u16 kCopyBelow = 32;      // buffers at the device: below, what arrives is copied and given back
constexpr u32 kHeaderAt = 14;       // of IP, behind Ethernet's
constexpr u8 kTcp = 6, kUdp = 17;
constexpr u64 kAutoconfigurationMs = 3'000;  // a router that has not answered by then is not there

constinit NetworkInterface g_network;
constinit NetworkCard g_card;
constinit netif g_netif{};

/// A receive buffer as lwIP sees it; goes back to the card when lwIP lets go of it.
struct LentBuffer {
  pbuf_custom custom;  // first: lwIP hands back its address
  u16 buffer;
};
LentBuffer g_lent[NetworkCard::kReceiveBuffers];

void give_back(pbuf* frame) { g_card.release(reinterpret_cast<LentBuffer*>(frame)->buffer); }
void on_sent(void* token) { pbuf_free(static_cast<pbuf*>(token)); }

u16 load16(const u8* at) { return static_cast<u16>(at[0] << 8 | at[1]); }

/// Where the transport's checksum lies in a frame of TCP or UDP, not fragmented; start is 0 for any other.
struct ChecksumPlace {
  u16 start = 0, offset = 0;
  u8 protocol = 0;
  Bytes addresses{};  ///< of the pseudo header
};
ChecksumPlace checksum_place(const u8* frame, usize bytes) {
  constexpr u16 kIpv4 = 0x0800, kIpv6 = 0x86DD, kFragment = 0x3FFF;
  constexpr u32 kIpv4Bytes = 20, kIpv6Bytes = 40;
  ChecksumPlace out;
  if (bytes < kHeaderAt + kIpv4Bytes) return {};
  const u8* const header = frame + kHeaderAt;
  if (load16(frame + 12) == kIpv4 && (load16(header + 6) & kFragment) == 0) {
    out = {static_cast<u16>(kHeaderAt + (header[0] & 15u) * 4), 0, header[9], {header + 12, 8}};
  } else if (load16(frame + 12) == kIpv6 && bytes >= kHeaderAt + kIpv6Bytes) {
    out = {kHeaderAt + kIpv6Bytes, 0, header[6], {header + 8, 32}};
  } else {
    return {};
  }
  out.offset = out.protocol == kTcp ? 16 : 6;
  const bool known =
      (out.protocol == kTcp && bytes >= out.start + 20u) || (out.protocol == kUdp && bytes >= out.start + 8u);
  return known ? out : ChecksumPlace{};
}

/// The part of the checksum that the device does not see: addresses, protocol, length (RFC 793 §3.1, RFC 8200
/// §8.1).
void store_pseudo_checksum(u8* frame, const ChecksumPlace& place, usize frame_bytes) {
  u32 sum = place.protocol + static_cast<u32>(frame_bytes - place.start);
  for (usize i = 0; i < place.addresses.size(); i += 2) sum += load16(place.addresses.data() + i);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  frame[place.start + place.offset] = static_cast<u8>(sum >> 8);
  frame[place.start + place.offset + 1] = static_cast<u8>(sum);
}

err_t output(netif*, pbuf* frame) {
  Bytes pieces[NetworkCard::kMaxPieces];
  u32 count = 0;
  for (const pbuf* piece = frame; piece != nullptr; piece = piece->next) {
    if (count == NetworkCard::kMaxPieces) return ERR_BUF;
    pieces[count++] = {static_cast<const u8*>(piece->payload), piece->len};
  }
  ChecksumPlace place;
  if (g_card.computes_checksums()) {
    // lwIP lays all headers of a frame into its first piece.
    place = checksum_place(pieces[0].data(), pieces[0].size());
    if (place.start != 0) store_pseudo_checksum(static_cast<u8*>(frame->payload), place, frame->tot_len);
  }
  g_card.reap();
  pbuf_ref(frame);
  if (g_card.send({pieces, count}, place.start, place.offset, frame)) return ERR_OK;
  pbuf_free(frame);
  return ERR_IF;
}

err_t init_netif(netif* interface) {
  interface->name[0] = 'e';
  interface->name[1] = 'n';
  interface->mtu = 1500;
  interface->output = etharp_output;
  interface->output_ip6 = ethip6_output;
  interface->linkoutput = output;
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP | NETIF_FLAG_ETHERNET;
  const auto mac = g_card.mac();
  interface->hwaddr_len = mac.size();
  std::copy(mac.begin(), mac.end(), interface->hwaddr);
  u16 checksums = NETIF_CHECKSUM_ENABLE_ALL;
  if (g_card.computes_checksums()) checksums &= ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
  NETIF_SET_CHECKSUM_CTRL(interface, checksums);
  return ERR_OK;
}

/// What lwIP is to check itself of one frame.
void set_checks(bool device_vouches) {
  constexpr u16 kTransport = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;
  const u16 now = g_netif.chksum_flags;
  NETIF_SET_CHECKSUM_CTRL(&g_netif, static_cast<u16>(device_vouches ? now & ~kTransport : now | kTransport));
}

pbuf* wrap(const ReceivedFrame& frame) {
  const u16 bytes = static_cast<u16>(frame.data.size());
  if (g_card.buffers_at_device() < kCopyBelow) {
    pbuf* const copy = pbuf_alloc(PBUF_RAW, bytes, PBUF_POOL);
    if (copy != nullptr) pbuf_take(copy, frame.data.data(), bytes);
    g_card.release(frame.buffer);
    return copy;
  }
  LentBuffer& lent = g_lent[frame.buffer];
  lent.buffer = frame.buffer;
  lent.custom.custom_free_function = give_back;
  return pbuf_alloced_custom(PBUF_RAW, bytes, PBUF_REF, &lent.custom, const_cast<u8*>(frame.data.data()),
                             bytes);
}

}  // namespace

extern "C" u32_t sys_now() { return static_cast<u32_t>(clock().uptime_ms()); }

extern "C" unsigned int mewz_lwip_random() {
  unsigned int value;
  entropy().fill({reinterpret_cast<u8*>(&value), sizeof value});
  return value;
}

/// RFC 6528: a clock of four microseconds, and a secret function of both ends.
extern "C" unsigned int mewz_lwip_sequence(const void* local, unsigned short local_port, const void* remote,
                                           unsigned short remote_port) {
  static u8 secret[32];
  static bool known = false;
  if (!std::exchange(known, true)) entropy().fill(secret);
  Sha256 hash;
  hash.update(secret);
  for (const void* end : {local, remote}) {
    const auto* const ip = static_cast<const ip_addr_t*>(end);
    hash.update({reinterpret_cast<const u8*>(&ip->u_addr), IP_IS_V6(ip) ? usize{16} : usize{4}});
  }
  const unsigned short ports[] = {local_port, remote_port};
  hash.update({reinterpret_cast<const u8*>(ports), sizeof ports});
  const Sha256::Digest digest = hash.finish();
  u32 offset;
  std::memcpy(&offset, digest.data(), sizeof offset);
  return static_cast<u32>(clock().uptime_ns() / 4000) + offset;
}

extern "C" void mewz_lwip_assert(int line) { check_failed("assertion", "lwip", line); }

NetworkInterface& network() { return g_network; }

Status NetworkInterface::init(const CommandLine& command) {
  TRY(g_card.init(on_sent));
  lwip_init();
  ip4_addr_t address{}, mask{}, gateway{};
  const StaticAddress& fixed = command.address;
  if (fixed.given) {
    IP4_ADDR(&address, fixed.address[0], fixed.address[1], fixed.address[2], fixed.address[3]);
    IP4_ADDR(&gateway, fixed.gateway[0], fixed.gateway[1], fixed.gateway[2], fixed.gateway[3]);
    mask.addr = lwip_htonl(~u32{0} << (32 - fixed.prefix_bits));
  }
  netif_add(&g_netif, &address, &mask, &gateway, nullptr, init_netif, ethernet_input);
  netif_set_default(&g_netif);
  netif_set_hostname(&g_netif, "mewz");
  netif_create_ip6_linklocal_address(&g_netif, 1);
  netif_set_ip6_autoconfig_enabled(&g_netif, 1);
  netif_set_up(&g_netif);
  if (!fixed.given && dhcp_start(&g_netif) != ERR_OK)
    return Error{Code::out_of_memory, "DHCP cannot be started"};
  if (const auto& dns = command.name_server; (dns[0] | dns[1] | dns[2] | dns[3]) != 0) {
    ip_addr_t server;
    IP_ADDR4(&server, dns[0], dns[1], dns[2], dns[3]);
    dns_setserver(0, &server);
  }
  started_ = true;
  g_card.flush();
  return {};
}

bool NetworkInterface::poll() {
  if (!started_) return false;
  g_card.reap();
  ReceivedFrame frame;
  u32 moved = 0;
  for (; moved < kFramesPerPoll && g_card.receive(frame); ++moved) {
    forget_closed_connection(frame.data);
    pbuf* const buffer = wrap(frame);
    if (buffer == nullptr) continue;  // TCP sends it again
    set_checks(frame.checksum_good);
    if (g_netif.input(buffer, &g_netif) != ERR_OK) pbuf_free(buffer);
  }
  netif_poll_all();  // what was sent to ourselves
  sys_check_timeouts();
  g_card.flush();
  if (!announced_ && up()) {
    announced_ = true;
    const auto ip = address();
    Line() << "address " << u32{ip[0]} << "." << u32{ip[1]} << "." << u32{ip[2]} << "." << u32{ip[3]}
           << " after " << clock().uptime_ms() << " ms";
  }
  return moved != 0;
}

bool NetworkInterface::waiting() const { return started_ && g_card.waiting(); }

bool NetworkInterface::up() const { return started_ && !ip4_addr_isany_val(*netif_ip4_addr(&g_netif)); }

bool NetworkInterface::reaches(bool ipv6) const {
  if (!started_) return true;
  if (!ipv6) return up();
  for (u32 i = 1; i < LWIP_IPV6_NUM_ADDRESSES; ++i)  // 0 is the link's own
    if (ip6_addr_isvalid(netif_ip6_addr_state(&g_netif, i))) return true;
  return clock().uptime_ms() > kAutoconfigurationMs;
}

ports::Ipv4 NetworkInterface::address() const {
  const auto* const ip = netif_ip4_addr(&g_netif);
  return {ip4_addr1(ip), ip4_addr2(ip), ip4_addr3(ip), ip4_addr4(ip)};
}

NetworkInterface::Usage NetworkInterface::usage() const {
  const auto used = [](memp_t pool) { return u32{memp_pools[pool]->stats->used}; };
  return {.connections = used(MEMP_TCP_PCB),
          .buffers = used(MEMP_PBUF) + used(MEMP_PBUF_POOL),
          .segments = used(MEMP_TCP_SEG),
          .send_bytes = static_cast<u32>(lwip_stats.mem.used),
          .receive_buffers = u32{NetworkCard::kReceiveBuffers} - g_card.buffers_at_device()};
}

ports::MacAddress NetworkInterface::mac() const { return g_card.mac(); }

}  // namespace pipit::mewz
