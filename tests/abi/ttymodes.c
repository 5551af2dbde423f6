/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttymodes.c: what waits in a terminal when its mode changes between canonical
 * and raw (termios(3)), and lines that end without a newline.
 */
#include <stdbool.h>
#include <termios.h>

#include "abi.h"

static void need(bool ok)
{
	if (!ok) {
		perror("ttymodes");
		exit(1);
	}
}

static int master, slave;

static void mode(const char *what, bool canonical)
{
	struct termios t;

	need(tcgetattr(slave, &t) == 0);
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (canonical)
		t.c_lflag |= ICANON;
	t.c_iflag &= ~(tcflag_t)ICRNL;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	need(tcsetattr(slave, TCSANOW, &t) == 0);
	printf("%s: %s\n", what, canonical ? "canonical" : "raw");
}

static void type(const char *s, size_t n)
{
	need(write(master, s, n) == (ssize_t)n);
	usleep(100000); /* Linux passes it on later */
}

/* Reads size bytes at most, and says what came. */
static void take(size_t size)
{
	char buf[64];
	int waiting = -1;
	ssize_t n;

	need(ioctl(slave, FIONREAD, &waiting) == 0);
	n = read(slave, buf, size);
	printf("waiting %d, read %zd%s:", waiting, n,
	       n < 0 && errno == EAGAIN ? " EAGAIN" : "");
	for (ssize_t i = 0; i < n; i++)
		printf(" %02x", (unsigned char)buf[i]);
	printf("\n");
}

int main(void)
{
	master = posix_openpt(O_RDWR | O_NOCTTY);
	need(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK);
	need(slave >= 0);

	mode("start", false);
	type("abc\r", 4);
	mode("no newline typed", true);
	take(64);
	take(64);
	type("next\n", 5);
	take(64);
	take(64);

	mode("two lines typed", false);
	type("one\ntwo\n", 8);
	mode("two lines typed", true);
	take(64);
	take(64);

	type("line\npart", 9);
	mode("a line and a part", false);
	take(64);
	take(64);

	mode("ends of file", true);
	type("\4", 1);
	take(64);
	type("ab\4cd\n", 6);
	take(2);
	take(64);
	take(64);
	type("long", 4);
	take(64);
	type("er\n", 3);
	take(3);
	take(3);
	take(3);
	return 0;
}
