/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values.c: an argument of a call.
 *
 * By a rule for the call and the argument's name, else for the name, else by
 * its type in syscalls.tbl; and now and then by none of them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfuzz.h"

enum kind {
	SMALL, /* 0..b */
	BITS,  /* some of the bits of a */
	RANGE, /* a..b */
	CLEAN, /* mostly 0, else some of the bits of a */
	PIDS,
	SIGNALS,
	AREA,   /* an address of a page of ours */
	LENGTH, /* of an area */
	LEVEL,  /* of socket options */
	DIRFD,
	MODE,
	EITHER, /* a number, a descriptor or a pointer */
};

struct rule {
	const char *call, *arg; /* NULL: any */
	enum kind kind;
	uint64_t a, b;
};

static const struct rule rules[] = {
	{ NULL, "sig", SIGNALS, 0, 0 },
	{ NULL, "pid", PIDS, 0, 0 },
	{ NULL, "tid", PIDS, 0, 0 },
	{ NULL, "tgid", PIDS, 0, 0 },
	{ NULL, "pgid", PIDS, 0, 0 },
	{ NULL, "pid1", PIDS, 0, 0 },
	{ NULL, "pid2", PIDS, 0, 0 },
	{ "waitid", "id", PIDS, 0, 0 },
	{ "setpriority", "who", PIDS, 0, 0 },
	{ "getpriority", "who", PIDS, 0, 0 },
	{ "ioprio_set", "who", PIDS, 0, 0 },
	{ "getrusage", "who", RANGE, (uint64_t)-1, 1 },
	{ NULL, "which", SMALL, 0, 4 },
	{ NULL, "dfd", DIRFD, 0, 0 },
	{ NULL, "olddfd", DIRFD, 0, 0 },
	{ NULL, "newdfd", DIRFD, 0, 0 },
	{ NULL, "mode", MODE, 0, 0 },
	{ NULL, "sigsetsize", RANGE, 8, 8 },
	{ NULL, "whence", SMALL, 0, 5 },
	{ NULL, "clock", SMALL, 0, 12 },
	{ NULL, "policy", SMALL, 0, 7 },
	{ NULL, "resource", SMALL, 0, 16 },
	{ NULL, "nfds", SMALL, 0, 20 },
	{ NULL, "vlen", SMALL, 0, 8 },
	{ NULL, "nr_segs", SMALL, 0, 8 },
	{ NULL, "maxevents", SMALL, 0, 8 },
	{ NULL, "timeout", SMALL, 0, 30 },
	{ NULL, "addr_len", SMALL, 0, 128 },
	{ NULL, "uid", RANGE, 998, 1002 },
	{ NULL, "gid", RANGE, 998, 1002 },
	{ NULL, "family", SMALL, 0, 18 },
	{ NULL, "type", SMALL, 0, 11 },
	{ NULL, "backlog", SMALL, 0, 4 },
	{ "open", "flags", BITS, 017777703, 0 },
	{ "openat", "flags", BITS, 037777703, 0 },
	{ "openat2", "size", RANGE, 24, 24 },
	{ "clone3", "size", RANGE, 64, 88 },
	{ "mmap", "prot", BITS, 7, 0 },
	{ "mmap", "flags", BITS, 0x13fd33, 0 },
	{ "mmap", "offset", AREA, 0, 0 },
	{ "pkey_mprotect", "pkey", RANGE, (uint64_t)-1, 1 },
	{ NULL, "prot", BITS, 7, 0 },
	{ NULL, "addr", AREA, 0, 0 },
	{ NULL, "new_addr", AREA, 0, 0 },
	{ NULL, "old_len", LENGTH, 0, 0 },
	{ NULL, "new_len", LENGTH, 0, 0 },
	{ "mmap", "len", LENGTH, 0, 0 },
	{ "munmap", "len", LENGTH, 0, 0 },
	{ "mprotect", "len", LENGTH, 0, 0 },
	{ "madvise", "len", LENGTH, 0, 0 },
	{ "msync", "len", LENGTH, 0, 0 },
	{ "mlock", "len", LENGTH, 0, 0 },
	{ "mlock2", "len", LENGTH, 0, 0 },
	{ "mincore", "len", LENGTH, 0, 0 },
	{ "mremap", "flags", BITS, 7, 0 },
	{ "mlockall", "flags", BITS, 7, 0 },
	{ NULL, "advice", SMALL, 0, 26 },
	{ "futex", "op", BITS, 0x18f, 0 },
	{ NULL, "val", SMALL, 0, 3 },
	{ "fcntl", "cmd", SMALL, 0, 17 },
	{ "fcntl", "arg", EITHER, 0, 0 },
	{ "ioctl", "cmd", RANGE, 0x5401, 0x5460 },
	{ "prctl", "option", SMALL, 0, 70 },
	{ "prctl", NULL, EITHER, 0, 0 },
	{ "arch_prctl", "option", RANGE, 0x1001, 0x1025 },
	{ "ptrace", "req", SMALL, 0, 33 },
	{ "ptrace", "addr", EITHER, 0, 0 },
	{ "seccomp", "op", SMALL, 0, 4 },
	{ "seccomp", "flags", BITS, 0x1f, 0 },
	{ "epoll_ctl", "op", RANGE, 1, 3 },
	{ NULL, "level", LEVEL, 0, 0 },
	{ "setsockopt", "name", SMALL, 0, 80 },
	{ "getsockopt", "name", SMALL, 0, 80 },
	{ "shutdown", "how", SMALL, 0, 3 },
	{ "rt_sigprocmask", "how", SMALL, 0, 3 },
	{ "splice", "flags", BITS, 15, 0 },
	{ "tee", "flags", BITS, 15, 0 },
	{ "vmsplice", "flags", BITS, 15, 0 },
	{ "fallocate", "mode", BITS, 0x7f, 0 },
	{ "wait4", "options", BITS, 0xe000000b, 0 },
	{ "waitid", "options", BITS, 0xe100000f, 0 },
	{ "membarrier", "cmd", BITS, 0x3ff, 0 },
	{ "personality", "persona", BITS, 0x40040000, 0 },
	{ "pipe2", "flags", BITS, 02044000, 0 },
	{ "eventfd2", "flags", BITS, 02004001, 0 },
	{ "timerfd_create", "flags", BITS, 02004000, 0 },
	{ "inotify_init1", "flags", BITS, 02004000, 0 },
	{ "signalfd4", "flags", BITS, 02004000, 0 },
	{ "signalfd4", "sizemask", RANGE, 8, 8 },
	{ "signalfd", "sizemask", RANGE, 8, 8 },
	{ "accept4", "flags", BITS, 02004000, 0 },
	{ "dup3", "flags", CLEAN, 02000000, 0 },
	{ "memfd_create", "flags", BITS, 3, 0 },
	{ "close_range", "flags", BITS, 6, 0 },
	{ "close_range", "first", SMALL, 0, 90 },
	{ "close_range", "last", SMALL, 0, 90 },
	{ "statx", "flags", BITS, 0x7900, 0 },
	{ "mount", "flags", BITS, 0x1f53ff, 0 },
	{ "umount2", "flags", BITS, 15, 0 },
	{ "unshare", "flags", BITS, 0x40f00, 0 },
	{ "syslog", "type", SMALL, 0, 11 },
	{ "rseq", "len", RANGE, 32, 32 },
	{ "set_robust_list", "len", RANGE, 24, 24 },
	{ "kcmp", "type", SMALL, 0, 8 },
	{ "kcmp", "idx1", EITHER, 0, 0 },
	{ "kcmp", "idx2", EITHER, 0, 0 },
	{ "name_to_handle_at", "flags", CLEAN, 0x1400, 0 },
	{ "sched_setattr", "flags", CLEAN, 1, 0 },
	{ "alarm", "seconds", SMALL, 0, 2 },
	{ NULL, "flag", CLEAN, 0x1f00, 0 },
	{ "sendto", "flags", CLEAN, 0x2404c65f, 0 },
	{ "sendmsg", "flags", CLEAN, 0x2404c65f, 0 },
	{ "sendmmsg", "flags", CLEAN, 0x2404c65f, 0 },
	{ "recvfrom", "flags", CLEAN, 0x4001217f, 0 },
	{ "recvmsg", "flags", CLEAN, 0x4001217f, 0 },
	{ "recvmmsg", "flags", CLEAN, 0x4001217f, 0 },
	{ NULL, "flags", CLEAN, 0x1f0f, 0 },
	{ "sendmmsg", "n", SMALL, 0, 4 },
	{ "recvmmsg", "n", SMALL, 0, 4 },
	{ "futex_waitv", "n", SMALL, 0, 4 },
	{ "process_madvise", "vlen", SMALL, 0, 8 },
	{ "process_vm_readv", "liovcnt", SMALL, 0, 8 },
	{ "process_vm_readv", "riovcnt", SMALL, 0, 8 },
	{ "process_vm_writev", "liovcnt", SMALL, 0, 8 },
	{ "process_vm_writev", "riovcnt", SMALL, 0, 8 },
};

uint64_t odd_number(struct fuzzer *f)
{
	static const uint64_t odd[] = {
		0,
		1,
		2,
		7,
		8,
		15,
		16,
		63,
		64,
		127,
		128,
		255,
		256,
		4095,
		4096,
		4097,
		65535,
		65536,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffff,
		0x800000000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xffff800000000000,
		0xffffffff80000000,
		-4096UL,
		-1UL,
		-2UL,
	};

	switch (below(f, 4)) {
	case 0:
		return rnd(f);
	case 1:
		return 1UL << below(f, 64);
	case 2:
		return rnd(f) & rnd(f) & rnd(f);
	}
	return odd[below(f, sizeof(odd) / sizeof(odd[0]))];
}

/* Never process 1, which must live to look after the others. */
uint64_t pick_pid(struct fuzzer *f)
{
	uint64_t n = below(f, 12);

	if (n < 3)
		return (uint64_t)getpid();
	if (n < 5)
		return (uint64_t)gettid();
	if (n < 9)
		return (uint64_t)children[below(f, 8)];
	if (n == 9)
		return 0;
	return n == 10 ? 0x7fffffff : (uint64_t) - (int64_t)below(f, 40000) - 2;
}

const char *pick_path(struct fuzzer *f)
{
	static const char *const fixed[] = {
		".",
		"..",
		"",
		"./",
		"exe",
		"/proc/self/fd",
		"/proc/self/mem",
		"/proc/self/maps",
		"/proc/self/task",
		"/proc/self/status",
		"/proc/self/exe",
		"/proc/self/cwd",
		"/proc/self/environ",
		"/proc/self/oom_score_adj",
		"/proc/self/comm",
		"/proc/self/mountinfo",
		"/proc/self/stat",
		"/proc/self/smaps",
		"/proc/self/ns",
		"/proc/self/pagemap",
		"/proc/self/auxv",
		"/proc/meminfo",
		"/proc/sys/kernel",
		"/proc/net/unix",
		"/proc/mounts",
		"/proc/stat",
		"/proc/thread-self/comm",
		"/sys/devices/system/cpu",
		"/dev/null",
		"/dev/zero",
		"/dev/full",
		"/dev/tty",
		"/dev/ptmx",
		"/dev/shm/x",
		"/dev/fd/5",
		"/dev/urandom",
		"/proc/slabinfo",
		"/bin/busybox",
	};
	static __thread char name[64];

	if (one_in(f, 3))
		return fixed[below(f, sizeof(fixed) / sizeof(fixed[0]))];
	switch (below(f, 8)) {
	case 0:
		snprintf(name, sizeof(name), "/proc/self/fd/%d",
			 (int)below(f, 40));
		break;
	case 1:
		snprintf(name, sizeof(name), "/proc/%d/%s", (int)pick_pid(f),
			 one_in(f, 2) ? "status" : "fd");
		break;
	case 2:
		snprintf(name, sizeof(name), "d%d/f%d", (int)below(f, 3),
			 (int)below(f, 3));
		break;
	case 3:
		snprintf(name, sizeof(name), "d%d/../d%d/d%d", (int)below(f, 3),
			 (int)below(f, 3), (int)below(f, 3));
		break;
	case 4:
		snprintf(name, sizeof(name), "d%d", (int)below(f, 3));
		break;
	case 5:
		snprintf(name, sizeof(name), "s%d", (int)below(f, 4));
		break;
	default:
		snprintf(name, sizeof(name), "f%d", (int)below(f, 4));
	}
	return name;
}

static uint64_t pick_fd(struct fuzzer *f)
{
	uint64_t n = below(f, 20);

	if (n == 0)
		return odd_number(f);
	return n < 14 ? 3 + below(f, 40) : below(f, 100);
}

static uint64_t page_of_ours(struct fuzzer *f)
{
	char *const base[] = { arena,     arena,     arena,    shared,
			       read_only, no_access, file_page };

	return (uint64_t)base[below(f, 7)] + below(f, 8) * PAGE;
}

static uint64_t length(struct fuzzer *f)
{
	if (one_in(f, 10))
		return odd_number(f);
	return (1 + below(f, 8)) * PAGE - (one_in(f, 6) ? 1 : 0);
}

static uint64_t by_rule(struct fuzzer *f, const struct rule *r,
			const struct call *c, const char *arg)
{
	static const uint64_t modes[] = { 0777,    0666,    0,
					  0100644, 0010666, 0040755,
					  0140777, 0020666, 07777 };

	static const uint64_t levels[] = { 0, 1, 6, 17, 41, 58, 136, 255, 270 };

	switch (r->kind) {
	case LEVEL:
		return levels[below(f, 9)];
	case SMALL:
		return below(f, r->b + 1);
	case BITS:
		return rnd(f) & r->a & (one_in(f, 2) ? rnd(f) : -1UL);
	case RANGE:
		return r->a + below(f, r->b - r->a + 1);
	case CLEAN:
		return one_in(f, 3) ? rnd(f) & rnd(f) & r->a : 0;
	case PIDS:
		return pick_pid(f);
	case SIGNALS:
		return one_in(f, 2) ? below(f, 66) : 10 + 2 * below(f, 2);
	case AREA:
		return one_in(f, 12)  ? odd_number(f)
		       : one_in(f, 6) ? 0
				      : page_of_ours(f);
	case LENGTH:
		return length(f);
	case DIRFD:
		return one_in(f, 3) ? pick_fd(f) : (uint64_t)AT_FDCWD;
	case MODE:
		return modes[below(f, 9)];
	case EITHER:
		break;
	}
	switch (below(f, 4)) {
	case 0:
		return pick_fd(f);
	case 1:
		return pointer(f, c, arg);
	case 2:
		return below(f, 16);
	}
	return odd_number(f);
}

static const struct rule *rule_of(const struct call *c, const char *arg)
{
	const struct rule *found = NULL;

	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if (r->call && !strcmp(r->call, c->name) &&
		    (!r->arg || !strcmp(r->arg, arg)))
			return r;
		if (!r->call && !strcmp(r->arg, arg) && !found)
			found = r;
	}
	return found;
}

static uint64_t path_value(struct fuzzer *f, const struct call *c,
			   const char *arg)
{
	char *at;

	if (one_in(f, 20))
		return pointer(f, c, arg);
	at = place(f, 64);
	if (!at)
		return 0;
	if (!strcmp(arg, "fstype")) {
		static const char *const types[] = { "tmpfs",   "proc",
						     "sysfs",   "devpts",
						     "ramfs",   "devtmpfs",
						     "virtiofs" };
		strcpy(at, types[below(f, 7)]);
	} else if (!strcmp(arg, "xname")) {
		snprintf(at, 32, "%s.x%d", one_in(f, 4) ? "trusted" : "user",
			 (int)below(f, 3));
	} else if (one_in(f, 60)) {
		memset(at, 'a', 64);
	} else {
		strcpy(at, pick_path(f));
	}
	return (uint64_t)at;
}

static uint64_t by_type(struct fuzzer *f, const struct call *c, unsigned i)
{
	const char *arg = c->arg[i].name;

	switch (c->arg[i].type) {
	case FD:
		return pick_fd(f);
	case PATH:
		return path_value(f, c, arg);
	case UADDR:
		return pointer(f, c, arg);
	case SIZE:
		if (one_in(f, 8))
			return odd_number(f);
		return one_in(f, 4) ? below(f, 20 * PAGE) : below(f, 300);
	case OFF:
		if (one_in(f, 8))
			return odd_number(f);
		return one_in(f, 2) ? below(f, 8) : below(f, 8 * PAGE);
	default:
		return one_in(f, 3) ? odd_number(f) : below(f, 10);
	}
}

uint64_t value(struct fuzzer *f, const struct call *c, unsigned i)
{
	const struct rule *r;

	r = rule_of(c, c->arg[i].name);
	if (one_in(f, 40)) {
		uint64_t odd = odd_number(f);

		return r && r->kind == PIDS && (int)odd == 1 ? 0 : odd;
	}
	if (c->arg[i].type != UADDR && c->arg[i].type != PATH && r)
		return by_rule(f, r, c, c->arg[i].name);
	return by_type(f, c, i);
}
