/* SPDX-License-Identifier: Apache-2.0 */
/* inet_limits.c: files of /proc/sys, byte by byte and in pieces; what they limit
 * for TCP; ids that are chosen for ping sockets */
#include "ping.h"

#define MAX  SYS "net/core/somaxconn"
#define KEEP SYS "net/ipv4/tcp_keepalive_"

static void show_file(const char *name)
{
	char text[100];

	get(name, text);
	print_line(text, strlen(text));
	printf("\n");
}

/* ---- files ---- */

/* One byte at a time, and at offsets. */
static void bytes(const char *name)
{
	char text[100], one[100] = "";
	int fd = open(name, O_RDONLY), n = 0, size = strlen(get(name, text));

	while (n < 99 && read(fd, one + n, 1) == 1)
		n++;
	printf("%s: bytes one by one: %s, %s\n", name + strlen(SYS),
	       n == size ? "all"
	       : n == 1  ? "the first"
			 : "some",
	       strncmp(one, text, n) ? "others" : "the same");
	printf("at its end %d, ", lseek(fd, 0, SEEK_CUR) == n);
	printf("then %ld\n", (long)read(fd, one, 99));
	n = pread(fd, one, 99, 1);
	printf("from the second: %s\n", n == size - 1 ? "all" : n ? "?" : "0");
	SAY(pread(fd, one, 1, 1));
	SAY(pread(fd, one, 1, 100));
	SAY(pread(fd, one, 0, 0));
	SAY(pread(fd, one, 99, 0) == size);
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(read(fd, one, 99) == size);
	SAY(read(fd, one, 99));
	close(fd);
}

static void pieces(const char *name)
{
	char old[100], buf[9];
	int fd;

	printf("-- in pieces, %s\n", name + strlen(SYS));
	get(name, old);
	put(name, "300");
	fd = open(name, O_RDWR);
	SAY(write(fd, "1", 1));
	SAY(write(fd, "28", 2));
	show_file(name);
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pread(fd, buf, 9, 0));
	SAY(pwrite(fd, "77", 2, 1));
	show_file(name);
	SAY(pwrite(fd, "99\n", 3, 0));
	show_file(name);
	SAY(write(fd, "x", 1));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(write(fd, "55", 2));
	SAY(read(fd, buf, 9));
	show_file(name);
	close(fd);
	put(name, old);
}

static void texts(const char *name)
{
	static const char *const of[] = { "0x80", " 128 \n", "128 5", "",
					  "x",    "12x",     "-1",    "010",
					  "+5",   "\n",      "0",     "08",
					  "1,2",  "0x1G",    "7\n8" };
	char old[100];

	printf("-- texts, %s\n", name + strlen(SYS));
	get(name, old);
	for (size_t n = 0; n < sizeof(of) / sizeof(of[0]); n++) {
		int fd = open(name, O_WRONLY);
		long r;

		/* Linux takes times that are none, the guest does not */
		if (strcmp(name, MAX) != 0 &&
		    (!strcmp(of[n], "0") || !strcmp(of[n], "-1"))) {
			close(fd);
			continue;
		}
		put(name, "300");
		r = write(fd, of[n], strlen(of[n]));
		print_line(of[n], strlen(of[n]));
		printf(": %ld %s, then ", r, r < 0 ? strerrorname(errno) : "");
		show_file(name);
		close(fd);
	}
	put(name, old);
}

static void files(void)
{
	char text[100];

	printf("-- files\n");
	bytes(MAX);
	bytes(SYS "kernel/cap_last_cap");
	bytes(SYS "vm/overcommit_memory");
	bytes(KEEP "time");
	bytes(SYS "kernel/ostype");
	show_file(SYS "kernel/ostype");
	bytes(SYS "kernel/hostname");
	show_file(SYS "kernel/hostname");
	bytes(SYS "net/ipv4/tcp_congestion_control");
	printf("boot_id: %zu\n",
	       strlen(get(SYS "kernel/random/boot_id", text)));
	bytes(SYS "kernel/random/boot_id");
	pieces(MAX);
	pieces(KEEP "time");
	texts(MAX);
	texts(KEEP "intvl");
}

/* ---- limits ---- */

static void show_keep(const char *what, int s)
{
	printf("%s\n", what);
	LOPT(s, IPPROTO_TCP, TCP_KEEPIDLE);
	LOPT(s, IPPROTO_TCP, TCP_KEEPINTVL);
	LOPT(s, IPPROTO_TCP, TCP_KEEPCNT);
}

static void keep(const char *host)
{
	int fresh = socket(family_of(host), SOCK_STREAM, 0), s[2];
	int l = tcp_listener(host, 5), own = socket(AF_INET, SOCK_STREAM, 0);
	char old[3][100];

	printf("-- keepalive, %s\n", host);
	tcp_pair(host, s);
	set_opt(s[1], SOL_SOCKET, SO_KEEPALIVE, 1);
	set_opt(own, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set_opt(own, IPPROTO_TCP, TCP_KEEPCNT, 7);
	get(KEEP "time", old[0]);
	get(KEEP "intvl", old[1]);
	get(KEEP "probes", old[2]);
	put(KEEP "time", "1000");
	put(KEEP "intvl", "11");
	put(KEEP "probes", "12");
	show_keep("fresh", fresh);
	show_keep("listening", l);
	show_keep("connected", s[0]);
	show_keep("accepted", s[1]);
	show_keep("own", own);
	put(KEEP "intvl", "13");
	show_keep("own", own);
	for (int n = 0; n < 3; n++)
		put(n == 0   ? KEEP "time"
		    : n == 1 ? KEEP "intvl"
			     : KEEP "probes",
		    old[n]);
	close(fresh);
	close(own);
	close(l);
	close(s[0]);
	close(s[1]);
}

/* How many connections there are before one has to wait. */
static void connections(const char *what, const char *host, int l)
{
	int s[20], n = 0, done;

	do {
		struct pollfd p = { 0, POLLOUT, 0 };

		s[n] = socket(family_of(host), SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(s[n], IN(host, port_of(l)));
		p.fd = s[n++];
		done = poll(&p, 1, 200);
	} while (done == 1 && n < 20);
	printf("%s: %d\n", what, n - !done);
	/* those that wait first, so that none of them gets in */
	while (n)
		close(s[--n]);
	while (accept4(l, NULL, NULL, 0) >= 0)
		;
}

static void backlog(const char *host)
{
	char old[100];
	int l = tcp_listener(host, 1);

	printf("-- backlog, %s\n", host);
	fcntl(l, F_SETFL, O_NONBLOCK);
	get(MAX, old);
	connections("1", host, l);
	listen(l, 0);
	connections("0", host, l);
	put(MAX, "4");
	listen(l, 100);
	put(MAX, "2");
	connections("100, where there were 4", host, l);
	listen(l, 100);
	connections("100", host, l);
	listen(l, -1);
	connections("-1", host, l);
	put(MAX, "0");
	listen(l, 100);
	put(MAX, old);
	connections("100, of none", host, l);
	close(l);
}

/* ---- ids that are chosen ---- */

static int with_id(const struct family *f, int reuse)
{
	int s = ping_socket(f);

	set_opt(s, SOL_SOCKET, SO_REUSEADDR, reuse);
	return s;
}

/* All the ways; after each, the one that would be next is taken by hand. */
static void ids(int reuse)
{
	static unsigned char used[65536];
	int s[200], next, twice = 0, failed = 0;

	printf("-- ids, reuse %d\n", reuse);
	memset(used, 0, sizeof(used));
	for (int n = 0; n < 200; n += 2) {
		const struct family *f = n / 2 & 1 ? &six : &four;

		s[n] = with_id(f, reuse);
		s[n + 1] = with_id(f, reuse);
		failed += n % 3 == 0   ? bind(s[n], IN(f->any, 0)) != 0
			  : n % 3 == 1 ? connect(s[n], IN(f->host, 0)) != 0
				       : ping(s[n], f, 1) != sizeof(e);
		next = port_of(s[n]) % 65535 + 1;
		if (bind(s[n + 1], IN(f->any, next)))
			failed += errno != EADDRINUSE;
		twice += used[port_of(s[n])]++;
		used[next]++;
	}
	printf("twice %d, failed %d, none %d\n", twice, failed, used[0]);
	for (int n = 0; n < 200; n++)
		close(s[n]);
}

int main(void)
{
	char range[100];

	on_one_cpu();
	own_proc();
	files();
	keep("127.0.0.1");
	keep("::1");
	backlog("127.0.0.1");
	backlog("::1");
	get(RANGE, range);
	put(RANGE, "0 2147483647");
	ids(0);
	ids(1);
	put(RANGE, range);
	no_proc();
	return 0;
}
