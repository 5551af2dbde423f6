# SPDX-License-Identifier: Apache-2.0
# tables.sh: the system call table is complete, and true of the sources.
. tests/lib.sh
tbl=guest/kernel/syscall/syscalls.tbl
names=$(echo '#include <asm/unistd_64.h>' | gcc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\2 \1/p' | sort -n)
same 'the table has every system call of the headers' "$names" "$(awk '!/^#/ && NF { print $1, $2 }' $tbl | sort -n)"
same 'what is not enosys is written, and what is written is not enosys' \
	"$(awk '!/^#/ && NF && $3 != "enosys" { print "sys_" $2 }' $tbl | sort -u)" \
	"$(git grep -hoE '^long sys_[a-z0-9_]+\(' -- guest/kernel/syscall | sed 's/^long //; s/($//' | sort -u)"
finish
