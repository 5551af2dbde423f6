/* SPDX-License-Identifier: Apache-2.0 */
/* hostcalls.c: sethostname, setdomainname, syslog: what the machine is called,
 * and what its kernel said. */
#include "abi.h"

#define BAD ((void *)8)

static char longname[66];

static void show(void)
{
	struct utsname u;
	char buf[100] = "";
	int fd = open("/proc/sys/kernel/hostname", O_RDONLY);
	long n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	uname(&u);
	printf("%zu:%s %zu:%s\n", strlen(u.nodename), u.nodename,
	       strlen(u.domainname), u.domainname);
	printf("proc %ld %s", n, buf);
}

static void names(long nr)
{
	SAY(syscall(nr, "abc", 3));
	show();
	SAY(syscall(nr, "abcdef", 2));
	show();
	SAY(syscall(nr, "x\0y", 3));
	show();
	SAY(syscall(nr, longname, 64));
	show();
	SAY(syscall(nr, longname, 65));
	SAY(syscall(nr, longname, -1));
	SAY(syscall(nr, longname, INT_MIN));
	SAY(syscall(nr, BAD, 3));
	SAY(syscall(nr, BAD, 65));
	SAY(syscall(nr, BAD, 0));
	show();
	SAY(syscall(nr, "", 0));
	show();
}

static void user(void)
{
	SAY(syscall(SYS_sethostname, "abc", 3));
	SAY(syscall(SYS_sethostname, BAD, -1));
	SAY(syscall(SYS_setdomainname, "abc", 3));
	SAY(syscall(SYS_setdomainname, BAD, -1));
	SAY(syscall(SYS_syslog, 5, NULL, 0));
	SAY(syscall(SYS_syslog, 4, BAD, 10));
	SAY(syscall(SYS_syslog, 8, NULL, 0));
	SAY(syscall(SYS_syslog, 99, NULL, 0));
}

/* What the log says differs, and so does how much it is. */
static void logs(void)
{
	static char buf[4096];

	SAY(syscall(SYS_syslog, 10, NULL, 0) > 0);
	SAY(syscall(SYS_syslog, 10, BAD, -1) > 0);
	SAY(syscall(SYS_syslog, 3, buf, sizeof(buf)) > 0);
	SAY(syscall(SYS_syslog, 3, buf, 0));
	SAY(syscall(SYS_syslog, 3, NULL, 10));
	SAY(syscall(SYS_syslog, 3, buf, -1));
	SAY(syscall(SYS_syslog, 3, BAD, sizeof(buf)));
	SAY(syscall(SYS_syslog, 3, (void *)(1UL << 63), 10));
	SAY(syscall(SYS_syslog, 0, NULL, 0));
	SAY(syscall(SYS_syslog, 1, NULL, 0));
	SAY(syscall(SYS_syslog, 2, NULL, 10));
	SAY(syscall(SYS_syslog, 2, buf, -1));
	SAY(syscall(SYS_syslog, 4, NULL, 10));
	SAY(syscall(SYS_syslog, 4, buf, -1));
	SAY(syscall(SYS_syslog, 8, NULL, 0));
	SAY(syscall(SYS_syslog, 8, NULL, 9));
	SAY(syscall(SYS_syslog, 11, NULL, 0));
	SAY(syscall(SYS_syslog, -1, NULL, 0));
}

int main(void)
{
	struct utsname old;

	setvbuf(stdout, NULL, _IOLBF, 0);
	memset(longname, 'n', 65);
	uname(&old);
	show();
	names(SYS_sethostname);
	names(SYS_setdomainname);
	as_user(user);
	logs();
	SAY(syscall(SYS_sethostname, old.nodename, strlen(old.nodename)));
	SAY(syscall(SYS_setdomainname, old.domainname, strlen(old.domainname)));
	show();
	return 0;
}
