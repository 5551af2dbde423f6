/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwipopts.h: lwIP as the kernel uses it: its raw API alone, called under one
 * mutex (inet_lock()), memory from kmalloc(), timers of our own.
 *
 * What has no use before there is a device (ARP, neighbours, fragments,
 * groups) is left out.
 */
#ifndef NET_INET_LWIPOPTS_H
#define NET_INET_LWIPOPTS_H

#include "kuni/mm.h"

#define NO_SYS                    1
#define LWIP_TIMERS               0
#define SYS_LIGHTWEIGHT_PROT      0
#define LWIP_ASSERT_CORE_LOCKED() inet_check_locked()
#define LWIP_HOOK_FILENAME        "hooks.h"
#define LWIP_NETCONN              0
#define LWIP_SOCKET               0
#define LWIP_STATS                0

#define MEM_ALIGNMENT             8
#define MEM_LIBC_MALLOC           1
#define MEMP_MEM_MALLOC           1
#define mem_clib_malloc           kmalloc
#define mem_clib_calloc(n, size)  kmalloc((size_t)(n) * (size)) /* zeroed */
#define mem_clib_free             kfree
#define LWIP_SUPPORT_CUSTOM_PBUF  1
#define LWIP_NETIF_TX_SINGLE_PBUF 0

#define LWIP_ARP                          0
#define LWIP_ETHERNET                     0
#define LWIP_NETIF_LOOPBACK               0
#define LWIP_HAVE_LOOPIF                  0 /* net/inet/loop.c is ours */
#define LWIP_CHECKSUM_CTRL_PER_NETIF      1
#define IP_REASSEMBLY                     0
#define IP_FRAG                           0
#define IP_DEFAULT_TTL                    64
#define IP_SOF_BROADCAST                  0 /* asked above */
#define LWIP_ICMP                         1
#define LWIP_UDPLITE                      1
#define LWIP_RAW                          1
#define LWIP_IGMP                         0
#define LWIP_IPV6                         1
#define LWIP_ICMP6_HL                     64
#define LWIP_IPV6_FRAG                    0
#define LWIP_IPV6_REASS                   0
#define LWIP_IPV6_MLD                     0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS     0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT     0
#define LWIP_IPV6_AUTOCONFIG              0
#define LWIP_ND6_QUEUEING                 0
#define LWIP_ND6_TCP_REACHABILITY_HINTS   0
#define LWIP_ND6_ALLOW_RA_UPDATES         0
#define UDP_LOCAL_PORT_RANGE_START        32768 /* as Linux has it */
#define UDP_LOCAL_PORT_RANGE_END          60999
#define UDP_ENSURE_LOCAL_PORT_RANGE(port) ((u16_t)(32768 + (port) % 28232))

#define SO_REUSE                          1 /* the rules are in inet.c */
#define TCP_LOCAL_PORT_RANGE_START        32768
#define TCP_LOCAL_PORT_RANGE_END          60999
#define TCP_ENSURE_LOCAL_PORT_RANGE(port) ((u16_t)(32768 + (port) % 28232))

/* A whole segment of the loopback at once; how much is in flight is each
 * socket's own limit (tcp_send.c), below these. */
#define TCP_MSS                           65495
#define TCP_SND_BUF                       (4U << 20)
#define TCP_SND_QUEUELEN                  60000
#define LWIP_WND_SCALE                    1
#define TCP_RCV_SCALE                     4
#define TCP_WND                           (512U << 10)
#define TCP_OVERSIZE                      512
#define LWIP_DISABLE_TCP_SANITY_CHECKS    1 /* they are about netconn's limits */
#define TCP_LISTEN_BACKLOG                0 /* ours: 255 is not enough */
#define LWIP_TCP_PCB_NUM_EXT_ARGS         1 /* tells us when a pcb goes */
#define LWIP_TCP_KEEPALIVE                1
#define LWIP_TCP_SACK_OUT                 1
#define TCP_TMR_INTERVAL                  50 /* ms: the longest delayed ACK */
#define LWIP_TCP_RTO_TIME                 1000
#define TCP_MSL                           30000UL
#define TCP_MAXRTX                        12
#define TCP_SYNMAXRTX                     12 /* at most; TCP_SYNCNT is ours */
#define LWIP_HOOK_TCP_ISN(la, lp, ra, rp) inet_random()
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS     inet_hook_tcp_out
#define LWIP_HOOK_TCP_INPACKET_PCB        inet_hook_tcp

void inet_check_locked(void); /* lwip_port.c */

#endif
