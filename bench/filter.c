/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.c: what would a start cost if libseccomp made the filters?
 *
 * Builds the two filters of the kvm back end (main thread, vCPU) from
 * host/seccomp.tbl with libseccomp, as BPF written to /dev/null: the part that
 * host/jail.c does by hand.  Count its instructions:
 *	gcc -O2 -I. -o filter bench/filter.c -lseccomp
 *	valgrind --tool=none ./filter; valgrind --tool=callgrind ./filter
 * and those of the hand-written one by callgrind on build/kuni (jail_thread).
 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

enum { L = 1, V = 2, Q = 4 };

static const struct {
	int nr;
	unsigned roles;
} table[] = {
#define ALLOW(call, who, why) { SCMP_SYS(call), (who) },
#include "host/seccomp.tbl"
#undef ALLOW
};

int main(void)
{
	static const unsigned role[] = { L, V };
	int null = open("/dev/null", O_WRONLY);
	unsigned rules = 0;

	for (unsigned r = 0; r < 2; r++) {
		scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);

		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (table[i].roles & role[r])
				rules += seccomp_rule_add(c, SCMP_ACT_ALLOW,
							  table[i].nr, 0) == 0;
		if (!c || seccomp_export_bpf(c, null) < 0)
			return 1;
		seccomp_release(c);
	}
	close(null);
	printf("%u rules\n", rules);
	return 0;
}
