/* SPDX-License-Identifier: Apache-2.0 */
/* ping.h: what the tests of ping sockets and of ICMP's errors share. */
#ifndef PING_H
#define PING_H

#include "inet.h"
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/mount.h>

#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

/* In a /proc of its own: the container's /proc/sys is read-only. */
#define SYS   "proc/sys/"
#define RANGE SYS "net/ipv4/ping_group_range"

static inline void own_proc(void)
{
	SAY(mkdir("proc", 0755));
	SAY(mount("proc", "proc", "proc", 0, NULL));
}

static inline void no_proc(void)
{
	SAY(umount2("proc", MNT_DETACH));
	SAY(rmdir("proc"));
}

/* Writes all of the text to a file of /proc/sys. */
static inline void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	long n = write(fd, text, strlen(text));

	if (n != (long)strlen(text))
		printf("%s: %ld %s\n", path, n,
		       n < 0 ? strerrorname(errno) : "");
	close(fd);
}

/* All of it: what is shown, or what is put back. */
static inline char *get(const char *path, char text[100])
{
	int fd = open(path, O_RDONLY);
	long n = read(fd, text, 99);

	text[n < 0 ? 0 : n] = 0;
	close(fd);
	return text;
}

/* What differs between the families. */
static const struct family {
	const char *host, *any, *nowhere, *file;
	int family, other, size, protocol, level;
} four = { "127.0.0.1", "0.0.0.0", "192.0.2.1",  "/proc/net/icmp", AF_INET,
	   AF_INET6,    16,        IPPROTO_ICMP, IPPROTO_IP },
  six = { "::1",   "::", "2001:db8::1",  "/proc/net/icmp6", AF_INET6,
	  AF_INET, 28,   IPPROTO_ICMPV6, IPPROTO_IPV6 };
#define PICK(f, a, b) ((f) == &six ? (b) : (a))

/* The same for both of them. */
static struct echo {
	uint8_t type, code;
	uint16_t sum, id, seq;
	char text[6];
} e;

static inline int ping_socket(const struct family *f)
{
	return socket(f->family, SOCK_DGRAM, f->protocol);
}

/* A request whose id and sum are not to be believed. */
static inline const void *echo(const struct family *f, int seq)
{
	e = (struct echo){ .type = PICK(f, ICMP_ECHO, ICMP6_ECHO_REQUEST),
			   .sum = seq & 1 ? 0 : 0xabcd,
			   .id = seq & 1 ? 0 : 0xdead,
			   .seq = htons(seq),
			   .text = "abcdef" };
	return &e;
}
/* As two arguments. */
#define ECHO(f, seq) echo(f, seq), sizeof(e)

static inline long ping(int s, const struct family *f, int seq)
{
	return sendto(s, ECHO(f, seq), 0, IN(f->host, 0));
}

/* The sum over a message and, from ::1 to ::1, its pseudo header. */
static inline unsigned int sum_of(const struct family *f, const void *data,
				  int n)
{
	return sum16(PICK(f, 0, 2 + n + IPPROTO_ICMPV6), data, n);
}

static inline void print_line(const char *text, long n)
{
	putchar('\'');
	for (long k = 0; k < n; k++)
		if (text[k] == '\t' || text[k] == '\n')
			printf(text[k] == '\t' ? "\\t" : "\\n");
		else
			putchar(text[k]);
	putchar('\'');
}

#define QUOTED 14 /* bytes of a packet that an error is about */

/* An error about such a packet to 127.0.0.7 or ::1, made by hand. */
static inline void forge_about(int raw, const struct family *f, int protocol,
			       const void *packet, int type, int code)
{
	unsigned char head4[] = { 0x45, 0, 0,   34, 0, 0, 0,   0, 9, protocol,
				  0,    0, 127, 0,  0, 1, 127, 0, 0, 7 };
	unsigned char head6[40] = {
		0x60, [5] = QUOTED, [6] = protocol, [7] = 9, [23] = 1, [39] = 1
	};
	unsigned char m[8 + 40 + QUOTED] = { type, code, [7] = 99 };
	int n = 8 + (f == &six ? 40 : 20), sum;

	memcpy(m + 8, f == &six ? head6 : head4, n - 8);
	memcpy(m + n, packet, QUOTED);
	n += QUOTED;
	sum = ~sum_of(f, m, n);
	m[2] = sum >> 8;
	m[3] = sum;
	if (sendto(raw, m, n, 0, IN(f->host, 0)) != n)
		printf("forge: %s\n", strerrorname(errno));
	usleep(10000);
}

/* The line of the socket s, and how many there are. */
static inline void show_line(const char *what, const char *name, int s)
{
	char line[400], at[2][64];
	unsigned int state, tx, rx, uid, refs;
	unsigned long inode, port[2];
	FILE *f = fopen(name, "r");
	int lines = 0;
	struct stat st;

	fstat(s, &st);
	for (; f && fgets(line, sizeof(line), f); lines++) {
		if (sscanf(line,
			   "%*u: %[0-9A-F]:%lx %[0-9A-F]:%lx %x %x:%x %*s %*s "
			   "%u %*u %lu %u",
			   at[0], &port[0], at[1], &port[1], &state, &tx, &rx,
			   &uid, &inode, &refs) != 10 ||
		    inode != st.st_ino)
			continue;
		printf("%s port %s, %s port %lx, state %x, queues %x %s, "
		       "uid %u, references %u\n",
		       at[0], (int)port[0] == port_of(s) ? "the id" : "another",
		       at[1], port[1], state, tx, rx ? "some" : "0", uid, refs);
	}
	if (f)
		fclose(f);
	printf("%s: %d\n", what, lines);
}

#endif
