/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_both.h: between the two halves of fuse_both_test. */
#ifndef TESTS_UNIT_FUSE_BOTH_H
#define TESTS_UNIT_FUSE_BOTH_H

#include <stddef.h>

struct host_vec {
	void *p;
	size_t n;
};
/* window: this many bytes of files may be mapped, from *base on; 0: none. */
void host_start(unsigned valid_ms, size_t window, void **base);
void host_stop(void);
int host_handle(const struct host_vec *in, unsigned nin,
		const struct host_vec *out, unsigned nout);
long host_read(const char *name, void *buf, size_t n, size_t off);
void host_write(const char *name, const void *buf, size_t n, size_t off);
long host_size(const char *name);
void host_unlink(const char *name);
void host_truncate(const char *name, size_t n);
int host_fds(void);

#endif
