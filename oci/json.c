/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c: bounded reading and parsing, on top of jansson.
 *
 * scan() goes once over the text before jansson sees it: it holds the bound
 * on depth (jansson recurses, and its own limit is a stack of thousands) and
 * finds the integers that jansson cannot hold.
 */
#include "oci/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/mem.h"

#define BIG_MARK   '\x7f' /* then 16 hex digits: an integer > INT64_MAX */
#define BIG_DIGITS 16

static int read_all(int fd, char *buf, size_t len, size_t *got)
{
	size_t n = 0;

	while (n < len) {
		ssize_t r = read(fd, buf + n, len - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			break;
		n += (size_t)r;
	}
	*got = n;
	return 0;
}

int json_read(int dirfd, const char *name, const char *shown, char **text,
	      size_t *len, struct err *e)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hang us */
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return err_set(e, errno, "%s", shown);
	if (fstat(fd, &st) < 0) {
		ret = err_set(e, errno, "%s", shown);
	} else if (!S_ISREG(st.st_mode)) {
		ret = err_set(e, 0, "%s: not a regular file", shown);
	} else if (st.st_size > JSON_FILE_MAX) {
		ret = err_set(e, 0, "%s: %jd bytes, more than the limit of %u",
			      shown, (intmax_t)st.st_size, JSON_FILE_MAX);
	} else {
		size_t size = (size_t)st.st_size;

		*text = oci_alloc(size + 1, 1);
		ret = read_all(fd, *text, size, len);
		if (ret < 0) {
			free(*text);
			ret = err_set(e, -ret, "%s", shown);
		}
	}
	(void)close(fd);
	return ret;
}

/* Replaces the literal [p, p + n) of 19 or 20 digits, if it is in
 * (INT64_MAX, UINT64_MAX], by a marked string of the same length. */
static void mark_big(char *p, size_t n)
{
	char old[24], hex[BIG_DIGITS + 1];

	if (n != 19 && n != 20)
		return;
	memcpy(old, p, n);
	old[n] = '\0';
	errno = 0;
	unsigned long long v = strtoull(old, NULL, 10);

	if (errno || v <= INT64_MAX)
		return;
	(void)snprintf(hex, sizeof(hex), "%016llx", v);
	p[0] = '"';
	p[1] = BIG_MARK;
	memcpy(p + 2, hex, BIG_DIGITS);
	p[2 + BIG_DIGITS] = '"';
	if (n == 20)
		p[19] = ' ';
}

/* The end of the string that starts at text[i], which is its quote. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++) {
		if (text[i] == '\\')
			i++;
	}
	return i;
}

static bool is_number_char(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
	       c == 'e' || c == 'E';
}

/* Offset of the bracket that goes too deep, or len. */
static size_t scan(char *text, size_t len)
{
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '"') {
			i = skip_string(text, len, i);
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return i;
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else if (is_number_char(c)) {
			size_t n = 1, digits = c >= '0' && c <= '9';

			for (; i + n < len && is_number_char(text[i + n]);
			     n++) {
				digits += text[i + n] >= '0' &&
					  text[i + n] <= '9';
			}
			if (n == digits && c != '0')
				mark_big(text + i, n);
			i += n - 1;
		}
	}
	return len;
}

static int too_deep(const char *file, const char *text, size_t at,
		    struct err *e)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++, column++) {
		if (text[i] == '\n') {
			line++;
			column = 0;
		}
	}
	return err_set(e, 0, "%s:%zu:%zu: nested more than %u levels deep",
		       file, line, column, JSON_DEPTH_MAX);
}

int json_parse(const char *file, char *text, size_t len, json_t **out,
	       struct err *e)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): so the kernel gives it */
	const void *seed = (const void *)getauxval(AT_RANDOM);
	json_error_t je;
	size_t at = scan(text, len);
	size_t n = 0;

	if (at < len)
		return too_deep(file, text, at, e);
	if (seed) {
		memcpy(&n, seed, sizeof(n));
		json_object_seed(n | 1);
	}
	json_t *v = json_loadb(text, len,
			       JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!v) {
		return err_set(e, 0, "%s:%d:%d: %s", file, je.line, je.column,
			       je.text);
	}
	if (!json_is_object(v)) {
		char buf[JSON_SHOWN];

		(void)err_set(e, 0, "%s: expected an object, got %s", file,
			      json_show(v, buf));
		json_decref(v);
		return -EINVAL;
	}
	*out = v;
	return 0;
}

static bool is_big(const json_t *v)
{
	if (!json_is_string(v) || json_string_length(v) != BIG_DIGITS + 1)
		return false;
	const char *s = json_string_value(v);

	return s[0] == BIG_MARK &&
	       strspn(s + 1, "0123456789abcdef") == BIG_DIGITS;
}

bool json_is_text(const json_t *v)
{
	return json_is_string(v) && !is_big(v);
}

bool json_is_u64(const json_t *v)
{
	return (json_is_integer(v) && json_integer_value(v) >= 0) || is_big(v);
}

uint64_t json_get_u64(const json_t *v)
{
	if (is_big(v))
		return strtoull(json_string_value(v) + 1, NULL, 16);
	return (uint64_t)json_integer_value(v);
}

const char *json_show(const json_t *v, char buf[JSON_SHOWN])
{
	if (is_big(v)) {
		(void)snprintf(buf, JSON_SHOWN, "%" PRIu64, json_get_u64(v));
		return buf;
	}
	/* copies what fits, and returns what there is */
	size_t n = json_dumpb(v, buf, JSON_SHOWN - 4,
			      JSON_ENCODE_ANY | JSON_COMPACT);

	if (n > JSON_SHOWN - 4) {
		n = JSON_SHOWN - 4;
		/* not in the middle of a UTF-8 sequence */
		while (n && ((unsigned char)buf[n - 1] & 0xc0) == 0x80)
			n--;
		if (n && (unsigned char)buf[n - 1] >= 0xc0)
			n--;
		memcpy(buf + n, "...", 3);
		n += 3;
	}
	buf[n] = '\0';
	return buf;
}
