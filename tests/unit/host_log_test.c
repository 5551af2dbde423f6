// uses: host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log: levels, escapes, and the time of day in UTC. */
#include "host/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/check.h"

static time_t fake_now;

/* the one clock that log.c reads */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = fake_now;
	ts->tv_nsec = 0;
	return 0;
}

static char path[] = "/tmp/kuni-log-test.XXXXXX";
static char text[16384];

/* What the log has got since the last time. */
static const char *fresh(void)
{
	FILE *f = fopen(path, "r+");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	CHECK(f && !ftruncate(fileno(f), 0));
	if (f)
		(void)fclose(f);
	return text;
}

static void check_times(void)
{
	static const time_t times[] = { 0,          86399,      86400,
					951782400,  951868799,  951868800,
					1078012800, 4107542399, 4107542400,
					1795431600, 32503680000 };
	char want[64];

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct tm tm;

		fake_now = times[i];
		log_line(LOG_ERROR, "x");
		CHECK(gmtime_r(&fake_now, &tm) != NULL);
		(void)strftime(want, sizeof(want),
			       "%Y-%m-%dT%H:%M:%SZ kuni: error: x\n", &tm);
		CHECK(!strcmp(fresh(), want));
	}
	fake_now = 0;
}

int main(void)
{
	char big[4096];
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_EQ(log_open(path, false, false), 0);
	check_times();
	log_line(LOG_INFO, "a=%d", 1);
	CHECK(!strcmp(fresh(), "1970-01-01T00:00:00Z kuni: info: a=1\n"));
	log_line(LOG_DEBUG, "no");
	CHECK(!strcmp(fresh(), ""));
	log_line(LOG_WARN, "a\nb\x1b[2J");
	CHECK(!strcmp(fresh(),
		      "1970-01-01T00:00:00Z kuni: warning: a?b?[2J\n"));
	CHECK(!log_is_debug());

	CHECK_EQ(log_open(path, true, true), 0);
	CHECK(log_is_debug());
	log_line(LOG_DEBUG, "q\"b\\n\n\x01\x7f\xc3\xa9");
	CHECK(!strcmp(
		fresh(),
		"{\"level\":\"debug\",\"msg\":\"q\\\"b\\\\n\\u000a\\u0001"
		"\\u007f\xc3\xa9\",\"time\":\"1970-01-01T00:00:00Z\"}\n"));
	memset(big, '\n', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_line(LOG_ERROR, "%s", big);
	(void)fresh();
	CHECK(!strncmp(text, "{\"level\":\"error\"", 16));
	CHECK(!strcmp(text + strlen(text) - 3, "\"}\n"));
	/* a guest that never stops talking */
	CHECK_EQ(log_open(path, false, false), 0);
	log_limit(80);
	for (int i = 0; i < 1000; i++)
		log_line(LOG_WARN, "0123456789");
	(void)fresh();
	CHECK_EQ(
		strlen(text),
		8 * strlen("1970-01-01T00:00:00Z kuni: warning: 0123456789\n") +
			strlen("1970-01-01T00:00:00Z kuni: warning: log: full, "
			       "the rest is left out\n"));
	log_line(LOG_ERROR, "no");
	CHECK(!strcmp(fresh(), ""));
	log_limit(80);
	for (int i = 0; i < 8; i++)
		log_line(LOG_WARN, "0123456789");
	(void)fresh();
	log_line(LOG_ERROR, "yes"); /* an error has room left */
	CHECK(!strcmp(fresh(), "1970-01-01T00:00:00Z kuni: error: yes\n"));
	log_limit(0);
	CHECK(log_open("/tmp/kuni-none/log", false, false) < 0);
	(void)close(fd);
	(void)unlink(path);
	return check_done("host_log");
}
