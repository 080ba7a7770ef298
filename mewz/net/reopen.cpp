#include "mewz/net/reopen.h"

#include <cstring>

extern "C" {
#include "lwip/priv/tcp_priv.h"
}

namespace pipit::mewz {
namespace {

constexpr usize kEthernetBytes = 14, kIpv4Bytes = 20, kIpv6Bytes = 40, kTcpBytes = 20;
constexpr u8 kTcp = 6, kSyn = 0x02, kFlags = 0x17;  // FIN, SYN, RST, ACK

u16 load16(const u8* at) { return static_cast<u16>(at[0] << 8 | at[1]); }
u32 load32(const u8* at) { return u32{load16(at)} << 16 | load16(at + 2); }

/// Addresses and TCP header of a frame; tcp is null for anything else, and for fragments.
struct Segment {
  const u8* tcp = nullptr;
  ip_addr_t from, to;
};

Segment find_segment(Bytes frame) {
  constexpr u16 kIpv4 = 0x0800, kIpv6 = 0x86DD, kFragment = 0x3FFF;
  Segment out;
  if (frame.size() < kEthernetBytes + kIpv4Bytes + kTcpBytes) return out;
  const u8* const header = frame.data() + kEthernetBytes;
  const u16 type = load16(frame.data() + 12);
  usize bytes = 0;
  if (type == kIpv4 && header[9] == kTcp && (load16(header + 6) & kFragment) == 0) {
    bytes = (header[0] & 15u) * 4;
    IP_SET_TYPE_VAL(out.from, IPADDR_TYPE_V4);
    IP_SET_TYPE_VAL(out.to, IPADDR_TYPE_V4);
    std::memcpy(&ip_2_ip4(&out.from)->addr, header + 12, 4);
    std::memcpy(&ip_2_ip4(&out.to)->addr, header + 16, 4);
  } else if (type == kIpv6 && header[6] == kTcp && frame.size() >= kEthernetBytes + kIpv6Bytes) {
    bytes = kIpv6Bytes;
    IP_ADDR6_HOST(&out.from, 0, 0, 0, 0);
    IP_ADDR6_HOST(&out.to, 0, 0, 0, 0);
    std::memcpy(ip_2_ip6(&out.from)->addr, header + 8, 16);
    std::memcpy(ip_2_ip6(&out.to)->addr, header + 24, 16);
  }
  if (bytes >= kIpv4Bytes && frame.size() >= kEthernetBytes + bytes + kTcpBytes) out.tcp = header + bytes;
  return out;
}

}  // namespace

void forget_closed_connection(Bytes frame) {
  if (tcp_tw_pcbs == nullptr) return;
  const Segment segment = find_segment(frame);
  if (segment.tcp == nullptr || (segment.tcp[13] & kFlags) != kSyn) return;
  const u16 remote_port = load16(segment.tcp), local_port = load16(segment.tcp + 2);
  for (tcp_pcb* pcb = tcp_tw_pcbs; pcb != nullptr; pcb = pcb->next) {
    if (pcb->remote_port != remote_port || pcb->local_port != local_port) continue;
    if (!ip_addr_cmp(&pcb->remote_ip, &segment.from) || !ip_addr_cmp(&pcb->local_ip, &segment.to)) continue;
    if (TCP_SEQ_GT(load32(segment.tcp + 4), pcb->rcv_nxt)) tcp_abort(pcb);  // of this kind: sends nothing
    return;
  }
}

}  // namespace pipit::mewz
