# SPDX-License-Identifier: Apache-2.0
# gdb.sh: with --debug gdb attaches to a running guest, sees its tasks' CPUs,
# stops it at a breakpoint in the kernel with the lines and values of the
# source, steps, and lets it go on; the socket goes with the VM.
. tests/lib.sh
make_root "$T/b/rootfs"
make_bundle "$T/b" sh -c 'echo up; read line; umask 0123; umask; read line; exit 7'
mkfifo "$T/in"
id=gdb.${T##*.}
# the lab's emulated SVM does not let KVM see int3 (tests/lab/README.md)
break=$([[ ${KUNI_OPTS:-} == *kvm* ]] && echo hbreak || echo break)
"$KUNI" --debug --cpus 2 --log "$T/log" --root "$T/state" ${KUNI_OPTS:-} run "$T/b" "$id" <"$T/in" >"$T/out" 2>"$T/err" &
pid=$!
exec 3>"$T/in"
for i in {1..600}; do [ -s "$T/out" ] && break; sleep 0.1; done
socket=/run/kuni/gdb-$id.sock
check 'the log names the socket' grep -qF "$socket" "$T/log"
timeout -k 5 120 gdb -nx -batch -ex 'set pagination off' -ex "target remote $socket" -ex 'info threads' -ex 'show remote noack-packet' \
	-ex "$break sys_umask if mask == 0123" -ex "shell echo go >'$T/in'" -ex continue -ex 'bt' -ex 'p/o mask' -ex 'info registers rip' \
	-ex 'stepi' -ex 'delete' -ex 'detach' "${KUNI%/*}/kuni-guest.elf.debug" >"$T/gdb" 2>&1
same 'status of gdb' 0 $?
exec 3>&- # the end of its second read: not before gdb is gone
[[ ${KUNI_OPTS:-} != *kvm* ]] || # QEMU 7.2 has it not
	check 'nothing is acknowledged, on a socket that we close' grep -q "NoAckMode' packet is .*currently enabled" "$T/gdb"
check 'the CPU is a thread' grep -Eq '^\* 1 +Thread' "$T/gdb"
check 'it stops at the breakpoint' grep -Eq 'Breakpoint 1, sys_umask \(mask=(0x53|83)\) at guest/kernel/' "$T/gdb"
check 'the backtrace reaches the loop of the task' grep -Eq '^#[0-9]+ .*task_user_loop' "$T/gdb"
check 'a value' grep -qxF '$1 = 0123' "$T/gdb"
check 'a register' grep -Eq '^rip +0x[0-9a-f]+ +0x[0-9a-f]+ <sys_umask' "$T/gdb"
wait "$pid"
same 'the container goes on' $'7/up\n0123' "$?/$(<"$T/out")"
check 'the socket is gone' [ ! -e "$socket" ]
((failures == 0)) || { cat "$T/gdb" "$T/err" "$T/log"; } >&2
finish
