/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c: capget and capset, and calls that ask for a capability: reboot,
 * iopl, ioperm */
#include "abi.h"

#include <sys/prctl.h>

#define V1        0x19980330
#define V2        0x20071026
#define V3        0x20080522
#define CHOWN     0
#define DAC       1
#define KILL      5
#define SETPCAP   8
#define RAWIO     17
#define MKNOD     27
#define MAC       32 /* CAP_MAC_OVERRIDE, in the second word */
#define BAD_MAGIC 0x01234567
#define MAGIC1    0xfee1dead
#define MAGIC2    672274793

struct hdr {
	uint32_t version;
	int32_t pid;
};
struct data {
	uint32_t eff, perm, inh;
};

static struct data cap[2];

static long get(uint32_t version, int pid)
{
	struct hdr h = { version, pid };

	memset(cap, 0xee, sizeof(cap));
	return syscall(SYS_capget, &h, cap);
}

static long set(uint32_t version, int pid)
{
	struct hdr h = { version, pid };

	return syscall(SYS_capset, &h, cap);
}

static int has(uint32_t low, uint32_t high, int n)
{
	return (n < 32 ? low >> n : high >> (n - 32)) & 1;
}

static void shown(const char *what)
{
	static const int some[] = { CHOWN, DAC, KILL, SETPCAP, MKNOD, MAC };

	get(V3, 0);
	printf("%s:", what);
	for (unsigned i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		printf(" %d:%d%d%d", some[i],
		       has(cap[0].eff, cap[1].eff, some[i]),
		       has(cap[0].perm, cap[1].perm, some[i]),
		       has(cap[0].inh, cap[1].inh, some[i]));
	printf("\n");
}

/* Only these are left, in both sets. */
static void keep(uint32_t low)
{
	cap[0] = (struct data){ low, low, 0 };
	cap[1] = (struct data){ 0, 0, 0 };
	if (set(V3, 0))
		printf("keep: %s\n", strerrorname(errno));
}

static void versions(void)
{
	struct hdr h = { 0, 0 };

	SAY(syscall(SYS_capget, &h, NULL));
	printf("version %x\n", h.version);
	h.version = 1;
	SAY(syscall(SYS_capget, &h, cap));
	printf("version %x\n", h.version);
	h.version = 2;
	SAY(syscall(SYS_capset, &h, cap));
	printf("version %x\n", h.version);
	SAY(get(V1, 0));
	printf("one word: %d %x\n", has(cap[0].perm, 0, KILL), cap[1].perm);
	SAY(get(V2, 0));
	printf("two words: %d %d\n", has(cap[0].perm, 0, KILL),
	       has(0, cap[1].perm, MAC));
	SAY(get(V3, 0));
	SAY(syscall(SYS_capget, NULL, cap));
	SAY(syscall(SYS_capget, NULL, NULL));
	h.version = V3;
	SAY(syscall(SYS_capget, &h, NULL));
	SAY(syscall(SYS_capget, &h, 8));
	SAY(syscall(SYS_capset, &h, 8));
	SAY(syscall(SYS_capset, NULL, cap));
}

static void of_others(void)
{
	int p, st;

	SAY(get(V3, -1));
	SAY(get(V3, 999999));
	SAY(get(V3, getpid()));
	SAY(set(V3, getpid()));
	SAY(set(V3, -1));
	SAY(set(V3, 999999));
	SAY(set(V3, getppid()));
	p = fork();
	if (!p) {
		syscall(SYS_setresuid, 9, 9, 9);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(p, &st, WUNTRACED);
	SAY(get(V3, p));
	printf("of a user's process: %x %x %x\n", cap[0].eff, cap[0].perm,
	       cap[1].perm);
	kill(p, SIGKILL);
	waitpid(p, &st, 0);
	SAY(get(V3, p));
}

static void fewer(void)
{
	shown("before");
	get(V3, 0);
	cap[0].eff &= ~(1u << CHOWN);
	SAY(set(V3, 0));
	shown("one not effective");
	cap[0].eff |= 1u << CHOWN;
	SAY(set(V3, 0));
	shown("and effective again");
	cap[0].inh = 1u << CHOWN | 1u << KILL;
	SAY(set(V3, 0));
	shown("inheritable");
	keep(1u << KILL | 1u << SETPCAP);
	shown("two");
	cap[0].eff |= 1u << CHOWN;
	SAY(set(V3, 0));
	cap[0].perm |= 1u << CHOWN;
	SAY(set(V3, 0));
	get(V3, 0);
	cap[0].perm = 0;
	SAY(set(V3, 0));
	/* of the bounding set: with CAP_SETPCAP more than is permitted */
	get(V3, 0);
	cap[0].inh = 1u << CHOWN;
	SAY(set(V3, 0));
	keep(1u << KILL);
	cap[0].inh = 1u << CHOWN;
	SAY(set(V3, 0));
	cap[0].inh = 1u << KILL;
	SAY(set(V3, 0));
	shown("at the end");
	SAY(kill(1, 0));
	SAY(chown("/", 0, 0));
	/* version 1 has no word for the others: they go */
	SAY(set(V1, 0));
}

/* The user of the file system takes what is of files, and gives it back. */
static void file_user(void)
{
	SAY(syscall(SYS_setfsuid, 1000));
	shown("another");
	SAY(syscall(SYS_setfsuid, 0));
	shown("root");
	get(V3, 0);
	cap[0].eff = cap[1].eff = 0;
	SAY(set(V3, 0));
	SAY(syscall(SYS_setfsuid, 1000));
	SAY(syscall(SYS_setfsuid, 0));
	shown("no CAP_SETUID");
}

static void users(void)
{
	SAY(syscall(SYS_setresuid, -1, 1000, -1));
	shown("effective user");
	SAY(syscall(SYS_setresuid, -1, 0, -1));
	shown("root again");
	SAY(prctl(PR_SET_KEEPCAPS, 1));
	SAY(syscall(SYS_setresuid, 1000, 1000, 1000));
	shown("kept");
	get(V3, 0);
	cap[0].eff = cap[0].perm & (1u << CHOWN | 1u << MKNOD);
	SAY(set(V3, 0));
	shown("raised");
}

/* Never with both magic numbers and a command that acts. */
static void boots(void)
{
	SAY(syscall(SYS_reboot, BAD_MAGIC, MAGIC2, 0x89abcdef, 0));
	SAY(syscall(SYS_reboot, MAGIC1, BAD_MAGIC, 0x89abcdef, 0));
	SAY(syscall(SYS_reboot, MAGIC1, 0, 0, 0));
	SAY(syscall(SYS_reboot, 0, 0, 0, 0));
	keep(1u << KILL | 1u << RAWIO);
	SAY(syscall(SYS_reboot, BAD_MAGIC, MAGIC2, 0x89abcdef, 0));
	SAY(syscall(SYS_reboot, 0, 0, 0, 0));
}

/* A Linux built without ports says ENOSYS, one with them EPERM or EINVAL. */
static void ports(void)
{
	keep(1u << KILL);
	printf("iopl %ld %ld\n", syscall(SYS_iopl, 3), syscall(SYS_iopl, 4));
	printf("ioperm %ld %ld %ld %ld\n", syscall(SYS_ioperm, 0x80, 1, 1),
	       syscall(SYS_ioperm, 65535, 2, 1), syscall(SYS_ioperm, -1, 2, 1),
	       syscall(SYS_ioperm, 5, 0, 0));
}

int main(void)
{
	apart(versions);
	apart(of_others);
	apart(fewer);
	apart(file_user);
	apart(users);
	apart(boots);
	apart(ports);
	return 0;
}
