#pragma once
/* lwIP for a server in a virtual machine: hundreds of connections, windows that fill a fast link, no threads.
 */

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0 /* costs a second at start-up */
#define LWIP_IPV6_SCOPES 0              /* one card: every link-local address is on it */
#define LWIP_IPV6_MLD 0                 /* a virtual switch floods */
#define LWIP_ND6_NUM_NEIGHBORS 32
#define LWIP_ND6_NUM_DESTINATIONS 64
#define IPV6_FRAG_COPYHEADER 1
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 8
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0 /* costs a second at start-up */
#define LWIP_ARP 1
#define ARP_TABLE_SIZE 64
#define ARP_QUEUEING 1
#define MEMP_NUM_ARP_QUEUE 64
#define IP_FORWARD 0
#define IP_FRAG 1
#define IP_REASSEMBLY 1
#define LWIP_HAVE_LOOPIF 1
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_LOOPBACK_MAX_PBUFS 64
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_TX_SINGLE_PBUF 0
#define LWIP_SUPPORT_CUSTOM_PBUF 1

#define LWIP_UDP 1
#define LWIP_TCP 1
#define TCP_MSS 1460
/* Sequence numbers that nobody outside can guess (RFC 6528). */
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) \
  mewz_lwip_sequence(local, local_port, remote, remote_port)
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 2
#define TCP_WND (128 * 1024)
#define TCP_SND_BUF (128 * 1024)
#define TCP_SND_QUEUELEN 256
#define TCP_SNDLOWAT (4 * TCP_MSS)
#define TCP_SNDQUEUELOWAT 64
#define TCP_LISTEN_BACKLOG 1
#define TCP_DEFAULT_LISTEN_BACKLOG 255
#define LWIP_TCP_RTO_TIME 1000 /* a first SYN may be lost in QEMU's user network: ask again soon */
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1 /* a port whose last connections are still ending can be listened on again */

/* Checksums are the card's where it can (net/interface.cpp decides). */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM mewz_lwip_checksum

#define MEM_ALIGNMENT 16
#define MEM_SIZE (2 * 1024 * 1024) /* what is being sent, untouched until it is */
#define PBUF_POOL_SIZE 128         /* copies of what arrived, where the card's own buffers must go back */
#define PBUF_POOL_BUFSIZE 1536
#define MEMP_NUM_PBUF 1024
#define MEMP_NUM_UDP_PCB 64
#define MEMP_NUM_TCP_PCB 512
#define MEMP_NUM_TCP_PCB_LISTEN 32
#define MEMP_NUM_TCP_SEG 2048
#define MEMP_NUM_SYS_TIMEOUT 16

/* What is in use of memory and pools, and nothing else. */
#define LWIP_STATS 1
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define SYS_STATS 0
#define IP6_STATS 0
#define ICMP6_STATS 0
#define IP6_FRAG_STATS 0
#define ND6_STATS 0
