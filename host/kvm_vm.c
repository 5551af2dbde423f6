/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvm_vm.c: the VM's descriptor: made early, by a thread; closed late, by a
 * process.
 *
 * KVM_CREATE_VM waits for a grace period of RCU on Linux 6.1 (its worker joins
 * our cgroup, a writer of cgroup_threadgroup_rwsem): three ticks, 8 to 12 ms,
 * on a host where no VM was made a moment ago.  That is more than all the rest
 * of a start, and depends on nothing that the user asked for.  So kvm_begin()
 * is called before the bundle is read, and all that needs no VM is done
 * meanwhile.  What needs one is handed over (kvm_hand_over), and done by the
 * same thread when it has the VM, so that no thread that is in its jail already
 * has to do it.  kvm_await() is where the guest's first thread waits: for
 * that thread's end, since it is in no jail.
 *
 * The last close of a VM takes 10 ms and more.  So that nobody waits for it, a
 * process that shares our descriptors and our memory (CLONE_FILES, CLONE_VM),
 * but is no thread of ours, outlives us: the close is its exit's business.  Where
 * no VM is run after all, for an error in the bundle, we do wait.
 */
#include "host/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/jail.h"

#define BEGIN_NS    500000
#define DESCRIPTORS 4096

static struct {
	int kvm, vm; /* -1: not there */
	bool begun, running, handed;
	pthread_t thread;
	sem_t made, handed_over;
	kvm_set_up_fn set_up; /* NULL: nothing is to be done */
	void *arg;
	struct err error; /* the thread's, until it is joined */
} maker = { .kvm = -1, .vm = -1 };

int kvm_open(struct err *e)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0)
		return err_set(e, errno, "open /dev/kvm");
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version == KVM_API_VERSION)
		return fd;
	close(fd);
	return err_set(e, ENOTSUP, "/dev/kvm: api_version=%d", version);
}

/* Until the monitor is gone with its last thread: a pidfd says so, while a
 * parent-death signal comes when main dies, with vCPU threads not quite gone,
 * which would then do the close and be waited for. */
static int hold(void *arg)
{
	struct pollfd p = { .fd = *(const int *)arg, .events = POLLIN };

	(void)setpgid(0, 0); /* a stop of our group must not stop it */
	if (jail_holder() < 0)
		_exit(1);
	while (poll(&p, 1, -1) == 0)
		continue;
	_exit(0);
}

/* All signals but SIGKILL are blocked in the child, since it shares our errno. */
void kvm_hold(void)
{
	static char stack[8192] __attribute__((aligned(16)));
	static int pidfd;
	sigset_t all, old;

	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	(void)clone(hold, stack + sizeof(stack), CLONE_FILES | CLONE_VM,
		    &pidfd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void *make(void *arg)
{
	(void)arg;
	do {
		maker.vm = ioctl(maker.kvm, KVM_CREATE_VM, 0);
	} while (maker.vm < 0 && errno == EINTR);
	if (maker.vm < 0)
		err_set(&maker.error, errno, "kvm: KVM_CREATE_VM");
	sem_post(&maker.made);
	while (sem_wait(&maker.handed_over) < 0 && errno == EINTR)
		continue;
	if (maker.vm >= 0 && maker.set_up)
		(void)maker.set_up(maker.arg, maker.vm, &maker.error);
	return NULL;
}

/* Where there is one CPU, the thread would run when main waits for the first
 * time, which is milliseconds later: so main waits now, until the thread does.
 * It takes 0.4 ms until then. */
static void let_it_begin(void)
{
	struct timespec until;
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ||
	    CPU_COUNT(&cpus) > 1)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += BEGIN_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)sem_timedwait(&maker.made, &until);
}

/* A table of descriptors that threads share grows by a grace period of RCU, 8 ms
 * and more, in the middle of somebody's open(2).  So it grows now, for all files
 * that most containers ever have open. */
static void widen_descriptors(int fd)
{
	long most = sysconf(_SC_OPEN_MAX);
	int last = (most < DESCRIPTORS ? (int)most : DESCRIPTORS) - 1;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, last);

	if (high >= 0)
		close(high);
}

void kvm_begin(void)
{
	sigset_t all, old;
	int r;

	if (maker.begun)
		return;
	maker.begun = true;
	maker.kvm = kvm_open(&maker.error);
	if (maker.kvm < 0)
		return;
	widen_descriptors(maker.kvm);
	sem_init(&maker.made, 0, 0);
	sem_init(&maker.handed_over, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	r = pthread_create(&maker.thread, NULL, make, NULL);
	if (r)
		err_set(&maker.error, r, "kvm: thread");
	maker.running = !r;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (maker.running)
		let_it_begin();
}

int kvm_device(struct err *e)
{
	if (maker.kvm < 0)
		*e = maker.error;
	return maker.kvm >= 0 ? maker.kvm : -EINVAL;
}

void kvm_hand_over(kvm_set_up_fn fn, void *arg)
{
	if (!maker.running || maker.handed)
		return;
	maker.handed = true;
	maker.set_up = fn;
	maker.arg = arg;
	sem_post(&maker.handed_over);
}

static void join(void)
{
	if (maker.running)
		pthread_join(maker.thread, NULL);
	maker.running = false;
}

int kvm_await(struct err *e)
{
	join();
	if (!maker.error.msg[0])
		return 0;
	*e = maker.error;
	return e->code ? -e->code : -EINVAL;
}

void kvm_close(void)
{
	kvm_hand_over(NULL, NULL);
	join();
	if (maker.vm >= 0)
		close(maker.vm);
	if (maker.kvm >= 0)
		close(maker.kvm);
	maker.kvm = maker.vm = -1;
}
