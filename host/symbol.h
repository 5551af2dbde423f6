/* SPDX-License-Identifier: Apache-2.0 */
/* symbol.h: names for addresses of the guest kernel, from its .symtab. */
#ifndef HOST_SYMBOL_H
#define HOST_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

#include "host/err.h"

struct symbol_table;

/* Reads the table of the ELF file open as fd.  Negative errno; -ENOENT where
 * the file has none. */
int symbol_load(struct symbol_table **out, int fd) MUST_CHECK;
void symbol_free(struct symbol_table *t); /* NULL is ignored */
/* "name+0x12" of the function that holds addr, into buf: 0; -ENOENT. */
int symbol_name(const struct symbol_table *t, uint64_t addr, char *buf,
		size_t size) MUST_CHECK;

#endif
