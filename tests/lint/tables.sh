# SPDX-License-Identifier: Apache-2.0
# tables.sh: the system call table is complete, and true of the sources.
. tests/lib.sh
tbl=guest/kernel/syscall/syscalls.tbl
names=$(echo '#include <asm/unistd_64.h>' | gcc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\2 \1/p' | sort -n)
same 'the table has every system call of the headers' "$names" "$(awk '!/^#/ && NF { print $1, $2 }' $tbl | sort -n)"
same 'what is not enosys is written, and what is written is not enosys' \
	"$(awk '!/^#/ && NF && $3 != "enosys" { print "sys_" $2 }' $tbl | sort -u)" \
	"$(git grep -hoE '^long sys_[a-z0-9_]+\(' -- guest/kernel/syscall | sed 's/^long //; s/($//' | sort -u)"
# By its number, or by libc's function of that name; comments do not count.
gcc -fpreprocessed -E -P tests/abi/*.c 2>/dev/null | grep -oE '\b(SYS_|__NR_)[a-z0-9_]+|\b[a-z0-9_]+[(,)]' |
	sed 's/^SYS_//; s/^__NR_//; s/[(,)]$//' | sort -u >"$T/called"
same 'system calls that are full or partial, and in no program of tests/abi' '' \
	"$(awk '!/^#/ && NF && ($3 == "full" || $3 == "partial") { print $2 }' $tbl | sort | comm -23 - "$T/called" | paste -sd' ')"
finish
