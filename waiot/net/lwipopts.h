#pragma once
/* lwIP for two outgoing TCP connections in about 30 KB: no sockets, no threads, IPv4 with DHCP only. */

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_DNS 0
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0 /* costs a second at start-up */
#define LWIP_ARP 1
#define ARP_TABLE_SIZE 6
#define ARP_QUEUEING 1 /* both connections may start before the gateway's address is known */
#define MEMP_NUM_ARP_QUEUE 4
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define IP_FORWARD 0
#define IP_FRAG 0
#define IP_REASSEMBLY 0
#define LWIP_NETIF_API 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_NUM_NETIF_CLIENT_DATA 0

#define LWIP_TCP 1
#define TCP_MSS 1460
#define TCP_WND (3 * TCP_MSS) /* two streams' windows stay below a LAN9118's 10,560-byte receive FIFO */
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 12
#define TCP_SNDLOWAT TCP_MSS
#define TCP_SNDQUEUELOWAT 4
#define TCP_OVERSIZE 128
#define TCP_LISTEN_BACKLOG 0
#define TCP_OOSEQ_MAX_BYTES (2 * TCP_MSS)
#define LWIP_TCP_RTO_TIME 1000 /* a first SYN may be lost in QEMU's user network: ask again soon */
#define TCP_SYNMAXRTX 4
#define LWIP_TCP_KEEPALIVE 0

#define MEM_ALIGNMENT 4
#define MEM_SIZE (10 * 1024) /* what is being sent */
#define PBUF_POOL_SIZE 24    /* what is being received: two windows and some acknowledgements */
#define PBUF_POOL_BUFSIZE 512
#define MEMP_NUM_PBUF 8
#define MEMP_NUM_UDP_PCB 1
#define MEMP_NUM_TCP_PCB 4 /* two in use, two that linger in TIME_WAIT */
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG 28

#define LWIP_STATS 1
#define LWIP_STATS_LARGE 0
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define SYS_STATS 0
#define MEM_STATS 1 /* high-water marks */
#define MEMP_STATS 1
#define LWIP_STATS_DISPLAY 0
#define LWIP_NETIF_HOSTNAME 1
