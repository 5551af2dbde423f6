/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.c: between the user's descriptors and the streams of control.h.
 *
 * The loop must never block in read(2) or write(2), and O_NONBLOCK belongs to
 * an open file description that others share (a shell, a second program on
 * the pipe), so it is never set on theirs.  By what a descriptor is:
 *
 *	END_FILE    regular files, /dev/null: epoll refuses them, and they do
 *	            not block: used as they are
 *	END_SOCKET  MSG_DONTWAIT
 *	END_OWN     pipes and terminals: opened again through /proc/self/fd, a
 *	            description of our own, which may be O_NONBLOCK
 *	END_SHARED  where that is refused: after poll(2) says so, reads as they
 *	            are, writes of at most PIPE_BUF, which then do not block
 *
 * What the guest sent waits in a buffer of the size of its credit, which goes
 * back to it as the user takes the bytes: that is all the back pressure.
 * All of it runs on the loop's thread.
 */
#include "host/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/control.h"
#include "host/err.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/termguard.h"

#define CHUNK 16384U

enum end_kind { END_FILE, END_SOCKET, END_OWN, END_SHARED };

/* The user's side of a stream. */
struct end {
	struct stdio *io;
	unsigned stream;
	enum end_kind kind;
	int fd;                     /* what is used; -1: closed */
	int user_fd;                /* the caller's number */
	bool owned;                 /* fd is not the caller's */
	struct loop_source *source; /* NULL: not watched (END_FILE) */
	uint32_t events;
	/* output: [head, len) of buf waits; eof: the guest has closed */
	uint8_t *buf;
	size_t head, len;
	bool eof;
};

struct stdio {
	struct loop *loop;
	struct control *control;
	bool terminal, draining;
	int null;
	bool parked; /* standard input waits until we are in the foreground */
	int guard;   /* of the terminal, -1: not raw */
	struct end in, out[2]; /* out[1]: standard error */
};

/* ---- descriptors ---- */

static int own_copy(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int end_init(struct end *end, struct stdio *io, unsigned stream, int fd,
		    int flags)
{
	struct stat st;
	int own;

	*end = (struct end){ .io = io,
			     .stream = stream,
			     .fd = -1,
			     .user_fd = fd,
			     .kind = END_FILE };
	if (flags == O_WRONLY) {
		end->buf = malloc(CTL_INITIAL_CREDIT);
		if (!end->buf)
			return -ENOMEM;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0; /* closed: end of file, or nobody reads */
	/* The caller closed it: /dev/null, as other runtimes have it. */
	if (end->buf && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		fd = io->null;
	end->fd = fd;
	if (S_ISSOCK(st.st_mode)) {
		end->kind = END_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || isatty(fd)) {
		own = own_copy(fd, flags);
		end->kind = own < 0 ? END_SHARED : END_OWN;
		if (own >= 0) {
			end->fd = own;
			end->owned = true;
		}
	}
	return 0;
}

static void watch(struct end *end, uint32_t events);

static void end_close(struct end *end)
{
	if (end->source)
		loop_remove(end->io->loop, end->source);
	end->source = NULL;
	if (end->owned && end->fd >= 0)
		close(end->fd);
	end->fd = -1;
	end->head = end->len = 0;
}

static void on_input(void *arg, uint32_t events);
static void on_output(void *arg, uint32_t events);

static void watch(struct end *end, uint32_t events)
{
	int r = 0;

	if (end->fd < 0 || end->kind == END_FILE)
		return;
	if (!end->source) {
		/* A second watch of one descriptor needs a number of its own. */
		if (!end->owned) {
			int copy = fcntl(end->fd, F_DUPFD_CLOEXEC, 3);

			if (copy >= 0) {
				end->fd = copy;
				end->owned = true;
			}
		}
		r = loop_add(end->io->loop, end->fd, events,
			     end->buf ? on_output : on_input, end,
			     &end->source);
		if (r == -EPERM) {
			end->kind = END_FILE; /* a device without poll */
			return;
		}
	} else if (events != end->events) {
		r = loop_change(end->io->loop, end->source, events);
	}
	if (r < 0)
		log_line(LOG_WARN, "stdio: watch stream=%u: %s", end->stream,
			 err_text(-r));
	end->events = events;
}

static bool is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

/* ---- input ---- */

static ssize_t end_read(const struct end *end, void *buf, size_t n)
{
	ssize_t r;

	if (end->kind == END_SHARED && !is_ready(end->fd, POLLIN))
		return -EAGAIN;
	do {
		if (end->kind == END_SOCKET)
			r = recv(end->fd, buf, n, MSG_DONTWAIT);
		else
			r = read(end->fd, buf, n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

/* Reading from its terminal gives EIO in the background (SIGTTIN is ignored):
 * a container that does not read must not be stopped for it.  EIO is also what
 * a terminal without its other side gives. */
static bool is_background(const struct end *end)
{
	struct pollfd p = { .fd = end->fd, .events = POLLIN };

	return isatty(end->fd) && poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP);
}

static void park(struct stdio *s)
{
	if (s->in.source)
		loop_remove(s->loop, s->in.source);
	s->in.source = NULL;
	s->parked = true;
}

/* A terminal that hung up hangs up the container's; where standard input is no
 * terminal and the container's is, its end is typed, as script(1) does. */
static void send_end(struct stdio *s)
{
	static const char end_of_file = 4; /* Ctrl-D */

	if (s->terminal && s->guard < 0)
		control_send(s->control, CTL_STDIN, &end_of_file, 1);
	else
		control_send_eof(s->control, s->in.stream);
}

/* Moves what is there and fits, and decides what to wait for. */
static void pump_input(struct stdio *s)
{
	struct end *end = &s->in;
	uint8_t buf[CHUNK];

	while (end->fd >= 0) {
		size_t room = control_room(s->control, end->stream);
		ssize_t n;

		if (!room) {
			watch(end, 0); /* stdio_ready() comes back */
			return;
		}
		n = end_read(end, buf, room < CHUNK ? room : CHUNK);
		if (n == -EIO && is_background(end)) {
			park(s);
			return;
		}
		if (n == -EAGAIN) {
			watch(end, EPOLLIN);
			if (end->kind != END_FILE)
				return;
			n = 0; /* a device that never blocks, and is empty */
		}
		if (n <= 0) {
			end_close(end);
			send_end(s);
			return;
		}
		control_send(s->control, end->stream, buf, (size_t)n);
	}
}

static void on_input(void *arg, uint32_t events)
{
	struct end *end = arg;

	/* Hang-up without data, while the guest has no room: it will be seen
	 * by the read that follows; asking on would only spin. */
	if (!(events & EPOLLIN) && !end->events) {
		if (end->source)
			loop_remove(end->io->loop, end->source);
		end->source = NULL;
		return;
	}
	pump_input(end->io);
}

void stdio_continued(struct stdio *s)
{
	if (!s->parked)
		return;
	s->parked = false;
	pump_input(s);
}

void stdio_ready(struct stdio *s, unsigned stream)
{
	if (stream == s->in.stream && !s->parked)
		pump_input(s);
}

void stdio_close(struct stdio *s, unsigned stream)
{
	if (stream == s->in.stream)
		end_close(&s->in);
}

/* ---- output ---- */

static struct end *output_of(struct stdio *s, unsigned stream)
{
	if (s->terminal)
		return stream == CTL_STDIN ? &s->out[0] : NULL;
	if (stream == CTL_STDOUT || stream == CTL_STDERR)
		return &s->out[stream - CTL_STDOUT];
	return NULL;
}

static ssize_t end_write(const struct end *end, const void *buf, size_t n)
{
	ssize_t r;

	if (end->kind == END_SHARED) {
		if (!is_ready(end->fd, POLLOUT))
			return -EAGAIN;
		n = n < PIPE_BUF ? n : PIPE_BUF;
	}
	do {
		if (end->kind == END_SOCKET)
			r = send(end->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			r = write(end->fd, buf, n);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static void drained(struct stdio *s)
{
	if (s->draining && !s->out[0].len && !s->out[1].len)
		loop_stop(s->loop);
}

/* The guest has closed its side and the user has all of it: so that a reader
 * of the user's descriptor sees the end too, it becomes /dev/null.  Standard
 * error stays: kuni itself writes there. */
static void finish(struct end *end)
{
	end_close(end);
	if (end->stream == CTL_STDOUT && end->user_fd >= 0 &&
	    end->io->null >= 0)
		(void)dup2(end->io->null, end->user_fd);
}

/* The user reads no more: what waits is dropped, and the guest is told. */
static void refuse(struct end *end)
{
	struct stdio *s = end->io;
	size_t waiting = end->len - end->head;

	end_close(end);
	control_consumed(s->control, end->stream, waiting);
	control_send_close(s->control, end->stream);
	drained(s);
}

static void pump_output(struct end *end)
{
	struct stdio *s = end->io;

	while (end->head < end->len) {
		ssize_t n = end_write(end, end->buf + end->head,
				      end->len - end->head);

		if (n == -EAGAIN) {
			watch(end, EPOLLOUT);
			if (end->kind != END_FILE)
				return;
			n = -EIO; /* a device that cannot be waited for */
		}
		if (n < 0) {
			refuse(end);
			return;
		}
		end->head += (size_t)n;
		control_consumed(s->control, end->stream, (size_t)n);
	}
	end->head = end->len = 0;
	if (end->source)
		watch(end, 0); /* errors are reported all the same */
	if (end->eof)
		finish(end);
	drained(s);
}

static void on_output(void *arg, uint32_t events)
{
	struct end *end = arg;

	if (end->fd >= 0 && (events & (EPOLLERR | EPOLLHUP)) &&
	    !(events & EPOLLOUT))
		refuse(end);
	else if (events & (EPOLLERR | EPOLLHUP) && end->head == end->len)
		refuse(end);
	else
		pump_output(end);
}

void stdio_data(struct stdio *s, unsigned stream, const void *buf, size_t len)
{
	struct end *end = output_of(s, stream);

	if (!end || end->fd < 0) {
		control_consumed(s->control, stream, len);
		return;
	}
	if (end->head && end->len + len > CTL_INITIAL_CREDIT) {
		memmove(end->buf, end->buf + end->head, end->len - end->head);
		end->len -= end->head;
		end->head = 0;
	}
	/* control.c lets nothing in beyond the credit. */
	ensure(end->len + len <= CTL_INITIAL_CREDIT);
	memcpy(end->buf + end->len, buf, len);
	end->len += len;
	pump_output(end);
}

void stdio_eof(struct stdio *s, unsigned stream)
{
	struct end *end = output_of(s, stream);

	if (!end || end->fd < 0)
		return;
	end->eof = true;
	if (end->head == end->len)
		finish(end);
}

/* ---- life ---- */

int stdio_create(struct stdio **out, struct loop *l, const struct vm_io *io,
		 bool terminal, struct err *e)
{
	struct stdio *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ENOMEM, "stdio");
	s->loop = l;
	s->terminal = terminal;
	s->guard = -1;
	s->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	r = end_init(&s->in, s, CTL_STDIN, io->in, O_RDONLY);
	if (!r)
		r = end_init(&s->out[0], s, terminal ? CTL_STDIN : CTL_STDOUT,
			     io->out, O_WRONLY);
	if (!r)
		r = end_init(&s->out[1], s, CTL_STDERR, io->err, O_WRONLY);
	if (!r && terminal)
		r = termguard_raw(io->in, &s->guard);
	if (r < 0) {
		stdio_destroy(s);
		return err_set(e, -r, "stdio");
	}
	*out = s;
	return 0;
}

void stdio_start(struct stdio *s, struct control *c)
{
	s->control = c;
	/* Watched for errors: a reader that leaves before anything is said. */
	watch(&s->out[0], 0);
	watch(&s->out[1], 0);
	if (s->out[0].fd < 0)
		control_send_close(c, s->out[0].stream);
	if (s->out[1].fd < 0 && !s->terminal)
		control_send_close(c, CTL_STDERR);
	if (s->in.fd < 0)
		control_send_eof(c, s->in.stream);
	pump_input(s);
}

void stdio_winsize(struct stdio *s)
{
	struct ctl_winsize ws;
	struct winsize w;

	if (!s->control || ioctl(s->in.user_fd, TIOCGWINSZ, &w) < 0)
		return;
	ws = (struct ctl_winsize){ w.ws_row, w.ws_col, w.ws_xpixel,
				   w.ws_ypixel };
	control_winsize(s->control, &ws);
}

static void log_end(const struct end *end, const char *name)
{
	log_line(LOG_WARN,
		 "stdio: %s fd=%d kind=%d watched=%d events=%#x waiting=%zu "
		 "eof=%d ready=%d",
		 name, end->fd, end->kind, end->source != NULL, end->events,
		 end->len - end->head, end->eof,
		 end->fd >= 0 &&
			 is_ready(end->fd, end->buf ? POLLOUT : POLLIN));
}

void stdio_log(struct stdio *s)
{
	log_end(&s->in, "stdin");
	log_end(&s->out[0], "stdout");
	log_end(&s->out[1], "stderr");
}

int stdio_drain(struct stdio *s)
{
	end_close(&s->in);
	if (!s->out[0].len && !s->out[1].len)
		return 0;
	s->draining = true;
	return loop_run(s->loop);
}

void stdio_give_up(struct stdio *s)
{
	if (!s->draining)
		return;
	end_close(&s->out[0]);
	end_close(&s->out[1]);
	drained(s);
}

void stdio_destroy(struct stdio *s)
{
	if (!s)
		return;
	termguard_restore(s->guard);
	end_close(&s->in);
	end_close(&s->out[0]);
	end_close(&s->out[1]);
	free(s->out[0].buf);
	free(s->out[1].buf);
	if (s->null >= 0)
		close(s->null);
	free(s);
}
