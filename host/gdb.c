/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb.c: gdb attaches to the guest of the kvm back end (--debug).
 *
 * The remote serial protocol (gdb manual, appendix E) over a unix socket:
 *
 *	(gdb) target remote /run/kuni/gdb-ID.sock
 *
 * A CPU is a thread, number index + 1.  When gdb stops the guest, each vCPU
 * thread leaves KVM_RUN, copies its registers to `cpu` and waits in
 * gdb_wait(); it writes them back, sets its breakpoints and goes on when gdb
 * says so.  So the loop's thread, which talks to gdb, makes no KVM call.
 * Software breakpoints are gdb's own writes of int3: with --debug the kernel's
 * text is mapped writable, private to this VM.  Hardware breakpoints (Z1,
 * hbreak) are the CPU's four.
 *
 * Lock: gdb.lock, a leaf.
 */
#include "host/gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "boot/abi/layout.h"
#include "host/err.h"
#include "host/log.h"
#include "host/gdb_socket.h"
#include "host/loop.h"
#include "host/memory.h"
#include "host/vcpu.h"

#define PACKET_MAX 4096
#define MAX_BREAKS 4
#define DR7_BASE   0x400ULL

struct gdb_cpu {
	struct kvm_regs regs; /* [m] valid while halted */
	struct kvm_sregs sregs;
	bool halted;      /* [m] waits in gdb_wait() */
	bool dirty;       /* [m] regs were changed by gdb */
	unsigned applied; /* [m] generation of its breakpoints */
};

struct gdb {
	struct loop *loop;
	const struct guest_mem *mem;
	struct vcpu *cpus;
	unsigned ncpu;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool halt, ended;    /* [m] */
	bool attached;       /* [m] int3 is gdb's, not the guest's */
	unsigned stepping;   /* [m] CPU + 1 that makes one step */
	unsigned stop_cpu;   /* [m] CPU that stopped for its own reason */
	unsigned generation; /* [m] of the breakpoints */
	uint64_t breaks[MAX_BREAKS]; /* [m] 0: free */
	struct gdb_cpu cpu[KUNI_MAX_CPUS];
	/* the loop's: */
	struct gdb_socket socket;
	int listener, conn, stopped; /* stopped: eventfd */
	struct loop_source *conn_source;
	bool waiting;     /* gdb waits for a stop */
	bool no_ack;      /* no '+' for each packet */
	unsigned current; /* CPU that g, G, s mean */
	size_t len;
	char in[PACKET_MAX], out[2 * PACKET_MAX];
};

/* ---- vCPU threads ---- */

static void apply_breaks(struct gdb *g, struct vcpu *c)
{
	struct kvm_guest_debug d = { 0 };
	bool step = g->stepping == c->index + 1;

	if (g->cpu[c->index].applied == g->generation)
		return;
	d.arch.debugreg[7] = DR7_BASE;
	for (unsigned i = 0; i < MAX_BREAKS; i++) {
		d.arch.debugreg[i] = g->breaks[i];
		if (g->breaks[i]) {
			d.arch.debugreg[7] |= 2ULL << 2 * i;
			d.control |= KVM_GUESTDBG_USE_HW_BP;
		}
	}
	if (g->attached)
		d.control |= KVM_GUESTDBG_USE_SW_BP;
	if (step)
		d.control |= KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_BLOCKIRQ;
	if (d.control)
		d.control |= KVM_GUESTDBG_ENABLE;
	if (ioctl(c->fd, KVM_SET_GUEST_DEBUG, &d) < 0)
		log_line(LOG_WARN, "gdb: KVM_SET_GUEST_DEBUG: %s",
			 err_text(errno));
	g->cpu[c->index].applied = g->generation;
}

static bool all_halted(const struct gdb *g)
{
	for (unsigned i = 0; i < g->ncpu; i++)
		if (g->cpus[i].state == VCPU_RUNNING && !g->cpu[i].halted)
			return false;
	return true;
}

static void tell_loop(const struct gdb *g)
{
	uint64_t one = 1;

	if (write(g->stopped, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_line(LOG_WARN, "gdb: eventfd: %s", err_text(errno));
}

void gdb_wait(struct gdb *g, struct vcpu *c)
{
	struct gdb_cpu *me = &g->cpu[c->index];

	pthread_mutex_lock(&g->lock);
	if (g->halt && !g->ended) {
		if (ioctl(c->fd, KVM_GET_REGS, &me->regs) < 0 ||
		    ioctl(c->fd, KVM_GET_SREGS, &me->sregs) < 0)
			log_line(LOG_WARN, "gdb: registers of cpu %u",
				 c->index);
		me->dirty = false;
		me->halted = true;
		if (all_halted(g))
			tell_loop(g);
		while (g->halt && !g->ended)
			pthread_cond_wait(&g->wake, &g->lock);
		me->halted = false;
		if (me->dirty)
			(void)ioctl(c->fd, KVM_SET_REGS, &me->regs);
	}
	apply_breaks(g, c);
	pthread_mutex_unlock(&g->lock);
}

static void halt_all(struct gdb *g, unsigned but)
{
	g->halt = true;
	for (unsigned i = 0; i < g->ncpu; i++)
		if (i != but && g->cpus[i].state == VCPU_RUNNING &&
		    !g->cpu[i].halted)
			vcpu_kick(&g->cpus[i]);
}

void gdb_stopped(struct gdb *g, struct vcpu *c)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	if (!g->halt)
		g->stop_cpu = c->index;
	if (g->stepping) {
		g->stepping = 0;
		g->generation++;
	}
	halt_all(g, c->index);
	pthread_mutex_unlock(&g->lock);
}

void gdb_end(struct gdb *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->ended = true;
	pthread_cond_broadcast(&g->wake);
	pthread_mutex_unlock(&g->lock);
	/* So that nothing is left when the process ends without destroy. */
	gdb_socket_remove(&g->socket);
}

/* ---- guest memory, by the page tables of the current CPU ---- */

/* The guest-physical address; false where nothing is mapped. */
static bool translate(const struct gdb *g, uint64_t va, uint64_t *pa)
{
	uint64_t table = g->cpu[g->current].sregs.cr3;

	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t at = (table & 0x000ffffffffff000ULL) +
			      ((va >> shift) & 511) * 8;
		const uint64_t *entry = gpa_slice(g->mem, GPA(at), 8);
		uint64_t v = entry ? *entry : 0;

		if (!(v & 1))
			return false;
		if (shift == 12 || (shift < 39 && (v & 0x80))) {
			uint64_t mask = (1ULL << shift) - 1;

			*pa = (v & 0x000ffffffffff000ULL & ~mask) | (va & mask);
			return true;
		}
		table = v;
	}
	return false;
}

static uint8_t *byte_at(const struct gdb *g, uint64_t va)
{
	uint64_t pa;

	return translate(g, va, &pa) ? gpa_slice(g->mem, GPA(pa), 1) : NULL;
}

/* ---- packets ---- */

static void send_packet(struct gdb *g, const char *body)
{
	size_t len = strlen(body);
	char frame[2 * PACKET_MAX + 8];
	unsigned sum = 0;
	int n;

	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)body[i];
	n = snprintf(frame, sizeof(frame), "$%s#%02x", body, sum & 0xff);
	/* gdb reads; a gdb that does not loses its connection. */
	if (g->conn >= 0 &&
	    send(g->conn, frame, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		log_line(LOG_WARN, "gdb: reply lost");
}

static char *put_hex(char *to, const void *from, size_t n)
{
	const uint8_t *p = from;

	for (size_t i = 0; i < n; i++)
		to += sprintf(to, "%02x", p[i]);
	return to;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool get_hex(const char *from, void *to, size_t n)
{
	uint8_t *p = to;

	for (size_t i = 0; i < n; i++) {
		int h = hex_digit(from[2 * i]);
		int l = h < 0 ? -1 : hex_digit(from[2 * i + 1]);

		if (l < 0)
			return false;
		p[i] = (uint8_t)(h << 4 | l);
	}
	return true;
}

#define NREGS 17 /* rax rbx rcx rdx rsi rdi rbp rsp r8..r15 rip */

static void reg_pointers(struct kvm_regs *r, __u64 *out[NREGS])
{
	__u64 *const list[NREGS] = { &(r->rax), &(r->rbx), &(r->rcx), &(r->rdx),
				     &(r->rsi), &(r->rdi), &(r->rbp), &(r->rsp),
				     &(r->r8),  &(r->r9),  &(r->r10), &(r->r11),
				     &(r->r12), &(r->r13), &(r->r14), &(r->r15),
				     &(r->rip) };

	memcpy(out, list, sizeof(list));
}

static void read_registers(struct gdb *g)
{
	struct gdb_cpu *c = &g->cpu[g->current];
	const uint32_t tail[] = {
		(uint32_t)c->regs.rflags, c->sregs.cs.selector,
		c->sregs.ss.selector,     c->sregs.ds.selector,
		c->sregs.es.selector,     c->sregs.fs.selector,
		c->sregs.gs.selector
	};
	__u64 *reg[NREGS];
	char *p = g->out;

	reg_pointers(&c->regs, reg);
	for (unsigned i = 0; i < NREGS; i++)
		p = put_hex(p, reg[i], 8);
	put_hex(p, tail, sizeof(tail));
	send_packet(g, g->out);
}

static void write_registers(struct gdb *g, const char *hex)
{
	struct gdb_cpu *c = &g->cpu[g->current];
	__u64 *reg[NREGS];
	bool ok = strlen(hex) >= 16UL * NREGS;

	reg_pointers(&c->regs, reg);
	for (unsigned i = 0; i < NREGS && ok; i++)
		ok = get_hex(hex + 16UL * i, reg[i], 8);
	c->dirty = true;
	send_packet(g, ok ? "OK" : "E01");
}

static void memory_packet(struct gdb *g, bool write_it, char *arg)
{
	char *p = g->out;
	uint64_t at = strtoull(arg, &arg, 16);
	uint64_t n = *arg == ',' ? strtoull(arg + 1, &arg, 16) : 0;

	if (!n || n > PACKET_MAX / 2 - 16) {
		send_packet(g, "E01");
		return;
	}
	*p = 0;
	for (uint64_t i = 0; i < n; i++) {
		uint8_t *b = byte_at(g, at + i);

		if (!b || (write_it && !get_hex(arg + 1 + 2 * i, b, 1)))
			break;
		if (!write_it)
			p = put_hex(p, b, 1);
		else if (i == n - 1)
			strcpy(g->out, "OK");
	}
	send_packet(g, g->out[0] ? g->out : "E14");
}

static void break_packet(struct gdb *g, bool insert, const char *arg)
{
	uint64_t at = arg[0] && arg[1] == ',' ? strtoull(arg + 2, NULL, 16) : 0;
	const char *reply = insert ? "E01" : "OK";

	if (arg[0] != '1') { /* gdb writes int3; watchpoints: not offered */
		send_packet(g, "");
		return;
	}
	pthread_mutex_lock(&g->lock);
	for (unsigned i = 0; i < MAX_BREAKS; i++) {
		if (g->breaks[i] != (insert ? 0 : at))
			continue;
		g->breaks[i] = insert ? at : 0;
		reply = "OK";
		break;
	}
	g->generation++;
	pthread_mutex_unlock(&g->lock);
	send_packet(g, reply);
}

static void resume(struct gdb *g, bool step)
{
	pthread_mutex_lock(&g->lock);
	g->stepping = step ? g->current + 1 : 0;
	if (step)
		g->generation++;
	g->halt = false;
	g->waiting = true;
	pthread_cond_broadcast(&g->wake);
	pthread_mutex_unlock(&g->lock);
}

static void thread_list(struct gdb *g)
{
	char *p = g->out;

	*p++ = 'm';
	for (unsigned i = 0; i < g->ncpu; i++)
		if (g->cpu[i].halted)
			p += sprintf(p, "%s%x", p[-1] == 'm' ? "" : ",", i + 1);
	*p = 0;
	send_packet(g, g->out);
}

static void stop_reply(struct gdb *g)
{
	sprintf(g->out, "T05thread:%x;", g->stop_cpu + 1);
	send_packet(g, g->out);
}

static void set_thread(struct gdb *g, const char *arg)
{
	unsigned long n = arg[0] ? strtoul(arg + 1, NULL, 16) : 0;

	if (n && n <= g->ncpu && g->cpu[n - 1].halted)
		g->current = (unsigned)n - 1;
	send_packet(g, "OK");
}

static void hang_up(struct gdb *g)
{
	loop_remove(g->loop, g->conn_source);
	close(g->conn);
	g->conn = -1;
	g->conn_source = NULL;
	pthread_mutex_lock(&g->lock);
	memset(g->breaks, 0, sizeof(g->breaks));
	g->attached = false;
	g->generation++;
	pthread_mutex_unlock(&g->lock);
	resume(g, false);
	g->waiting = false;
}

static void query(struct gdb *g, const char *q)
{
	if (strncmp(q, "Supported", 9) == 0)
		send_packet(g, "PacketSize=ff0;QStartNoAckMode+");
	else if (strcmp(q, "fThreadInfo") == 0)
		thread_list(g);
	else if (strcmp(q, "sThreadInfo") == 0)
		send_packet(g, "l");
	else if (strcmp(q, "Attached") == 0)
		send_packet(g, "1");
	else
		send_packet(g, "");
}

/* Nobody acknowledges from here on: gdb would die of SIGPIPE where it does so
 * for the reply to its last packet, after which we close. */
static void start_no_ack(struct gdb *g, const char *what)
{
	bool known = strcmp(what, "StartNoAckMode") == 0;

	g->no_ack |= known;
	send_packet(g, known ? "OK" : "");
}

static void packet(struct gdb *g, char *p)
{
	switch (p[0]) {
	case '?':
		stop_reply(g);
		break;
	case 'g':
		read_registers(g);
		break;
	case 'G':
		write_registers(g, p + 1);
		break;
	case 'm':
	case 'M':
		memory_packet(g, p[0] == 'M', p + 1);
		break;
	case 'Z':
	case 'z':
		break_packet(g, p[0] == 'Z', p + 1);
		break;
	case 'c':
	case 's':
		resume(g, p[0] == 's');
		break;
	case 'H':
		set_thread(g, p + 1);
		break;
	case 'T':
		send_packet(g, "OK");
		break;
	case 'q':
		query(g, p + 1);
		break;
	case 'Q':
		start_no_ack(g, p + 1);
		break;
	case 'D':
	case 'k':
		send_packet(g, "OK");
		hang_up(g);
		break;
	default:
		send_packet(g, "");
		break;
	}
}

/* ---- the loop ---- */

static void on_stopped(void *arg, uint32_t events)
{
	struct gdb *g = arg;
	uint64_t count;
	bool halted;

	(void)events;
	if (read(g->stopped, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&g->lock);
	halted = g->halt && all_halted(g);
	pthread_mutex_unlock(&g->lock);
	if (!halted || !g->waiting || g->conn < 0)
		return;
	g->waiting = false;
	g->current = g->stop_cpu;
	stop_reply(g);
}

static void interrupt(struct gdb *g)
{
	pthread_mutex_lock(&g->lock);
	g->attached = true;
	g->generation++;
	if (!g->halt) {
		g->stop_cpu = 0;
		halt_all(g, UINT32_MAX);
	}
	pthread_mutex_unlock(&g->lock);
}

/* Whole packets in g->in, `$body#cc`; the rest stays. */
static void take_packets(struct gdb *g)
{
	size_t at = 0;

	while (at < g->len && g->conn >= 0) {
		char *start = g->in + at, *end;

		if (*start == 3)
			interrupt(g);
		if (*start != '$') {
			at++;
			continue;
		}
		end = memchr(start, '#', g->len - at);
		if (!end || end + 2 >= g->in + g->len)
			break;
		*end = 0;
		at = (size_t)(end - g->in) + 3;
		if (g->no_ack || send(g->conn, "+", 1, MSG_NOSIGNAL) == 1)
			packet(g, start + 1);
	}
	memmove(g->in, g->in + at, g->len - at);
	g->len -= at;
}

static void on_bytes(void *arg, uint32_t events)
{
	struct gdb *g = arg;
	ssize_t n;

	(void)events;
	if (g->len == sizeof(g->in) - 1)
		g->len = 0; /* no packet is that long */
	n = recv(g->conn, g->in + g->len, sizeof(g->in) - 1 - g->len,
		 MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		hang_up(g);
		return;
	}
	g->len += (size_t)n;
	take_packets(g);
}

static void on_connect(void *arg, uint32_t events)
{
	struct gdb *g = arg;
	int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (g->conn >= 0 ||
	    loop_add(g->loop, fd, EPOLLIN, on_bytes, g, &g->conn_source) < 0) {
		close(fd);
		return;
	}
	g->conn = fd;
	g->no_ack = false;
	g->len = 0;
	g->current = 0;
	interrupt(g);
	for (unsigned ms = 0; ms < 1000 && !all_halted(g); ms++)
		poll(NULL, 0, 1);
}

static int listen_at(struct gdb *g, const char *id, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int r = gdb_socket_name(&g->socket, id, e);

	if (r < 0)
		return r;
	memcpy(sa.sun_path, g->socket.path, sizeof(sa.sun_path));
	g->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (g->listener < 0 ||
	    bind(g->listener, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    fchmodat(g->socket.dir, g->socket.name, 0600, 0) < 0 ||
	    listen(g->listener, 1) < 0)
		return err_set(e, errno, "gdb: socket %s", sa.sun_path);
	log_line(LOG_WARN, "gdb: target remote %s", sa.sun_path);
	return 0;
}

int gdb_create(struct gdb **out, struct loop *l, const struct guest_mem *mem,
	       struct vcpu *cpus, unsigned ncpu, const char *id, struct err *e)
{
	struct gdb *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(e, ENOMEM, "gdb");
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->wake, NULL);
	g->loop = l;
	g->mem = mem;
	g->cpus = cpus;
	g->ncpu = ncpu;
	g->socket.dir = g->listener = g->conn = -1;
	g->stopped = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = listen_at(g, id, e);
	if (!r && (g->stopped < 0 ||
		   loop_add(l, g->stopped, EPOLLIN, on_stopped, g, NULL) < 0 ||
		   loop_add(l, g->listener, EPOLLIN, on_connect, g, NULL) < 0))
		r = err_set(e, EIO, "gdb: event loop");
	if (r < 0)
		gdb_destroy(g);
	else
		*out = g;
	return r;
}

void gdb_destroy(struct gdb *g)
{
	int fds[3];

	if (!g)
		return;
	fds[0] = g->conn;
	fds[1] = g->listener;
	fds[2] = g->stopped;
	for (unsigned i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	gdb_socket_remove(&g->socket);
	free(g);
}
