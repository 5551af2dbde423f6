# SPDX-License-Identifier: Apache-2.0
# tables.sh: the system call table is complete, and true of the sources; each
# call that it has is made in tests/abi.
. tests/lib.sh
tbl=guest/kernel/syscall/syscalls.tbl
names=$(echo '#include <asm/unistd_64.h>' | gcc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\2 \1/p' | sort -n)
same 'the table has every system call of the headers' "$names" "$(awk '!/^#/ && NF { print $1, $2 }' $tbl | sort -n)"
same 'what is not enosys is written, and what is written is not enosys' \
	"$(awk '!/^#/ && NF && $3 != "enosys" { print "sys_" $2 }' $tbl | sort -u)" \
	"$(git grep -hoE '^long sys_[a-z0-9_]+\(' -- guest/kernel/syscall | sed 's/^long //; s/($//' | sort -u)"
# by number or by libc's name, in the code: what the preprocessor leaves without comments, its own lines and strings
words=$(cat tests/abi/*.c | gcc -w -fpreprocessed -dD -E -P -x c - | sed 's/"[^"]*"//g; /^ *#/d' |
	grep -oE '\b(SYS_|__NR_)[a-z0-9_]+|\b[a-z_][a-z0-9_]*\(' | sed -E 's/^(SYS_|__NR_)//; s/\($//' | sort -u)
same 'system calls that no test of tests/abi makes' '' \
	"$(awk '!/^#/ && NF && $3 != "enosys" { print $2 }' $tbl | sort -u | comm -23 - <(echo "$words") | tr '\n' ' ')"
finish
