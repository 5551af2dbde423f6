// uses: tests/unit/console_both_kernel.c tests/unit/console_both_host.c guest/drivers/virtio_console.c guest/drivers/virtqueue.c guest/kernel/task/wait.c guest/kernel/lib/uio.c host/stdio.c host/termguard.c host/control.c host/loop.c host/virtio/console.c host/virtio/queue.c host/virtio/device.c host/memory.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_both_test.c: the user's pipe, the monitor, the console's queues, the
 * kernel's streams, a cat, and all the way back: every byte, for readers and
 * writers of many sizes and paces, and no wake-up is lost.
 *
 * The guest's code is static, so each round is a process of its own.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/console_both.h"

#define ROUNDS 16
#define BYTES  1500000U
#define MOST   200000U

/* One user: the writer's end of the input or the reader's of the output. */
struct user {
	int fd;
	unsigned rnd;
	unsigned most, naps; /* bytes at once; one pause of so many turns */
	size_t total;
	bool wrong;
};

static uint8_t byte_at(size_t n)
{
	return (uint8_t)(n * 2654435761U >> 13);
}

static size_t next_size(struct user *u)
{
	u->rnd = u->rnd * 1103515245U + 12345U;
	if (u->naps && (u->rnd >> 16) % u->naps == 0)
		nanosleep(&(struct timespec){ 0, 300000 }, NULL);
	return (u->rnd >> 8) % u->most + 1;
}

static void *writer(void *arg)
{
	static uint8_t buf[MOST];
	struct user *u = arg;

	while (u->total < BYTES) {
		size_t n = next_size(u), done = 0;

		n = n < BYTES - u->total ? n : BYTES - u->total;
		for (size_t i = 0; i < n; i++)
			buf[i] = byte_at(u->total + i);
		while (done < n) {
			ssize_t w = write(u->fd, buf + done, n - done);

			if (w <= 0)
				abort();
			done += (size_t)w;
		}
		u->total += n;
	}
	close(u->fd);
	return NULL;
}

static void *reader(void *arg)
{
	static uint8_t buf[MOST];
	struct user *u = arg;
	ssize_t n;

	while ((n = read(u->fd, buf, next_size(u))) > 0)
		for (ssize_t i = 0; i < n; i++)
			u->wrong |= buf[i] != byte_at(u->total++);
	u->wrong |= n < 0;
	close(u->fd);
	return NULL;
}

static void open_pair(int *fd, bool sock, bool small)
{
	int r = sock ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)
		     : pipe2(fd, O_CLOEXEC);
	int swap = fd[0];

	if (r < 0)
		abort();
	if (!sock && small)
		(void)fcntl(fd[0], F_SETPIPE_SZ, 4096);
	if (sock) {
		fd[0] = fd[1];
		fd[1] = swap;
	}
}

/* 0, 1: wrong bytes; console_both_kernel.c exits with 3 for a hang. */
static int play(unsigned seed)
{
	static const unsigned most[] = { 4096, MOST, 65536, 700 };
	struct user w = { .rnd = seed, .most = most[seed % 4] };
	struct user r = { .rnd = ~seed, .most = most[seed / 4 % 4] };
	pthread_t tw, tr;
	int in[2], out[2];
	size_t n;

	w.naps = seed & 1 ? 7 : 0;
	r.naps = seed & 2 ? 7 : 0;
	open_pair(in, seed % 5 == 4, seed % 3 == 1);
	open_pair(out, seed % 7 == 6, seed % 3 == 2);
	w.fd = in[1];
	r.fd = out[0];
	guest_init(seed);
	host_start(in[0], out[1]);
	pthread_create(&tw, NULL, writer, &w);
	pthread_create(&tr, NULL, reader, &r);
	n = guest_cat(most[(seed / 2) % 4]);
	host_stop();
	close(in[0]);
	close(out[1]);
	pthread_join(tw, NULL);
	pthread_join(tr, NULL);
	return n != BYTES || r.total != BYTES || r.wrong;
}

static int in_child(unsigned seed)
{
	int status = -1;
	pid_t p = fork();

	if (!p)
		exit(play(seed));
	if (p < 0 || waitpid(p, &status, 0) != p)
		return -1;
	if (status)
		fprintf(stderr, "round %u: status %#x\n", seed, status);
	return status;
}

int main(int argc, char **argv)
{
	unsigned first = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : ROUNDS;

	for (unsigned i = first; i < first + n; i++)
		CHECK_EQ(in_child(i), 0);
	return check_done("console_both");
}
