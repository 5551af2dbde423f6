/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c: /proc as top, free, ps, lsof, java and Go read it. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>

#include "abi.h"

static char text[1 << 18];

static const char *load(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t n, at = 0;

	if (fd < 0) {
		printf("%s: %s\n", name, strerrorname(errno));
		text[0] = 0;
		return text;
	}
	while ((n = read(fd, text + at, sizeof(text) - 1 - at)) > 0)
		at += n;
	text[at] = 0;
	close(fd);
	return text;
}

/* Which of the keys begin a line of the file. */
static void keys(const char *name, const char *list)
{
	char k[64], want[66], *copy = strdup(list), *p, *save;

	load(name);
	printf("%s:", name);
	for (p = strtok_r(copy, " ", &save); p;
	     p = strtok_r(NULL, " ", &save)) {
		snprintf(want, sizeof(want), "\n%s", p);
		if (strncmp(text, p, strlen(p)) && !strstr(text, want))
			printf(" NO %s", p);
		else
			printf(" %s", p);
	}
	printf("\n");
	free(copy);
}

static int fields(const char *s)
{
	int n = 0;

	for (; *s && *s != '\n'; n++) {
		while (*s == ' ')
			s++;
		while (*s && *s != ' ' && *s != '\n')
			s++;
	}
	return n;
}

static void machine(void)
{
	double a, b, c;
	unsigned r, t;
	int pid, cpus = 0;
	struct sysinfo si;

	keys("/proc/meminfo",
	     "MemTotal: MemFree: MemAvailable: Buffers: Cached: SwapCached: "
	     "SwapTotal: SwapFree: Dirty: Writeback: Shmem: Slab: "
	     "SReclaimable: SUnreclaim: KernelStack: PageTables:");
	keys("/proc/stat",
	     "cpu cpu0 ctxt btime processes procs_running procs_blocked");
	load("/proc/stat");
	printf("cpu line: %d fields\n", fields(text));
	for (char *p = text; (p = strstr(p, "\ncpu")); p++)
		cpus++;
	printf("a line a cpu %d\n", cpus == sysconf(_SC_NPROCESSORS_ONLN));
	printf("loadavg %d\n",
	       sscanf(load("/proc/loadavg"), "%lf %lf %lf %u/%u %d", &a, &b, &c,
		      &r, &t, &pid));
	printf("tasks %d running %d\n", t > 1, r >= 1 && r <= t);
	printf("uptime %d\n", sscanf(load("/proc/uptime"), "%lf %lf", &a, &b));
	SAY(sysinfo(&si));
	printf("up %d\n", a - si.uptime < 3 && a - si.uptime > -3);
	keys("/proc/vmstat", "nr_free_pages nr_dirty pswpin pswpout");
	keys("/proc/cpuinfo", "processor vendor_id model flags bogomips");
	keys("/proc/devices", "Character Block");
	keys("/proc/partitions", "major");
	keys("/proc/swaps", "Filename");
	keys("/proc/filesystems", "nodev");
	keys("/proc/version", "Linux");
	keys("/proc/self/mountinfo", "");
	printf("mountinfo %d\n", fields(load("/proc/self/mountinfo")) >= 10);
	printf("mounts %d\n", fields(load("/proc/mounts")));
	SAY(strchr(load("/proc/cmdline"), '\n') != NULL);
}

static void self(void)
{
	char *p, *big = malloc(20 << 20), name[64], link[128];
	long size, rss;
	int fd, n;

	for (int i = 0; i < 20 << 20; i += 4096)
		*(volatile char *)(big + i) = 1;
	load("/proc/self/stat");
	p = strrchr(text, ')');
	printf("stat: %d fields after the name\n", fields(p + 2));
	keys("/proc/self/status",
	     "Name: Umask: State: Tgid: Ngid: Pid: PPid: TracerPid: Uid: Gid: "
	     "FDSize: Groups: NStgid: NSpid: NSpgid: NSsid: VmSize: VmLck: "
	     "VmRSS: VmData: VmStk: VmExe: VmLib: VmSwap: Threads: SigQ: "
	     "SigPnd: ShdPnd: SigBlk: SigIgn: SigCgt: CapInh: CapPrm: CapEff: "
	     "CapBnd: CapAmb: NoNewPrivs: Seccomp: Cpus_allowed: "
	     "Cpus_allowed_list: Mems_allowed: Mems_allowed_list: "
	     "voluntary_ctxt_switches: nonvoluntary_ctxt_switches:");
	printf("statm %d\n",
	       sscanf(load("/proc/self/statm"), "%ld %ld", &size, &rss));
	printf("rss over 20 MiB: %d, size over rss: %d\n", rss > 5120,
	       size >= rss);
	keys("/proc/self/io", "rchar: wchar: syscr: syscw: read_bytes: "
			      "write_bytes: cancelled_write_bytes:");
	keys("/proc/self/smaps",
	     "Size: KernelPageSize: MMUPageSize: Rss: Pss: Shared_Clean: "
	     "Shared_Dirty: Private_Clean: Private_Dirty: Anonymous: Swap: "
	     "VmFlags:");
	keys("/proc/self/smaps_rollup", "Rss: Pss: Private_Dirty: Anonymous:");
	p = strstr(text, "Anonymous:");
	printf("anonymous over 20 MiB: %d\n", p && atol(p + 10) >= 20480);
	p = strstr(text, "\nRss:");
	printf("rss of rollup: %d\n", p && atol(p + 5) / 4 >= 5120);
	SAY(atoi(load("/proc/self/oom_score")) >= 0);
	SAY(atoi(load("/proc/self/oom_score_adj")));
	puts(load("/proc/self/wchan"));
	puts(load("/proc/self/personality"));
	keys("/proc/self/limits", "Limit Max");
	SAY(strchr(load("/proc/self/cgroup"), ':') != NULL);
	static const char *const ns[] = { "cgroup", "ipc",  "mnt", "net",
					  "pid",    "user", "uts" };
	for (unsigned i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "/proc/self/ns/%s", ns[i]);
		n = readlink(name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		printf("%s %d\n", ns[i],
		       !strncmp(link, ns[i], strlen(ns[i])) &&
			       strchr(link, '[') && strchr(link, ']'));
	}
	free(big);
	fd = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY);
	SAY(fd >= 0);
	close(fd);
}

static void fdinfo(int fd, const char *list)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	load(name);
	printf("%d", 1);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char key[20];

		sscanf(line, "%19[^ :]", key);
		if (strstr(list, key))
			printf(" %s", key);
		if (!strcmp(key, "flags") || !strcmp(key, "pos"))
			printf(" (%s)", line);
		if (!strcmp(key, "eventfd-count") || !strcmp(key, "sigmask"))
			printf(" (%s)", line);
	}
	printf("\n");
}

static void infos(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct epoll_event e = { .events = EPOLLIN };
	const char *all = "pos flags mnt_id ino inotify tfd clockid ticks "
			  "settime it_value it_interval";
	sigset_t m;
	int ep = epoll_create1(0), ev = eventfd(7, 0), in = inotify_init();

	write(fd, "hello", 5);
	fdinfo(fd, all);
	fdinfo(ev, all);
	epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e);
	fdinfo(ep, all);
	inotify_add_watch(in, "f", IN_OPEN);
	fdinfo(in, all);
	fdinfo(timerfd_create(CLOCK_MONOTONIC, 0), all);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	fdinfo(signalfd(-1, &m, 0), all);
	SAY(open("/proc/self/fdinfo/99", O_RDONLY));
}

static void times_seen(void)
{
	struct timespec t;
	long u, s;
	char *p;
	volatile unsigned long x = 0;
	clock_t end = clock() + CLOCKS_PER_SEC / 2;

	while (clock() < end)
		x++;
	load("/proc/self/stat");
	p = strrchr(text, ')') + 2;
	for (int i = 3; i < 14; i++)
		p = strchr(p, ' ') + 1;
	sscanf(p, "%ld %ld", &u, &s);
	printf("half a second of time: %d\n", u + s >= 45);
}

int main(void)
{
	machine();
	self();
	infos();
	times_seen();
	return 0;
}
