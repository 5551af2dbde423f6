/* SPDX-License-Identifier: Apache-2.0 */
/* linux_net.h: sockets, as x86-64 Linux programs see them. */
#ifndef KUNI_LINUX_NET_H
#define KUNI_LINUX_NET_H

#include "kuni/types.h"

#define AF_UNSPEC  0
#define AF_UNIX    1
#define AF_INET    2
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_MAX     46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_MAX       11
#define SOCK_TYPE_MASK 0xf
#define SOCK_CLOEXEC   02000000
#define SOCK_NONBLOCK  04000

#define MSG_OOB          1U
#define MSG_PEEK         2U
#define MSG_CTRUNC       8U
#define MSG_TRUNC        0x20U
#define MSG_DONTWAIT     0x40U
#define MSG_EOR          0x80U
#define MSG_WAITALL      0x100U
#define MSG_ERRQUEUE     0x2000U
#define MSG_NOSIGNAL     0x4000U
#define MSG_MORE         0x8000U
#define MSG_WAITFORONE   0x10000U
#define MSG_CMSG_COMPAT  0x80000000U
#define MSG_CMSG_CLOEXEC 0x40000000U

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SOL_IP      0
#define SOL_SOCKET  1
#define SOL_TCP     6
#define SOL_UDP     17
#define SOL_UDPLITE 136
#define SOL_IPV6    41
#define SOL_RAW     255
#define SOL_ICMPV6  58
#define SOL_NETLINK 270

#define SO_DEBUG        1
#define SO_REUSEADDR    2
#define SO_TYPE         3
#define SO_ERROR        4
#define SO_DONTROUTE    5
#define SO_BROADCAST    6
#define SO_SNDBUF       7
#define SO_RCVBUF       8
#define SO_KEEPALIVE    9
#define SO_OOBINLINE    10
#define SO_PRIORITY     12
#define SO_LINGER       13
#define SO_REUSEPORT    15
#define SO_PASSCRED     16
#define SO_PEERCRED     17
#define SO_RCVLOWAT     18
#define SO_SNDLOWAT     19
#define SO_RCVTIMEO     20
#define SO_SNDTIMEO     21
#define SO_PEERNAME     28
#define SO_ACCEPTCONN   30
#define SO_SNDBUFFORCE  32
#define SO_RCVBUFFORCE  33
#define SO_PROTOCOL     38
#define SO_DOMAIN       39
#define SO_COOKIE       57
#define SO_PEERGROUPS   59
#define SO_RCVTIMEO_NEW 66
#define SO_SNDTIMEO_NEW 67

#define IP_TOS                  1
#define IP_TTL                  2
#define IP_HDRINCL              3
#define IP_PKTINFO              8
#define IP_RECVERR              11
#define IP_RECVTTL              12
#define IP_RECVTOS              13
#define IPV6_UNICAST_HOPS       16
#define IPV6_RECVERR            25
#define IPV6_V6ONLY             26
#define IPV6_RECVPKTINFO        49
#define IPV6_PKTINFO            50
#define IPV6_RECVHOPLIMIT       51
#define IPV6_HOPLIMIT           52
#define IPV6_RECVTCLASS         66
#define IPV6_TCLASS             67
#define ICMP_FILTER             1 /* of SOL_RAW */
#define ICMPV6_FILTER           1
#define IP_MTU_DISCOVER         10
#define IP_MTU                  14
#define IP_FREEBIND             15
#define IP_MINTTL               21
#define IP_BIND_ADDRESS_NO_PORT 24
#define IPV6_CHECKSUM           7
#define IPV6_2292HOPLIMIT       8
#define IPV6_MTU_DISCOVER       23
#define IPV6_MTU                24
#define IPV6_DONTFRAG           62
#define UDP_CORK                1
#define UDPLITE_SEND_CSCOV      10
#define UDPLITE_RECV_CSCOV      11

#define TCP_NODELAY      1
#define TCP_MAXSEG       2
#define TCP_CORK         3
#define TCP_KEEPIDLE     4
#define TCP_KEEPINTVL    5
#define TCP_KEEPCNT      6
#define TCP_INFO         11
#define TCP_SYNCNT       7
#define TCP_QUICKACK     12
#define TCP_CONGESTION   13
#define TCP_USER_TIMEOUT 18

#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD      253

#define SIOCINQ      0x541b
#define SIOCOUTQ     0x5411
#define SIOCUNIXFILE 0x89e0

#define UNIX_PATH_MAX 108
struct lx_sockaddr_un {
	uint16_t family;
	char path[UNIX_PATH_MAX];
};
struct lx_sockaddr_in { /* port and address as on the wire */
	uint16_t family, port;
	uint32_t addr;
	uint8_t zero[8];
};
struct lx_sockaddr_in6 {
	uint16_t family, port;
	uint32_t flowinfo;
	uint8_t addr[16];
	uint32_t scope_id;
};
struct lx_sockaddr_nl {
	uint16_t family, pad;
	uint32_t pid, groups;
};
struct lx_ucred {
	int32_t pid;
	uint32_t uid, gid;
};
struct lx_linger {
	int32_t on, seconds;
};
struct lx_msghdr {
	uint64_t name;
	int32_t namelen, pad0;
	uint64_t iov, iovlen;
	uint64_t control, controllen;
	uint32_t flags, pad1;
};
_Static_assert(sizeof(struct lx_msghdr) == 56, "struct msghdr");
struct lx_mmsghdr {
	struct lx_msghdr hdr;
	uint32_t len, pad;
};
struct lx_cmsghdr {
	uint64_t len;
	int32_t level, type;
};
#define CMSG_ALIGN(n) (((n) + 7) & ~(size_t)7)
#define CMSG_LEN(n)   (sizeof(struct lx_cmsghdr) + (n))
#define CMSG_SPACE(n) (sizeof(struct lx_cmsghdr) + CMSG_ALIGN(n))

#endif
