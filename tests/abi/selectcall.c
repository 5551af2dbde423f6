/* SPDX-License-Identifier: Apache-2.0 */
/* selectcall.c: pselect6: sets, the signal mask in its pair, and the time left,
 * which libraries hide. */
#include "abi.h"

#define BAD ((void *)8)

static struct {
	const void *set;
	unsigned long size;
} sig;
static fd_set in, out, ex;
static struct timespec t;
static int p[2], handled;

static void on(int s)
{
	(void)s;
	handled++;
}

static void sets(void)
{
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&ex);
	FD_SET(p[0], &in);
	FD_SET(p[1], &out);
	FD_SET(p[0], &ex);
}

static void show(void)
{
	printf("in %d out %d ex %d\n", !!FD_ISSET(p[0], &in),
	       !!FD_ISSET(p[1], &out), !!FD_ISSET(p[0], &ex));
}

static long sel(int n, fd_set *i, fd_set *o, fd_set *e)
{
	return syscall(SYS_pselect6, n, i, o, e, &t, NULL);
}

static void ready(void)
{
	sets();
	t = (struct timespec){ 100, 0 };
	SAY(sel(p[1] + 1, &in, &out, &ex));
	show();
	printf("left %d\n", t.tv_sec == 99 || t.tv_sec == 100);
	write(p[1], "x", 1);
	sets();
	SAY(sel(p[1] + 1, &in, &out, &ex));
	show();
	sets();
	SAY(sel(p[1], &in, &out, &ex));
	show();
	sets();
	t = (struct timespec){ 0, 0 };
	SAY(sel(p[0], &in, &out, &ex));
	sets();
	SAY(sel(0, &in, &out, &ex));
	show();
	SAY(syscall(SYS_pselect6, p[1] + 1, &in, NULL, NULL, NULL, NULL));
	read(p[0], &(char){ 0 }, 1);
	sets();
	t = (struct timespec){ 0, 5000000 };
	SAY(sel(p[0] + 1, &in, NULL, NULL));
	show();
	printf("left %ld.%09ld\n", (long)t.tv_sec, t.tv_nsec);
	t = (struct timespec){ 0, 5000000 };
	SAY(sel(0, NULL, NULL, NULL));
	printf("left %ld.%09ld\n", (long)t.tv_sec, t.tv_nsec);
	sets();
	t = (struct timespec){ LONG_MAX, 999999999 };
	SAY(sel(p[1] + 1, NULL, &out, NULL));
	printf("left %d\n", t.tv_sec > 1000000);
}

static void errors(void)
{
	struct timespec *ro =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sets();
	t = (struct timespec){ 1, 0 };
	SAY(sel(-1, &in, NULL, NULL));
	SAY(sel(INT_MIN, NULL, NULL, NULL));
	FD_SET(60, &in);
	SAY(sel(64, &in, NULL, NULL));
	printf("kept %d\n", !!FD_ISSET(60, &in));
	SAY(sel(60, NULL, &out, NULL));
	show();
	t = (struct timespec){ 0, 1000000000 };
	SAY(sel(0, NULL, NULL, NULL));
	t = (struct timespec){ 0, -1 };
	SAY(sel(0, NULL, NULL, NULL));
	t = (struct timespec){ -1, 0 };
	SAY(sel(-1, BAD, NULL, NULL));
	printf("left %ld.%09ld\n", (long)t.tv_sec, t.tv_nsec);
	t = (struct timespec){ 0, 0 };
	SAY(sel(4, BAD, NULL, NULL));
	SAY(sel(4, NULL, BAD, NULL));
	SAY(sel(4, NULL, NULL, BAD));
	SAY(sel(0, BAD, BAD, BAD));
	sets();
	SAY(sel(100000, NULL, &out, NULL) > 0);
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, BAD, NULL));
	SAY(syscall(SYS_pselect6, -1, NULL, NULL, NULL, BAD, BAD));
	SAY(syscall(SYS_pselect6, -1, NULL, NULL, NULL, NULL, BAD));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, ro, NULL));
	munmap(ro, 4096);
}

static int blocked(void)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGUSR1);
}

static long masked(const void *set, unsigned long size, long sec, long nsec)
{
	sig.set = set;
	sig.size = size;
	t = (struct timespec){ sec, nsec };
	sets();
	return syscall(SYS_pselect6, p[0] + 1, &in, NULL, NULL, &t, &sig);
}

static void masks(void)
{
	uint64_t none = 0, all = -1;
	sigset_t set;

	signal(SIGUSR1, on);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SAY(masked(NULL, 0, 0, 0));
	SAY(masked(NULL, 99, 0, 0));
	SAY(masked(&none, 4, 0, 0));
	SAY(masked(&none, 16, 0, 0));
	SAY(masked(&none, 0, 0, 0));
	SAY(masked(BAD, 8, 0, 0));
	SAY(masked(BAD, 4, 0, 0));
	raise(SIGUSR1);
	SAY(masked(&all, 8, 0, 1000000));
	printf("handled %d\n", handled);
	SAY(masked(&none, 8, 100, 0));
	printf("handled %d blocked %d left %d\n", handled, blocked(),
	       t.tv_sec == 99 || t.tv_sec == 100);
	printf("kept %d\n", !!FD_ISSET(p[0], &in));
	write(p[1], "x", 1); /* what is ready comes before the signal */
	raise(SIGUSR1);
	SAY(masked(&none, 8, 100, 0));
	printf("handled %d blocked %d\n", handled, blocked());
	read(p[0], &(char){ 0 }, 1);
	signal(SIGUSR1, SIG_IGN);
	SAY(masked(&none, 8, 0, 1000000));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	pipe(p);
	ready();
	errors();
	masks();
	return 0;
}
