/* SPDX-License-Identifier: Apache-2.0 */
/* idcalls.c: calls of identity by their numbers: users, groups, capabilities,
 * names of the host, what only the machine's owner may */
#include "abi.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#define BAD ((void *)8)

static char name[70];

static void show(void)
{
	unsigned r, e, s, gr, ge, gs, fsu, fsg;

	getresuid(&r, &e, &s);
	SAY(syscall(SYS_getresgid, &gr, &ge, &gs));
	fsu = syscall(SYS_setfsuid, -1);
	fsg = syscall(SYS_setfsgid, -1);
	printf("  %u %u %u %u, %u %u %u %u\n", r, e, s, fsu, gr, ge, gs, fsg);
	fflush(stdout);
}

#define CHILD                                                                  \
	for (int pid = fork(); pid >= 0; pid = -1)                             \
		if (pid)                                                       \
			wait(NULL);                                            \
		else                                                           \
			for (;; _exit(0))

static void users(void)
{
	CHILD
	{
		SAY(syscall(SYS_setregid, 10, 20));
		show();
		SAY(syscall(SYS_setreuid, 10, 20));
		show();
		SAY(syscall(SYS_setreuid, 20, 10)); /* exchanged */
		show();
		SAY(syscall(SYS_setreuid, -1, 20));
		show();
		SAY(syscall(SYS_setreuid, 0, -1));
		SAY(syscall(SYS_setreuid, -1, 30));
		SAY(syscall(SYS_setregid, 20, 10));
		show();
		SAY(syscall(SYS_setregid, 30, -1));
		SAY(syscall(SYS_setregid, -1, 0));
		SAY(syscall(SYS_setreuid, -1, -1));
		show();
	}
	CHILD
	{
		SAY(syscall(SYS_setfsuid, 5));
		SAY(syscall(SYS_setfsuid, 6));
		SAY(syscall(SYS_setfsgid, 7));
		SAY(syscall(SYS_setfsgid, 8));
		show();
		close(open("by6", O_CREAT | O_WRONLY, 0644));
		/* the capabilities of files go with user 0, and come back */
		SAY(chown(".", 1, 1));
		SAY(syscall(SYS_setfsuid, 0));
		SAY(chown(".", 0, 0));
		SAY(setuid(9));
		SAY(syscall(SYS_setfsuid, 0)); /* not: the old one, as ever */
		SAY(syscall(SYS_setfsuid, 9));
		show();
	}
	SAY(syscall(SYS_getresgid, BAD, BAD, BAD));
	SAY(access("by6", F_OK));
	unlink("by6");
}

static void groups(void)
{
	int me = getpid();

	SAY(syscall(SYS_getpgid, 0) == getpgrp());
	SAY(syscall(SYS_getpgid, me) == getpgrp());
	SAY(syscall(SYS_getpgid, 999999));
	SAY(syscall(SYS_getpgid, -1));
	CHILD
	{
		setpgid(0, 0);
		SAY(syscall(SYS_getpgid, 0) == getpid());
		SAY(syscall(SYS_getpgid, me) != getpid());
	}
}

static void caps(void)
{
	struct __user_cap_header_struct h = { 0, 0 };
	struct __user_cap_data_struct d[2], none[2], all[2];

	SAY(syscall(SYS_capget, &h, NULL));
	printf("%x\n", h.version);
	h.version = 5;
	SAY(syscall(SYS_capget, &h, d));
	printf("%x\n", h.version);
	SAY(syscall(SYS_capget, &h, all));
	printf("%d\n", all[0].effective == all[0].permitted);
	h.pid = 999999;
	SAY(syscall(SYS_capget, &h, d));
	h.pid = -1;
	SAY(syscall(SYS_capget, &h, d));
	h.pid = 0;
	SAY(syscall(SYS_capget, BAD, d));
	SAY(syscall(SYS_capget, &h, BAD));
	h.version = 0x19980330; /* of 32 bits */
	SAY(syscall(SYS_capget, &h, d));
	CHILD
	{
		h.version = 0x20080522;
		memset(none, 0, sizeof(none));
		none[0].permitted = 1 << CAP_CHOWN | 1 << CAP_KILL;
		none[0].effective = 1 << CAP_KILL;
		SAY(syscall(SYS_capset, &h, none));
		SAY(syscall(SYS_capget, &h, d));
		printf("%x %x %x\n", d[0].effective, d[0].permitted,
		       d[0].inheritable);
		SAY(chown(".", 1, 1));
		none[0].effective |= 1 << CAP_CHOWN;
		SAY(syscall(SYS_capset, &h, none));
		SAY(chown(".", 0, 0));
		none[0].effective |= 1 << CAP_FOWNER;
		SAY(syscall(SYS_capset, &h, none));
		none[0].permitted |= 1 << CAP_FOWNER;
		SAY(syscall(SYS_capset, &h, none));
		none[0].permitted = none[0].effective = 0;
		none[0].inheritable = 1 << CAP_FOWNER;
		SAY(syscall(SYS_capset, &h, none));
		none[0].inheritable = 0;
		SAY(syscall(SYS_capset, &h, none));
		SAY(syscall(SYS_capset, &h, BAD));
		SAY(syscall(SYS_capset, BAD, none));
		h.pid = 1;
		SAY(syscall(SYS_capset, &h, none));
		h.pid = getpid();
		SAY(syscall(SYS_capset, &h, none));
		h.version = 1;
		SAY(syscall(SYS_capset, &h, none));
		printf("%x\n", h.version);
	}
}

/* What is asked without the capabilities that it takes. */
static void refused(void)
{
	CHILD
	{
		SAY(setuid(5));
		SAY(syscall(SYS_sethostname, "x", 1));
		SAY(syscall(SYS_setdomainname, "x", 1));
		SAY(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL));
		SAY(syscall(SYS_reboot, 1, 2, 0, NULL));
		/* EPERM, or ENOSYS where the kernel was built without */
		printf("ports: %ld %ld\n", syscall(SYS_iopl, 3),
		       syscall(SYS_ioperm, 0x80, 1, 1));
		SAY(syscall(SYS_syslog, 4, name, 10));
		SAY(syscall(SYS_syslog, 5, NULL, 0));
	}
}

static void host(void)
{
	SAY(syscall(SYS_sethostname, "other", 5));
	gethostname(name, sizeof(name));
	printf("%s\n", name);
	SAY(syscall(SYS_sethostname, "kuni", -1));
	SAY(syscall(SYS_sethostname, name, 65));
	SAY(syscall(SYS_sethostname, BAD, 4));
	SAY(syscall(SYS_sethostname, "kuni", 4));
	SAY(syscall(SYS_setdomainname, "domain", 6));
	getdomainname(name, sizeof(name));
	printf("%s\n", name);
	SAY(syscall(SYS_setdomainname, name, 65));
	SAY(syscall(SYS_setdomainname, name, -1));
	SAY(syscall(SYS_setdomainname, BAD, 4));
	SAY(syscall(SYS_setdomainname, "", 0));
	SAY(syscall(SYS_syslog, 99, NULL, 0));
	SAY(syscall(SYS_syslog, 3, NULL, 10));
	SAY(syscall(SYS_syslog, 3, name, -1));
	SAY(syscall(SYS_syslog, 3, name, 0));
	SAY(syscall(SYS_syslog, 10, NULL, 0) > 0);
}

int main(void)
{
	users();
	groups();
	caps();
	refused();
	host();
	return 0;
}
