/* SPDX-License-Identifier: Apache-2.0 */
/* log.h: one sink for what kuni and the guest kernel have to say. */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* path: --log FILE, NULL is standard error; json: one object a line, with
 * level, msg and time as runc writes them.  Negative errno. */
int log_open(const char *path, bool json, bool debug);
/* One line, lower case, subsystem first, key=value. */
void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool log_is_debug(void);
/* From now on at most that many bytes of messages, and an eighth more for
 * errors; the first that is left out is replaced by a line that says so. */
void log_limit(size_t bytes);

#endif
