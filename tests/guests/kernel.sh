# SPDX-License-Identifier: Apache-2.0
# kernel.sh: a kernel that does what it must not (kernel/lethal.c) dies at
# once; its last words come out with the id of the VM, the status is the one
# for that (125), and nothing is left.
. tests/lib.sh
export KUNI_GUEST=${KUNI_GUEST_LETHAL:-$PWD/build/kuni-guest-lethal.elf}
make_root "$T/b/rootfs"
mkdir -p build/guests
[ build/guests/die -nt tests/guests/kernel/die.c ] || musl-gcc -O1 -static -Wall -o build/guests/die tests/guests/kernel/die.c || fail 'die.c does not compile'
cp build/guests/die "$T/b/rootfs/bin/die"

dies() { # NUMBER NAME FUNCTION-IN-THE-BACKTRACE FIRST-LINE
	local id=lethal$1 out=$T/err$1 was=$failures
	make_bundle "$T/b" /bin/die "$1"
	timeout 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" "$id" </dev/null >"$T/out" 2>"$out"
	same "$2: status" 125 $?
	check "$2: says why" grep -qE "guest: id=$id panic: $4" "$out"
	check "$2: a line of registers" grep -qE "id=$id +rip [0-9a-f]{16}|${5:-no registers}" "$out"
	check "$2: the task" grep -qE "id=$id +cpu 0, task [0-9]+ \(die\), system call 135" "$out"
	check "$2: a backtrace with names" grep -qE "id=$id +#[0-9]+ 0xffffffff[0-9a-f]+ $3(\.[a-z0-9.]+)?\+0" "$out"
	check "$2: down to the system call" grep -qE "id=$id +#[0-9]+ 0xffffffff[0-9a-f]+ syscall_dispatch\+0x" "$out"
	same "$2: the last 64 system calls" 64 "$(grep -cE "id=$id +cpu 0 task [0-9]+ call [0-9]+\(" "$out")"
	check "$2: the last of them" grep -qE "id=$id +cpu 0 task [0-9]+ call 135\(0x6b756e0[0-9a-f], .*\.\.\.$" "$out"
	same "$2: nothing is left" '' "$(ls -A "$T/state" 2>/dev/null)$(pgrep -f "$T/state" || :)"
	((failures == was)) || { echo "--- $2"; head -n 40 "$out"; } >&2
}
export KUNI_OPTS="${KUNI_OPTS:-} --cpus 1"
dies 1 'writes to its text' write_text 'page fault in the kernel: write at 0xffffffff80200000'
dies 2 'writes to its text by the direct map' write_text_alias 'page fault in the kernel: write at 0xffff800000200000'
dies 3 'writes to read-only data' write_rodata 'page fault in the kernel: write at 0xffffffff80'
dies 4 'executes its stack' __wrap_sys_personality 'page fault in the kernel: execute at 0xffffd'
dies 5 'jumps to null' __wrap_sys_personality 'page fault in the kernel: execute at 0x0000000000000000'
dies 6 'overflows its stack' overflow_stack 'kernel stack overflow at 0xffffd'
dies 7 'writes past an array' smash_stack 'stack' 'kuni: error: guest: id=lethal7 panic: '
if grep -qw smap /proc/cpuinfo || ! [[ $KUNI_OPTS = *kvm* ]]; then
	dies 8 'reads user memory' read_user 'page fault in the kernel: read at 0x00007'
fi
dies 9 'executes user memory' __wrap_sys_personality 'page fault in the kernel: execute at 0x0000'
dies 10 'divides by zero' divide 'exception 0 in the kernel'
dies 11 'panics' __wrap_sys_personality 'lethal: told to' 'kuni: error: guest: id=lethal11 panic: lethal'
make_bundle "$T/b" /bin/die 0
same 'lives when told nothing' 'survived: -1' "$(timeout 60 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" </dev/null)"
finish
