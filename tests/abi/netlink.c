/* SPDX-License-Identifier: Apache-2.0 */
/* netlink.c: the loopback interface by netlink and ioctl; netlink's manners */
#include "sockets.h"
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>

static char buf[65536];

static void addresses(void)
{
	struct ifaddrs *all, *i;
	char s[100];

	printf("-- getifaddrs\n");
	if (getifaddrs(&all)) {
		printf("%s\n", strerrorname(errno));
		return;
	}
	for (i = all; i; i = i->ifa_next) {
		int f = i->ifa_addr ? i->ifa_addr->sa_family : -1;

		if (strcmp(i->ifa_name, "lo"))
			continue;
		printf("lo family %d flags %x", f, i->ifa_flags);
		if (f == AF_INET) {
			printf(" %s",
			       inet_ntoa(((struct sockaddr_in *)i->ifa_addr)
						 ->sin_addr));
			printf("/%s",
			       inet_ntoa(((struct sockaddr_in *)i->ifa_netmask)
						 ->sin_addr));
		} else if (f == AF_INET6) {
			printf(" %s",
			       inet_ntop(AF_INET6,
					 &((struct sockaddr_in6 *)i->ifa_addr)
						  ->sin6_addr,
					 s, sizeof(s)));
		}
		printf("\n");
	}
	freeifaddrs(all);
	SAY(if_nametoindex("lo"));
	SAY(if_nametoindex("none"));
	printf("%s\n", if_indextoname(1, s));
}

struct request {
	struct nlmsghdr h;
	union {
		struct rtgenmsg gen;
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct rtmsg route;
		char attr[64];
	};
};

static void hex(const char *what, const void *p, int n)
{
	printf(" %s=", what);
	while (n-- > 0)
		printf("%02x", *(const unsigned char *)p++);
}

/* The attributes that do not differ from machine to machine. */
static void attrs(struct rtattr *a, int n, unsigned long wanted)
{
	for (; RTA_OK(a, n); a = RTA_NEXT(a, n)) {
		char name[10];

		if (a->rta_type > 40 || !(wanted >> a->rta_type & 1))
			continue;
		snprintf(name, sizeof(name), "%d", a->rta_type);
		hex(name, RTA_DATA(a), RTA_PAYLOAD(a));
	}
	printf("\n");
}

static void show(struct nlmsghdr *h)
{
	if (h->nlmsg_type == RTM_NEWLINK) {
		struct ifinfomsg *m = NLMSG_DATA(h);

		if (m->ifi_index != 1)
			return;
		printf("link family %d type %d index %d flags %x multi %d",
		       m->ifi_family, m->ifi_type, m->ifi_index, m->ifi_flags,
		       h->nlmsg_flags & NLM_F_MULTI);
		attrs(IFLA_RTA(m), IFLA_PAYLOAD(h),
		      1UL << IFLA_IFNAME | 1UL << IFLA_MTU |
			      1UL << IFLA_ADDRESS | 1UL << IFLA_BROADCAST |
			      1UL << IFLA_TXQLEN | 1UL << IFLA_QDISC |
			      1UL << IFLA_OPERSTATE | 1UL << IFLA_LINKMODE);
	} else if (h->nlmsg_type == RTM_NEWADDR) {
		struct ifaddrmsg *m = NLMSG_DATA(h);

		if (m->ifa_index != 1)
			return;
		printf("addr family %d /%d flags %x scope %d", m->ifa_family,
		       m->ifa_prefixlen, m->ifa_flags, m->ifa_scope);
		attrs(IFA_RTA(m), IFA_PAYLOAD(h),
		      1UL << IFA_ADDRESS | 1UL << IFA_LOCAL | 1UL << IFA_LABEL |
			      1UL << IFA_FLAGS);
	} else if (h->nlmsg_type == RTM_NEWROUTE) {
		struct rtmsg *m = NLMSG_DATA(h);

		printf("route family %d dst /%d table %d proto %d scope %d "
		       "type %d",
		       m->rtm_family, m->rtm_dst_len, m->rtm_table,
		       m->rtm_protocol, m->rtm_scope, m->rtm_type);
		attrs(RTM_RTA(m), RTM_PAYLOAD(h),
		      1UL << RTA_TABLE | 1UL << RTA_DST | 1UL << RTA_PREFSRC |
			      1UL << RTA_OIF);
	} else if (h->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr *e = NLMSG_DATA(h);

		printf("error %s, of type %d seq %d\n",
		       e->error ? strerrorname(-e->error) : "none",
		       e->msg.nlmsg_type, e->msg.nlmsg_seq);
	} else if (h->nlmsg_type == NLMSG_DONE) {
		printf("done seq %d\n", h->nlmsg_seq);
	} else {
		printf("type %d\n", h->nlmsg_type);
	}
}

static void ask(int fd, int type, int flags, struct request *q, int len)
{
	struct nlmsghdr *h;
	int more = 1;
	long n;

	q->h.nlmsg_len = NLMSG_LENGTH(len);
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = NLM_F_REQUEST | flags;
	q->h.nlmsg_seq++;
	printf("type %d flags %x: ", type, flags);
	SAY(send(fd, q, q->h.nlmsg_len, 0));
	while (more && (n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		for (h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			show(h);
			if (h->nlmsg_type == NLMSG_DONE)
				more = 0;
		}
	}
	fflush(stdout);
}

static void requests(void)
{
	struct sockaddr_nl a = { AF_NETLINK }, from;
	struct request q = { 0 };
	socklen_t n = sizeof(a);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int other = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), on = 1;

	printf("-- requests\n");
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(getsockname(fd, (void *)&a, &n));
	printf("len %u port is pid %d\n", n, a.nl_pid == getpid());
	SAY(bind(other, (void *)&a, sizeof(a)));
	SAY(bind(fd, (void *)&a, 4));
	show_poll("idle", fd);
	OPT(fd, SO_TYPE);
	OPT(fd, SO_DOMAIN);
	OPT(fd, SO_PROTOCOL);
	SAY(listen(fd, 1));
	SAY(recv(fd, buf, 10, MSG_DONTWAIT));
	q.gen.rtgen_family = AF_UNSPEC;
	ask(fd, RTM_GETADDR, NLM_F_DUMP, &q, sizeof(q.gen));
	q.gen.rtgen_family = AF_INET;
	ask(fd, RTM_GETADDR, NLM_F_DUMP, &q, sizeof(q.gen));
	q.gen.rtgen_family = AF_UNSPEC;
	ask(fd, RTM_GETLINK, NLM_F_DUMP, &q, sizeof(q.link));
	q.gen.rtgen_family = AF_INET;
	ask(fd, RTM_GETROUTE, NLM_F_DUMP, &q, sizeof(q.route));
	memset(&q.link, 0, sizeof(q.link));
	q.link.ifi_index = 1;
	ask(fd, RTM_GETLINK, 0, &q, sizeof(q.link));
	ask(fd, RTM_GETLINK, NLM_F_ACK, &q, sizeof(q.link));
	q.link.ifi_index = 4711;
	ask(fd, RTM_GETLINK, 0, &q, sizeof(q.link));
	q.link.ifi_index = 0;
	ask(fd, RTM_GETLINK, 0, &q, sizeof(q.link));
	ask(fd, RTM_GETLINK, 0, &q, 4);
	SAY(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, 4));
	SAY(setsockopt(fd, SOL_NETLINK, 99, &on, 4));
	on = RTNLGRP_LINK;
	SAY(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &on, 4));
	n = sizeof(a);
	SAY(getsockname(fd, (void *)&a, &n));
	printf("groups %x\n", a.nl_groups);
	q.h.nlmsg_len = NLMSG_LENGTH(sizeof(q.gen));
	q.h.nlmsg_type = RTM_GETADDR;
	q.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	memset(&q.addr, 0, sizeof(q.addr));
	SAY(send(fd, &q, q.h.nlmsg_len, 0));
	show_poll("with an answer", fd);
	n = sizeof(from);
	SAY(recvfrom(fd, buf, 20, MSG_PEEK, (void *)&from, &n));
	printf("len %u family %d port %u\n", n, from.nl_family, from.nl_pid);
	SAY(recv(fd, buf, 20, MSG_PEEK | MSG_TRUNC) > 20);
	close(fd);
	close(other);
	SAY(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
	SAY(socket(AF_NETLINK, SOCK_RAW, 31));
	fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	a = (struct sockaddr_nl){ AF_NETLINK, 0, 0, 1 };
	SAY(bind(fd, (void *)&a, sizeof(a)));
	SAY(recv(fd, buf, 10, MSG_DONTWAIT));
	close(fd);
}

static void ioctls(void)
{
	struct ifreq r;
	struct ifconf c = { sizeof(buf) };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	printf("-- ioctl\n");
	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "lo");
	SAY(ioctl(fd, SIOCGIFFLAGS, &r));
	printf("%x\n", r.ifr_flags);
	SAY(ioctl(fd, SIOCGIFMTU, &r));
	printf("%d\n", r.ifr_mtu);
	SAY(ioctl(fd, SIOCGIFHWADDR, &r));
	printf("%d\n", r.ifr_hwaddr.sa_family);
	SAY(ioctl(fd, SIOCGIFINDEX, &r));
	printf("%d\n", r.ifr_ifindex);
	SAY(ioctl(fd, SIOCGIFTXQLEN, &r));
	printf("%d\n", r.ifr_qlen);
	SAY(ioctl(fd, SIOCGIFMETRIC, &r));
	SAY(ioctl(fd, SIOCGIFNAME, &r));
	r.ifr_ifindex = 1;
	SAY(ioctl(fd, SIOCGIFNAME, &r));
	printf("%s\n", r.ifr_name);
	strcpy(r.ifr_name, "none");
	SAY(ioctl(fd, SIOCGIFFLAGS, &r));
	SAY(ioctl(fd, SIOCGIFFLAGS, NULL));
	c.ifc_buf = NULL;
	SAY(ioctl(fd, SIOCGIFCONF, &c));
	printf("%d\n", c.ifc_len);
	c = (struct ifconf){ 100 };
	c.ifc_buf = buf;
	SAY(ioctl(fd, SIOCGIFCONF, &c));
	printf("%d %s %s\n", c.ifc_len, c.ifc_req->ifr_name,
	       inet_ntoa(
		       ((struct sockaddr_in *)&c.ifc_req->ifr_addr)->sin_addr));
	SAY(ioctl(fd, 0x12345678, &r));
	close(fd);
}

/* Lines of /proc/net/unix that are ours. */
static void proc(void)
{
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char line[300], name[100], found[3][300];
	int n = 0;
	FILE *f;

	printf("-- /proc/net/unix\n");
	bind(l, UN("@proc-net"));
	listen(l, 5);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	bind(c, UN("client"));
	connect(c, UN("@proc-net"));
	SAY(readlink("/proc/net", name, sizeof(name)));
	f = fopen("/proc/net/unix", "r");
	printf("%s", f ? fgets(line, sizeof(line), f) : "none\n");
	while (f && n < 3 && fgets(line, sizeof(line), f))
		if (strstr(line, "@proc-net\n") || strstr(line, " client\n"))
			strcpy(found[n++], strchr(line, ':'));
	qsort(found, n, sizeof(found[0]), (void *)strcmp);
	for (int k = 0; k < n; k++) /* without the inode */
		printf("%.37s%s", found[k], strrchr(found[k], ' '));
	unlink("client");
	fflush(stdout);
}

int main(void)
{
	addresses();
	requests();
	ioctls();
	proc();
	return 0;
}
