/* SPDX-License-Identifier: Apache-2.0 */
/* inet_proc.c: sockets of IP in /proc/net, and the addresses of the loopback */
#include "inet.h"

#include <net/if.h>
#include <sys/stat.h>

static unsigned long inode_of(int s)
{
	struct stat st;

	return fstat(s, &st) ? 0 : st.st_ino;
}

/* The line of the socket s: states, queues, whose. */
static void show_line(const char *what, const char *file, int s)
{
	char line[400], local[64], remote[64];
	unsigned state, tx, rx, uid;
	unsigned long inode, lport, rport;
	FILE *f = fopen(file, "r");
	int found = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line,
			   "%*u: %[0-9A-F]:%lx %[0-9A-F]:%lx %x %x:%x %*s %*s "
			   "%u %*u %lu",
			   local, &lport, remote, &rport, &state, &tx, &rx,
			   &uid, &inode) != 9)
			continue;
		if (inode != inode_of(s))
			continue;
		found++;
		printf("%s: %s %s port %s, state %x, queues %x %x, uid %u\n",
		       what, local, remote, rport ? "some" : "0", state, tx, rx,
		       uid);
	}
	if (f)
		fclose(f);
	printf("%s: %d\n", what, found);
}

static void streams(const char *host, const char *file)
{
	int l = tcp_listener(host, 5), c, a;

	printf("-- %s\n", file);
	show_line("listens", file, l);
	c = socket(*host == ':' ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	show_line("fresh", file, c);
	SAY(connect(c, IN(host, port_of(l))));
	show_line("connected", file, c);
	show_until("one waits", l, POLLIN);
	show_line("one waits", file, l);
	a = accept(l, NULL, NULL);
	show_line("accepted", file, a);
	send(c, "hello", 5, 0);
	SAY(arrived(a, 5));
	show_line("unread", file, a);
	SAY(shutdown(a, SHUT_WR));
	show_until("shut", c, POLLIN | POLLRDHUP);
	show_line("peer has shut", file, c);
	close(a);
	close(c);
	close(l);
}

static void datagrams(const char *host, const char *file)
{
	int u = udp_bound(host), v = udp_socket(host);

	printf("-- %s\n", file);
	show_line("bound", file, u);
	show_line("fresh", file, v);
	SAY(connect(v, IN(host, port_of(u))));
	show_line("connected", file, v);
	close(u);
	close(v);
}

static void show_file(const char *file)
{
	FILE *f = fopen(file, "r");
	char line[400];

	printf("-- %s\n", file);
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		for (size_t n = strlen(line); n && line[n - 1] == ' '; n--)
			line[n - 1] = 0;
		printf("%s\n", line);
	}
	if (f)
		fclose(f);
}

static void interface(int s, unsigned long request, const char *what)
{
	struct ifreq r = { 0 };
	struct sockaddr_in *in = (void *)&r.ifr_addr;
	char text[32];

	strcpy(r.ifr_name, "lo");
	if (ioctl(s, request, &r)) {
		printf("%s: %s\n", what, strerrorname(errno));
		return;
	}
	printf("%s: family %d, %s\n", what, in->sin_family,
	       inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)));
}

int main(void)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	streams("127.0.0.1", "/proc/net/tcp");
	streams("::1", "/proc/net/tcp6");
	datagrams("127.0.0.1", "/proc/net/udp");
	datagrams("::1", "/proc/net/udp6");
	show_file("/proc/net/raw");
	show_file("/proc/net/raw6");
	show_file("/proc/net/if_inet6");
	show_file("/proc/net/route");
	interface(s, SIOCGIFADDR, "address");
	interface(s, SIOCGIFNETMASK, "mask");
	interface(s, SIOCGIFBRDADDR, "broadcast");
	interface(s, SIOCGIFDSTADDR, "other end");
	close(s);
	return 0;
}
