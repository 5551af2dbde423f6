// uses: guest/kernel/fs/inode.c guest/kernel/fs/dcache.c guest/kernel/fs/path.c guest/kernel/fs/pathname.c guest/kernel/fs/fsctx.c guest/kernel/fs/mount.c guest/kernel/fs/namei.c guest/kernel/fs/open.c guest/kernel/fs/attr.c guest/kernel/fs/file.c guest/kernel/fs/fdtable.c guest/kernel/fs/anon.c guest/kernel/fs/tmpfs.c guest/kernel/fs/tmpfs_dir.c guest/kernel/fs/tmpfs_file.c guest/kernel/fs/xattr.c guest/kernel/fs/pipe.c guest/kernel/fs/pipe_open.c guest/kernel/fs/splice.c guest/kernel/syscall/sys_splice.c guest/kernel/fs/flock.c guest/kernel/fs/epoll.c guest/kernel/lib/uio.c guest/kernel/lib/iovec.c guest/kernel/syscall/sys_file.c guest/kernel/syscall/sys_dir.c guest/kernel/syscall/sys_stat.c guest/kernel/syscall/sys_rw.c guest/kernel/syscall/target.c guest/kernel/fs/eventfd.c guest/kernel/syscall/sys_poll.c guest/kernel/syscall/sys_event.c guest/kernel/fs/timerfd.c guest/kernel/fs/notify.c guest/kernel/fs/inotify.c guest/kernel/fs/dnotify.c guest/kernel/fs/fasync.c guest/kernel/fs/signalfd.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_file_test.c: descriptors, pipes, locks, memory files and polling, through
 * the system calls, with one task and faked sleep.
 */
#include "tests/unit/check.h"
#include "tests/unit/fs_fakes.h"
#include "syscall_proto.h"

const struct file_ops *chrdev_ops(uint64_t rdev)
{
	(void)rdev;
	return NULL;
}
void signal_set_mask(uint64_t mask)
{
	fake_task.sig_mask = mask;
}
void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *), void *arg)
{
	t->fn = fn;
	t->arg = arg;
}
static struct ktimer *armed;
void ktimer_arm(struct ktimer *t, uint64_t deadline)
{
	t->deadline = deadline;
	armed = t;
}
bool ktimer_cancel(struct ktimer *t)
{
	bool was = armed == t;

	if (was)
		armed = NULL;
	return was;
}

#define U(x)              UADDR(x)
#define OPEN(name, flags) ((int)sys_open(U(name), (flags), 0644))

static void test_descriptors(void)
{
	int a = OPEN("/f", O_RDWR | O_CREAT), b, n;

	CHECK_EQ(a, 0);
	CHECK_EQ(sys_dup(a), 1);
	CHECK_EQ(sys_dup2(a, 70), 70); /* beyond the first table */
	CHECK_EQ(sys_dup2(70, 70), 70);
	CHECK_EQ(sys_dup3(70, 70, 0), -EINVAL);
	CHECK_EQ(sys_dup2(5, 6), -EBADF);
	CHECK_EQ(sys_dup2(0, 256), -EBADF); /* RLIMIT_NOFILE */
	CHECK_EQ(sys_dup3(a, 71, O_CLOEXEC), 71);
	CHECK_EQ(sys_fcntl(71, F_GETFD, 0), FD_CLOEXEC);
	CHECK_EQ(sys_fcntl(70, F_GETFD, 0), 0);
	CHECK_EQ(sys_fcntl(a, F_DUPFD, 60), 60);
	CHECK_EQ(sys_fcntl(a, F_DUPFD, 60), 61);
	CHECK_EQ(sys_fcntl(a, F_DUPFD, 256), -EINVAL);
	CHECK_EQ(sys_fcntl(a, F_DUPFD_CLOEXEC, 63), 63);
	CHECK_EQ(sys_fcntl(a, F_DUPFD, 63), 64);
	CHECK_EQ(sys_fcntl(a, F_GETFL, 0), O_RDWR | O_LARGEFILE);
	CHECK_EQ(sys_fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK | O_CREAT), 0);
	CHECK_EQ(sys_fcntl(1, F_GETFL, 0),
		 O_RDWR | O_APPEND | O_NONBLOCK | O_LARGEFILE);
	CHECK_EQ(sys_close_range(60, 64, CLOSE_RANGE_CLOEXEC), 0);
	fdtable_exec(fake_task.files);
	for (n = 60; n <= 71; n++)
		CHECK_EQ(sys_fcntl(n, F_GETFD, 0), n == 70 ? 0 : -EBADF);
	for (b = 2; b < 256; b++)
		if (b != 70)
			CHECK_EQ(sys_dup(a), b);
	CHECK_EQ(sys_dup(a), -EMFILE);
	CHECK_EQ(sys_close_range(1, ~0U, 0), 0);
	CHECK_EQ(sys_close(a), 0);
	CHECK_EQ(sys_close(a), -EBADF);
	a = OPEN("/f", O_PATH);
	CHECK_EQ(sys_read(a, U("x"), 1), -EBADF);
	CHECK_EQ(sys_fcntl(a, F_SETFL, 0), -EBADF);
	CHECK_EQ(sys_fcntl(a, F_GETFL, 0), O_PATH);
	CHECK_EQ(sys_close(a), 0);
}

static void test_bytes(void)
{
	int fd = OPEN("/data", O_RDWR | O_CREAT), ro;
	char buf[9000], back[9000];

	for (unsigned n = 0; n < sizeof(buf); n++)
		buf[n] = (char)(n * 7);
	CHECK_EQ(sys_write(fd, U(buf), sizeof(buf)), sizeof(buf));
	CHECK_EQ(sys_lseek(fd, -9000, SEEK_CUR), 0);
	CHECK_EQ(sys_read(fd, U(back), 10000), 9000);
	CHECK(!memcmp(buf, back, sizeof(buf)));
	CHECK_EQ(sys_read(fd, U(back), 1), 0);
	CHECK_EQ(sys_pread64(fd, U(back), 10, 8995), 5);
	CHECK_EQ(sys_pread64(fd, U(back), 10, -1), -EINVAL);
	CHECK_EQ(sys_lseek(fd, -1, SEEK_SET), -EINVAL);
	CHECK_EQ(sys_lseek(fd, 9000, SEEK_DATA), -ENXIO);
	CHECK_EQ(sys_pwrite64(fd, U("z"), 1, 20000), 1); /* a hole */
	CHECK_EQ(sys_pread64(fd, U(back), 9000, 9000), 9000);
	CHECK_EQ(back[0] | back[8999], 0);
	CHECK_EQ(sys_ftruncate(fd, 5), 0);
	CHECK_EQ(sys_ftruncate(fd, 9), 0);
	CHECK_EQ(sys_pread64(fd, U(back), 10, 0), 9);
	CHECK(!memcmp(back, buf, 5) && !back[5] && !back[8]);
	fake_proc.rlim[RLIMIT_FSIZE].cur = 100;
	CHECK_EQ(sys_pwrite64(fd, U(buf), 200, 50), 50);
	CHECK_EQ(fake_last_signal, 0);
	CHECK_EQ(sys_pwrite64(fd, U(buf), 1, 100), -EFBIG);
	CHECK_EQ(fake_last_signal, SIGXFSZ);
	CHECK_EQ(sys_ftruncate(fd, 101), -EFBIG);
	fake_proc.rlim[RLIMIT_FSIZE].cur = RLIM_INFINITY;
	CHECK_EQ(sys_fallocate(fd, 0, 0, 8192), 0);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_END), 8192);
	CHECK_EQ(sys_fallocate(fd, 0, 0, 0), -EINVAL);
	ro = OPEN("/data", O_RDONLY);
	CHECK_EQ(sys_write(ro, U(buf), 1), -EBADF);
	CHECK_EQ(sys_ftruncate(ro, 1), -EINVAL);
	CHECK_EQ(sys_copy_file_range(ro, U(0), fd, U(0), 10, 0), 10);
	CHECK_EQ(sys_copy_file_range(ro, U(0), fd, U(0), 10, 1), -EINVAL);
	/* a write by one without CAP_FSETID takes set-id bits away */
	CHECK_EQ(sys_fchmod(fd, 06755), 0);
	fake_cred.cap_eff &= ~(1ULL << CAP_FSETID);
	CHECK_EQ(sys_pwrite64(fd, U("q"), 1, 0), 1);
	fake_cred.cap_eff = ~0ULL;
	{
		struct lx_stat st;

		CHECK_EQ(sys_fstat(fd, U(&st)), 0);
		CHECK_EQ(st.st_mode, S_IFREG | 0755);
		CHECK_EQ(st.st_blocks, 24); /* three pages */
	}
	CHECK_EQ(sys_close(ro), 0);
	CHECK_EQ(sys_close(fd), 0);
}

static void test_tmpfs_limits(void)
{
	static char buf[PAGE_SIZE * 4];
	int fd;

	CHECK_EQ(sys_mkdir(U("/small"), 0755), 0);
	CHECK_EQ(mount_at("tmpfs", "s", "/small", 0, "size=8k,bogus"), -EINVAL);
	CHECK_EQ(mount_at("nofs", "s", "/small", 0, ""), -ENODEV);
	CHECK_EQ(mount_at("tmpfs", "s", "/small", 0,
			  "size=8k,nr_inodes=3,mode=700,uid=5,gid=6"),
		 0);
	fd = OPEN("/small/a", O_RDWR | O_CREAT);
	CHECK_EQ(sys_write(fd, U(buf), sizeof(buf)), 2 * PAGE_SIZE);
	CHECK_EQ(sys_write(fd, U(buf), 1), -ENOSPC);
	CHECK_EQ(sys_pwrite64(fd, U(buf), PAGE_SIZE, 100), PAGE_SIZE);
	CHECK_EQ(OPEN("/small/b", O_RDWR | O_CREAT | O_EXCL), fd + 1);
	CHECK_EQ(sys_mkdir(U("/small/c"), 0755), -ENOSPC);
	CHECK_EQ(sys_write(fd + 1, U(buf), 1), -ENOSPC);
	CHECK_EQ(sys_ftruncate(fd, 0), 0);
	CHECK_EQ(sys_write(fd + 1, U(buf), 1), 1);
	CHECK_EQ(sys_close_range((unsigned)fd, (unsigned)fd + 1, 0), 0);
}

static void test_pipe(void)
{
	static char buf[70000];
	int p[2];
	int32_t n;

	CHECK_EQ(sys_pipe2(U(p), 0xf0), -EINVAL);
	CHECK_EQ(sys_pipe2(U(p), O_NONBLOCK), 0);
	CHECK_EQ(sys_read(p[0], U(buf), 1), -EAGAIN);
	CHECK_EQ(sys_read(p[1], U(buf), 1), -EBADF);
	CHECK_EQ(sys_lseek(p[0], 0, SEEK_SET), -ESPIPE);
	CHECK_EQ(sys_pread64(p[0], U(buf), 1, 0), -ESPIPE);
	for (unsigned k = 0; k < sizeof(buf); k++)
		buf[k] = (char)(k * 13);
	CHECK_EQ(sys_write(p[1], U(buf), 70000), 65536);
	CHECK_EQ(sys_write(p[1], U(buf), 1), -EAGAIN);
	CHECK_EQ(sys_ioctl(p[0], FIONREAD, U(&n)), 0);
	CHECK_EQ(n, 65536);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(sys_read(p[0], U(buf), 4095), 4095);
	CHECK_EQ(buf[4094], (char)(4094 * 13));
	CHECK_EQ(sys_write(p[1], U(buf), 4096), -EAGAIN); /* all or nothing */
	CHECK_EQ(sys_write(p[1], U(buf), 4097), -EAGAIN); /* as Linux's slots */
	CHECK_EQ(sys_read(p[0], U(buf), 1), 1);
	CHECK_EQ(sys_write(p[1], U(buf), 4097), 4096);
	CHECK_EQ(sys_fcntl(p[0], F_GETPIPE_SZ, 0), 65536);
	CHECK_EQ(sys_fcntl(p[0], F_SETPIPE_SZ, 4096), -EBUSY);
	CHECK_EQ(sys_fcntl(p[0], F_SETPIPE_SZ, 100000), 131072);
	CHECK_EQ(sys_write(p[1], U(buf), 10), 10);
	CHECK_EQ(sys_read(p[0], U(buf), 70000), 65546);
	CHECK_EQ(buf[65535 - 4096], (char)(65535 * 13));
	CHECK_EQ(sys_fcntl(p[0], F_SETPIPE_SZ, 1), 4096);
	CHECK_EQ(sys_close(p[0]), 0);
	fake_last_signal = 0;
	CHECK_EQ(sys_write(p[1], U(buf), 1), -EPIPE);
	CHECK_EQ(fake_last_signal, SIGPIPE);
	CHECK_EQ(sys_close(p[1]), 0);
	CHECK_EQ(sys_pipe(U(p)), 0);
	CHECK_EQ(sys_write(p[1], U("abc"), 3), 3);
	CHECK_EQ(sys_close(p[1]), 0);
	CHECK_EQ(sys_read(p[0], U(buf), 10), 3);
	CHECK_EQ(sys_read(p[0], U(buf), 10), 0); /* end of file */
	CHECK_EQ(sys_close(p[0]), 0);
}

/* Random sizes in and out must be the same bytes in order. */
static void test_pipe_model(void)
{
	static char buf[9000];
	uint64_t in = 0, out = 0, seed = 7;
	int p[2];

	CHECK_EQ(sys_pipe2(U(p), O_NONBLOCK), 0);
	for (unsigned step = 0; step < 20000; step++) {
		size_t n;
		long r;

		seed = seed * 6364136223846793005ULL + 1;
		n = 1 + (seed >> 40) % (seed >> 63 ? 8999 : 50);
		if (seed >> 61 & 3) { /* mostly full */
			for (size_t k = 0; k < n; k++)
				buf[k] = (char)((in + k) % 251);
			r = sys_write(p[1], U(buf), n);
			in += r > 0 ? (uint64_t)r : 0;
			/* two buffers that could not be one: over a page */
			CHECK(r > 0 ||
			      (r == -EAGAIN && in - out + n > 7 * 4096));
		} else {
			r = sys_read(p[0], U(buf), n);
			CHECK(r > 0 || (r == -EAGAIN && in == out));
			for (long k = 0; k < r; k++, out++)
				if (buf[k] != (char)(out % 251)) {
					CHECK(!"byte lost");
					return;
				}
		}
	}
	CHECK_EQ(sys_close(p[0]), 0);
	CHECK_EQ(sys_close(p[1]), 0);
}

static void test_fifo(void)
{
	char c = 'x';
	int rd, wr;

	CHECK_EQ(sys_mknod(U("/fifo"), S_IFIFO | 0644, 0), 0);
	CHECK_EQ(OPEN("/fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
	rd = OPEN("/fifo", O_RDONLY | O_NONBLOCK);
	CHECK(rd >= 0);
	CHECK_EQ(sys_read(rd, U(&c), 1), 0); /* nobody writes */
	wr = OPEN("/fifo", O_WRONLY);
	CHECK(wr >= 0);
	CHECK_EQ(sys_read(rd, U(&c), 1), -EAGAIN);
	CHECK_EQ(sys_write(wr, U(&c), 1), 1);
	CHECK_EQ(sys_close(wr), 0);
	CHECK_EQ(sys_read(rd, U(&c), 1), 1);
	CHECK_EQ(sys_close(rd), 0);
	fake_signal = true; /* an open that waits is broken by a signal */
	CHECK_EQ(OPEN("/fifo", O_RDONLY), -ERESTARTSYS);
	fake_signal = false;
}

static void test_locks(void)
{
	int a = OPEN("/lk", O_RDWR | O_CREAT), b = OPEN("/lk", O_RDWR);
	struct lx_flock l = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };
	struct fdtable *mine = fake_task.files, *other;

	CHECK_EQ(sys_flock(a, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ(sys_flock(b, LOCK_SH | LOCK_NB), -EAGAIN);
	CHECK_EQ(sys_flock(a, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(sys_flock(b, LOCK_SH | LOCK_NB), 0);
	CHECK_EQ(sys_flock(b, 77), -EINVAL);
	CHECK_EQ(sys_flock(a, LOCK_UN), 0);
	CHECK_EQ(sys_flock(b, LOCK_EX | LOCK_NB), 0);

	CHECK_EQ(sys_fcntl(a, F_SETLK, (long)&l), 0);
	l.l_type = F_UNLCK; /* cut in the middle */
	l.l_start = 13;
	l.l_len = 2;
	CHECK_EQ(sys_fcntl(a, F_SETLK, (long)&l), 0);
	CHECK_EQ(fdtable_fork(mine, &other), 0);
	fake_task.files = other; /* as another process */
	l = (struct lx_flock){ .l_type = F_RDLCK, .l_start = 13, .l_len = 2 };
	CHECK_EQ(sys_fcntl(a, F_SETLK, (long)&l), 0);
	l.l_len = 3;
	CHECK_EQ(sys_fcntl(a, F_SETLK, (long)&l), -EAGAIN);
	CHECK_EQ(sys_fcntl(a, F_GETLK, (long)&l), 0);
	CHECK_EQ(l.l_type, F_WRLCK);
	CHECK_EQ(l.l_start, 15);
	CHECK_EQ(l.l_len, 5);
	CHECK_EQ(l.l_pid, 1);
	fake_task.files = mine;
	CHECK_EQ(sys_close(b), 0); /* any close drops the process's ranges */
	fake_task.files = other;
	l = (struct lx_flock){ .l_type = F_WRLCK };
	CHECK_EQ(sys_fcntl(a, F_SETLK, (long)&l), 0);
	fake_task.files = mine;
	fdtable_put(other);
	l = (struct lx_flock){ .l_type = F_WRLCK };
	CHECK_EQ(sys_fcntl(a, F_SETLK, (long)&l), 0);
	CHECK_EQ(sys_close(a), 0);
}

static int poll_in(int fd)
{
	struct lx_pollfd p = { .fd = fd, .events = EPOLLIN | EPOLLOUT };
	long r = sys_poll(U(&p), 1, 0);

	return r < 0 ? (int)r : p.revents;
}

static int wake_fd;
static void write_while_asleep(void)
{
	fake_sleep = NULL;
	CHECK_EQ(sys_write(wake_fd, U("w"), 1), 1);
}

static void test_poll(void)
{
	struct lx_pollfd many[40];
	uint64_t in[4] = { 0 }, t[2] = { 0, 0 };
	char c[8];
	int p[2];

	CHECK_EQ(poll_in(99), EPOLLNVAL);
	CHECK_EQ(sys_pipe(U(p)), 0);
	CHECK_EQ(poll_in(p[0]), 0);
	CHECK_EQ(poll_in(p[1]), EPOLLOUT);
	for (int n = 0; n < 40; n++) /* more queues than fit inline */
		many[n] = (struct lx_pollfd){ p[0], EPOLLIN, 0 };
	wake_fd = p[1];
	fake_sleep = write_while_asleep;
	CHECK_EQ(sys_poll(U(many), 40, -1), 40);
	CHECK_EQ(many[39].revents, EPOLLIN);
	in[p[0] / 64] |= 1ULL << (p[0] % 64);
	CHECK_EQ(sys_select(100, U(in), U(0), U(0), U(t)), 1);
	CHECK_EQ(in[0], 1ULL << p[0]);
	CHECK_EQ(sys_read(p[0], U(c), 8), 1);
	CHECK_EQ(sys_select(p[0] + 1, U(in), U(0), U(0), U(t)), 0);
	CHECK_EQ(in[0], 0);
	in[0] = 1ULL << 60;
	CHECK_EQ(sys_select(64, U(in), U(0), U(0), U(t)), -EBADF);
	fake_signal = true;
	CHECK_EQ(sys_poll(U(many), 1, -1), -ERESTARTNOHAND);
	CHECK_EQ(sys_poll(U(many), 1, 1000), -ERESTART_BLOCK);
	fake_signal = false;
	CHECK_EQ(sys_poll(U(many), 1, 50), 0);
	CHECK_EQ(sys_close(p[1]), 0);
	CHECK_EQ(poll_in(p[0]), EPOLLHUP);
	CHECK_EQ(sys_close(p[0]), 0);
}

static void ctl(int ep, int op, int fd, uint32_t events, int expect)
{
	struct lx_epoll_event ev = { events, (uint64_t)fd };

	CHECK_EQ(sys_epoll_ctl(ep, op, fd, U(&ev)), expect);
}

static long wait_ep(int ep, struct lx_epoll_event *ev)
{
	return sys_epoll_wait(ep, U(ev), 4, 0);
}

static void test_epoll(void)
{
	int ep = (int)sys_epoll_create1(0), ep2 = (int)sys_epoll_create1(0);
	int e = (int)sys_eventfd2(0, O_NONBLOCK), p[2];
	struct lx_epoll_event ev[4];
	int reg = OPEN("/f", O_RDONLY);
	uint64_t v = 3;

	CHECK_EQ(sys_pipe(U(p)), 0);
	ctl(ep, EPOLL_CTL_ADD, reg, EPOLLIN, -EPERM);
	ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, -EINVAL);
	ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN, -ENOENT);
	ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN, 0);
	ctl(ep, EPOLL_CTL_ADD, e, EPOLLIN, -EEXIST);
	CHECK_EQ(wait_ep(ep, ev), 0);
	CHECK_EQ(sys_write(e, U(&v), 8), 8);
	CHECK_EQ(wait_ep(ep, ev), 1); /* level: again and again */
	CHECK_EQ(wait_ep(ep, ev), 1);
	CHECK_EQ(ev[0].data, e);
	CHECK_EQ(ev[0].events, EPOLLIN);
	ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN | EPOLLET, 0);
	CHECK_EQ(wait_ep(ep, ev), 1);
	CHECK_EQ(wait_ep(ep, ev), 0); /* edge: once */
	CHECK_EQ(sys_write(e, U(&v), 8), 8);
	CHECK_EQ(wait_ep(ep, ev), 1);
	ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN | EPOLLONESHOT, 0);
	CHECK_EQ(wait_ep(ep, ev), 1);
	CHECK_EQ(sys_write(e, U(&v), 8), 8);
	CHECK_EQ(wait_ep(ep, ev), 0);
	ctl(ep, EPOLL_CTL_MOD, e, EPOLLIN, 0);
	/* nested, and no circles */
	ctl(ep2, EPOLL_CTL_ADD, ep, EPOLLIN, 0);
	CHECK_EQ(wait_ep(ep2, ev), 1);
	ctl(ep, EPOLL_CTL_ADD, ep2, EPOLLIN, -ELOOP);
	CHECK_EQ(sys_read(e, U(&v), 8), 8);
	CHECK_EQ(v, 9);
	CHECK_EQ(wait_ep(ep, ev), 0);
	/* a closed file leaves, and a sleeper is woken */
	ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 0);
	wake_fd = p[1];
	fake_sleep = write_while_asleep;
	CHECK_EQ(sys_epoll_wait(ep, U(ev), 4, -1), 1);
	CHECK_EQ(ev[0].data, p[0]);
	CHECK_EQ(sys_close(p[0]), 0);
	CHECK_EQ(wait_ep(ep, ev), 0);
	CHECK_EQ(sys_close(p[1]), 0);
	CHECK_EQ(sys_close(ep), 0);
	CHECK_EQ(wait_ep(ep2, ev), 0);
	CHECK_EQ(sys_close(ep2), 0);
	CHECK_EQ(sys_close(e), 0);
	CHECK_EQ(sys_close(reg), 0);
}

static void test_timerfd(void)
{
	struct lx_timespec_pair v = { 0, 100, 0, 500 }, old;
	int t = (int)sys_timerfd_create(CLOCK_MONOTONIC, O_NONBLOCK);
	uint64_t n = 0;

	CHECK_EQ(sys_timerfd_create(99, 0), -EINVAL);
	CHECK_EQ(sys_timerfd_settime(t, 0, U(&v), U(&old)), 0);
	CHECK_EQ(old.value_sec | old.value_nsec, 0);
	CHECK_EQ(sys_read(t, U(&n), 8), -EAGAIN);
	CHECK(armed);
	fake_clock = armed->deadline + 1000 - 1000 + 250;
	armed->fn(armed);
	CHECK_EQ(poll_in(t), EPOLLIN);
	CHECK_EQ(sys_read(t, U(&n), 7), -EINVAL);
	CHECK_EQ(sys_read(t, U(&n), 8), 8);
	CHECK_EQ(
		n,
		33); /* until it is read; a look at the clock moves it by 1000 */
	v.value_nsec = 0;
	CHECK_EQ(sys_timerfd_settime(t, 0, U(&v), U(0)), 0);
	CHECK(!armed);
	CHECK_EQ(sys_close(t), 0);
}

static void test_memfd(void)
{
	int fd = (int)sys_memfd_create(U("m"), MFD_ALLOW_SEALING);
	int no = (int)sys_memfd_create(U("m"), 0);

	CHECK_EQ(sys_write(fd, U("hello"), 5), 5);
	CHECK_EQ(sys_fcntl(no, F_ADD_SEALS, 4), -EPERM);
	CHECK_EQ(sys_fcntl(fd, F_ADD_SEALS, 4 | 2), 0);
	CHECK_EQ(sys_fcntl(fd, F_GET_SEALS, 0), 6);
	CHECK_EQ(sys_write(fd, U("!"), 1), -EPERM);
	CHECK_EQ(sys_ftruncate(fd, 1), -EPERM);
	CHECK_EQ(sys_pwrite64(fd, U("J"), 1, 0), 1);
	CHECK_EQ(sys_fcntl(fd, F_ADD_SEALS, 8), 0);
	CHECK_EQ(sys_pwrite64(fd, U("J"), 1, 0), -EPERM);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_close(no), 0);
}

/* Every allocation of an open fails once: nothing may leak or be left. */
static void test_no_memory(void)
{
	for (long n = 0; n < 12; n++) {
		long fd;

		fake_fail_alloc = n;
		fd = OPEN("/nomem", O_RDWR | O_CREAT);
		fake_fail_alloc = -1;
		CHECK(fd >= 0 || fd == -ENOMEM);
		if (fd >= 0)
			CHECK_EQ(sys_close((int)fd), 0);
		fd = sys_unlink(U("/nomem"));
		CHECK(fd == 0 || fd == -ENOENT);
	}
}

int main(void)
{
	fs_fake_start();
	test_descriptors();
	test_bytes();
	test_tmpfs_limits();
	test_pipe();
	test_pipe_model();
	test_fifo();
	test_locks();
	test_poll();
	test_epoll();
	test_timerfd();
	test_memfd();
	test_no_memory();
	fs_fake_end();
	return check_done("fs_file");
}
