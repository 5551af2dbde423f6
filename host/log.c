/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c: the one sink.
 *
 * One write(2) a line, so lines of several threads and processes never mix
 * and nothing is left in a buffer when the process dies.  Text is
 * `kuni: level: message` (with the time in front in a file); JSON is an
 * object a line with the keys that runc writes, which is what engines read
 * back to show an error.  Standard error belongs to the container: without
 * --log only errors and warnings go there, with --debug everything.
 */
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_MSG_MAX 2048

static struct {
	int fd;
	bool json, debug, file;
	bool full;          /* [a] said so */
	size_t limit, said; /* [I] once there are threads; [a] bytes */
} sink = { .fd = STDERR_FILENO };

static const char *const level_name[] = { "error", "warning", "info", "debug" };

int log_open(const char *path, bool json, bool debug)
{
	sink.json = json;
	sink.debug = debug;
	if (!path)
		return 0;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	sink.fd = fd;
	sink.file = true;
	return 0;
}

bool log_is_debug(void)
{
	return sink.debug;
}

/* gmtime_r() would open /etc/localtime, which the jail does not let it: so
 * the date is counted here, from the year on. */
static size_t format_time(char *buf, size_t size)
{
	static const unsigned char month_days[] = { 31, 28, 31, 30, 31, 30,
						    31, 31, 30, 31, 30, 31 };
	struct timespec now;
	unsigned year = 1970, month = 0, leap = 0;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return 0;
	unsigned long days = (unsigned long)now.tv_sec / 86400;
	unsigned s = (unsigned)((unsigned long)now.tv_sec % 86400);

	for (;; year++) {
		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		if (days < 365 + leap)
			break;
		days -= 365 + leap;
	}
	for (;; month++) {
		unsigned n = month_days[month] + (month == 1 ? leap : 0);

		if (days < n)
			break;
		days -= n;
	}
	int n = snprintf(buf, size, "%04u-%02u-%02luT%02u:%02u:%02uZ", year,
			 month + 1, days + 1, s / 3600, s / 60 % 60, s % 60);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* Escapes msg for a JSON string into out, which has room for the worst case
 * (six bytes a byte).  Bytes above 0x7f are passed through. */
static size_t escape_json(char *out, const char *msg)
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;

	for (; *msg; msg++) {
		unsigned char c = (unsigned char)*msg;

		if (c == '"' || c == '\\') {
			*p++ = '\\';
			*p++ = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			memcpy(p, "\\u00", 4);
			p[4] = hex[c >> 4];
			p[5] = hex[c & 15];
			p += 6;
		} else {
			*p++ = (char)c;
		}
	}
	*p = '\0';
	return (size_t)(p - out);
}

static void write_line(const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(sink.fd, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* there is nobody left to tell */
		line += n;
		len -= (size_t)n;
	}
}

static void log_json(enum log_level level, const char *msg)
{
	char text[LOG_MSG_MAX * 6 + 1], when[32] = "";
	char line[sizeof(text) + 96];

	(void)format_time(when, sizeof(when));
	(void)escape_json(text, msg);
	int n = snprintf(line, sizeof(line),
			 "{\"level\":\"%s\",\"msg\":\"%s\",\"time\":\"%s\"}\n",
			 level_name[level], text, when);
	if (n > 0)
		write_line(line, (size_t)n);
}

static void log_text(enum log_level level, char *msg)
{
	char line[LOG_MSG_MAX + 96], when[32] = "";
	size_t w = sink.file ? format_time(when, sizeof(when)) : 0;

	for (char *p = msg; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	int n = snprintf(line, sizeof(line), "%s%skuni: %s: %s\n", when,
			 w ? " " : "", level_name[level], msg);
	if (n > 0)
		write_line(line, (size_t)n);
}

void log_limit(size_t bytes)
{
	sink.limit = bytes;
	sink.said = 0;
}

/* Whether a line of n bytes may go out; says once that one may not. */
static bool may_say(enum log_level level, size_t n)
{
	char full[] = "log: full, the rest is left out";
	size_t said = __atomic_fetch_add(&sink.said, n, __ATOMIC_RELAXED);
	size_t limit = sink.limit + (level == LOG_ERROR ? sink.limit / 8 : 0);

	if (!sink.limit || said < limit)
		return true;
	if (__atomic_exchange_n(&sink.full, true, __ATOMIC_RELAXED))
		return false;
	if (sink.json)
		log_json(LOG_WARN, full);
	else
		log_text(LOG_WARN, full);
	return false;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	enum log_level most = sink.debug  ? LOG_DEBUG
			      : sink.file ? LOG_INFO
					  : LOG_WARN;
	char msg[LOG_MSG_MAX];
	va_list ap;

	if (level > most)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (n < 0 || !may_say(level, (size_t)n))
		return;
	if (sink.json) {
		log_json(level, msg);
	} else {
		log_text(level, msg);
	}
}
