# SPDX-License-Identifier: Apache-2.0
# tables.sh: the system call table is complete, and true of the sources.
. tests/lib.sh
tbl=guest/kernel/syscall/syscalls.tbl
names=$(echo '#include <asm/unistd_64.h>' | gcc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\2 \1/p' | sort -n)
same 'the table has every system call of the headers' "$names" "$(awk '!/^#/ && NF { print $1, $2 }' $tbl | sort -n)"
for n in $(awk '!/^#/ && NF && $3 != "enosys" { print $2 }' $tbl); do
	check "sys_$n is written" git grep -qE "^long sys_$n\\(" -- guest/kernel/syscall
done
for n in $(git grep -hoE '^long sys_[a-z0-9_]+' -- guest/kernel/syscall | sed 's/long sys_//'); do
	check "sys_$n is in the table and not enosys" awk -v n="$n" '$2 == n && $3 != "enosys" { f = 1 } END { exit !f }' $tbl
done
finish
